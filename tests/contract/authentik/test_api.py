"""The whole API: credentials, paths, errors, lists and their filters (rules 7 to 11, 16, section 2)."""

from __future__ import annotations

from typing import Any

import pytest

from .server import Server, found


def test_11_failures_to_authenticate_are_403(server: Server) -> None:
    wrong = server.ask("GET /core/groups/", token="no-such-token", status=403)
    assert wrong == {"detail": "Token invalid/expired"}
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": f"Token {server.token}"}):
        assert server.ask("GET /core/groups/", headers=headers, status=403) == {
            "detail": "Authentication credentials were not provided."
        }
    assert server.ask("GET /core/groups/", headers={"Authorization": f"bEARER {server.token}"})["results"] is not None


def test_11_only_tokens_of_intent_api_are_accepted(server: Server) -> None:
    user = server.user()
    assert server.ask("GET /core/users/me/", token=server.api_token(user))["user"]["username"] == user["username"]
    assert (
        server.ask("GET /core/users/me/", token=server.api_token(user, intent="app_password"), status=403)["detail"]
        == "Token invalid/expired"
    )
    token = server.api_token(user)
    server.ask(f"PATCH /core/users/{user['pk']}/", {"is_active": False})
    assert server.ask("GET /core/users/me/", token=token, status=403)["detail"] == "Token invalid/expired"


def test_11_user_without_permission_is_refused(server: Server) -> None:
    token = server.api_token(server.user())
    denied = {"detail": "You do not have permission to perform this action."}
    assert server.ask("GET /providers/oauth2/", token=token, status=403) == denied
    assert server.ask("POST /core/groups/", {"name": server.name}, token=token, status=403) == denied
    assert server.ask("GET /admin/version/", token=token)["version_current"]


def role_with(server: Server, *permissions: str, **target: Any) -> dict[str, Any]:
    """A new role with some permissions, for all objects or for the one with this `model` and `object_pk`."""
    role = server.make("/rbac/roles/", {"name": server.name})
    body = {"permissions": list(permissions), **target}
    server.ask(f"POST /rbac/permissions/assigned_by_roles/{role['pk']}/assign/", body, 200)
    return role


def allowed(server: Server, *permissions: str, **target: Any) -> str:
    """The key of a token whose user has a role with some permissions."""
    role, user = role_with(server, *permissions, **target), server.user()
    server.group(roles=[role["pk"]], users=[user["pk"]])
    return server.api_token(user)


DENIED = {"detail": "You do not have permission to perform this action."}


def test_13_view_permission_does_not_allow_writes(server: Server) -> None:
    item = f"/core/groups/{server.group()['pk']}/"
    token = allowed(server, "authentik_core.view_group")
    assert server.ask(f"GET {item}", token=token)
    assert server.ask("GET /core/groups/00000000-0000-4000-8000-000000000000/", token=token, status=404)
    assert server.ask("DELETE /core/groups/00000000-0000-4000-8000-000000000000/", token=token, status=404)
    refused = (
        ("POST /core/groups/", {"name": server.name}),
        (f"PATCH {item}", {"name": "x"}),
        (f"DELETE {item}", None),
        ("GET /core/users/", None),
    )
    for request, body in refused:
        assert server.ask(request, body, token=token, status=403) == DENIED


def test_13_write_permission_requires_view_permission(server: Server) -> None:
    item = f"/core/groups/{server.group()['pk']}/"
    token = allowed(server, "authentik_core.add_group", "authentik_core.change_group", "authentik_core.delete_group")
    made = server.ask("POST /core/groups/", {"name": server.name}, token=token, status=201)
    server.made.append(f"/core/groups/{made['pk']}/")
    for request in (f"GET {item}", f"PATCH {item}", f"DELETE {item}", "GET /core/groups/"):
        assert server.ask(request, {} if "PATCH" in request else None, token=token, status=403) == DENIED


