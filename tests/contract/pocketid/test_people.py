"""Sections 8 to 10: groups, custom claims, users."""

from __future__ import annotations

import re
import time
import uuid

import pytest

from .server import CLIENTS, GROUPS, USERS, Server, names, told


def test_8_group_is_created_updated_and_deleted(server: Server) -> None:
    group = server.group()
    path = f"{GROUPS}/{group['id']}"
    own = {"id": group["id"], "name": f"{server.n}-0", "friendlyName": server.n, "customClaims": [], "ldapId": None}
    assert group == {**own, "createdAt": group["createdAt"], "users": [], "allowedOidcClients": []}
    read = server.ask(f"GET {path}")
    assert read == {**group, "createdAt": read["createdAt"]}
    listed = server.ask(f"GET {GROUPS}?search={server.n}")["data"]
    assert listed == [{**own, "createdAt": read["createdAt"], "userCount": 0}]
    for name in (group["name"], group["name"].upper()):
        answer = server.call(f"POST {GROUPS}", {"name": name, "friendlyName": "the same as another"})
        if answer.status_code == 201:
            server.made.append(f"{GROUPS}/{answer.json()['id']}")
        assert answer.status_code == (409 if name == group["name"] else 201)
    assert server.ask(f"PUT {path}", {"name": "", "friendlyName": "x"}, 400)["code"] == "validation_failed"
    taken = {"name": group["name"].upper(), "friendlyName": "xx"}
    assert server.refused(f"PUT {path}", taken, status=409, code="already_in_use") == {"property": "name"}
    renamed = {"name": f"{server.n} \u00fc/x", "friendlyName": "xx"}
    assert server.ask(f"PUT {path}", renamed, 200)["name"] == renamed["name"]
    server.ask(f"DELETE {path}", status=204)
    for request, body in (
        (f"GET {path}", None),
        (f"DELETE {path}", None),
        (f"PUT {path}", renamed),
        (f"PUT {path}/users", {"userIds": []}),
        (f"PUT {path}/allowed-oidc-clients", {"oidcClientIds": []}),
    ):
        assert server.refused(request, body, status=404, code="not_found") == {"resource": "User group"}


def test_8_members_of_a_group_are_replaced(server: Server) -> None:
    group, one, two = server.group(), server.user(), server.user()
    path = f"{GROUPS}/{group['id']}"
    answer = server.ask(f"PUT {path}/users", {"userIds": [one["id"], two["id"], one["id"], "unknown"]}, 200)
    assert names(answer["users"]) == names(server.ask(f"GET {path}")["users"]) == {one["id"], two["id"]}
    assert all(user["userGroups"] == user["customClaims"] == [] for user in answer["users"])
    assert server.ask(f"GET {GROUPS}?search={server.n}")["data"][0]["userCount"] == 2
    own = server.ask(f"GET {USERS}/{one['id']}")["userGroups"]
    assert [(each["id"], each["userCount"]) for each in own] == [(group["id"], 0)]
    inverse = server.ask(f"GET {USERS}/{one['id']}/groups")
    assert [(each["id"], each["users"], "userCount" in each) for each in inverse] == [(group["id"], [], False)]
    renamed = server.ask(f"PUT {path}", {"name": f"{server.n}-new", "friendlyName": "xx"})
    assert names(renamed["users"]) == {one["id"], two["id"]}
    server.ask(f"DELETE {USERS}/{two['id']}")
    assert names(server.ask(f"GET {path}")["users"]) == {one["id"]}
    for body in ({}, {"userIds": None}):
        server.refused(f"PUT {path}/users", body, status=400, code="validation_failed")
    assert server.ask(f"PUT {path}/users", {"userIds": []})["users"] == []


