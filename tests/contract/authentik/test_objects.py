"""Objects: defaults, updates, cascading deletion (rules 1 to 3, 12 to 18, sections 3 to 8, 12)."""

from __future__ import annotations

import re

import pytest
import requests

from .server import PVE, STRICT, Server, found

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'


def test_1_provider_created_through_the_api_has_no_grant_types(server: Server) -> None:
    provider = server.bare_provider()
    if server.version < (2026, 5):
        assert "grant_types" not in server.bare_provider(grant_types=["authorization_code"])
        return
    assert provider["grant_types"] == []
    path = f"PATCH /providers/oauth2/{provider['pk']}/"
    assert server.ask(path, {"grant_types": []}, 400) == {"grant_types": ["This list may not be empty."]}
    assert server.ask(path, {"grant_types": ["foo"]}, 400) == {"grant_types": {"0": ['"foo" is not a valid choice.']}}


def test_2_and_3_defaults_of_a_provider_created_through_the_api(server: Server) -> None:
    provider = server.bare_provider()
    told = {
        name: provider[name]
        for name in ("signing_key", "encryption_key", "property_mappings", "client_type", "sub_mode", "issuer_mode")
    }
    assert told == {
        "signing_key": None,
        "encryption_key": None,
        "property_mappings": [],
        "client_type": "confidential",
        "sub_mode": "hashed_user_id",
        "issuer_mode": "per_provider",
    }
    assert (
        provider["access_code_validity"],
        provider["access_token_validity"],
        provider["refresh_token_validity"],
    ) == ("minutes=1", "hours=1", "days=30")
    assert (len(provider["client_id"]), len(provider["client_secret"])) == (40, 128)
    assert server.ask(f"GET /providers/oauth2/{provider['pk']}/")["client_secret"] == provider["client_secret"]


@pytest.mark.parametrize(
    ("uris", "refusal"),
    [
        ("https://x", {"non_field_errors": ['Expected a list of items but got type "str".']}),
        ([{"matching_mode": "regex", "url": "https://(a"}], ["Invalid Regex Pattern: https://(a"]),
    ],
)
def test_3_invalid_redirect_uris_are_refused(server: Server, uris: object, refusal: object) -> None:
    provider = server.provider()
    assert server.ask(f"PATCH /providers/oauth2/{provider['pk']}/", {"redirect_uris": uris}, 400) == {
        "redirect_uris": refusal
    }


def test_3_redirect_uri_without_matching_mode_is_refused_by_post_and_breaks_the_provider_by_patch(
    server: Server,
) -> None:
    required = {"redirect_uris": [{"matching_mode": ["This field is required."]}]}
    provider = server.provider()
    item, body = (
        f"/providers/oauth2/{provider['pk']}/",
        {name: provider[name] for name in ("name", "authorization_flow", "invalidation_flow")},
    )
    assert server.ask(f"PUT {item}", {**body, "redirect_uris": [{"url": PVE}]}, 400) == required
    broken = server.call(f"PATCH {item}", {"redirect_uris": [{"url": PVE}]})
    assert (broken.status_code, broken.headers["Content-Type"].partition(";")[0]) == (405, "text/html")
    assert server.call(f"GET {item}").status_code == 500
    assert server.ask(f"PATCH {item}", {"redirect_uris": [STRICT]})["redirect_uris"][0]["url"] == PVE


def test_3_list_of_oauth2_providers_includes_proxy_providers(server: Server) -> None:
    proxy = server.proxy()
    item = f"/providers/oauth2/{proxy['pk']}/"
    slug = server.application(proxy)["slug"]
    [listed] = server.ask(f"GET /providers/oauth2/?name={proxy['name']}")["results"]
    assert (listed["pk"], listed["component"]) == (proxy["pk"], "ak-provider-oauth2-form")
    assert server.ask(f"GET /core/applications/{slug}/")["provider_obj"]["component"] == "ak-provider-proxy-form"
    [shown] = [
        one for one in server.ask(f"GET /providers/all/?search={proxy['name']}")["results"] if one["pk"] == proxy["pk"]
    ]
    assert shown["component"] == "ak-provider-proxy-form"
    assert server.ask(f"PATCH {item}", {"redirect_uris": [STRICT]})["redirect_uris"][0]["url"] == PVE


@pytest.mark.parametrize("field", ["name", "client_id"])
def test_2_name_and_client_id_of_a_proxy_provider_are_reserved(server: Server, field: str) -> None:
    proxy = server.proxy()
    taken = server.ask(f"GET /providers/oauth2/{proxy['pk']}/")[field]
    body = {"name": f"{server.name}-2", "redirect_uris": [STRICT], **server.flows, field: taken}
    assert field in server.ask("POST /providers/oauth2/", body, 400)


