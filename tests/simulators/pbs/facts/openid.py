"""Section 10: OpenID logins through a scripted provider."""

from __future__ import annotations

import time

from joserfc.jwk import OctKey

from .language import ABSENT
from .provider import STRANGER

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

# Whether the realm creates users, the account that is there before, and why the login is refused.
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

# Settings of the realm, metadata of the provider and what it does, with which the login succeeds.
LET_IN = {
    "an audience that the realm names": ({"audiences": "other, third"}, {}, {"claims": {"aud": ["pbs", "other"]}}),
    "a client key that needs coding": ({"client-key": "s+/&= cret"}, {}, {"client": ("pbs", "s+/&= cret")}),
    "a signature with the client key": (
        {"client-key": SHARED},
        {"id_token_signing_alg_values_supported": ["HS256"]},
        {"client": ("pbs", SHARED), "algorithm": "HS256", "key": OctKey.import_key(SHARED)},
    ),
}

# What the provider does wrong between the authorization URL and the login.
REFUSED = {
    "another issuer": {"claims": {"iss": "https://idp.example.org"}},
    "another audience": {"claims": {"aud": "other"}},
    "a second audience": {"claims": {"aud": ["pbs", "other"]}},
    "no audience": {"claims": {"aud": ABSENT}},
    "an expired token": {"claims": {"exp": int(time.time()) - 1}},
    "a token that never expires": {"claims": {"exp": ABSENT}},
    "another nonce": {"claims": {"nonce": "other"}},
    "no nonce": {"claims": {"nonce": ABSENT}},
    "no subject": {"claims": {"sub": ABSENT}},
    "a signature with another key": {"key": STRANGER},
    "a signature by an algorithm that was not announced": {"algorithm": "RS512"},
    "a symmetric signature that was not announced": {"algorithm": "HS256", "key": OctKey.import_key(SHARED)},
    "another client key": {"client": ("pbs", "other secret")},
    "a client without a key": {"client": ("pbs", None)},
    "no tokens": {"broken": {"token": 400}},
    "no keys": {"broken": {"jwks": 500}},
    "no userinfo": {"broken": {"userinfo": 500}},
    "userinfo without a subject": {"userinfo": {}},
}

# Settings of the realm and metadata of the provider, for which the authorization URL is refused.
NOT_DISCOVERED = {
    "another issuer": ({}, {"issuer": "https://idp.example.org"}),
    "a slash too many": ({"issuer-url": "{issuer}/"}, {}),
    "an issuer that is elsewhere": ({"issuer-url": "{issuer}/elsewhere"}, {}),
    "keys that cannot be fetched": ({}, {"jwks_uri": "https://127.0.0.1:1/jwks"}),
    "no keys": ({}, {"jwks_uri": ABSENT}),
}
