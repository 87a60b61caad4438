"""Logins by password and OpenID, and changes of passwords."""

from __future__ import annotations

from typing import Any

from ..relying_party import Client, OpenIdError
from .auth import HOST_COOKIE, Rejected
from .call import Call, route
from .errors import ApiError
from .identity import is_superuser, is_token, owner, realm_of
from .parameters import accepts, split_list
from .state import lookup

EXPIRED_COOKIE = f"{HOST_COOKIE}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=Lax; HttpOnly; Path=/;"
OLDER_CLAIM_NAMES = {"subject": "sub", "username": "preferred_username"}
NAME_CLAIMS = {"firstname": "given_name", "lastname": "family_name", "email": "email"}


def _logged_in(call: Call, userid: str) -> dict[str, str]:
    """The response to a login: a ticket in the body, or only in a cookie that scripts cannot read."""
    tickets = call.server.tickets
    answer = {"username": userid, "CSRFPreventionToken": tickets.csrf_token(userid)}
    if call.params.get("http-only"):
        call.headers["Set-Cookie"] = f"{HOST_COOKIE}={tickets.ticket(userid)}; Secure; SameSite=Lax; HttpOnly; Path=/;"
        answer["ticket-info"] = tickets.info(userid)
    else:
        answer["ticket"] = tickets.ticket(userid)
    return answer


def _add_outcome(call: Call, package: str) -> None:
    """Since `package` the response repeats its status in the body, and has another content type."""
    if call.server.schema.since(package):
        call.extra.update(status=200, success=True)
        call.headers["Content-Type"] = "application/json"


@route("POST", "/access/ticket")
def create_ticket(call: Call) -> dict[str, str]:
    """Return a ticket for a password or a valid ticket, or the challenge of a second factor."""
    userid = call.params["username"]
    cookie = call.request.cookies.get(HOST_COOKIE) if call.params.get("http-only") else None
    offered = [secret for secret in (cookie, call.params.get("password")) if secret is not None]
    if not offered:
        raise ApiError(400, "no password provided")
    answers = _answers_challenge if "tfa-challenge" in call.params else _proves
    proof = next((secret for secret in offered if answers(call, userid, secret)), None)
    if proof is None or not call.server.admits(userid):
        raise ApiError(401, "permission check failed.")
    _add_outcome(call, "4.0.5-1")
    if answers is _proves and not proof.startswith("PBS:") and userid in call.state.second_factors:
        return {"username": userid, "ticket": call.server.tickets.challenge(userid), "CSRFPreventionToken": "invalid"}
    return _logged_in(call, userid)


def _proves(call: Call, userid: str, password: str) -> bool:
    """Whether a password, or a ticket in its place, is valid for the user."""
    try:
        if password.startswith("PBS:"):
            return call.server.tickets.user_of(password) == userid
        call.server.auth.check_password(userid, password)
    except Rejected:
        return False
    return True


def _answers_challenge(call: Call, userid: str, response: str) -> bool:
    """Whether the response matches the user's second factor."""
    kind, _colon, code = response.partition(":")
    factor = call.state.second_factors.get(userid)
    try:
        call.server.tickets.check_challenge(userid, call.params["tfa-challenge"])
    except Rejected:
        return False
    return factor is not None and kind == "totp" and factor.accepts(code, call.server.now())


@route("DELETE", "/access/ticket")
def delete_ticket(call: Call) -> dict[str, Any]:
    """Delete the cookie in the browser: the ticket itself stays valid."""
    _add_outcome(call, "4.0.5-1")
    call.headers["Set-Cookie"] = EXPIRED_COOKIE
    return {}


@route("POST", "/access/vncticket")
def verify_console_ticket(call: Call) -> None:
    """Consoles are not simulated, so no such ticket is valid."""
    raise ApiError(400, "Checking VNC ticket failed")


def confirm_caller(call: Call, password: str | None) -> None:
    """Require the password of callers other than root@pam, for a token that of its owner."""
    if is_superuser(owner(call.caller)):
        return
    if password is None:
        raise ApiError(401, "missing password")
    try:
        call.server.auth.check_password(owner(call.caller), password)
    except Rejected as error:
        raise ApiError(401, str(error)) from error


@route("PUT", "/access/password")
def change_password(call: Call) -> None:
    userid = call.params["userid"]
    confirm_caller(call, call.params.get("confirmation-password"))
    if userid not in call.state.users.sections:
        raise ApiError(401, f"user '{userid}' does not exists.")
    if is_token(call.caller):
        raise ApiError(400, "API tokens cannot access this API endpoint")
    governs = call.may("Permissions.Modify", "/") and realm_of(userid) != "pam"
    if not (userid == call.caller or is_superuser(call.caller) or governs):
        raise ApiError(400, "you are not authorized to change the password.")
    call.state.store_password(userid, call.params["password"])


@route("POST", "/access/openid/auth-url")
def openid_auth_url(call: Call) -> str:
    realm = call.params["realm"]
    settings = lookup(call.state.realms.sections, "openid", realm)
    client = Client.of_realm(settings, call.params["redirect-url"], split_list)
    try:
        return call.server.relying_party.authorization_url(realm, client)
    except OpenIdError as error:
        raise ApiError(400, str(error)) from error


@route("POST", "/access/openid/login")
def openid_login(call: Call) -> dict[str, str]:
    """Every failure is a 401 with the reason as its body."""
    try:
        pending = call.server.relying_party.returned(call.params["state"])
        settings = lookup(call.state.realms.sections, "openid", pending.realm)
        client = Client.of_realm(settings, call.params["redirect-url"], split_list)
        claims = call.server.relying_party.claims(client, pending, call.params["code"])
        userid = _user_of(call, claims, settings.get("username-claim", "sub"), pending.realm)
        _admit(call, userid, claims, settings.get("autocreate", False))
    except (OpenIdError, ApiError) as error:
        raise ApiError(401, str(error)) from error
    _add_outcome(call, "4.0.12-1")
    return _logged_in(call, userid)


def _user_of(call: Call, claims: dict[str, Any], claim: str, realm: str) -> str:
    """The user in the claims; two older claim names are still supported if the claim is missing."""
    names = [claims.get(claim), claims.get(OLDER_CLAIM_NAMES.get(claim, claim))]
    name = next((value for value in names if isinstance(value, str)), None)
    if name is None:
        raise ApiError(401, f"missing claim '{claim}'")
    # the total length is checked only when a user is saved
    if not accepts({"pattern": call.server.schema.types["userid"]["pattern"]}, f"{name}@{realm}"):
        raise ApiError(401, "invalid user name in user id")
    return f"{name}@{realm}"


def _admit(call: Call, userid: str, claims: dict[str, Any], autocreate: bool) -> None:
    """Admit an active user, or create a missing one if the realm allows it; existing users are not changed."""
    if call.server.admits(userid):
        return
    if not autocreate:
        raise ApiError(401, f"user account '{userid}' missing, disabled or expired.")
    rule = call.server.schema.types["person-name-or-email"]
    named = {name: claims.get(claim) for name, claim in NAME_CLAIMS.items()}
    with call.state.users.change() as users:
        if userid in users:
            if users[userid].get("enable") is False:
                raise ApiError(401, f"user '{userid}' is disabled.")
            raise ApiError(401, f"autocreate user failed - '{userid}' already exists.")
        fitting = {name: text for name, text in named.items() if isinstance(text, str) and accepts(rule, text)}
        users[userid] = {"type": "user", **fitting}