def test_13_options_response_lists_permitted_writes(server: Server) -> None:
    """Verified with Django REST framework 3.16, not with authentik itself."""
    item = f"/core/groups/{server.group()['pk']}/"
    told = {}
    for verbs in ((), ("view",), ("view", "add"), ("view", "change")):
        token = allowed(server, *(f"authentik_core.{verb}_group" for verb in verbs))
        paths = ("/core/groups/", item, "/core/groups/00000000-0000-4000-8000-000000000000/")
        answers = [server.ask(f"OPTIONS {path}", token=token, status=200) for path in paths]
        assert all(one["renders"] for one in answers)
        told[verbs] = [list(one.get("actions", ())) for one in answers]
    assert told == {
        (): [[], [], []],
        ("view",): [[], [], []],
        ("view", "add"): [["POST"], [], []],
        ("view", "change"): [[], ["PUT"], []],
    }


def test_13_users_manage_their_own_tokens(server: Server) -> None:
    user = server.user()
    token = server.api_token(user)
    body = {"identifier": server.name, "user": server.user()["pk"], "expiring": False}
    made = server.ask("POST /core/tokens/", body, token=token, status=201)
    assert (made["user"], made["expiring"]) == (user["pk"], True)
    server.made.append(f"/core/tokens/{made['identifier']}/")
    assert {one["user"] for one in server.ask("GET /core/tokens/", token=token)["results"]} == {user["pk"]}
    item = f"/core/tokens/{made['identifier']}/"
    assert server.ask(f"PATCH {item}", {"description": "x"}, token=token)["description"] == "x"
    assert server.ask(f"GET {item}view_key/", token=token)["key"]
    assert server.ask(f"POST {item}set_key/", {"key": "k" * 20}, token=token, status=403) == DENIED
    server.ask(f"DELETE {item}", token=token, status=204)


def test_13_key_of_a_foreign_token_is_set_with_the_permission_to_add_tokens_too(server: Server) -> None:
    tokens, key = ["authentik_core.set_token_key", "authentik_core.view_token"], {"key": "k" * 20}
    token = server.make("/core/tokens/", {"identifier": server.name}, key="identifier")
    path = f"POST /core/tokens/{token['identifier']}/set_key/"
    server.ask(path, key, token=allowed(server, *tokens), status=403)
    server.ask(path, key, token=allowed(server, *tokens, "authentik_core.add_token"), status=204)


ROLES_REPORTED = (2025, 12)


def test_13_callers_can_read_all_their_roles_and_what_roles_permit(server: Server) -> None:
    user = server.user()
    permissions = [f"authentik_core.{verb}_group" for verb in ("add", "delete", "view")]
    inherited, own = role_with(server, *permissions), role_with(server, "authentik_core.add_user_to_group")
    parent = server.group(roles=[inherited["pk"]])
    above = {"parents": [parent["pk"]]} if server.version >= ROLES_REPORTED else {"parent": parent["pk"]}
    child, token = server.group(users=[user["pk"]], **above), server.api_token(user)
    me = server.ask("GET /core/users/me/", token=token)["user"]
    assert me["groups"] == [{"name": group["name"], "pk": group["pk"]} for group in (parent, child)]
    if server.version < ROLES_REPORTED:
        assert "roles" not in me
        return
    server.ask(f"POST /rbac/roles/{own['pk']}/add_user/", {"pk": user["pk"]}, 204)
    me = server.ask("GET /core/users/me/", token=token)["user"]
    assert me["roles"] == [{"name": role["name"], "pk": role["pk"]} for role in (inherited, own)]
    assert (server.ask(f"GET /core/users/{user['pk']}/")["roles"], me["system_permissions"]) == ([own["pk"]], [])
    path = f"GET /rbac/permissions/?role={inherited['pk']}&ordering=id&page_size=2"
    pages = [server.ask(f"{path}&page={page}", token=token) for page in (1, 2)]
    assert [page["pagination"]["next"] for page in pages] == [2, 0]
    told = [(one["app_label"], one["codename"], one["model"]) for page in pages for one in page["results"]]
    assert told == [("authentik_core", f"{verb}_group", "group") for verb in ("add", "delete", "view")]
    others = server.ask(f"GET /rbac/permissions/?role={own['pk']}", token=token)["results"]
    assert [(one["codename"], one["model"]) for one in others] == [("add_user_to_group", "group")]
    assert len(server.ask("GET /rbac/permissions/?page_size=100", token=token)["results"]) > 60
    unknown = "GET /rbac/permissions/?role=00000000-0000-4000-8000-000000000000"
    refusal = {"role": ["Select a valid choice. That choice is not one of the available choices."]}
    assert server.ask(unknown, token=token, status=400) == refusal


