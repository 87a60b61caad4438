"""Section 10: OpenID logins through a scripted provider."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from joserfc.jwk import OctKey
from werkzeug import Response

from ..provider import STRANGER, Provider
from ..stage import Stage
from .language import OPENID, REALM, REALM_BODY, USERS
from .server import Server

CALLBACK = "https://pbs1.example.org:8007"

# Settings of the realm, and the parameters of the authorization URL that follow from them.
AUTHORIZATION_URLS = [
    ({}, {"scope": "openid email profile", "prompt": None, "acr_values": None}),
    ({"scopes": "openid,profile;groups"}, {"scope": "openid openid profile groups"}),
    ({"prompt": "login", "acr-values": "a b"}, {"prompt": "login", "acr_values": "a b"}),
]

# The realm's username-claim, claims of the ID token and of the userinfo endpoint; the user's name or the refusal.
USER_NAMES = [
    (None, {"email": "x@y"}, {}, "ann"),
    ("email", {"email": "ann@example.org"}, {}, "ann@example.org"),
    ("email", {"email": "id@token"}, {"email": "user@info"}, "id@token"),
    ("nick", {}, {"nick": "annie"}, "annie"),
    ("subject", {}, {}, "ann"),
    ("username", {"preferred_username": "alee"}, {}, "alee"),
    ("username", {"preferred_username": "alee", "username": "other"}, {}, "other"),
    ("nick", {}, {}, "missing claim 'nick'"),
    ("nick", {"nick": 5}, {}, "missing claim 'nick'"),
    ("nick", {"nick": ["annie"]}, {}, "missing claim 'nick'"),
    ("name", {"name": "Ann Lee"}, {}, "invalid user name in user id"),
    ("name", {"name": "a/b"}, {}, "invalid user name in user id"),
    ("name", {"name": "n" * 60}, {}, None),
]

# Whether the realm creates users, the existing account, and the reason why the login is refused.
ACCOUNTS = [
    (False, None, "user account 'ann@{n}' missing, disabled or expired."),
    (False, {}, None),
    (False, {"enable": False}, "user account 'ann@{n}' missing, disabled or expired."),
    (False, {"expire": 1}, "user account 'ann@{n}' missing, disabled or expired."),
    (True, {}, None),
    (True, {"enable": False}, "user 'ann@{n}' is disabled."),
    (True, {"expire": 1}, "autocreate user failed - 'ann@{n}' already exists."),
]

SHARED = "a secret of some length, for HMAC"

# Settings of the realm, metadata and behaviour of the provider with which the login succeeds.
LET_IN = {
    "an audience that the realm names": ({"audiences": "other, third"}, {}, {"claims": {"aud": ["pbs", "other"]}}),
    "a client key that needs coding": ({"client-key": "s+/&= cret"}, {}, {"client": ("pbs", "s+/&= cret")}),
    "a signature with the client key": (
        {"client-key": SHARED},
        {"id_token_signing_alg_values_supported": ["HS256"]},
        {"client": ("pbs", SHARED), "algorithm": "HS256", "key": OctKey.import_key(SHARED)},
    ),
}

# Faults of the provider between the authorization URL and the login.
REFUSED = {
    "another issuer": {"claims": {"iss": "https://idp.example.org"}},
    "another audience": {"claims": {"aud": "other"}},
    "a second audience": {"claims": {"aud": ["pbs", "other"]}},
    "no audience": {"claims": {"aud": None}},
    "an expired token": {"claims": {"exp": int(time.time()) - 1}},
    "a token that never expires": {"claims": {"exp": None}},
    "another nonce": {"claims": {"nonce": "other"}},
    "no nonce": {"claims": {"nonce": None}},
    "no subject": {"claims": {"sub": None}},
    "a signature with another key": {"key": STRANGER},
    "a signature by an algorithm that was not announced": {"algorithm": "RS512"},
    "a symmetric signature that was not announced": {"algorithm": "HS256", "key": OctKey.import_key(SHARED)},
    "another client key": {"client": ("pbs", "other secret")},
    "a client without a key": {"client": ("pbs", None)},
    "no tokens": {"broken": {"token": Response(status=400)}},
    "no keys": {"broken": {"jwks": Response(status=500)}},
    "no userinfo": {"broken": {"userinfo": Response(status=500)}},
    "userinfo without a subject": {"userinfo": {}},
}

# Settings of the realm and metadata of the provider, for which the authorization URL is refused.
NOT_DISCOVERED = {
    "another issuer": ({}, {"issuer": "https://idp.example.org"}),
    "an extra slash": ({"issuer-url": "{issuer}/"}, {}),
    "an issuer at another address": ({"issuer-url": "{issuer}/elsewhere"}, {}),
    "keys that cannot be fetched": ({}, {"jwks_uri": "https://127.0.0.1:1/jwks"}),
    "no keys": ({}, {"jwks_uri": None}),
}


@dataclass
class Login:
    """A server with an OpenID realm called {n}, and the realm's provider."""

    server: Server
    provider: Provider

    def url(self) -> str:
        return self.server.data("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": CALLBACK}, token="")

    def walk(self, **more: Any) -> requests.Response:
        """Perform one login; return the response of the server."""
        body = {**self.provider.log_in(self.url()), **more}
        return self.server.call("POST /access/openid/login", body, token="")

    def userid(self) -> str:
        answer = self.walk()
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["username"]


