"""Section 17: the OpenID provider as a client meets it."""

from __future__ import annotations

import json
import re
import time
from urllib.parse import quote

import pytest
import requests

from tests.simulators.digests import half_hash, s256_challenge

from .server import ALL_SCOPES, CLIENTS, PVE, USERS, Login, oauth_error, returned

VERIFIER = "v" * 43


def test_17_login_returns_tokens_and_claims(login: Login) -> None:
    server, user = login.server, login.user
    server.ask(
        f"PUT /api/custom-claims/user/{user['id']}",
        [{"key": "dept", "value": "ops"}, {"key": "level", "value": "5"}, {"key": "tags", "value": '["x"]'}],
    )
    server.ask(
        f"PUT /api/custom-claims/user-group/{login.group['id']}",
        [{"key": "dept", "value": "of the group"}, {"key": "site", "value": "north"}],
    )
    started = int(time.time())
    answer = server.authorize(
        login.client, login.session, code_challenge=s256_challenge(VERIFIER), code_challenge_method="S256"
    )
    back = returned(answer)
    assert answer.headers["Location"].startswith(f"{PVE}?")
    assert {**back, "code": ""} == {"code": "", "state": "state-of-enough", "iss": server.url, "scope": ALL_SCOPES}
    redeemed = login.redeem(back["code"], code_verifier=VERIFIER)
    assert redeemed.headers["Cache-Control"] == "no-store"
    tokens = redeemed.json()
    assert tokens.keys() == {"access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"}
    assert (tokens["token_type"], tokens["scope"]) == ("bearer", ALL_SCOPES) and 298 <= tokens["expires_in"] <= 300

    about_user = {
        "sub": user["id"],
        "preferred_username": user["username"],
        "given_name": "Ann",
        "family_name": "Lee",
        "name": "Ann Lee",
        "display_name": "Ann of Ops",
        "email": user["email"],
        "email_verified": False,
        "groups": [login.group["name"]],
        "picture": f"{server.url}/api/users/{user['id']}/profile-picture.png",
        "dept": "ops",
        "level": 5,
        "tags": ["x"],
        "site": "north",
    }
    claims = login.verified(tokens["id_token"])
    times = {name: claims[name] for name in ("iat", "exp", "auth_time", "rat")}
    assert claims == {
        **about_user,
        **times,
        "iss": server.url,
        "aud": [login.client],
        "nonce": "nonce-of-enough",
        "type": "id-token",
        "amr": ["otp"],
        "jti": claims["jti"],
        "at_hash": half_hash(tokens["access_token"]),
    }
    assert claims["exp"] - claims["iat"] in (3599, 3600) and abs(claims["iat"] - started) < 10
    assert claims["auth_time"] <= claims["rat"] <= claims["iat"]
    access = login.verified(tokens["access_token"], "at+jwt")
    assert {name: access[name] for name in ("aud", "client_id", "iss", "scope", "scp", "sub")} == {
        "aud": [login.client, server.url],
        "client_id": login.client,
        "iss": server.url,
        "scope": ALL_SCOPES,
        "scp": ALL_SCOPES.split(),
        "sub": user["id"],
    }
    assert server.bearing("/api/oidc/userinfo", tokens["access_token"]).json() == about_user
    told = server.introspect(login.auth, tokens["access_token"]).json()
    assert {name: told[name] for name in ("active", "client_id", "scope", "sub", "username")} == {
        "active": True,
        "client_id": login.client,
        "scope": ALL_SCOPES,
        "sub": user["id"],
        "username": user["id"],
    }


def test_17_code_is_valid_once(login: Login) -> None:
    code = login.code()
    tokens = login.redeem(code).json()
    assert login.server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 200
    assert oauth_error(login.redeem(code)) == (400, "invalid_grant")
    # a second use revokes the tokens of the first one
    assert login.server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 401
    assert login.server.introspect(login.auth, tokens["access_token"]).json() == {"active": False}


def test_17_wrong_use_of_a_code_is_refused(login: Login) -> None:
    server = login.server
    other = server.client()["id"]
    code = login.code()
    for answer in (
        login.redeem(code, redirect_uri="https://not.registered.example"),
        login.redeem(code, redirect_uri=f"{PVE}/"),
        server.token(login.auth, grant_type="authorization_code", code=code),
        server.redeem((other, server.secret(other)), code),
    ):
        assert oauth_error(answer) == (400, "invalid_grant")
    assert oauth_error(server.redeem((login.client, "wrong"), code)) == (401, "invalid_client")
    assert login.redeem(code).status_code == 200