def test_13_permission_for_one_object_is_seen_by_who_may_see_roles(server: Server) -> None:
    if server.version < ROLES_REPORTED:
        pytest.skip("callers of older servers cannot read which roles they have")
    ours, others = server.group(), server.group()
    target = {"model": "authentik_core.group", "object_pk": ours["pk"]}
    token = allowed(server, "authentik_core.view_group", "authentik_core.delete_group", **target)
    path = f"GET /rbac/permissions/assigned_by_roles/?model=authentik_core.group&object_pk={ours['pk']}&ordering=name"
    assert server.ask(path, token=token, status=403) == DENIED
    [role] = server.ask("GET /core/users/me/", token=token)["user"]["roles"]
    assert server.ask(f"GET /rbac/permissions/?role={role['pk']}", token=token)["results"] == []
    seeing = allowed(server, "authentik_rbac.view_role")
    assert server.ask("GET /core/users/me/", token=seeing)["user"]["system_permissions"] == ["view_role"]
    told = server.ask(f"{path}&page_size=100", token=seeing)["results"]
    [found] = [one for one in told if one["role_pk"] == role["pk"]]
    assert (found["name"], found["model_permissions"]) == (role["name"], [])
    assert sorted(
        (one["app_label"], one["model"], one["codename"], one["object_pk"]) for one in found["object_permissions"]
    ) == [("authentik_core", "group", f"{verb}_group", ours["pk"]) for verb in ("delete", "view")]
    assert {one["pk"] for one in server.ask("GET /core/groups/", token=token)["results"]} == {ours["pk"]}
    assert "actions" not in server.ask(f"OPTIONS /core/groups/{ours['pk']}/", token=token, status=200)
    server.ask(f"DELETE /core/groups/{others['pk']}/", token=token, status=404)
    server.ask(f"DELETE /core/groups/{ours['pk']}/", token=token, status=204)


def test_13_roles_can_be_listed_for_each_model(server: Server) -> None:
    if server.version < ROLES_REPORTED:
        pytest.skip("callers of older servers cannot read which roles they have")
    path = "GET /rbac/permissions/assigned_by_roles/"
    for model in (
        *("authentik_core.application", "authentik_core.group", "authentik_core.user", "authentik_core.token"),
        *("authentik_providers_oauth2.oauth2provider", "authentik_policies.policybinding"),
    ):
        app, _dot, name = model.partition(".")
        role = role_with(server, f"{app}.delete_{name}")
        told = server.ask(f"{path}?model={model}&page_size=100")["results"]
        [found] = [one for one in told if one["role_pk"] == role["pk"]]
        [permission] = found["model_permissions"]
        assert (permission["app_label"], permission["codename"]) == (app, f"delete_{name}")
    assert server.ask(path, status=400) == {"model": ["This field is required."]}
    refusal = {"model": ["Select a valid choice. authentik_core.x is not one of the available choices."]}
    assert server.ask(f"{path}?model=authentik_core.x", status=400) == refusal


