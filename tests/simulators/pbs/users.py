"""/access/users: users and their API tokens."""

from __future__ import annotations

import uuid
from typing import Any

from .call import Call, apply_update, route
from .errors import ApiError
from .identity import is_superuser, is_token, owner, realm_of
from .login import confirm_caller
from .state import lookup, shown

USERS, USER = "/access/users", "/access/users/{userid}"
TOKENS, TOKEN = f"{USER}/token", f"{USER}/token/{{token-name}}"


def _token_id(call: Call) -> str:
    return f"{call.params['userid']}!{call.params['token-name']}"


def _apply_account(section: dict[str, Any], call: Call, *without: str) -> None:
    """Update a user or a token; the defaults of enable and expire are not stored."""
    apply_update(section, call.params, call.values(*without))
    if section.get("enable") is True and "enable" in call.params:
        del section["enable"]
    if section.get("expire") == 0 and "expire" in call.params:
        del section["expire"]


@route("GET", USERS)
def list_users(call: Call) -> list[dict[str, Any]]:
    sees_all = call.may("Sys.Audit", USERS)
    rows = []
    for userid, section in call.state.users.sections.items():
        if is_token(userid) or not (sees_all or userid == owner(call.caller)):
            continue
        row = {"userid": userid, **shown(section)}
        if userid in call.state.second_factors and call.state.second_factors[userid].locked:
            row["totp-locked"] = True
        tokens = call.state.tokens_of(userid) if call.params.get("include_tokens") else {}
        if tokens:
            row["tokens"] = call.shuffled([{"tokenid": token, **shown(section)} for token, section in tokens.items()])
        rows.append(row)
    return call.shuffled(rows)


@route("POST", USERS)
def create_user(call: Call) -> None:
    """Not atomic: the user is created even if its password cannot be set."""
    userid, password = call.params["userid"], call.params.get("password")
    with call.change() as users:
        if userid in users:
            raise ApiError(400, f"user '{userid}' already exists.")
        kind = call.state.realm_type(realm_of(userid))
        users[userid] = {"type": "user", **call.values("userid", "password")}
    if password is not None:
        if kind == "pam" and not is_superuser(call.caller):
            raise ApiError(400, "only superuser can edit pam credentials!")
        call.state.store_password(userid, password)


@route("GET", USER)
def read_user(call: Call) -> dict[str, Any]:
    userid = call.params["userid"]
    return {"userid": userid, **shown(lookup(call.state.users.sections, "user", userid))}


@route("PUT", USER)
def update_user(call: Call) -> None:
    """Since 3.2.12-1 a password is accepted and ignored; before, it was set after a check of the caller's password."""
    userid, password = call.params["userid"], call.params.get("password")
    if call.server.schema.since("3.2.12-1"):
        password = None
    if password is not None:
        confirm_caller(call, password)
    with call.change() as users:
        _apply_account(lookup(users, "user", userid), call, "userid", "password")
        if password is not None:
            if realm_of(userid) == "pam" and owner(call.caller) != userid and not is_superuser(call.caller):
                raise ApiError(400, "only superuser can edit pam credentials!")
            call.state.store_password(userid, password)


@route("DELETE", USER)
def delete_user(call: Call) -> None:
    call.state.delete_user(call.params["userid"], call.params.get("digest"))


@route("GET", "/access/tfa")
def list_second_factors(call: Call) -> list[dict[str, Any]]:
    """Those of all users, or of the caller's own (proxmox-backup, src/api2/access/tfa.rs)."""
    sees_all = call.may("Sys.Audit", USERS)
    return [
        {"userid": userid, "entries": [factor.shown()], **({"totp-locked": True} if factor.locked else {})}
        for userid, factor in call.state.second_factors.items()
        if sees_all or userid == owner(call.caller)
    ]


@route("PUT", f"{USER}/unlock-tfa")
def unlock_second_factor(call: Call) -> bool:
    """Return whether the user was locked; only users with a second factor are known here."""
    if call.params["userid"] not in call.state.second_factors:
        raise ApiError(400, "no such user")
    return call.state.second_factors[call.params["userid"]].unlock()


@route("GET", TOKENS)
def list_tokens(call: Call) -> list[dict[str, Any]]:
    tokens = call.state.tokens_of(call.params["userid"])
    return call.shuffled(
        [
            {"token-name": token.rpartition("!")[2], "tokenid": token, **shown(section)}
            for token, section in tokens.items()
        ]
    )


@route("GET", TOKEN)
def read_token(call: Call) -> dict[str, Any]:
    token = _token_id(call)
    return {"tokenid": token, **shown(lookup(call.state.users.sections, "token", token))}


@route("POST", TOKEN)
def create_token(call: Call) -> dict[str, Any]:
    """The user need not exist; a token without one cannot authenticate."""
    token = _token_id(call)
    with call.change() as users:
        if token in users:
            raise ApiError(
                400, f"token '{call.params['token-name']}' for user '{call.params['userid']}' already exists."
            )
        users[token] = {"type": "token", **call.values("userid", "token-name")}
    return {"tokenid": token, "value": _new_secret(call, token)}


@route("PUT", TOKEN)
def update_token(call: Call) -> dict[str, Any] | None:
    token = _token_id(call)
    with call.change() as users:
        _apply_account(lookup(users, "token", token), call, "userid", "token-name", "regenerate")
    return {"secret": _new_secret(call, token)} if call.params.get("regenerate") else None


@route("DELETE", TOKEN)
def delete_token(call: Call) -> None:
    call.state.delete_token(_token_id(call), call.params.get("digest"))


def _new_secret(call: Call, token: str) -> str:
    call.state.secrets[token] = secret = str(uuid.uuid4())
    return secret
