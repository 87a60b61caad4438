"""Sections 1 and 12: keys, sessions, one-time tokens."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from .server import CLIENTS, USERS, Server, names, told

KEYS = "/api/api-keys"


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "no such key"}, {"Authorization": "Bearer junk"}])
def test_1_missing_credentials_are_rejected(server: Server, headers: dict[str, str]) -> None:
    answer = server.call(f"GET {CLIENTS}", key="", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_1_static_key_belongs_to_a_listed_administrator(server: Server) -> None:
    own = server.ask(f"GET {USERS}/me")
    assert own["id"] == "00000000-0000-0000-0000-000000000000" and own["isAdmin"] and own["email"] is None
    assert own["username"].startswith("static-api-user-")
    assert own in server.ask(f"GET {USERS}?search=static-api-user")["data"]


def test_1_session_authenticates_its_user(server: Server) -> None:
    user = server.user()
    session = server.session(user["id"])
    assert server.ask(f"GET {USERS}/me", key="", headers=session)["id"] == user["id"]
    cookie = {"Cookie": f"__Host-access_token={session['Authorization'].split()[1]}"}
    assert server.ask(f"GET {USERS}/me", key="", headers=cookie)["id"] == user["id"]
    server.refused(f"GET {USERS}", status=403, code="forbidden", key="", headers=session)
    # a session is checked before the key, so an invalid one prevents the use of the key
    server.refused(f"GET {USERS}", status=403, code="forbidden", headers=cookie)
    assert server.ask(f"GET {USERS}/me")["id"] != server.ask(f"GET {USERS}/me", headers=session)["id"] == user["id"]
    server.ask(f"PUT {USERS}/{user['id']}", {**user, "disabled": True})
    server.refused(f"GET {USERS}/me", status=403, code="user_disabled", key="", headers=session)


def test_1_one_time_token_starts_a_session(server: Server) -> None:
    user = server.user()
    path = f"POST {USERS}/{user['id']}/one-time-access-token"
    longer = 12 if server.version >= (2, 14) else 16
    lengths = {2: 6, 900: 6, 901: longer, "15m": 6, "1h": longer, "1.5h": longer, 31 * 86400: longer, 0: 6, "": 6}
    for ttl, length in lengths.items():
        assert len(server.ask(path, {"ttl": ttl}, 201)["token"]) == length, ttl
    for ttl in (1, 1.9, -5, 31 * 86400 + 1):
        assert told(server.refused(path, {"ttl": ttl}, status=400, code="validation_failed")) == [("ttl", "ttl")]
    for ttl in ("junk", True, None):
        server.refused(path, {"ttl": ttl}, status=400, code="invalid_request_body")
    server.refused(path, status=400, code="invalid_request_body")
    server.refused(f"POST {USERS}/nobody/one-time-access-token", {}, status=404, code="user_not_found")

    token = server.ask(path, {}, 201)["token"]
    exchange = "POST /api/one-time-access-token/"
    bad = {"status": 401, "code": "token_invalid_or_expired", "key": ""}
    server.refused(f"{exchange}{token.swapcase()}", **bad)
    assert server.ask(f"{exchange}{token}", key="")["userGroups"] == []
    server.refused(f"{exchange}{token}", **bad)
    soon = server.ask(path, {"ttl": 2}, 201)["token"]
    time.sleep(3)
    server.refused(f"{exchange}{soon}", **bad)


def test_1_disabled_user_keeps_the_token_but_gets_no_session(server: Server) -> None:
    user = server.user(disabled=True)
    token = server.ask(f"POST {USERS}/{user['id']}/one-time-access-token", {}, 201)["token"]
    server.refused(f"POST /api/one-time-access-token/{token}", status=403, code="user_disabled", key="")
    server.ask(f"PUT {USERS}/{user['id']}", {**user, "disabled": False})
    server.ask(f"POST /api/one-time-access-token/{token}", status=200, key="")


def test_12_api_keys_authenticate_their_user(server: Server) -> None:
    admin = server.user(isAdmin=True)
    session = {"key": "", "headers": server.session(admin["id"])}
    body = {"name": server.n, "expiresAt": "2035-01-01T00:00:00Z"}
    server.refused(f"POST {KEYS}", body, status=403, code="api_key_auth_not_allowed")
    made = server.ask(f"POST {KEYS}", body, 201, **session)
    assert re.fullmatch("[A-Za-z0-9]{32}", made["token"])
    given = {name: made["apiKey"][name] for name in ("id", "createdAt")}
    assert made["apiKey"] == {**body, **given, "description": None, "lastUsedAt": None, "expirationEmailSent": False}
    assert server.ask(f"GET {USERS}/me", key=made["token"])["id"] == admin["id"]
    listed = server.ask(f"GET {KEYS}", **session)["data"]
    assert names(listed) == {made["apiKey"]["id"]} and listed[0]["lastUsedAt"]
    assert made["apiKey"]["id"] not in names(server.ask(f"GET {KEYS}")["data"])

    for wrong, code in (
        ({"name": "ab"}, "validation_failed"),
        ({"expiresAt": None}, "validation_failed"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "invalid_api_key_expiration"),
        ({"expiresAt": "soon"}, "invalid_request_body"),
    ):
        server.refused(f"POST {KEYS}", {**body, **wrong}, status=400, code=code, **session)
    renew = f"POST {KEYS}/{made['apiKey']['id']}/renew"
    server.refused(renew, body, status=409, code="api_key_not_expired", **session)
    server.refused(f"POST {KEYS}/none/renew", body, status=404, code="api_key_not_found", **session)
    server.refused(f"DELETE {KEYS}/{made['apiKey']['id']}", status=404, code="api_key_not_found")
    server.ask(f"DELETE {KEYS}/{made['apiKey']['id']}", status=204, key=made["token"])
    server.refused(f"GET {USERS}/me", status=401, code="not_signed_in", key=made["token"])


def test_12_api_key_expires_and_can_be_renewed(server: Server) -> None:
    admin = server.user(isAdmin=True)
    session = {"key": "", "headers": server.session(admin["id"])}
    soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    made = server.ask(f"POST {KEYS}", {"name": "abc", "expiresAt": soon}, 201, **session)
    time.sleep(3)
    server.refused(f"GET {USERS}/me", status=401, code="not_signed_in", key=made["token"])
    later = {"expiresAt": "2035-01-01T00:00:00Z"}
    renewed = server.ask(f"POST {KEYS}/{made['apiKey']['id']}/renew", later, 200, **session)
    assert renewed["token"] != made["token"]
    assert server.ask(f"GET {USERS}/me", key=renewed["token"])["id"] == admin["id"]
    server.ask(f"DELETE {USERS}/{admin['id']}")
    server.refused(f"GET {USERS}/me", status=401, code="not_signed_in", key=renewed["token"])