def test_3_redirect_uris_have_a_type(server: Server) -> None:
    [uri] = server.provider(redirect_uris=[STRICT])["redirect_uris"]
    assert uri == ({**STRICT, "redirect_uri_type": "authorization"} if server.version >= (2026, 5) else STRICT)


def test_3_durations_are_validated(server: Server) -> None:
    path = f"PATCH /providers/oauth2/{server.provider()['pk']}/"
    assert (
        server.ask(path, {"access_token_validity": "hours=1;minutes=30"})["access_token_validity"]
        == "hours=1;minutes=30"
    )
    assert server.ask(path, {"access_token_validity": "1h"}, 400) == {
        "access_token_validity": ["1h is not in the correct format of 'hours=3;minutes=1'."]
    }


def test_3_put_keeps_omitted_fields(server: Server) -> None:
    provider = server.provider(client_secret="a secret of its own")
    body = {name: provider[name] for name in ("name", "authorization_flow", "invalidation_flow", "redirect_uris")}
    assert server.ask(f"PUT /providers/oauth2/{provider['pk']}/", body) == provider


def test_15_setup_urls_use_the_address_of_the_request(server: Server) -> None:
    provider = server.provider()
    bare = server.ask(f"GET /providers/oauth2/{provider['pk']}/setup_urls/")
    assert (bare["issuer"], bare["provider_info"], bare["logout"], "jwks" in bare) == (None, None, None, False)
    slug = server.application(provider)["slug"]
    told = server.ask(f"GET /providers/oauth2/{provider['pk']}/setup_urls/", headers={"Host": "inside.example.org"})
    assert told["issuer"] == f"https://inside.example.org/application/o/{slug}/"
    assert ("dcr_registration" in told) is (server.version >= (2026, 8))


def test_4_application_and_provider_are_related_one_to_one(server: Server) -> None:
    provider = server.provider()
    slug = server.application(provider)["slug"]
    assert server.ask(f"GET /providers/oauth2/{provider['pk']}/")["assigned_application_slug"] == slug
    refusal = server.ask(
        "POST /core/applications/", {"name": "x", "slug": f"{slug}-2", "provider": provider["pk"]}, 400
    )
    assert refusal == {"provider": ["Application with this provider already exists."]}


def test_4_icon_of_an_application_can_be_set(server: Server) -> None:
    application = server.application(meta_icon="fa://fa-server")
    item = f"/core/applications/{application['slug']}/"
    if server.version >= (2025, 12):
        assert application["meta_icon"] == "fa://fa-server"
        assert server.call(f"POST {item}set_icon_url/", {"url": "https://x.example.org/i.svg"}).status_code == 405
    else:
        assert application["meta_icon"] != "fa://fa-server"
        server.ask(f"POST {item}set_icon_url/", {"url": "https://x.example.org/i.svg"})
        assert server.ask(f"GET {item}")["meta_icon"] == "https://x.example.org/i.svg"


@pytest.mark.parametrize(
    ("icon", "refusal"),
    [
        ("a/../b.svg", "Parent directory references ('..') are not allowed"),
        ("/b.svg", "Absolute paths are not allowed"),
        (".b.svg", "Paths cannot start with '.'"),
        ("a//b.svg", "File name cannot contain duplicate /"),
        (f"{'x' * 256}.svg", "Path component too long (max 255 characters)"),
    ],
)
def test_4_names_of_icons_are_validated(server: Server, icon: str, refusal: str) -> None:
    only_from(server, (2025, 12))
    application = server.application()
    item = f"/core/applications/{application['slug']}/"
    assert server.ask(f"PATCH {item}", {"meta_icon": icon}, 400) == {"meta_icon": [refusal]}
    assert upload(server, icon).json() == [refusal]
    assert server.ask("DELETE /admin/file/", params={"name": icon}, status=400) == [refusal]
    assert (
        server.ask(f"PATCH {item}", {"meta_icon": f"{server.n}/there-is-none.svg"})["meta_icon"]
        == f"{server.n}/there-is-none.svg"
    )