@pytest.mark.parametrize(
    ("challenge", "method", "verifier"),
    [(s256_challenge(VERIFIER), "S256", VERIFIER), (VERIFIER, "plain", VERIFIER), (VERIFIER, None, VERIFIER)],
)
def test_17_pkce_is_optional_by_default(login: Login, challenge: str, method: str | None, verifier: str) -> None:
    server = login.server
    asked = {"code_challenge": challenge, "code_challenge_method": method}
    assert "pkceSupported" not in server.ask(f"GET {CLIENTS}/{login.client}")
    assert login.redeem(login.code(**asked), code_verifier=verifier).status_code == 200
    client = server.ask(f"GET {CLIENTS}/{login.client}")
    assert (client["pkceSupported"], client["pkceEnabled"]) == (True, False)
    for form in ({}, {"code_verifier": "w" * 43}, {"code_verifier": "short"}):
        code = login.code(**asked)
        assert oauth_error(login.redeem(code, **form)) == (400, "invalid_grant")
        assert oauth_error(login.redeem(code, code_verifier=verifier)) == (400, "invalid_grant")
    # a failed attempt consumes the challenge, and the code is valid without one
    assert login.redeem(code).status_code == 200
    assert oauth_error(login.redeem(login.code(), code_verifier=verifier)) == (400, "invalid_grant")
    assert "pkceSupported" not in server.ask(f"PUT {CLIENTS}/{login.client}", {**client, "pkceEnabled": False})


def test_17_pkce_can_be_required(login: Login) -> None:
    server = login.server
    settings = {"name": "x", "callbackURLs": [PVE], "skipConsent": True}
    server.ask(f"PUT {CLIENTS}/{login.client}", {**settings, "pkceEnabled": True})
    for session in (login.session, None):
        back = returned(server.authorize(login.client, session))
        assert (back["error"], back["state"]) == ("invalid_request", "state-of-enough") and "code" not in back
    code = login.code(code_challenge=s256_challenge(VERIFIER), code_challenge_method="S256")
    assert login.redeem(code, code_verifier=VERIFIER).status_code == 200
    server.ask(f"PUT {CLIENTS}/{login.client}", {**settings, "isPublic": True})

    def redeem(code: str, **form: str) -> requests.Response:
        public = {"grant_type": "authorization_code", "client_id": login.client, "redirect_uri": PVE}
        return server.token(**public, code=code, **form)

    code = login.code(code_challenge=VERIFIER)
    for form, error in (({}, "invalid_grant"), ({"code_verifier": VERIFIER}, "invalid_grant"), ({}, "invalid_request")):
        assert oauth_error(redeem(code, **form)) == (400, error)
    assert redeem(login.code(code_challenge=VERIFIER), code_verifier=VERIFIER).status_code == 200


def test_17_short_nonce_is_refused_at_the_token_endpoint(login: Login) -> None:
    code = login.code(nonce="7 chars")
    assert oauth_error(login.redeem(code)) == (400, "insufficient_entropy")
    assert oauth_error(login.redeem(code)) == (400, "invalid_grant")


def test_17_login_without_openid_scope_returns_no_id_token(login: Login) -> None:
    tokens = login.tokens(scope="profile")
    assert "id_token" not in tokens
    assert oauth_error(login.server.bearing("/api/oidc/userinfo", tokens["access_token"])) == (403, "access_denied")
    own = login.server.token(login.auth, grant_type="client_credentials", scope="openid").json()
    assert (own["scope"], own.keys()) == ("", {"access_token", "expires_in", "scope", "token_type"})
    assert login.verified(own["access_token"], "at+jwt")["sub"] == f"client-{login.client}"
    assert oauth_error(login.server.bearing("/api/oidc/userinfo", own["access_token"])) == (403, "access_denied")
    wrong = login.server.token((login.client, "wrong"), grant_type="client_credentials")
    assert oauth_error(wrong) == (401, "invalid_client")