def test_8_created_at_changes_with_memberships(server: Server) -> None:
    user, group = server.user(), server.group()
    client = server.client(isGroupRestricted=True)["id"]
    path, first = f"GET {GROUPS}/{group['id']}", group["createdAt"]
    read = server.ask(path)["createdAt"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d)", first)
    assert read == re.sub(r"\.\d+", "", first)
    time.sleep(1.1)
    server.ask(f"PUT {CLIENTS}/{client}/allowed-user-groups", {"userGroupIds": [group["id"]]})
    # the response has a new date although the stored one is unchanged
    [of_client] = server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isGroupRestricted": True})["allowedUserGroups"]
    [of_user] = server.user(userGroupIds=[group["id"]])["userGroups"]
    assert min(of_client["createdAt"], of_user["createdAt"]) > read
    assert server.ask(path)["createdAt"] == read
    # the stored date changes
    server.ask(f"PUT {USERS}/{user['id']}/user-groups", {"userGroupIds": [group["id"]]})
    assert server.ask(path)["createdAt"] > read


def test_9_custom_claims_are_replaced(server: Server) -> None:
    user, group = server.user(), server.group()
    path = f"PUT /api/custom-claims/user/{user['id']}"
    key = f"{server.n}-k"
    rows = [{"key": "dept", "value": "ops"}, {"key": key, "value": "e\u0301"}]
    composed = [rows[0], {"key": key, "value": "\u00e9"}]
    assert server.ask(path, rows, 200) == composed == server.ask(f"GET {USERS}/{user['id']}")["customClaims"]
    assert server.ask(path, composed[::-1]) == composed
    assert key in server.ask("GET /api/custom-claims/suggestions")
    for body, code, bad in (
        ([{"key": "sub", "value": "x"}], "reserved_claim", "sub"),
        ([composed[0], composed[0]], "duplicate_claim", "dept"),
    ):
        assert server.refused(path, body, status=400, code=code)["key"] == bad
    broken = [{"key": "x", "value": ""}, {"key": "", "value": "x"}]
    assert told(server.refused(path, broken, status=400, code="validation_failed")) == [("value", "required")]
    server.refused(path, {"key": "x", "value": "y"}, status=400, code="invalid_request_body")
    assert server.ask(f"GET {USERS}/{user['id']}")["customClaims"] == composed
    assert server.ask(path, []) == []

    of_group = f"PUT /api/custom-claims/user-group/{group['id']}"
    assert server.ask(of_group, rows[:1], 200) == rows[:1] == server.ask(f"GET {GROUPS}/{group['id']}")["customClaims"]
    assert server.ask(f"GET {GROUPS}?search={server.n}")["data"][0]["customClaims"] == rows[:1]
    server.refused("PUT /api/custom-claims/user/nobody", [], status=404, code="user_not_found")
    server.refused("PUT /api/custom-claims/user-group/none", [], status=404, code="not_found")


BAD_USERS = [
    ({"email": None}, "email", "required"),
    ({"email": ""}, "email", "invalid_format"),
    ({"email": "x"}, "email", "invalid_format"),
    ({"email": "x@y"}, "email", "invalid_format"),
    ({"username": ""}, "username", "required"),
    ({"username": "-x"}, "username", "invalid_format"),
    ({"username": "x y"}, "username", "invalid_format"),
    ({"username": "x" * 51}, "username", "too_long"),
    ({"id": "x"}, "id", "uuid"),
    ({"firstName": "x" * 51}, "firstName", "too_long"),
    ({"lastName": "x" * 51}, "lastName", "too_long"),
    ({"displayName": "x" * 101}, "displayName", "too_long"),
]