def test_4_file_name_is_unique(server: Server) -> None:
    only_with_files(server)
    name = f"application-icons/{server.name}-Ab.svg"
    server.made.append(f"/admin/file/?name={name}")
    assert (upload(server, name).status_code, upload(server, name).json()) == (
        200,
        {"name": ["A file with this name already exists."]},
    )
    found = {
        part: server.ask(f"GET /admin/file/?manageable_only=true&search={part}") for part in ("-ab.svg", "-Ab.svg")
    }
    assert name in {one["name"] for one in found["-ab.svg"]}
    # searched for as it is given, in names in small letters
    assert found["-Ab.svg"] == []
    application = server.application(meta_icon=name)
    assert [one["pk"] for one in server.ask(f"GET /admin/file/used_by/?name={name}")] == [application["pk"]]
    for _twice in range(2):
        assert server.call(f"DELETE /admin/file/?name={name}").status_code == 200
    assert server.ask("GET /admin/file/?manageable_only=true&search=-ab.svg") == []
    assert server.ask(f"GET /core/applications/{application['slug']}/")["meta_icon"] == name


def test_4_file_is_served_by_its_signed_url_only(server: Server) -> None:
    """By the process in front of the application, which a server without it lacks."""
    only_with_files(server)
    name = f"application-icons/{server.name}.svg"
    server.made.append(f"/admin/file/?name={name}")
    assert upload(server, name).status_code == 200
    url = server.application(meta_icon=name)["meta_icon_url"]
    assert server.call(f"GET /{url}", token="").content == SVG
    assert server.call(f"GET /{url.partition('?')[0]}", token="").status_code == 404


def test_4_invalid_files_are_refused(server: Server) -> None:
    only_from(server, (2025, 12))
    assert upload(server, "x.svg", b"").json() == {"file": ["The submitted file is empty."]}
    assert server.ask("POST /admin/file/", data=b"", status=400) == {"file": ["No file was submitted."]}
    assert server.call("POST /admin/file/", {"name": "x.svg"}).status_code == 415
    assert upload(server, "x.svg", usage="blueprints").json() == ["Invalid usage parameter provided: blueprints"]
    assert server.ask("DELETE /admin/file/", status=400) == {"name": ["This field is required."]}
    large = upload(server, "x.svg", bytes(25 * 1024 * 1024 + 1)).json()
    assert large == {"file": ["File size (26214401B) exceeds maximum allowed size (26214400B)."]}


def test_4_icon_is_uploaded_to_its_application_up_to_2025_10(server: Server) -> None:
    """A file never replaces another, and the previous icon remains until it is cleared."""
    application = server.application()
    item = f"/core/applications/{application['slug']}/"
    if server.version >= (2025, 12):
        assert server.call(f"POST {item}set_icon/", files={"file": ("i.svg", SVG)}).status_code == 405
        return
    assert server.call(f"POST {item}set_icon/", {}).status_code == 415
    nothing = server.call(f"POST {item}set_icon/", files={"other": ("i.svg", SVG)})
    assert (nothing.status_code, nothing.content) == (400, b"")
    icons = []
    for _twice in range(2):
        server.ask(f"POST {item}set_icon/", files={"file": (f"some/where/{server.n} i.svg", SVG)})
        icons.append(server.ask(f"GET {item}")["meta_icon"])
    assert icons[0] == f"/media/public/application-icons/{server.n}_i.svg"
    assert re.fullmatch(rf"/media/public/application-icons/{server.n}_i_[A-Za-z0-9]{{7}}\.svg", icons[1])
    assert [server.call(f"GET /{icon}", token="").content for icon in icons] == [SVG, SVG]
    server.ask(f"POST {item}set_icon/", files={"clear": (None, "true")})
    assert server.ask(f"GET {item}")["meta_icon"] is None
    assert server.call(f"GET /{icons[1]}", token="").status_code == 404
    server.ask(f"POST {item}set_icon_url/", {"url": icons[0].partition("public/")[2]})
    server.ask(f"POST {item}set_icon/", files={"clear": (None, "true")})


def only_from(server: Server, version: tuple[int, int]) -> None:
    if server.version < version:
        pytest.skip(f"servers before {version} have none of it")


def only_with_files(server: Server) -> None:
    only_from(server, (2025, 12))
    if "can_save_media" not in server.ask("GET /root/config/")["capabilities"]:
        pytest.skip("this server keeps no files: its storage is not mounted")


def upload(server: Server, name: str, content: bytes = SVG, **form: str) -> requests.Response:
    return server.call("POST /admin/file/", files={"file": ("picture.svg", content)}, data={"name": name, **form})