def test_17_userinfo_and_introspection_reject_other_tokens_and_clients(login: Login) -> None:
    server, tokens = login.server, login.tokens(scope="openid")
    other = server.client()["id"]
    assert server.introspect((other, server.secret(other)), tokens["access_token"]).json() == {"active": False}
    assert server.introspect(login.auth, tokens["id_token"]).json() == {"active": False}
    for token in ("junk", tokens["id_token"]):
        answer = server.bearing("/api/oidc/userinfo", token)
        assert oauth_error(answer) == (401, "request_unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer error=")
    unauthorized = server.call(
        "POST /api/oidc/introspect",
        key="",
        data={"token": "dummy", "client_id": login.client, "client_secret": login.auth[1]},
    )
    assert oauth_error(unauthorized) == (401, "request_unauthorized")
    assert oauth_error(server.introspect(("no-such-client", "x"))) == (401, "request_unauthorized")


def test_17_reused_refresh_token_revokes_its_login(login: Login) -> None:
    def refresh(token: str) -> requests.Response:
        return login.server.token(login.auth, grant_type="refresh_token", refresh_token=token)

    first = login.tokens(scope="openid groups")
    second = refresh(first["refresh_token"])
    assert second.status_code == 200
    assert login.verified(second.json()["id_token"])["groups"] == [login.group["name"]]
    assert oauth_error(refresh(first["refresh_token"])) == (400, "invalid_grant")
    assert oauth_error(refresh(second.json()["refresh_token"])) == (400, "invalid_grant")
    assert oauth_error(refresh("junk")) == (400, "invalid_grant")


def test_17_preview_shows_claims_of_a_user(login: Login) -> None:
    server, user = login.server, login.user
    path = f"GET {CLIENTS}/{login.client}/preview/{user['id']}"
    found = server.ask(f"{path}?scopes={quote('openid groups nonsense profile')}")
    assert found.keys() == {"idToken", "accessToken", "userInfo"}
    for claims in (found["idToken"], found["userInfo"]):
        assert (claims["sub"], claims["groups"], claims["preferred_username"]) == (
            user["id"],
            [login.group["name"]],
            user["username"],
        )
        assert "email" not in claims and claims["type"] == "id-token"
    assert found["accessToken"]["scp"] == ["openid", "groups", "profile"]
    assert found["accessToken"]["aud"] == [login.client, server.url]
    assert "amr" not in found["idToken"] and "nonce" not in found["idToken"]
    assert re.match(r"\d{4}-\d\d-\d\dT", found["idToken"]["exp"]) and isinstance(found["idToken"]["auth_time"], int)
    server.refused(path, status=400, code="validation_failed")
    server.refused(f"GET {CLIENTS}/{login.client}/preview/nobody?scopes=openid", status=404, code="user_not_found")
    server.refused(f"GET {CLIENTS}/nope/preview/{user['id']}?scopes=openid", status=404, code="not_found")


def test_17_deleting_a_client_or_user_ends_their_logins(login: Login) -> None:
    server, tokens = login.server, login.tokens()
    codes = [login.code(), login.code()]
    server.ask(f"DELETE {CLIENTS}/{login.client}")
    assert oauth_error(login.redeem(codes[0])) == (401, "invalid_client")
    server.client(id=login.client, callbackURLs=[PVE], skipConsent=True)
    login.auth = (login.client, server.secret(login.client))
    assert oauth_error(login.redeem(codes[1])) == (400, "invalid_grant")
    assert server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 401
    tokens, code = login.tokens(), login.code()
    server.ask(f"DELETE {USERS}/{login.user['id']}")
    assert oauth_error(login.redeem(code)) == (400, "invalid_grant")
    assert server.bearing("/api/oidc/userinfo", tokens["access_token"]).status_code == 401


def test_17_authorization_is_listed_and_revoked_by_the_user(login: Login) -> None:
    server, user = login.server, login.user["id"]
    tokens = login.tokens()
    own = "/api/oidc/users/me/authorized-clients"
    (listed,) = server.ask(f"GET {own}", key="", headers=login.session)["data"]
    assert (listed["client"]["id"], {*json.loads(listed["scope"])}) == (login.client, {*ALL_SCOPES.split()})
    assert [one["client"]["id"] for one in server.ask(f"GET /api/oidc/users/{user}/authorized-clients")["data"]] == [
        login.client
    ]
    server.ask(f"DELETE {own}/{login.client}", status=204, key="", headers=login.session)
    server.refused(f"DELETE {own}/{login.client}", status=404, code="not_found", key="", headers=login.session)
    assert server.ask(f"GET {own}", key="", headers=login.session)["data"] == []
    refreshed = server.token(login.auth, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert oauth_error(refreshed) == (400, "invalid_grant")
