"""/access/ticket, /access/password and /access/permissions (pve-access-control 9.1.1, API2/AccessControl.pm)."""

from __future__ import annotations

import time
from typing import Any

from ..auth import check_enabled, check_password, set_password
from ..call import Call, route
from ..errors import ApiError, parameter_error, permission_error
from ..permissions import normalize_path
from ..values import split_list, true
from .users import lookup

CHALLENGE = '{"totp":true}'


@route("GET", "/access/ticket")
def dummy_ticket(_call: Call, _param: dict[str, Any]) -> None:
    return None


@route("POST", "/access/ticket")
def create_ticket(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    """Every failure has the same response, which must not reveal which users exist."""
    userid = param["username"] + (f"@{param['realm']}" if true(param.get("realm")) else "")
    userid = lookup(call, userid)
    try:
        check_enabled(call.cluster, userid)
        only_check = true(param.get("path")) and true(param.get("privs"))
        answer = _check_privileges(call, userid, param) if only_check else _new_ticket(call, userid, param)
    except ApiError as error:
        raise ApiError("authentication failure\n", 401) from error
    if "NeedTFA" not in answer:
        answer["cap"] = call.permissions.capabilities(userid)
    return answer | cluster_name(call, userid)


def cluster_name(call: Call, userid: str) -> dict[str, Any]:
    shown = call.cluster.name and call.permissions.has(userid, "/", ["Sys.Audit"])
    return {"clustername": call.cluster.name} if shown else {}


def full_ticket(call: Call, userid: str) -> dict[str, Any]:
    keys = call.cluster.keys
    return {"username": userid, "ticket": keys.ticket(userid), "CSRFPreventionToken": keys.csrf_token(userid)}


def _check_privileges(call: Call, userid: str, param: dict[str, Any]) -> dict[str, Any]:
    if call.cluster.keys.ticket_data(param["password"]) != userid:
        _first_factor(call, userid, param)
    path = normalize_path(param["path"])
    if path is None:
        raise ApiError(f"invalid path - {param['path']}\n")
    call.permissions.check(userid, path, split_list(param["privs"]))
    return {"username": userid}


def _new_ticket(call: Call, userid: str, param: dict[str, Any]) -> dict[str, Any]:
    keys = call.cluster.keys
    challenge = param.get("tfa-challenge")
    if challenge is not None:
        if param.get("otp") is not None:
            raise ApiError("TFA response should be in 'password', not 'otp' when 'tfa-challenge' is set\n")
        if not (keys.ticket_data(challenge, userid) or "").startswith("!tfa!"):
            raise ApiError("bad ticket\n")
        _second_factor(call, userid, param["password"])
    elif keys.ticket_data(param["password"]) not in (userid, "root@pam") and _first_factor(call, userid, param):
        challenge_ticket = keys.ticket(f"!tfa!{CHALLENGE}", userid)
        return {**full_ticket(call, userid), "ticket": challenge_ticket, "NeedTFA": 1}
    return full_ticket(call, userid)


def _first_factor(call: Call, userid: str, param: dict[str, Any]) -> bool:
    """Check the password, and a second factor sent with it; return whether a second factor is still required."""
    check_password(call.cluster, call.node, userid, param["password"])
    code = param.get("otp")
    if code is not None:
        _second_factor(call, userid, code)
    return code is None and userid in call.cluster.second_factors


def _second_factor(call: Call, userid: str, response: str) -> None:
    kind, _colon, code = response.partition(":")
    if userid not in call.cluster.second_factors or kind != "totp":
        raise ApiError("no such challenge\n")
    if not call.cluster.second_factors[userid].accepts(code, time.time()):
        raise ApiError("failed 2nd factor\n")


@route("PUT", "/access/password")
def change_password(call: Call, param: dict[str, Any]) -> None:
    userid, confirmation = param["userid"], param.get("confirmation-password")
    call.config.user(userid)
    if call.caller != "root@pam":
        if userid == "root@pam":
            raise permission_error()
        if call.cluster.product["confirms_passwords"]:
            if confirmation is None:
                raise parameter_error({"confirmation-password": "password is required to modify user"})
            check_password(call.cluster, call.node, call.caller, confirmation)
        if userid != call.caller and userid.endswith("@pam"):
            raise permission_error()
    set_password(call.cluster, call.node, userid, param["password"])


@route("GET", "/access/permissions")
def permissions(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    """Users may read their own permissions and those of their tokens; a token may not read those of its owner."""
    authid: str = call.caller if param.get("userid") is None else param["userid"]
    is_token = call.cluster.schema.matches("pve-tokenid", authid)
    own = authid == call.caller or (is_token and authid.rpartition("!")[0] == call.caller)
    if not own or (param.get("userid") is not None and not call.cluster.product["reports_own_permissions"]):
        call.permissions.check(call.caller, "/access", ["Sys.Audit"])
    if true(param.get("path")):
        return {param["path"]: call.permissions.of(authid, param["path"])}
    return call.permissions.effective(authid)
