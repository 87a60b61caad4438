"""The OpenID provider for clients: discovery, keys, tokens for a code, and user information.

The order of checks at the token endpoint matters (authentik/providers/oauth2/views/token.py): from 2026.5 on the grant
type comes first, then the secret, then the redirect URI, whose refusal looks like that of the secret.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

from flask import Response, jsonify, request
from joserfc import jwe, jwt
from joserfc.jwk import OctKey
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import NotFound

from ..digests import s256_challenge
from .applications import issuer
from .errors import Crash
from .state import Grant, Row, State, now, random_text
from .values import seconds

if TYPE_CHECKING:
    from .app import AuthentikSimulator

BASE = "/application/o"
ALGORITHMS = {"rsa": "RS256", "ec": "ES256"}
EMAIL_IS_UNVERIFIED = (2025, 10)
GRANT_TYPES = (2026, 5)


class Place(NamedTuple):
    """A handler and its route."""

    verb: str
    path: str
    handler: Callable[..., BaseResponse]


def routes(simulator: AuthentikSimulator) -> list[Place]:
    provider = OpenIdProvider(simulator)
    return [
        Place("GET", f"{BASE}/<slug>/.well-known/openid-configuration", provider.discovery),
        Place("GET", f"{BASE}/<slug>/jwks/", provider.keys),
        Place("POST", f"{BASE}/token/", provider.token),
        Place("GET", f"{BASE}/userinfo/", provider.userinfo),
    ]


class TokenError(Exception):
    """A refusal of the token endpoint."""


def claims_of(state: State, provider: Row, user_id: int, scopes: list[str], verified: bool = False) -> dict[str, Any]:
    """The claims of a user for the mapped scopes. Groups are those of which the user is a direct member."""
    user = state.row("user", user_id)
    mapped = {state.row("mapping", pk)["scope_name"] for pk in provider["property_mappings"]}
    claims: dict[str, Any] = {}
    if "email" in mapped and "email" in scopes:
        claims.update(email=user["email"], email_verified=verified)
    if "profile" in mapped and "profile" in scopes:
        claims.update(
            name=user["name"],
            given_name=user["name"],
            preferred_username=user["username"],
            nickname=user["username"],
            groups=[group["name"] for group in state.groups_of(user_id)],
        )
    if "entitlements" in mapped and "entitlements" in scopes:
        claims.update(entitlements=[], roles=[])
    return claims


class OpenIdProvider:
    """The endpoints of a server; each application has its own issuer."""

    def __init__(self, simulator: AuthentikSimulator) -> None:
        self._simulator = simulator

    @property
    def _state(self) -> State:
        return self._simulator.state

    def discovery(self, slug: str) -> Response:
        application, provider = self._of(slug)
        algorithm = self._algorithm(provider)
        base, own = f"{_origin()}{BASE}", f"{_origin()}{BASE}/{slug}"
        scopes = [self._state.row("mapping", pk)["scope_name"] for pk in provider["property_mappings"]]
        claims = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce"]
        by_scope = {
            "email": ["email", "email_verified"],
            "entitlements": ["entitlements", "roles"],
            "profile": ["name", "given_name", "preferred_username", "nickname", "groups"],
        }
        result = {
            "issuer": issuer(_origin(), provider, application),
            "authorization_endpoint": f"{base}/authorize/",
            "token_endpoint": f"{base}/token/",
            "userinfo_endpoint": f"{base}/userinfo/",
            "end_session_endpoint": f"{own}/end-session/",
            "introspection_endpoint": f"{base}/introspect/",
            "revocation_endpoint": f"{base}/revoke/",
            "device_authorization_endpoint": f"{base}/device/",
            "response_types_supported": [
                "code",
                "id_token",
                "id_token token",
                "code token",
                "code id_token",
                "code id_token token",
            ],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "jwks_uri": f"{own}/jwks/",
            # a fixed list, regardless of the provider
            "grant_types_supported": [
                "authorization_code",
                "refresh_token",
                "implicit",
                "client_credentials",
                "password",
                "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "id_token_signing_alg_values_supported": [algorithm],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "acr_values_supported": ["goauthentik.io/providers/oauth2/default"],
            "scopes_supported": scopes if "openid" in scopes else [*scopes, "openid"],
            "request_parameter_supported": False,
            "claims_supported": [*claims, *(claim for scope in sorted(scopes) for claim in by_scope.get(scope, ()))],
            "claims_parameter_supported": False,
            "code_challenge_methods_supported": ["plain", "S256"],
        }
        if provider["encryption_key"]:
            result["id_token_encryption_alg_values_supported"] = ["RSA-OAEP-256"]
            result["id_token_encryption_enc_values_supported"] = ["A256CBC-HS512"]
        return jsonify(result)

    def keys(self, slug: str) -> Response:
        """Without a signing key even the list of keys is missing."""
        _application, provider = self._of(slug)
        keys = []
        for name, use in (("signing_key", "sig"), ("encryption_key", "enc")):
            if provider[name]:
                algorithm = self._algorithm(provider) if use == "sig" else "RSA-OAEP-256"
                public = self._state.keys[provider[name]].as_dict(private=False)
                keys.append({**public, "kid": provider[name], "alg": algorithm, "use": use})
        return jsonify({"keys": keys} if keys else {})

    def token(self) -> Response:
        try:
            provider = self._client()
            return _plain(200, self._issued(provider, self._redeemed(provider)))
        except TokenError as refusal:
            return _plain(400, {"error": str(refusal), "error_description": "", "request_id": random_text(32)})

    def userinfo(self) -> Response:
        sent = request.headers.get("Authorization", "").partition(" ")[2]
        grant = self._state.access_tokens.get(sent)
        if grant is None or grant.expires <= now():
            answer = Response(status=401)
            answer.headers["WWW-Authenticate"] = (
                'error="invalid_token", error_description="The access token provided is expired, revoked, malformed, or invalid for other reasons."'
            )
            return answer
        provider = self._state.row("provider", grant.provider)
        return _plain(200, {"sub": self._subject(provider, grant.user), **self._claims(provider, grant)})

    # -- the client and its code -------------------------------------------------------------------------------

    def _client(self) -> Row:
        form, basic = request.form, request.authorization
        sent = form.get("client_id", ""), form.get("client_secret", "")
        if basic is not None and basic.type == "basic":
            sent = unquote_plus(basic.username or ""), unquote_plus(basic.password or "")
        provider = self._state.find("provider", client_id=sent[0])
        if provider is None:
            raise TokenError("invalid_client")
        grant_type = form.get("grant_type", "")
        if self._simulator.version >= GRANT_TYPES and grant_type not in provider["grant_types"]:
            raise TokenError("invalid_grant")
        if provider["client_type"] == "confidential" and sent[1] != provider["client_secret"]:
            raise TokenError("invalid_client")
        if grant_type != "authorization_code":
            raise TokenError("unsupported_grant_type")
        return provider

    def _redeemed(self, provider: Row) -> Grant:
        form = request.form
        if not form.get("code"):
            raise TokenError("invalid_grant")
        if not admitted(provider, form.get("redirect_uri", "")):
            raise TokenError("invalid_client")
        grant = self._state.codes.get(form["code"])
        if grant is None or grant.expires <= now() or grant.provider != provider["pk"]:
            raise TokenError("invalid_grant")
        challenge, verifier = grant.query.get("code_challenge", ""), form.get("code_verifier", "")
        if challenge and grant.query.get("code_challenge_method", "plain") == "S256":
            verifier = verifier and s256_challenge(verifier)
        if challenge != verifier:
            raise TokenError("invalid_grant")
        del self._state.codes[form["code"]]
        return grant

    # -- tokens ------------------------------------------------------------------------------------------------

    def _issued(self, provider: Row, grant: Grant) -> dict[str, Any]:
        application = self._state.application_of(provider["pk"])
        issued, validity = int(time.time()), int(seconds(provider["access_token_validity"]) or 0)
        claims = {
            "iss": issuer(_origin(), provider, application),
            "sub": self._subject(provider, grant.user),
            "aud": provider["client_id"],
            "exp": issued + validity,
            "iat": issued,
            "auth_time": int(grant.session.since.timestamp()),
            "acr": "goauthentik.io/providers/oauth2/default",
            "amr": ["pwd"],
            "sid": random_text(64).lower(),
            "jti": random_text(40),
        }
        if grant.query.get("nonce"):
            claims["nonce"] = grant.query["nonce"]
        if provider["include_claims_in_id_token"]:
            claims.update(self._claims(provider, grant))
        access_token = self._signed(
            provider, {**claims, "azp": provider["client_id"], "uid": random_text(40), "scope": " ".join(grant.scopes)}
        )
        self._state.access_tokens[access_token] = grant
        return {
            "access_token": access_token,
            "token_type": "Bearer",
            "scope": " ".join(grant.scopes),
            "expires_in": validity,
            "id_token": self._encrypted(provider, self._signed(provider, claims)),
        }

    def _claims(self, provider: Row, grant: Grant) -> dict[str, Any]:
        verified = self._simulator.version < EMAIL_IS_UNVERIFIED
        return claims_of(self._state, provider, grant.user, grant.scopes, verified)

    def _subject(self, provider: Row, user_id: int) -> str:
        user = self._state.row("user", user_id)
        uid = self._state.uid(user)
        subjects: dict[str, str] = {
            "hashed_user_id": uid,
            "user_id": str(user["pk"]),
            "user_uuid": user["uuid"],
            "user_username": user["username"],
            "user_email": user["email"],
            "user_upn": user["attributes"].get("upn", uid),
        }
        return subjects[provider["sub_mode"]]

    def _algorithm(self, provider: Row) -> str:
        """Without a signing key tokens are signed with the client secret; an unsupported key type is a server error."""
        if not provider["signing_key"]:
            return "HS256"
        kind = self._state.row("key", provider["signing_key"])["key_type"]
        if kind not in ALGORITHMS:
            raise Crash
        return ALGORITHMS[kind]

    def _signed(self, provider: Row, claims: dict[str, Any]) -> str:
        algorithm = self._algorithm(provider)
        header = {"alg": algorithm, "typ": "JWT"}
        if algorithm == "HS256":
            return jwt.encode(header, claims, OctKey.import_key(provider["client_secret"]), algorithms=[algorithm])
        key = provider["signing_key"]
        return jwt.encode({**header, "kid": key}, claims, self._state.keys[key], algorithms=[algorithm])

    def _encrypted(self, provider: Row, token: str) -> str:
        key = provider["encryption_key"]
        if not key:
            return token
        header = {"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "cty": "JWT"}
        return jwe.encrypt_compact(header, token, self._state.keys[key], algorithms=["RSA-OAEP-256", "A256CBC-HS512"])

    def _of(self, slug: str) -> tuple[Row, Row]:
        application = self._state.find("application", slug=slug)
        if application is None or application["provider"] is None:
            raise NotFound
        return application, self._state.row("provider", application["provider"])


def admitted(provider: Row, uri: str) -> bool:
    return any(
        uri == entry["url"] if entry["matching_mode"] == "strict" else bool(re.fullmatch(entry["url"], uri))
        for entry in authorization_uris(provider)
    )


def authorization_uris(provider: Row) -> list[dict[str, str]]:
    return [
        entry
        for entry in provider["redirect_uris"]
        if entry.get("redirect_uri_type", "authorization") == "authorization"
    ]


def _origin() -> str:
    return f"{request.scheme}://{request.host}"


def _plain(status: int, body: dict[str, Any]) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer
