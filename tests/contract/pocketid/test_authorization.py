"""Sections 16 and 17: the OpenID provider as a browser meets it."""

from __future__ import annotations

import re

import pytest

from .server import (
    ALL_SCOPES,
    CLIENTS,
    GROUPS,
    PVE,
    USERS,
    Login,
    Server,
    interaction,
    oauth_error,
    returned,
    stopped,
    told,
)


def test_16_discovery_document(server: Server) -> None:
    metadata = server.ask("GET /.well-known/openid-configuration", key="")
    assert metadata["issuer"] == server.url
    paths = {
        "authorization": "/authorize",
        "token": "/api/oidc/token",
        "userinfo": "/api/oidc/userinfo",
        "introspection": "/api/oidc/introspect",
        "end_session": "/api/oidc/end-session",
    }
    assert {name: metadata[f"{name}_endpoint"] for name in paths} == {n: server.url + path for n, path in paths.items()}
    assert metadata["jwks_uri"] == f"{server.url}/.well-known/jwks.json"
    assert set(metadata["scopes_supported"]) == {"openid", "profile", "email", "groups", "offline_access"}
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    [key] = server.ask("GET /.well-known/jwks.json", key="")["keys"]
    assert (key["kty"], key["alg"], key["use"], bool(key["kid"])) == ("RSA", "RS256", "sig", True)
    assert "d" not in key
    other = server.call("GET /.well-known/oauth-authorization-server", key="")
    assert other.status_code == (200 if server.version >= (2, 14) else 404)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"state": "short"}, "invalid_state"),
        ({"state": None}, "invalid_state"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": "x" * 43, "code_challenge_method": "S512"}, "invalid_request"),
        ({"max_age": "junk"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"prompt": "nonsense"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
    ],
)
def test_17_error_is_returned_to_the_client(login: Login, changes: dict, error: str) -> None:
    back = returned(login.server.authorize(login.client, login.session, **changes))
    assert (back["error"], back["state"]) == (error, changes.get("state", "state-of-enough") or "")
    assert back["error_description"] and "code" not in back


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"client_id": "no-such-client"}, "The requested OAuth 2.0 Client does not exist."),
        ({"client_id": None}, "The requested OAuth 2.0 Client does not exist."),
        ({"redirect_uri": "https://evil"}, "The redirect_uri 'https://evil' is not registered for this client."),
        ({"redirect_uri": None}, "The 'redirect_uri' parameter is required when using OpenID Connect 1.0."),
        ({"response_mode": "nonsense"}, 'Request with unsupported response_mode "nonsense".'),
        ({"interaction": "none"}, "The interaction session is invalid or has expired."),
    ],
)
def test_17_error_is_shown_at_the_provider(login: Login, changes: dict, text: str) -> None:
    assert stopped(login.server.authorize(login.client, login.session, **changes)) == text


@pytest.mark.parametrize(
    ("changes", "scopes", "claims"),
    [
        ({"nonce": "8letters"}, ALL_SCOPES, {"nonce": "8letters"}),
        ({"nonce": None}, ALL_SCOPES, {"nonce": None}),
        ({"scope": "openid nonsense"}, "openid", {"groups": None, "email": None, "preferred_username": None}),
        ({"scope": "groups openid"}, "groups openid", {"preferred_username": None}),
        ({"redirect_uri": f"{PVE}/"}, ALL_SCOPES, None),
        ({"prompt": "none"}, ALL_SCOPES, {"amr": ["otp"]}),
    ],
)
def test_17_optional_parameters_of_a_request(login: Login, changes: dict, scopes: str, claims: dict | None) -> None:
    back = returned(login.server.authorize(login.client, login.session, **changes))
    assert back["scope"] == scopes
    answer = login.redeem(back["code"])
    if claims is None:
        assert oauth_error(answer) == (400, "invalid_grant")
    else:
        found = login.verified(answer.json()["id_token"])
        assert {name: found.get(name) for name in claims} == claims


def test_17_client_that_requires_pushed_requests(login: Login) -> None:
    settings = {"name": "x", "callbackURLs": [PVE], "requiresPushedAuthorizationRequests": True}
    login.server.ask(f"PUT {CLIENTS}/{login.client}", settings)
    for session in (login.session, None):
        assert returned(login.server.authorize(login.client, session))["error"] == "error"


def test_17_response_modes(login: Login) -> None:
    answer = login.server.authorize(login.client, login.session, response_mode="fragment")
    assert answer.status_code == 303 and answer.headers["Location"].startswith(f"{PVE}#code=")
    form = login.server.authorize(login.client, login.session, response_mode="form_post")
    assert (form.status_code, form.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert f'action="{PVE}"' in form.text
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.text))
    assert login.redeem(fields["code"]).status_code == 200 and fields["state"] == "state-of-enough"
    posted = {"client_id": login.client, "redirect_uri": PVE, "response_type": "code", "state": "state-of-enough"}
    assert returned(login.server.call("POST /authorize", key="", headers=login.session, data=posted))["code"]


def test_17_consent_is_required_and_remembered(login: Login) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE])["id"]
    back = returned(server.authorize(client, login.session, prompt="none"))
    assert back["error"] == "consent_required"
    waiting = interaction(server.authorize(client, login.session))
    path = f"/api/oidc/interactions/{waiting}"
    shown = server.ask(f"GET {path}", key="")
    assert shown["client"] == server.ask(f"GET {CLIENTS}/{client}/meta")
    assert (shown["scopes"], shown["currentStep"]) == (ALL_SCOPES.split(), "consent")
    assert shown["requiredSteps"] == ["consent"]
    step, session = {"step": "consent"}, {"key": "", "headers": login.session}
    server.refused(f"POST {path}/complete", step, status=401, code="not_signed_in", key="")
    server.refused(f"POST {path}/complete", step, status=403, code="api_key_auth_not_allowed")
    server.refused(f"POST {path}/complete", {"step": "authenticate"}, status=400, code="validation_failed", **session)
    assert interaction(server.call(f"GET /authorize?interaction={waiting}", **session)) == waiting
    resume = f"/authorize?interaction={waiting}"
    assert server.ask(f"POST {path}/complete", step, 200, **session) == {"redirectUrl": resume}
    assert returned(server.call(f"GET {resume}", **session))["state"] == "state-of-enough"
    assert stopped(server.call(f"GET {resume}", **session))
    assert server.refused(f"POST {path}/complete", step, status=404, code="not_found", **session) == {
        "resource": "OIDC interaction"
    }
    # once given, consent holds for these scopes and fewer
    assert server.code(client, login.session) and server.code(client, login.session, scope="openid")
    assert interaction(server.authorize(client, login.session, scope="openid offline_access"))
    assert interaction(server.authorize(client, login.session, prompt="consent"))


def test_17_login_without_a_session_waits_for_the_user(login: Login) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE])["id"]
    assert returned(server.authorize(client, prompt="none"))["error"] == "login_required"
    for headers in ({"Authorization": "Bearer junk"}, {"X-API-Key": server.key}):
        assert interaction(server.authorize(client, headers))
    waiting = interaction(server.authorize(client))
    path, session = f"/api/oidc/interactions/{waiting}", {"key": "", "headers": login.session}
    assert server.ask(f"GET {path}", key="")["requiredSteps"] == ["authenticate"]
    answer = server.ask(f"POST {path}/complete", {"step": "authenticate"}, 200, **session)
    assert answer["interaction"]["requiredSteps"] == ["consent"]
    assert server.ask(f"POST {path}/complete", {"step": "consent"}, 200, **session)["redirectUrl"]
    code = returned(server.call(f"GET /authorize?interaction={waiting}", **session))["code"]
    assert server.redeem((client, server.secret(client)), code).status_code == 200
    waiting = interaction(server.authorize(client, max_age="junk"))
    path = f"POST /api/oidc/interactions/{waiting}/complete"
    server.refused(path, {"step": "authenticate"}, status=500, code="internal_error", **session)


def test_17_consent_applies_to_one_user(login: Login) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE])["id"]
    waiting = interaction(server.authorize(client, login.session))
    complete = f"POST /api/oidc/interactions/{waiting}/complete"
    server.ask(complete, {"step": "consent"}, 200, key="", headers=login.session)
    other = {"key": "", "headers": server.session(server.user()["id"])}
    assert interaction(server.call(f"GET /authorize?interaction={waiting}", **other)) == waiting
    server.ask(complete, {"step": "consent"}, 200, **other)
    assert returned(server.call(f"GET /authorize?interaction={waiting}", **other))["code"]


@pytest.mark.parametrize(
    ("settings", "changes"),
    [({"requiresReauthentication": True}, {}), ({}, {"prompt": "login"}), ({}, {"max_age": "0"})],
)
def test_17_reauthentication_requires_a_browser(login: Login, settings: dict, changes: dict) -> None:
    server = login.server
    client = server.client(callbackURLs=[PVE], skipConsent=True, **settings)["id"]
    waiting = interaction(server.authorize(client, login.session, **changes))
    session = {"key": "", "headers": login.session}
    body = {"step": "reauthenticate"}
    path = f"POST /api/oidc/interactions/{waiting}/complete"
    details = server.refused(path, body, status=400, code="validation_failed", **session)
    assert told(details) == [("reauthenticationToken", "required")]


def test_17_restricted_client_admits_members_only(login: Login) -> None:
    server = login.server
    restricted = {"name": "x", "callbackURLs": [PVE], "skipConsent": True, "isGroupRestricted": True}
    server.ask(f"PUT {CLIENTS}/{login.client}", restricted)
    preview = f"GET {CLIENTS}/{login.client}/preview/{login.user['id']}?scopes=openid"
    assert stopped(server.authorize(login.client, login.session)) == "You are not allowed to access this service."
    assert interaction(server.authorize(login.client))
    server.refused(preview, status=403, code="oidc_access_denied")
    server.ask(f"PUT {CLIENTS}/{login.client}/allowed-user-groups", {"userGroupIds": [login.group["id"]]})
    server.ask(preview)
    code, other, tokens = login.code(), login.code(), login.tokens()
    members = f"PUT {GROUPS}/{login.group['id']}/users"
    server.ask(members, {"userIds": []})
    assert oauth_error(login.redeem(code)) == (403, "access_denied")
    refreshed = server.token(login.auth, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert oauth_error(refreshed) == (403, "access_denied")
    server.ask(members, {"userIds": [login.user["id"]]})
    server.ask(f"PUT {USERS}/{login.user['id']}", {**login.user, "disabled": True})
    assert oauth_error(login.redeem(other)) == (400, "invalid_grant")
    assert server.authorize(login.client, login.session).json()["code"] == "user_disabled"