@pytest.fixture
def login(simulated: Callable[..., Server], provider_stage: Stage) -> Callable[..., Login]:
    """Starts a provider, and a server with the realm {n}, which has the given settings."""

    def start(settings: dict[str, Any] | None = None, version: str = "4.2") -> Login:
        provider_stage.app = provider = Provider(provider_stage.url, ("pbs", "secret"))
        server = simulated(version=version)
        body = {**REALM_BODY, "issuer-url": provider.issuer, "autocreate": True, **(settings or {})}
        server.ask((f"POST {OPENID}", body))
        return Login(server, provider)

    return start


@pytest.mark.parametrize(("settings", "expected"), AUTHORIZATION_URLS)
def test_10_authorization_url(login: Callable[..., Login], settings: dict, expected: dict) -> None:
    walk = login(settings)
    page, _mark, query = walk.url().partition("?")
    asked = dict(parse_qsl(query))
    assert page == walk.provider.metadata["authorization_endpoint"]
    assert {name: asked.get(name) for name in expected} == expected
    assert (asked["response_type"], asked["client_id"], asked["redirect_uri"], asked["display"]) == (
        "code",
        "pbs",
        CALLBACK,
        "page",
    )
    assert asked["code_challenge_method"] == "S256" and asked["code_challenge"] and asked["nonce"] and asked["state"]


def test_10_login_creates_a_user_without_rights_and_never_changes_it(login: Callable[..., Login]) -> None:
    walk = login()
    walk.provider.claims = {"given_name": "Ann", "family_name": "L", "email": "ann@example.org", "groups": ["admins"]}
    answer = walk.walk().json()
    assert (answer["status"], answer["success"], answer["data"]["username"]) == (200, True, "ann@fg-1")
    by_ticket = {
        "token": "",
        "Cookie": f"PBSAuthCookie={answer['data']['ticket']}",
        "CSRFPreventionToken": answer["data"]["CSRFPreventionToken"],
    }
    walk.server.ask(
        ("GET /access/permissions", None, 200, {}),
        ("GET /admin/datastore", None, 200, []),
        (f"PUT {USERS}/ann@fg-1", {}),
        **by_ticket,
    )
    walk.provider.claims = {"given_name": "Anna", "family_name": "Lee"}
    walk.userid()
    ann = {"userid": "ann@{n}", "firstname": "Ann", "email": "ann@example.org"}
    walk.server.ask((f"GET {USERS}", None, 200, lambda rows: ann in rows))


