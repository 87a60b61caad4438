"""Sections 3, 5, 11, 18 and 19: differences of versions before 2.13 that clients may depend on."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from .conftest import OLDER, REAL
from .server import CLIENTS, CONFIGURATION, GROUPS, PVE, USERS, Server

pytestmark = pytest.mark.parametrize("address", ["real"] if REAL else OLDER, indirect=True)

KEYS = "/api/api-keys"
SCIM = "/api/scim/service-provider"
CHOSEN = "a-chosen-client-secret"
TOMORROWS = {"name": "fg-key", "expiresAt": "2035-01-01T00:00:00Z"}
# fields of a client and a user by the version that introduced them
OF_CLIENTS = {
    "description": (2, 10),
    "skipConsent": (2, 10),
    "requiresPushedAuthorizationRequests": (2, 9),
    "clientType": (2, 13),
    "accessTokenDurationMinutes": (2, 13),
    "refreshTokenDurationMinutes": (2, 13),
}
SETTINGS = {
    "ldapAdminGroupName": (2, 0),
    "emailVerificationEnabled": (2, 2),
    "homePageUrl": (2, 2),
    "cimdUrlAllowlist": (2, 13),
}


@pytest.fixture
def version(server: Server) -> tuple[int, ...]:
    if server.version >= (2, 13):
        pytest.skip("is asked of older servers")
    return server.version


@pytest.fixture
def ann(server: Server, version: tuple[int, ...]) -> str:
    """The id of a user with all that any version demands."""
    return server.user(firstName="Ann", displayName="Ann")["id"]


def refused(server: Server, request: str, body: Any = None, status: int = 400, **options: Any) -> str:
    """The text of a refusal, which has no other content in these versions."""
    answer = server.ask(request, body, status, **options)
    assert answer.keys() == {"error"}
    return answer["error"]


def known(table: dict[str, tuple[int, int]], version: tuple[int, ...]) -> set[str]:
    return {name for name, since in table.items() if version >= since}


def test_18_version_can_be_detected(server: Server, version: tuple[int, ...]) -> None:
    assert server.call("GET /api/version/current").status_code == (200 if version >= (2, 3) else 404)
    settings = {row["key"] for row in server.ask(f"GET {CONFIGURATION}/all")}
    assert SETTINGS.keys() & settings == known(SETTINGS, version)


def test_4_later_fields_are_ignored_and_not_returned(server: Server, version: tuple[int, ...]) -> None:
    identity = {"issuer": "https://ci.example.org", "replayProtection": True}
    later = {
        "description": "d",
        "skipConsent": True,
        "requiresPushedAuthorizationRequests": True,
        "accessTokenDurationMinutes": 5,
        "credentials": {"federatedIdentities": [identity]},
    }
    client = server.client(**later)
    assert OF_CLIENTS.keys() & client.keys() == known(OF_CLIENTS, version)
    shown = identity if version >= (2, 10) else {"issuer": identity["issuer"]}
    assert client["credentials"] == {"federatedIdentities": [shown]}
    assert OF_CLIENTS.keys() & server.ask(f"GET {CLIENTS}/{client['id']}/meta", key="").keys() == (
        {"description"} if version >= (2, 10) else set()
    )


def test_4_update_does_not_return_the_groups(server: Server, version: tuple[int, ...]) -> None:
    group, client = server.group()["id"], server.client(isGroupRestricted=True)["id"]
    server.ask(f"PUT {CLIENTS}/{client}/allowed-user-groups", {"userGroupIds": [group]}, 200)
    assert server.ask(f"PUT {CLIENTS}/{client}", {"name": "x", "isGroupRestricted": True})["allowedUserGroups"] == []
    assert [one["id"] for one in server.ask(f"GET {CLIENTS}/{client}")["allowedUserGroups"]] == [group]


def test_10_required_fields_of_a_user(server: Server, version: tuple[int, ...]) -> None:
    bare = {"username": f"{server.n}-bare", "email": f"{server.n}-bare@example.org"}
    for given, since in (
        (bare, (2, 4)),
        ({**bare, "firstName": "x"}, (2, 4)),
        ({**bare, "displayName": "x"}, (2, 4)),
        ({**bare, "firstName": "x", "displayName": "x"}, (2, 0)),
    ):
        if version < since:
            assert refused(server, f"POST {USERS}", given).endswith("is required")
        else:
            server.ask(f"DELETE {USERS}/{server.ask(f'POST {USERS}', given, 201)['id']}")


def test_10_fields_of_a_user(server: Server, version: tuple[int, ...]) -> None:
    chosen = str(uuid.uuid4())
    user = server.user(id=chosen, firstName="Ann", displayName="Ann", emailVerified=True)
    assert (user["id"] == chosen) is (version >= (2, 12))
    assert user.get("emailVerified") is (True if version >= (2, 2) else None)


def test_11_recipient_of_a_one_time_token(server: Server, version: tuple[int, ...], ann: str) -> None:
    path = f"POST {USERS}/{ann}/one-time-access-token"
    assert server.ask(path, {"userId": ann}, 201)["token"]
    if version < (2, 4):
        assert (
            refused(server, path, {}, 500) == refused(server, path, {"userId": "none"}, 500) == "Something went wrong"
        )
        assert server.ask(f"POST {USERS}/none/one-time-access-token", {"userId": ann}, 201)["token"]
    else:
        assert server.ask(path, {"userId": "none"}, 201)["token"]
        refused(server, f"POST {USERS}/none/one-time-access-token", {}, 404)
    assert len(server.ask(path, {"userId": ann, "ttl": 86400}, 201)["token"]) == 16
    refused(server, "POST /api/one-time-access-token/none", status=401 if version >= (2, 4) else 400, key="")


def test_12_callers_that_can_create_a_key(server: Server, version: tuple[int, ...]) -> None:
    if version < (2, 3):
        made = server.ask(f"POST {KEYS}", TOMORROWS, 201)
        server.made.append(f"{KEYS}/{made['apiKey']['id']}")
    else:
        refused(server, f"POST {KEYS}", TOMORROWS, 403)
    server.ask(f"DELETE {KEYS}/none", status=204)


def test_5_client_has_one_secret_before_2_14(server: Server, version: tuple[int, ...]) -> None:
    client = server.client()["id"]
    assert server.call(f"GET {CLIENTS}/{client}/secrets").status_code == 404
    first = server.ask(f"POST {CLIENTS}/{client}/secret", status=200)["secret"]
    second = server.ask(f"POST {CLIENTS}/{client}/secret", {"secret": CHOSEN}, 200)["secret"]
    assert (second == CHOSEN) is (version >= (2, 12))
    assert server.introspect((client, second)).json() == {"active": False}
    wrong = server.introspect((client, first))
    assert wrong.status_code == (401 if version >= (2, 4) else 400)
    # also a public client may have one
    public = server.client(isPublic=True)["id"]
    assert server.ask(f"POST {CLIENTS}/{public}/secret", status=200)["secret"]


def test_5_token_endpoint_tests_a_secret(server: Server, version: tuple[int, ...]) -> None:
    client = server.client(callbackURLs=[PVE])["id"]
    right = server.ask(f"POST {CLIENTS}/{client}/secret", status=200)["secret"]
    told = [
        (answer.status_code, answer.json()["error"])
        for answer in (server.redeem((client, secret), "no-code") for secret in (right, "wrong"))
    ]
    if version >= (2, 10):
        assert told == [(400, "invalid_grant"), (401, "invalid_client")]
    else:
        assert told == [
            (400, "Invalid authorization code"),
            (401 if version >= (2, 4) else 400, "Invalid client secret"),
        ]


def test_3_other_status_codes(server: Server, version: tuple[int, ...], ann: str) -> None:
    client, group = server.client()["id"], server.group()
    user = {"username": f"{server.n}-other", "email": f"{server.n}-1@example.org", "firstName": "x", "displayName": "x"}
    taken = {**user, "username": server.ask(f"GET {USERS}/{ann}")["username"].upper()}
    for request, body in (
        (f"POST {CLIENTS}", {"name": "x", "id": client}),
        (f"POST {USERS}", taken),
        (f"POST {GROUPS}", {"name": group["name"], "friendlyName": "xx"}),
        (f"POST {GROUPS}", {}),
    ):
        refused(server, request, body, 400)
    for request, body in (
        (f"GET {CLIENTS}/none", None),
        (f"PUT {CLIENTS}/none", {"name": "x"}),
        (f"GET {USERS}/none", None),
        (f"PUT {USERS}/none", user),
        (f"DELETE {USERS}/none", None),
        (f"DELETE {GROUPS}/none", None),
        (f"PUT {GROUPS}/none/users", {"userIds": []}),
    ):
        assert refused(server, request, body, 404) == "Record not found"
    server.ask(f"DELETE {CLIENTS}/none", status=204)
    for data in (b"{", b"", b"[]", b'{"name": 5}'):
        assert refused(server, f"POST {GROUPS}", status=500, data=data) == "Something went wrong"
    made = server.ask(
        f"POST {GROUPS}", status=201, data=f'{{"name": "{server.n}-text", "friendlyName": "xx"}}'.encode()
    )
    server.made.append(f"{GROUPS}/{made['id']}")


def test_9_claims_of_unknown_users_and_groups(server: Server, version: tuple[int, ...]) -> None:
    for kind in ("user", "user-group"):
        assert server.ask(f"PUT /api/custom-claims/{kind}/none", [], 200) == []
        refused(server, f"PUT /api/custom-claims/{kind}/none", [{"key": "k", "value": "v"}], 500)


def test_6_logo_requests(server: Server, version: tuple[int, ...]) -> None:
    path = f"{CLIENTS}/{server.client()['id']}/logo"
    for verb in ("GET", "DELETE"):
        refused(server, f"{verb} {path}", status=500)
    refused(server, f"POST {path}", status=400, files={"file": ("logo.txt", b"x")})
    server.ask(f"POST {path}", status=204, files={"file": ("logo.svg", b"<svg/>")})


def test_14_scim_requests(server: Server, version: tuple[int, ...]) -> None:
    client = server.client()["id"]
    given = {"endpoint": PVE, "oidcClientId": client}
    refused(server, f"GET {CLIENTS}/{client}/scim-service-provider", status=404)
    provider = server.ask(f"POST {SCIM}", given, 201)
    assert ("description" in provider["oidcClient"]) is (version >= (2, 10))
    for request in (f"POST {SCIM}", f"PUT {SCIM}/{provider['id']}"):
        assert refused(server, request, {**given, "oidcClientId": "none"}, 500) == "Something went wrong"
    refused(server, f"PUT {SCIM}/none", given, 404)
    for path in (provider["id"], "none"):
        server.ask(f"DELETE {SCIM}/{path}", status=204)


def test_15_sync_without_ldap_fails(server: Server, version: tuple[int, ...]) -> None:
    assert refused(server, f"POST {CONFIGURATION}/sync-ldap", status=500) == "Something went wrong"
