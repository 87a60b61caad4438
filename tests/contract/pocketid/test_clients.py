"""Section 4: OIDC clients and the groups that may use them."""

from __future__ import annotations

import base64
import uuid
from typing import Any

import pytest

from .server import CLIENTS, GROUPS, PVE, Server, names, told

CLIENT_DEFAULTS = {
    "description": "",
    "hasLogo": False,
    "hasDarkLogo": False,
    "launchURL": None,
    "requiresReauthentication": False,
    "clientType": "standard",
    "callbackURLs": [],
    "logoutCallbackURLs": [],
    "isPublic": False,
    "pkceEnabled": False,
    "requiresPushedAuthorizationRequests": False,
    "skipConsent": False,
    "isGroupRestricted": False,
    "accessTokenDurationMinutes": 60,
    "refreshTokenDurationMinutes": 43200,
}
CLIENT_SETTINGS = {
    "description": "d",
    "callbackURLs": [PVE],
    "logoutCallbackURLs": ["https://out.example.org"],
    "pkceEnabled": True,
    "requiresReauthentication": True,
    "requiresPushedAuthorizationRequests": True,
    "skipConsent": True,
    "launchURL": PVE,
    "isGroupRestricted": True,
    "accessTokenDurationMinutes": 7,
    "refreshTokenDurationMinutes": 8,
}
BAD_CLIENTS = [
    ({"name": ""}, "name", "required"),
    ({"name": None}, "name", "required"),
    ({"name": "x" * 51}, "name", "too_long"),
    ({"id": "a"}, "id", "too_short"),
    ({"id": "a b"}, "id", "client_id"),
    ({"id": "a" * 129}, "id", "too_long"),
    ({"description": "d" * 151}, "description", "too_long"),
    ({"launchURL": ""}, "launchURL", "invalid_format"),
    ({"launchURL": "nope"}, "launchURL", "invalid_format"),
    ({"accessTokenDurationMinutes": -1}, "accessTokenDurationMinutes", "token_duration"),
    ({"refreshTokenDurationMinutes": 525601}, "refreshTokenDurationMinutes", "token_duration"),
    ({"callbackURLs": [PVE, "nope"]}, "callbackURLs[1]", "callback_url_pattern"),
    ({"logoutCallbackURLs": ["nope"]}, "logoutCallbackURLs[0]", "callback_url_pattern"),
]
MISFIT_CLIENTS = [
    {"isPublic": "yes"},
    {"accessTokenDurationMinutes": "5"},
    {"accessTokenDurationMinutes": 5.5},
    {"callbackURLs": PVE},
    {"callbackURLs": [5]},
    {"credentials": []},
]


def credentials(server: Server, **values: Any) -> dict[str, Any]:
    return {**values, "secrets": []} if server.several_secrets else values


def test_4_client_is_created_updated_and_deleted(server: Server) -> None:
    client = server.client()
    assert client == {
        **CLIENT_DEFAULTS,
        "id": client["id"],
        "name": server.n,
        "credentials": credentials(server),
        "allowedUserGroups": [],
    }
    path = f"{CLIENTS}/{client['id']}"
    assert server.ask(f"GET {path}") == client
    listed = server.ask(f"GET {CLIENTS}?search={server.n}")["data"]
    assert listed == [
        {**{name: value for name, value in client.items() if name != "allowedUserGroups"}, "allowedUserGroupsCount": 0}
    ]
    assert server.ask(f"GET {path}/meta", key="") == {
        name: client[name]
        for name in (
            "id",
            "name",
            "description",
            "hasLogo",
            "hasDarkLogo",
            "launchURL",
            "requiresReauthentication",
            "clientType",
        )
    }
    in_base64 = base64.urlsafe_b64encode(client["id"].encode()).decode().rstrip("=")
    assert server.ask(f"GET {CLIENTS}/~{in_base64}") == client
    conflict = {"name": "another", "id": client["id"]}
    server.refused(f"POST {CLIENTS}", conflict, status=409, code="client_id_already_exists")
    update = {"name": "new", **CLIENT_SETTINGS, "id": "ignored", "clientType": "ignored"}
    updated = server.ask(f"PUT {path}", update, 200)
    assert updated == server.ask(f"GET {path}")
    assert updated == {**client, **CLIENT_SETTINGS, "name": "new"}
    server.ask(f"DELETE {path}", status=204)
    for request in (f"GET {path}", f"GET {path}/meta", f"DELETE {path}", f"GET {path}/logo"):
        assert server.refused(request, status=404, code="not_found") == {"resource": "OIDC client"}
    server.refused(f"PUT {path}", {"name": "x"}, status=404, code="not_found")


def test_4_update_replaces_all_fields(server: Server) -> None:
    shown = {"issuer": "https://ci.example.org", "audience": "a", "replayProtection": True}
    given = {"federatedIdentities": [{**shown, "subject": "", "jwks": ""}], "secrets": [{"id": "ignored"}]}
    client = server.client(**CLIENT_SETTINGS, credentials=given)
    assert client["credentials"] == credentials(server, federatedIdentities=[shown])
    assert server.ask(f"PUT {CLIENTS}/{client['id']}", {"name": server.n}) == {
        **CLIENT_DEFAULTS,
        "id": client["id"],
        "name": server.n,
        "credentials": credentials(server),
        "allowedUserGroups": [],
    }
    server.refused(f"PUT {CLIENTS}/{client['id']}", {}, status=400, code="validation_failed")


