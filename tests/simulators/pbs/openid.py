"""The OpenID relying party: real discovery, authorization URLs with PKCE, code exchange and verified ID tokens.

It knows nothing of realms beyond their name: a `Client` holds the settings, and what a login brings are claims.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey
from joserfc.jws import CompactSignature, JWSRegistry

PENDING_LIMIT, PENDING_SECONDS = 101, 600
METADATA = ("issuer", "authorization_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
            "id_token_signing_alg_values_supported")


class OpenIdError(Exception):
    """What went wrong between relying party and provider, in words for the user."""


@dataclass(frozen=True)
class Client:
    """A relying party as the provider knows it, and what it asks for."""

    issuer: str
    client_id: str
    client_key: str | None = None
    scopes: list[str] = field(default_factory=list)
    prompt: str | None = None
    acr_values: list[str] = field(default_factory=list)
    audiences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pending:
    """A login that was sent to the provider and has not come back."""

    csrf_token: str
    nonce: str
    verifier: str
    started: float


class RelyingParty:
    """Walks logins; pending ones are kept per realm, bounded in number and age, and each returns once."""

    def __init__(self, trust: Path | None, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: dict[str, list[Pending]] = {}
        self._lock = threading.Lock()
        self._trust: str | bool = str(trust) if trust else True

    def authorization_url(self, realm: str, client: Client, redirect_url: str) -> str:
        """Where a browser goes to log in; `openid` is always asked for, so naming it in the scopes sends it twice."""
        metadata = self._discover(client.issuer)[0]
        if not urlsplit(redirect_url).scheme:
            raise OpenIdError("redirect URL: relative URL without a base")
        pending = Pending(*(secrets.token_urlsafe(32) for _each in range(3)), self._clock())
        with self._lock:
            waiting = self._waiting(realm)
            if len(waiting) >= PENDING_LIMIT:
                raise OpenIdError(f"too many pending openid auth request for realm {realm}")
            self._pending[realm] = [*waiting, pending]
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "state": json.dumps({"csrf_token": pending.csrf_token, "realm": realm}, separators=(",", ":")),
            "code_challenge": create_s256_code_challenge(pending.verifier),
            "code_challenge_method": "S256",
            "redirect_uri": redirect_url,
            "scope": " ".join(["openid", *client.scopes]),
            "nonce": pending.nonce,
            "display": "page",
        }
        if client.prompt:
            query["prompt"] = client.prompt
        if client.acr_values:
            query["acr_values"] = " ".join(client.acr_values)
        endpoint = metadata["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    def returned(self, state: str) -> tuple[str, Pending]:
        """The realm and the login that a `state` stands for; it is spent by asking."""
        try:
            public = json.loads(state)
            realm, csrf_token = public["realm"], public["csrf_token"]
        except (ValueError, TypeError, KeyError) as error:
            raise OpenIdError("the state is not one of this server") from error
        with self._lock:
            waiting = self._waiting(realm)
            pending = next((each for each in waiting if each.csrf_token == csrf_token), None)
            self._pending[realm] = [each for each in waiting if each is not pending]
        if pending is None:
            raise OpenIdError("no openid auth state found (possible timeout)")
        return realm, pending

    def claims(self, client: Client, pending: Pending, code: str, redirect_url: str) -> dict[str, Any]:
        """The claims of the ID token, filled up from the userinfo endpoint, which is always asked."""
        metadata, keys = self._discover(client.issuer)
        tokens = self._exchange(metadata, client, pending, code, redirect_url)
        claims = self._verified(tokens.get("id_token", ""), metadata, keys, client, pending)
        if "userinfo_endpoint" not in metadata:
            raise OpenIdError("the provider has no userinfo endpoint")
        userinfo = self._ask("userinfo endpoint", "GET", metadata["userinfo_endpoint"],
                             headers={"Authorization": f"Bearer {tokens['access_token']}"})
        if not isinstance(userinfo.get("sub"), str):
            raise OpenIdError("Failed to contact userinfo endpoint: missing field `sub`")
        return {**userinfo, **{name: value for name, value in claims.items() if value is not None}}

    def _waiting(self, realm: str) -> list[Pending]:
        oldest = self._clock() - PENDING_SECONDS
        return [pending for pending in self._pending.get(realm, []) if pending.started >= oldest]

    def _discover(self, issuer: str) -> tuple[dict[str, Any], list[dict]]:
        """The provider's metadata and keys; the issuer must be the same to the byte."""
        metadata = self._ask("issuer", "GET", f"{issuer.removesuffix('/')}/.well-known/openid-configuration")
        for name in METADATA:
            if name not in metadata:
                raise OpenIdError(f"discovery: missing field `{name}`")
        if metadata["issuer"] != issuer:
            raise OpenIdError(f"discovery: unexpected issuer URI `{metadata['issuer']}` (expected `{issuer}`)")
        keys = self._ask("key set", "GET", metadata["jwks_uri"]).get("keys")
        if not isinstance(keys, list):
            raise OpenIdError("key set: missing field `keys`")
        return metadata, keys

    def _exchange(
        self, metadata: dict[str, Any], client: Client, pending: Pending, code: str, redirect_url: str
    ) -> dict[str, Any]:
        """The answer of the token endpoint. A client with a key proves itself by HTTP Basic, one without by name."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_url,
                "code_verifier": pending.verifier}
        basic = None
        if client.client_key is None:
            form["client_id"] = client.client_id
        else:
            basic = quote_plus(client.client_id), quote_plus(client.client_key)
        if "token_endpoint" not in metadata:
            raise OpenIdError("Configuration error for token endpoint: the provider has none")
        tokens = self._ask("token endpoint", "POST", metadata["token_endpoint"], data=form, auth=basic)
        if not isinstance(tokens.get("access_token"), str) or str(tokens.get("token_type")).lower() != "bearer":
            raise OpenIdError("Failed to contact token endpoint: no bearer token in the answer")
        return tokens

    def _verified(
        self, id_token: str, metadata: dict[str, Any], keys: list[dict], client: Client, pending: Pending
    ) -> dict[str, Any]:
        """The claims of an ID token that the provider signed for this client and this login, and that still holds."""

        def key(token: CompactSignature):
            """The one key that can have signed; a secret shared by symmetric algorithms must be a secret."""
            header = token.headers()
            if header["alg"].startswith("HS"):
                if client.client_key is None:
                    raise OpenIdError("Failed to verify ID token: symmetric signatures need a client key")
                return OctKey.import_key(client.client_key)
            fitting = [
                each for each in KeySet.import_key_set({"keys": keys})
                if each.key_type in KeySet.algorithm_keys[header["alg"]]
                and header.get("kid", each.kid) == each.kid and each.get("use", "sig") == "sig"
            ]
            if len(fitting) != 1:
                raise OpenIdError(f"Failed to verify ID token: {len(fitting)} keys fit, one is needed")
            return fitting[0]

        offered = metadata["id_token_signing_alg_values_supported"]
        algorithms = [name for name in offered if name in JWSRegistry.algorithms and name != "none"]
        try:
            claims = jwt.decode(id_token, key, algorithms=algorithms).claims
        except (JoseError, ValueError) as error:
            raise OpenIdError(f"Failed to verify ID token: {error}") from error
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        untrusted = set(audiences) - {client.client_id, *client.audiences}
        wrong = {
            "iss": claims.get("iss") != client.issuer,
            "aud": client.client_id not in audiences or bool(untrusted),
            "exp": not isinstance(claims.get("exp"), (int, float)) or claims["exp"] <= self._clock(),
            "iat": not isinstance(claims.get("iat"), (int, float)),
            "nonce": claims.get("nonce") != pending.nonce,
            "sub": not isinstance(claims.get("sub"), str),
        }
        for name, is_wrong in wrong.items():
            if is_wrong:
                raise OpenIdError(f"Failed to verify ID token: claim `{name}` is not acceptable: {claims.get(name)!r}")
        return claims

    def _ask(self, what: str, verb: str, url: str, **options: Any) -> dict[str, Any]:
        """A JSON object from the provider."""
        headers = {"Accept": "application/json", **options.pop("headers", {})}
        with requests.Session() as session:
            # A home directory's .netrc and proxies of the environment are none of the server's business.
            session.trust_env = False
            try:
                answer = session.request(verb, url, verify=self._trust, timeout=10, headers=headers, **options)
            except requests.RequestException as error:
                raise OpenIdError(f"Failed to contact {what}: {error}") from error
        kind = answer.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
        if answer.status_code != 200 or kind != "application/json":
            raise OpenIdError(f"Failed to contact {what}: {answer.status_code} {kind} from {url}")
        try:
            data = answer.json()
        except requests.JSONDecodeError as error:
            raise OpenIdError(f"Failed to contact {what}: {error}") from error
        if not isinstance(data, dict):
            raise OpenIdError(f"Failed to contact {what}: not an object")
        return data