def test_10_user_is_created_updated_and_deleted(server: Server) -> None:
    group, chosen = server.group(), str(uuid.uuid4())
    given = {
        "id": chosen,
        "username": f"{server.n}.ann@x",
        "email": f"{server.n}@example.org",
        "firstName": "Ann",
        "lastName": "Lee",
        "displayName": "Ann Lee",
        "isAdmin": True,
        "emailVerified": True,
        "locale": "de",
    }
    user = server.user(**given, userGroupIds=[group["id"], "unknown"])
    path = f"{USERS}/{chosen}"
    shown = {**given, "disabled": False, "ldapId": None, "customClaims": []}
    assert {name: user[name] for name in shown} == shown and names(user["userGroups"]) == {group["id"]}
    read = server.ask(f"GET {path}")
    assert {**read, "userGroups": []} == {**user, "userGroups": []} and names(read["userGroups"]) == {group["id"]}

    bare = {"username": given["username"], "email": given["email"]}
    cleared = {
        "firstName": "",
        "lastName": "",
        "displayName": "",
        "isAdmin": False,
        "emailVerified": False,
        "locale": None,
    }
    answer = server.ask(f"PUT {path}", {**bare, "id": str(uuid.uuid4()), "userGroupIds": []}, 200)
    assert answer == {**read, **cleared, "userGroups": []}
    assert server.ask(f"GET {path}") == {**read, **cleared}
    server.refused(f"PUT {path}", {"username": "x"}, status=400, code="validation_failed")

    groups = f"PUT {path}/user-groups"
    assert server.ask(groups, {"userGroupIds": ["unknown"]}, 200)["userGroups"] == []
    assert names(server.ask(groups, {"userGroupIds": [group["id"]]}, 200)["userGroups"]) == {group["id"]}
    server.refused(groups, {}, status=400, code="validation_failed")
    server.ask(f"DELETE {path}", status=204)
    for request, body in (
        (f"GET {path}", None),
        (f"DELETE {path}", None),
        (f"PUT {path}", bare),
        (f"GET {path}/groups", None),
        (groups, {"userGroupIds": []}),
    ):
        server.refused(request, body, status=404, code="user_not_found")


@pytest.mark.parametrize(("body", "field_", "code"), BAD_USERS)
def test_10_invalid_users_are_refused(server: Server, body: dict, field_: str, code: str) -> None:
    given = {"username": server.n, "email": f"{server.n}@example.org", **body}
    assert told(server.refused(f"POST {USERS}", given, status=400, code="validation_failed")) == [(field_, code)]


def test_10_duplicate_users_are_refused(server: Server) -> None:
    user = server.user(username=f"{server.n}.a")
    other = server.user(username=f"{server.n}.b")
    same = {"username": user["username"].upper(), "email": f"{server.n}-new@example.org"}
    for request in (f"POST {USERS}", f"PUT {USERS}/{other['id']}"):
        assert server.refused(request, same, status=409, code="already_in_use") == {"property": "username"}
        both = {"username": user["username"], "email": user["email"]}
        assert server.refused(request, both, status=409, code="already_in_use") == {"property": "email"}
    # e-mail addresses are case-sensitive, and a duplicate id is reported as an internal error
    assert server.user(email=user["email"].upper())["email"] == user["email"].upper()
    taken = {"id": user["id"], "username": f"{server.n}.c", "email": f"{server.n}-c@example.org"}
    server.refused(f"POST {USERS}", taken, status=500, code="internal_error")


def test_10_disabled_user_keeps_its_keys_and_is_refused_with_them(server: Server) -> None:
    user = server.user()
    session = server.session(user["id"])
    body = {"name": server.n, "expiresAt": "2030-01-01T00:00:00Z"}
    key = server.ask("POST /api/api-keys", body, 201, key="", headers=session)["token"]
    server.ask(f"PUT {USERS}/{user['id']}", {**user, "disabled": True})
    for credentials in ({"key": key}, {"key": "", "headers": session}):
        server.refused("GET /api/api-keys", status=403, code="user_disabled", **credentials)
        server.refused(f"GET {USERS}/me", status=403, code="user_disabled", **credentials)
    server.ask(f"PUT {USERS}/{user['id']}", {**user, "disabled": False})
    assert [one["name"] for one in server.ask("GET /api/api-keys", key=key)["data"]] == [server.n]