def test_4_transactional_endpoint_only_creates(server: Server) -> None:
    name, group = server.name, server.group()
    provider = {
        name: value
        for name, value in server.provider().items()
        if name in ("authorization_flow", "invalidation_flow", "redirect_uris")
    }
    body = {
        "app": {"name": name, "slug": name},
        "provider_model": "authentik_providers_oauth2.oauth2provider",
        "provider": {**provider, "name": name},
        "policy_bindings": [{"group": group["pk"], "order": 0}],
    }
    assert server.ask("PUT /core/transactional/applications/", body, 200) == {"applied": True, "logs": []}
    application = server.ask(f"GET /core/applications/{name}/")
    server.made += [f"/providers/oauth2/{application['provider']}/", f"/core/applications/{name}/"]
    [binding] = server.ask(f"GET /policies/bindings/?target={application['pk']}")["results"]
    assert binding["group"] == group["pk"]
    again = server.ask("PUT /core/transactional/applications/", body, 400)
    assert set(again) <= {"app", "provider"}


def test_17_member_lists_replace_and_single_member_requests_add_or_remove(server: Server) -> None:
    one, other = server.user(), server.user()
    group = server.group(users=[one["pk"]])
    item = f"/core/groups/{group['pk']}/"
    for _twice in range(2):
        server.ask(f"POST {item}add_user/", {"pk": other["pk"]}, 204)
    assert set(server.ask(f"GET {item}")["users"]) == {one["pk"], other["pk"]}
    for _twice in range(2):
        server.ask(f"POST {item}remove_user/", {"pk": one["pk"]}, 204)
    assert [user["username"] for user in server.ask(f"GET {item}")["users_obj"]] == [other["username"]]
    assert server.ask(f"PATCH {item}", {"users": [one["pk"]]})["users"] == [one["pk"]]
    assert server.ask(f"POST {item}add_user/", {"pk": 987654}, 404)["detail"] in (
        "Not found.",
        "No User matches the given query.",
    )
    assert [group["name"] for group in server.ask(f"GET /core/users/{one['pk']}/")["groups_obj"]] == [group["name"]]


def test_5_groups_have_parents(server: Server) -> None:
    parent = server.group()["pk"]
    new, old = server.group(parents=[parent]), server.group(parent=parent)
    if server.version >= (2025, 12):
        assert new["parents"] == [parent] and old["parents"] == []
    else:
        assert new["parent"] is None and old["parent"] == parent


def test_12_binding_order_must_be_unique_on_update(server: Server) -> None:
    """Two bindings can be created with the same order, but then no update can keep it."""
    application = server.application()
    one, other = (server.bind(application, 1, group=server.group()["pk"]) for _each in range(2))
    body = {"target": application["pk"], "group": one["group"], "order": 1, "enabled": False}
    refusal = {"non_field_errors": ["The fields policy, target, order must make a unique set."]}
    assert server.ask(f"PUT /policies/bindings/{one['pk']}/", body, 400) == refusal
    assert server.ask(f"PUT /policies/bindings/{one['pk']}/", {**body, "order": 2})["enabled"] is False
    assert (
        server.ask(f"PUT /policies/bindings/{other['pk']}/", {**body, "group": other["group"], "order": 1})["order"]
        == 1
    )


@pytest.mark.parametrize(
    ("count", "refusal"),
    [(0, "One of 'group', 'policy', 'user' must be set."), (2, "Only one of 'group', 'policy', 'user' can be set.")],
)
def test_7_binding_has_exactly_one_subject(server: Server, count: int, refusal: str) -> None:
    holders = {"group": server.group()["pk"], "user": server.user()["pk"]} if count else {}
    body = {"target": server.application()["pk"], "order": 0, **holders}
    assert server.ask("POST /policies/bindings/", body, 400) == {"non_field_errors": [refusal]}


def test_5_and_7_application_without_bindings_admits_everybody(server: Server) -> None:
    """Deleting a group deletes its bindings, and disabled bindings have no effect."""
    application, user, group = server.application(), server.user(), server.group()
    path = f"GET /core/applications/{application['slug']}/check_access/?for_user={user['pk']}"
    assert server.ask(path)["passing"] is True
    binding = server.bind(application, group=group["pk"])
    assert server.ask(path)["passing"] is False
    body = {"target": application["pk"], "group": group["pk"], "order": 0}
    server.ask(f"PUT /policies/bindings/{binding['pk']}/", {**body, "enabled": False})
    assert server.ask(path)["passing"] is True
    server.ask(f"PUT /policies/bindings/{binding['pk']}/", {**body, "enabled": True})
    server.ask(f"DELETE /core/groups/{group['pk']}/")
    assert server.ask(path)["passing"] is True


