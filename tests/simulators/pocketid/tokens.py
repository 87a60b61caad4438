"""The OpenID provider for clients: tokens for a code, introspection, and user information.

Errors here are OAuth's `{error, error_description}`. The order of checks matters, because clients test a secret with
a code that cannot exist: a wrong secret is `invalid_client` (401), a right one `invalid_grant` (400), regardless of the
redirect URI (Pocket ID 2.14.0 and 2.13.0, observed).
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from flask import Response, jsonify
from joserfc import jwt
from joserfc.errors import JoseError

from ..digests import half_hash, s256_challenge
from .call import Call, Need, route
from .claims import access_claims, id_claims, user_claims
from .provider import GRANT_TYPES
from .state import Client, Grant, now, random_text

# up to 2.9 an error was only a text (2.0.0 and 2.9.0, observed).
OLD_TEXTS = {"invalid_client": "Invalid client secret", "invalid_grant": "Invalid authorization code"}
SHORTEST_VERIFIER, SHORTEST_NONCE = 43, 8


class TokenError(Exception):
    """A refusal of the token endpoint."""

    def __init__(self, status: int, error: str, text: str) -> None:
        super().__init__(text)
        self.status, self.error, self.text = status, error, text

    def answer(self, call: Call) -> Response:
        if not call.since(2, 10):
            status = 401 if self.error in ("invalid_client", "request_unauthorized") and call.since(2, 4) else 400
            return _plain(status, {"error": OLD_TEXTS.get(self.error, self.text)})
        return _plain(self.status, {"error": self.error, "error_description": self.text})


class Access(NamedTuple):
    """A valid access token: its claims, and its grant, except for client credentials."""

    claims: dict[str, Any]
    grant: Grant | None


@route("POST", "/api/oidc/token", Need.NOBODY)
def token(call: Call) -> Response:
    try:
        form = _form(call)
        grant_type = form.get("grant_type", "")
        if grant_type not in GRANT_TYPES:
            raise TokenError(400, "invalid_request", "no such grant type")
        client = _authenticated(call, form)
        if grant_type == "client_credentials":
            return _plain(200, _own_token(call, client))
        grant = _by_code(call, client, form) if grant_type == "authorization_code" else _by_refresh(call, client, form)
        _check_user(call, client, grant)
        return _plain(200, _issued(call, client, grant))
    except TokenError as refusal:
        return refusal.answer(call)


@route("GET", "/api/oidc/userinfo", Need.NOBODY)
@route("POST", "/api/oidc/userinfo", Need.NOBODY)
def userinfo(call: Call) -> Response:
    access = _access(call, _bearer(call))
    if access is None:
        challenge = 'Bearer error="request_unauthorized", error_description="the access token is not valid"'
        answer = _plain(401, {"error": "request_unauthorized", "error_description": "the access token is not valid"})
        answer.headers["WWW-Authenticate"] = challenge
        return answer
    if access.grant is None or "openid" not in access.grant.scopes:
        return _plain(403, {"error": "access_denied", "error_description": "the access token is not for this endpoint"})
    return jsonify(user_claims(call.simulator, access.grant.user, access.grant.scopes))


@route("POST", "/api/oidc/introspect", Need.NOBODY)
def introspect(call: Call) -> Response:
    """Introspect a token of the authenticated client. Credentials in the form are not accepted."""
    try:
        form = _form(call)
        caller = _introspecting(call, form)
    except TokenError as refusal:
        return refusal.answer(call)
    access = _access(call, form.get("token", ""))
    if access is None or access.claims["client_id"] != caller:
        return _plain(200, {"active": False})
    fields = {name: access.claims[name] for name in ("aud", "client_id", "exp", "iat", "sub", "scope")}
    if not fields["scope"]:
        del fields["scope"]
    return _plain(200, {"active": True, "username": fields["sub"], **fields})


def _plain(status: int, body: dict[str, Any]) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers.update({"Cache-Control": "no-store", "Pragma": "no-cache"})
    return answer


def _form(call: Call) -> dict[str, str]:
    form = call.request.form.to_dict()
    if not form:
        raise TokenError(400, "invalid_request", "the POST body can not be empty")
    return form


def _basic(call: Call) -> tuple[str, str] | None:
    """Name and secret of HTTP Basic; both are form-encoded in it, so a stray `%` makes them invalid."""
    sent = call.request.authorization
    if sent is None or sent.type != "basic":
        return None
    pair = sent.username or "", sent.password or ""
    for text in pair:
        if any(not _is_hex(rest[:2]) for rest in text.split("%")[1:]):
            raise TokenError(400, "invalid_request", "the client credentials could not be decoded")
    return unquote_plus(pair[0]), unquote_plus(pair[1])


def _is_hex(text: str) -> bool:
    return len(text) == 2 and all(letter in "0123456789abcdefABCDEF" for letter in text)


def _authenticated(call: Call, form: dict[str, str]) -> Client:
    """The client in the header or else the form, if the secret is valid; that of a public client is not checked."""
    pair = _basic(call) or (form.get("client_id", ""), form.get("client_secret", ""))
    if not pair[0]:
        raise TokenError(400, "invalid_request", "client credentials are missing")
    client = call.state.clients.get(pair[0])
    if client is None or not (client.settings["isPublic"] or client.has_secret(pair[1])):
        raise TokenError(401, "invalid_client", "client authentication failed")
    return client


def _introspecting(call: Call, form: dict[str, str]) -> str:
    """The id of the calling client, authenticated by HTTP Basic or another access token than the inspected one."""
    bearer = _bearer(call)
    if bearer:
        access = _access(call, bearer)
        if access is None or bearer == form.get("token"):
            raise TokenError(401, "request_unauthorized", "the access token in the header does not authorize")
        return str(access.claims["client_id"])
    try:
        pair = _basic(call)
    except TokenError as error:
        raise TokenError(401, "request_unauthorized", error.text) from error
    client = call.state.clients.get(pair[0]) if pair else None
    if pair is None or client is None or not client.has_secret(pair[1]):
        raise TokenError(401, "request_unauthorized", "the client credentials are not valid")
    return client.id


def _by_code(call: Call, client: Client, form: dict[str, str]) -> Grant:
    """The grant behind a code. A refusal for client or redirect URI leaves the code as it was."""
    grant = call.state.codes.get(form.get("code", ""))
    if grant is None or grant.expires <= now():
        raise TokenError(400, "invalid_grant", "the authorization code is not valid")
    if grant.code_used:
        grant.revoked = True
        raise TokenError(400, "invalid_grant", "the authorization code has already been used")
    if grant.client != client.id:
        raise TokenError(400, "invalid_grant", "the authorization code is another client's")
    if grant.redirect_uri != form.get("redirect_uri"):
        raise TokenError(400, "invalid_grant", "the redirect_uri is not the one of the authorization request")
    _check_verifier(client, grant, form.get("code_verifier", ""))
    grant.code_used = True
    if 0 < len(grant.parameters.get("nonce", "")) < SHORTEST_NONCE and "openid" in grant.scopes:
        raise TokenError(400, "insufficient_entropy", f"the nonce must have at least {SHORTEST_NONCE} characters")
    return grant


def _check_verifier(client: Client, grant: Grant, verifier: str) -> None:
    """A challenge allows one attempt. After a failure the secret alone redeems the code, as without PKCE."""
    challenge = "" if grant.challenge_spent else grant.parameters.get("code_challenge", "")
    if not challenge and not verifier:
        if client.settings["isPublic"]:
            raise TokenError(400, "invalid_request", "a public client must use PKCE")
        return
    if not challenge:
        raise TokenError(400, "invalid_grant", "there is no PKCE challenge for this code")
    grant.challenge_spent = True
    if len(verifier) < SHORTEST_VERIFIER:
        raise TokenError(400, "invalid_grant", f"the PKCE verifier must have at least {SHORTEST_VERIFIER} characters")
    s256 = grant.parameters.get("code_challenge_method") == "S256"
    if challenge != (s256_challenge(verifier) if s256 else verifier):
        raise TokenError(400, "invalid_grant", "the PKCE verifier does not fit the challenge")


def _by_refresh(call: Call, client: Client, form: dict[str, str]) -> Grant:
    """The grant of a refresh token. Each is valid for one use; a second use revokes the whole grant."""
    sent = form.get("refresh_token", "")
    grant = call.state.refresh_tokens.get(sent)
    if grant is None or grant.revoked or grant.client != client.id:
        raise TokenError(400, "invalid_grant", "the refresh token is not valid")
    if sent != grant.refresh_token:
        grant.revoked = True
        raise TokenError(400, "invalid_grant", "the refresh token was already used")
    return grant


def _check_user(call: Call, client: Client, grant: Grant) -> None:
    """Access is checked again whenever tokens are issued."""
    if call.state.users[grant.user].disabled:
        raise TokenError(400, "invalid_grant", "the user account is disabled")
    if not call.state.admits(client, grant.user):
        raise TokenError(403, "access_denied", "the user is not allowed to access this service")


def _issued(call: Call, client: Client, grant: Grant) -> dict[str, Any]:
    """The tokens of a login; a refresh token is among them whether or not it was asked for."""
    answer = _access_token(call, access_claims(call.simulator, client, grant.user, grant.scopes), grant)
    grant.refresh_token = f"pocket_id_rt_{random_text(43)}.{random_text(43)}"
    call.state.refresh_tokens[grant.refresh_token] = grant
    answer["refresh_token"] = grant.refresh_token
    if "openid" in grant.scopes:
        at_hash = half_hash(answer["access_token"])
        claims = id_claims(
            call.simulator,
            client,
            grant.user,
            grant.scopes,
            grant.session,
            grant.requested,
            nonce=grant.parameters.get("nonce"),
            at_hash=at_hash,
        )
        answer["id_token"] = jwt.encode(call.simulator.jose_header("JWT"), claims, call.simulator.key)
    return answer


def _own_token(call: Call, client: Client) -> dict[str, Any]:
    """Client credentials: a token without OpenID scopes, regardless of the request; public clients get none."""
    if client.settings["isPublic"]:
        raise TokenError(400, "invalid_grant", "a public client has no token of its own")
    return _access_token(call, access_claims(call.simulator, client, f"client-{client.id}", []), None)


def _access_token(call: Call, claims: dict[str, Any], grant: Grant | None) -> dict[str, Any]:
    call.state.access_tokens[claims["jti"]] = grant
    return {
        "access_token": jwt.encode(call.simulator.jose_header("at+jwt"), claims, call.simulator.key),
        "expires_in": claims["exp"] - claims["iat"],
        "scope": claims["scope"],
        "token_type": "bearer",
    }


def _bearer(call: Call) -> str:
    """The access token of a request: in the header, the form or the query."""
    sent = call.request.authorization
    if sent is not None and sent.type == "bearer":
        return sent.token or ""
    return call.request.values.get("access_token", "")


def _access(call: Call, sent: str) -> Access | None:
    try:
        claims = jwt.decode(sent, call.simulator.key, algorithms=["RS256"]).claims
    except (JoseError, ValueError):
        return None
    if claims.get("jti") not in call.state.access_tokens or claims["exp"] <= time.time():
        return None
    grant = call.state.access_tokens[claims["jti"]]
    return None if grant and grant.revoked else Access(claims, grant)