def test_13_some_actions_require_separate_permissions(server: Server) -> None:
    group, user = server.group(), server.user()
    token = allowed(server, "authentik_core.view_group", "authentik_core.view_user", "authentik_rbac.view_media_files")
    body = {"pk": user["pk"]}
    assert server.ask(f"POST /core/groups/{group['pk']}/add_user/", body, token=token, status=403) == DENIED
    assert (
        server.ask(f"POST /core/users/{user['pk']}/set_password/", {"password": "x"}, token=token, status=403) == DENIED
    )
    assert server.ask("GET /core/users/me/", token=token)["user"]["system_permissions"] == ["view_media_files"]
    token = allowed(server, "authentik_core.add_user_to_group", "authentik_core.add_group")
    server.ask(f"POST /core/groups/{group['pk']}/add_user/", body, token=token, status=404)
    member_token = allowed(server, "authentik_core.add_user_to_group", "authentik_core.view_user")
    server.ask(f"POST /core/groups/{group['pk']}/add_user/", body, token=member_token, status=204)
    refused = {"is_superuser": ["User does not have permission to set superuser status to True."]}
    assert (
        server.ask("POST /core/groups/", {"name": server.name, "is_superuser": True}, token=token, status=400)
        == refused
    )


def test_9_every_path_ends_in_a_slash(server: Server) -> None:
    read = server.call("GET /core/groups")
    assert (read.status_code, read.headers["Content-Type"].partition(";")[0]) == (404, "text/html")
    written = server.call("POST /core/groups", {"name": server.name})
    assert (written.status_code, written.text) == (405, "")


def test_10_server_error_looks_like_a_wrong_method(server: Server) -> None:
    binding = server.bind(server.application(), group=server.group()["pk"])
    fault = server.call(f"PATCH /policies/bindings/{binding['pk']}/", {"order": 3, "group": binding["group"]})
    assert (fault.status_code, fault.text, fault.headers["Content-Type"].partition(";")[0]) == (405, "", "text/html")
    assert fault.headers["X-authentik-id"]
    real = server.call("POST /admin/version/", {})
    assert (real.status_code, real.json()) == (405, {"detail": 'Method "POST" not allowed.'})
    assert server.call("POST /no/such/page/", {}).status_code == 405


def test_16_bodies_are_json_and_unknown_fields_are_ignored(server: Server) -> None:
    assert server.call("POST /core/groups/", data={"name": server.name}).status_code == 415
    broken = server.call("POST /core/groups/", data=b"{", headers={"Content-Type": "application/json"})
    assert broken.status_code == 400 and broken.json()["detail"].startswith("JSON parse error - ")
    assert "is_superusr" not in server.group(is_superusr=True)


def test_8_unknown_filters_are_ignored(server: Server) -> None:
    one, other = server.group(), server.group()
    names = found(server.ask(f"GET /core/groups/?nmae={one['name']}&page_size=100"), "name")
    assert {one["name"], other["name"]} <= names
    assert found(server.ask(f"GET /core/groups/?name={one['name']}"), "name") == {one["name"]}


def test_2_filters_with_invalid_values_are_refused(server: Server) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    refusal = {"target": ["Select a valid choice. That choice is not one of the available choices."]}
    assert server.ask(f"GET /policies/bindings/?target={unknown}", status=400) == refusal


def test_2_lists_are_paged(server: Server) -> None:
    names = {server.group()["name"] for _each in range(3)}
    first = server.ask(f"GET /core/groups/?search={server.n}&page_size=2")
    assert first["pagination"] == {
        "next": 2,
        "previous": 0,
        "count": 3,
        "current": 1,
        "total_pages": 2,
        "start_index": 1,
        "end_index": 2,
    }
    second = server.ask(f"GET /core/groups/?search={server.n}&page_size=2&page=2")
    assert second["pagination"]["next"] == 0
    assert found(first, "name") | found(second, "name") == names
    assert server.ask(f"GET /core/groups/?search={server.n}&page=9", status=404) == {"detail": "Invalid page."}


def test_2_page_size_is_limited_to_a_hundred(server: Server) -> None:
    for number in range(21):
        server.group(name=f"{server.n}-page-{number}")
    default = server.ask(f"GET /core/groups/?search={server.n}-page")
    assert len(default["results"]) == (20 if server.version >= (2025, 12) else 21)


def test_7_list_of_applications_is_cached(server: Server) -> None:
    """Without a search term the list comes from a cache regardless of filters; a single application does not."""
    one, other = (server.application(name=f" {server.name}") for _each in range(2))
    server.ask("GET /core/applications/")
    filtered = server.ask(f"GET /core/applications/?slug={other['slug']}")
    assert found(filtered, "slug") != {other["slug"]}
    nothing = server.ask("GET /core/applications/?slug=no-such-slug")
    assert nothing["pagination"]["count"] == 0 and nothing["results"]
    full = server.ask(f"GET /core/applications/?superuser_full_list=true&slug={other['slug']}")
    assert found(full, "slug") == {other["slug"]}
    assert server.ask(f"GET /core/applications/{one['slug']}/")["pk"] == one["pk"]
    assert server.ask("GET /core/applications/no-such-slug/", status=404) == {
        "detail": "No Application matches the given query."
    }


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        ("/core/groups/", {}, {"name": ["This field is required."]}),
        ("/core/groups/", {"name": ""}, {"name": ["This field may not be blank."]}),
        (
            "/core/groups/",
            {"name": "x", "attributes": []},
            {"attributes": ["Value must be a dictionary, and not have any duplicate keys."]},
        ),
        (
            "/core/users/",
            {"username": "x", "name": "x", "type": "internal_service_account"},
            {"type": ["Setting a user to internal service account is not allowed."]},
        ),
        (
            "/core/users/",
            {"username": "x", "name": "x", "path": "/x"},
            {"path": ["No leading or trailing slashes allowed."]},
        ),
        (
            "/core/applications/",
            {"name": "x", "slug": "authorize"},
            {"slug": ["The slug 'authorize' is reserved and cannot be used for applications."]},
        ),
        (
            "/core/applications/",
            {"name": "x", "slug": "x y"},
            {"slug": ["Enter a valid \u201cslug\u201d consisting of letters, numbers, underscores or hyphens."]},
        ),
        (
            "/core/applications/",
            {"name": "x", "slug": "x", "meta_launch_url": "/x"},
            {"meta_launch_url": ["Enter a valid URL."]},
        ),
        (
            "/core/applications/",
            {"name": "x", "slug": "x", "provider": 987654},
            {"provider": ['Invalid pk "987654" - object does not exist.']},
        ),
    ],
)
def test_2_invalid_values_are_refused_with_their_field(server: Server, path: str, body: dict, refusal: dict) -> None:
    assert server.ask(f"POST {path}", body, 400) == refusal


def test_2_duplicate_values_are_refused_with_their_field(server: Server) -> None:
    provider, application, group, user = server.provider(), server.application(), server.group(), server.user()
    assert server.ask("POST /core/applications/", {"name": "x", "slug": application["slug"]}, 400) == {
        "slug": ["Application with this slug already exists."]
    }
    assert server.ask("POST /core/groups/", {"name": group["name"]}, 400) == {
        "name": ["Group with this name already exists."]
    }
    assert server.ask("POST /core/users/", {"username": user["username"], "name": ""}, 400) == {
        "username": ["This field must be unique."]
    }
    body = {
        name: provider[name]
        for name in ("name", "authorization_flow", "invalidation_flow", "redirect_uris", "client_id")
    }
    refused = server.ask("POST /providers/oauth2/", body, 400)
    assert refused == {
        "name": ["provider with this name already exists."],
        "client_id": ["OAuth2/OpenID Provider with this Client ID already exists."],
    }
