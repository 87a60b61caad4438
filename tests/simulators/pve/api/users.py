"""/access/users (pve-access-control 9.1.1, API2/User.pm)."""

from __future__ import annotations

from typing import Any

from ..auth import set_password
from ..call import Call, route
from ..errors import ApiError
from ..values import split_list, true

FIELDS = ("enable", "expire", "firstname", "lastname", "email", "comment", "keys")
TEXTS = ("firstname", "lastname", "email", "comment", "keys")


@route("GET", "/access/users")
def index(call: Call, param: dict[str, Any]) -> list[dict[str, Any]]:
    visible = call.permissions.readable_users(call.caller)
    enabled = param.get("enabled")
    return [
        _entry(call, userid, full=true(param.get("full")))
        for userid, user in sorted(call.config.users.items())
        if userid in visible and (enabled is None or true(enabled) == true(user["enable"]))
    ]


def _entry(call: Call, userid: str, full: bool) -> dict[str, Any]:
    user = call.config.users[userid]
    entry = {"userid": userid, **{name: user[name] for name in FIELDS if name in user}}
    realms, realm = call.cluster.realms.sections, userid.rpartition("@")[2]
    if realm in realms:
        entry["realm-type"] = (realms[realm] or {}).get("type")
    if full:
        tokens = [{"tokenid": name, **token} for name, token in sorted(user.get("tokens", {}).items())]
        entry.update(groups=",".join(call.config.groups_of(userid)), tokens=tokens or None)
    factor = call.cluster.second_factors.get(userid)
    if factor and factor.locked:
        entry["totp-locked"] = 1
    return entry


@route("POST", "/access/users")
def create(call: Call, param: dict[str, Any]) -> None:
    userid = param["userid"]
    with call.cluster.edit("user.cfg", "create user failed") as config:
        userid = lookup(call, userid)
        if userid in config.users:
            raise ApiError(f"user '{userid}' already exists\n")
        if param.get("password") is not None:
            set_password(call.cluster, call.node, param["userid"], param["password"])
        enable = param.get("enable")
        config.users[userid] = {
            "enable": 1 if enable is None else enable,
            "expire": param.get("expire"),
            **{name: param[name] for name in TEXTS if name in param},
        }
        config.join_groups(userid, split_list(param.get("groups")))


def lookup(call: Call, userid: str) -> str:
    """The existing user with this id, which a realm may compare case-insensitively."""
    realm = call.cluster.realms.sections.get(userid.rpartition("@")[2]) or {}
    if realm.get("case-sensitive", 1):
        return userid
    return next((known for known in call.config.users if known.lower() == userid.lower()), userid)


@route("GET", "/access/users/{userid}")
def read(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    userid = param["userid"]
    user = call.config.user(userid)
    return {
        **{name: user[name] for name in FIELDS if name in user},
        "groups": call.config.groups_of(userid),
        "tokens": user.get("tokens"),
    }


@route("PUT", "/access/users/{userid}")
def update(call: Call, param: dict[str, Any]) -> None:
    userid = param["userid"]
    with call.cluster.edit("user.cfg", "update user failed") as config:
        user = config.user(userid)
        user.update({name: param[name] for name in FIELDS if param.get(name) is not None})
        if param.get("groups") is not None and not true(param.get("append")):
            config.leave_groups(userid)
        config.join_groups(userid, split_list(param.get("groups")))


@route("DELETE", "/access/users/{userid}")
def delete(call: Call, param: dict[str, Any]) -> None:
    """Accept a user that does not exist; only the permission check refuses it."""
    userid = param["userid"]
    with call.cluster.edit("user.cfg", "delete user failed") as config:
        call.cluster.passwords.pop(userid, None)
        call.cluster.second_factors.pop(userid, None)
        config.delete_user(userid)