def test_13_token_update_without_user_transfers_it_to_the_caller(server: Server) -> None:
    user, me = server.user(), server.ask("GET /core/users/me/")["user"]
    token = server.make("/core/tokens/", {"identifier": server.name, "user": user["pk"]}, key="identifier")
    item = f"/core/tokens/{token['identifier']}/"
    kept = server.ask(f"PATCH {item}", {"description": "x", "user": user["pk"], "intent": "api"})
    assert kept["user"] == user["pk"] and kept["expires"] != token["expires"]
    assert server.ask(f"PATCH {item}", {"description": "y"})["user"] == me["pk"]
    assert server.ask(f"PATCH {item}", {"user": user["pk"]}, 400) == {"user": ["User cannot be changed"]}


def test_8_token_keys_are_generated_and_can_be_viewed(server: Server) -> None:
    token = server.make("/core/tokens/", {"identifier": server.name, "key": "not a field"}, key="identifier")
    assert (token["intent"], token["expiring"], "key" in token) == ("api", True, False)
    item = f"/core/tokens/{token['identifier']}/"
    assert len(server.ask(f"GET {item}view_key/")["key"]) == 60
    server.ask(f"POST {item}set_key/", {"key": "a key of our own"}, 204)
    assert server.ask(f"GET {item}view_key/") == {"key": "a key of our own"}


def test_6_password_is_set_by_its_own_request(server: Server) -> None:
    user = server.user(password="x")
    assert "password" not in user
    server.ask(f"POST /core/users/{user['pk']}/set_password/", {"password": "x"}, 204)


def test_6_token_of_a_service_account_is_not_accepted_by_the_api(server: Server) -> None:
    told = server.ask("POST /core/users/service_account/", {"name": server.name}, 200)
    server.made.append(f"/core/users/{told['user_pk']}/")
    assert server.call("GET /core/users/me/", token=told["token"]).status_code == 403


def test_12_deletion_cascades(server: Server) -> None:
    provider = server.provider()
    application = server.application(provider)
    user = server.user()
    server.bind(application, user=user["pk"])
    server.ask(f"DELETE /providers/oauth2/{provider['pk']}/", status=204)
    assert server.ask(f"GET /core/applications/{application['slug']}/")["provider"] is None
    server.ask(f"DELETE /core/users/{user['pk']}/", status=204)
    assert server.ask(f"GET /policies/bindings/?target={application['pk']}")["results"] == []
    provider = server.provider()
    slug = server.application(provider)["slug"]
    server.ask(f"DELETE /core/applications/{slug}/", status=204)
    assert server.ask(f"GET /providers/oauth2/{provider['pk']}/")["assigned_application_slug"] is None


def test_14_deleting_a_key_pair_switches_its_providers_to_hs256(server: Server) -> None:
    key = server.key("rsa")
    provider = server.provider(signing_key=key["pk"])
    slug = server.application(provider)["slug"]
    assert server.discovery(slug)["id_token_signing_alg_values_supported"] == ["RS256"]
    server.ask(f"DELETE /crypto/certificatekeypairs/{key['pk']}/", status=204)
    assert server.discovery(slug)["id_token_signing_alg_values_supported"] == ["HS256"]


def test_9_and_10_objects_of_a_new_installation(server: Server) -> None:
    assert {"openid", "email", "profile", "entitlements", "offline_access", "goauthentik.io/api"} <= set(
        server.mappings
    )
    assert "groups" not in server.mappings
    for slug in (
        "default-provider-authorization-implicit-consent",
        "default-provider-authorization-explicit-consent",
        "default-provider-invalidation-flow",
        "default-authentication-flow",
    ):
        assert server.flow(slug)
    keys = server.ask("GET /crypto/certificatekeypairs/?has_key=true&page_size=100")["results"]
    [pair] = [key for key in keys if key["name"] == "authentik Self-signed Certificate"]
    assert pair["managed"] is None and pair["key_type" if server.version >= (2025, 12) else "private_key_type"] == "rsa"
    assert "goauthentik.io/crypto/jwt-managed" not in found({"results": keys}, "managed")


def test_2_proxy_provider_without_forward_auth_needs_an_internal_host(server: Server) -> None:
    body = {"name": server.name, "external_host": "https://tool.example.org", "mode": "proxy", **server.flows}
    refused = server.ask("POST /providers/proxy/", body, 400)
    assert refused == {"internal_host": ["Internal host cannot be empty when forward auth is disabled."]}