@pytest.mark.parametrize(("body", "field_", "code"), BAD_CLIENTS)
def test_4_invalid_values_are_refused(server: Server, body: dict, field_: str, code: str) -> None:
    details = server.refused(f"POST {CLIENTS}", {"name": "x", **body}, status=400, code="validation_failed")
    assert told(details) == [(field_, code)]


@pytest.mark.parametrize("body", MISFIT_CLIENTS)
def test_4_values_of_wrong_types_are_refused(server: Server, body: dict) -> None:
    server.refused(f"POST {CLIENTS}", {"name": "x", **body}, status=400, code="invalid_request_body")


def test_4_boundary_values_are_accepted(server: Server) -> None:
    assert server.client(name="e\u0301")["name"] == "\u00e9"
    assert len(server.client(name="\u00e9" * 50)["name"]) == 50
    assert uuid.UUID(server.client(id="")["id"])
    nothing = dict.fromkeys(("isPublic", "callbackURLs", "launchURL", "description", "credentials"))
    assert server.client(**nothing, accessTokenDurationMinutes=0)["accessTokenDurationMinutes"] == 60
    assert server.client(hasLogo=True)["hasLogo"] is False


def test_4_public_client_has_pkce_and_no_secret(server: Server) -> None:
    client = server.client(isPublic=True)
    assert client["pkceEnabled"] is True
    path = f"{CLIENTS}/{client['id']}/{'secrets' if server.several_secrets else 'secret'}"
    server.refused(f"POST {path}", status=400, code="validation_failed")


def test_4_allowed_groups_of_a_client(server: Server) -> None:
    client, one, two = server.client(isGroupRestricted=True), server.group(), server.group()
    path = f"{CLIENTS}/{client['id']}"
    chosen = {"userGroupIds": [one["id"], two["id"], "unknown"]}
    answer = server.ask(f"PUT {path}/allowed-user-groups", chosen, 200)
    assert "allowedUserGroups" not in answer and answer["isGroupRestricted"] is True
    groups = server.ask(f"GET {path}")["allowedUserGroups"]
    assert names(groups) == {one["id"], two["id"]}
    assert {(group["userCount"], len(group["customClaims"])) for group in groups} == {(0, 0)}
    assert server.ask(f"GET {CLIENTS}?search={server.n}")["data"][0]["allowedUserGroupsCount"] == 2
    kept = server.ask(f"PUT {path}", {"name": server.n, "isGroupRestricted": True})["allowedUserGroups"]
    assert names(kept) == names(groups)

    assert server.ask(f"PUT {path}", {"name": server.n})["allowedUserGroups"] == []
    assert server.ask(f"GET {path}")["allowedUserGroups"] == []
    server.ask(f"PUT {path}/allowed-user-groups", chosen)
    assert server.ask(f"GET {path}")["isGroupRestricted"] is False
    assert len(server.ask(f"GET {path}")["allowedUserGroups"]) == 2
    server.ask(f"DELETE {GROUPS}/{one['id']}")
    assert names(server.ask(f"GET {path}")["allowedUserGroups"]) == {two["id"]}
    server.ask(f"PUT {path}/allowed-user-groups", {"userGroupIds": []})
    assert server.ask(f"GET {path}")["allowedUserGroups"] == []

    for body in ({}, {"userGroupIds": None}):
        server.refused(f"PUT {path}/allowed-user-groups", body, status=400, code="validation_failed")
    server.refused(f"PUT {CLIENTS}/nope/allowed-user-groups", {"userGroupIds": []}, status=404, code="not_found")


def test_4_allowed_clients_of_a_group(server: Server) -> None:
    client, group = server.client(), server.group()
    path = f"{GROUPS}/{group['id']}"
    answer = server.ask(f"PUT {path}/allowed-oidc-clients", {"oidcClientIds": [client["id"], "unknown"]}, 200)
    assert answer["allowedOidcClients"] == [server.ask(f"GET {CLIENTS}/{client['id']}/meta")]
    client = server.ask(f"GET {CLIENTS}/{client['id']}")
    assert (names(client["allowedUserGroups"]), client["isGroupRestricted"]) == ({group["id"]}, False)
    server.ask(f"PUT {path}/allowed-oidc-clients", {"oidcClientIds": []})
    assert server.ask(f"GET {path}")["allowedOidcClients"] == []


def test_4_failing_logo_url_leaves_the_client_stored(server: Server) -> None:
    for number, (url, status, code) in enumerate(
        [
            ("https://127.0.0.1/x.png", 400, "validation_failed"),
            ("https://192.168.1.1/x.png", 400, "validation_failed"),
            ("ftp://x/x.png", 400, "validation_failed"),
            ("", 400, "validation_failed"),
            ("https://nowhere.invalid/x.png", 422, "logo_download_failed"),
        ]
    ):
        body = {"name": "x", "id": f"{server.n}-logo-{number}", ("logoUrl", "darkLogoUrl")[number % 2]: url}
        server.made.append(f"{CLIENTS}/{body['id']}")
        details = server.refused(f"POST {CLIENTS}", body, status=status, code=code)
        if status == 400:
            assert told(details) == [("logoUrl", "invalid_value")]
        assert server.ask(f"GET {CLIENTS}/{body['id']}")["hasLogo"] is False