@pytest.mark.parametrize(("claim", "id_token", "userinfo", "user"), USER_NAMES)
def test_10_user_name_is_taken_from_the_claim(
    login: Callable[..., Login], claim: str | None, id_token: dict, userinfo: dict, user: str | None
) -> None:
    walk = login({"username-claim": claim} if claim else {})
    walk.provider.claims, walk.provider.userinfo = id_token, {"sub": "ann", **userinfo}
    answer = walk.walk()
    if answer.status_code == 200:
        assert answer.json()["data"]["username"] == f"{user}@fg-1"
    else:
        assert answer.status_code == 401 and user in (None, answer.text)


@pytest.mark.parametrize(("autocreate", "account", "reason"), ACCOUNTS)
def test_10_login_requires_a_usable_account(
    login: Callable[..., Login], autocreate: bool, account: dict | None, reason: str | None
) -> None:
    walk = login({"autocreate": autocreate})
    if account is not None:
        walk.server.ask((f"POST {USERS}", {"userid": "ann@{n}", **account}))
    answer = walk.walk()
    assert answer.status_code == (401 if reason else 200)
    assert reason is None or answer.text == walk.server.named(reason)


@pytest.mark.parametrize(("settings", "metadata", "change"), LET_IN.values(), ids=LET_IN)
def test_10_login_through_unusual_providers_is_accepted(
    login: Callable[..., Login], settings: dict, metadata: dict, change: dict
) -> None:
    walk = login(settings)
    walk.provider.metadata.update(metadata)
    vars(walk.provider).update(change)
    assert walk.userid() == "ann@fg-1"


def test_10_client_without_a_key_works(login: Callable[..., Login]) -> None:
    walk = login()
    walk.server.ask((f"PUT {REALM}", {"delete": ["client-key"]}))
    walk.provider.client = ("pbs", None)
    assert walk.userid() == "ann@fg-1"


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED)
def test_10_login_through_faulty_providers_is_refused(login: Callable[..., Login], change: dict) -> None:
    walk = login()
    body = walk.provider.log_in(walk.url())
    vars(walk.provider).update(change)
    answer = walk.server.call("POST /access/openid/login", body, token="")
    assert answer.status_code == 401 and answer.text
    walk.server.ask((f"GET {USERS}/ann@{{n}}", None, 400))


@pytest.mark.parametrize(("settings", "metadata"), NOT_DISCOVERED.values(), ids=NOT_DISCOVERED)
def test_10_failed_discovery_is_reported(login: Callable[..., Login], settings: dict, metadata: dict) -> None:
    walk = login()
    walk.provider.metadata.update(metadata)
    changes = {name: value.format(issuer=walk.provider.issuer) for name, value in settings.items()}
    walk.server.ask(
        (f"PUT {REALM}", changes), ("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": CALLBACK}, 400)
    )


def test_10_state_is_valid_once_and_for_ten_minutes(login: Callable[..., Login]) -> None:
    walk = login()
    body = walk.provider.log_in(walk.url())
    back = "POST /access/openid/login"
    walk.server.ask((back, body), (back, body, 401), token="")
    body = walk.provider.log_in(walk.url())
    walk.server.clock.ahead = 601
    walk.server.ask((back, body, 401), token="")


def test_10_wrong_redirect_url_or_code_is_refused_by_the_provider(login: Callable[..., Login]) -> None:
    walk = login()
    assert walk.walk(**{"redirect-url": "https://other:8007"}).status_code == 401
    assert walk.walk(code="another").status_code == 401


def test_10_at_most_101_logins_are_pending(login: Callable[..., Login]) -> None:
    walk = login()
    for _each in range(101):
        walk.url()
    asked = ("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": CALLBACK})
    walk.server.ask((*asked, 400))
    walk.server.clock.ahead = 601
    walk.server.ask(asked)


def test_10_http_only_login_sets_a_cookie(login: Callable[..., Login]) -> None:
    answer = login().walk(**{"http-only": True})
    assert answer.headers["Set-Cookie"].startswith("__Host-PBSAuthCookie=PBS:ann@fg-1:")
    assert answer.json()["data"].keys() == {"username", "ticket-info", "CSRFPreventionToken"}
    older = login(version="3.4")
    assert older.walk(**{"http-only": True}).status_code == 400
    assert older.walk().json().keys() == {"data"}
