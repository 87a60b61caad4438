"""Reading second factors and unlocking users (pve-access-control 9.1.1, API2/TFA.pm, API2/User.pm; proxmox-tfa)."""

from __future__ import annotations

from typing import Any

from ..auth import realm_of
from ..call import Call, route
from ..errors import ApiError
from ..values import true


@route("GET", "/access/tfa")
def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    visible = call.permissions.readable_users(call.caller)
    return [
        {"userid": userid, "entries": [factor.shown()], **({"totp-locked": True} if factor.locked else {})}
        for userid, factor in call.cluster.second_factors.items()
        if userid in visible
    ]


@route("GET", "/access/tfa/{userid}")
def of_user(call: Call, param: dict[str, Any]) -> list[dict[str, Any]]:
    factor = call.cluster.second_factors.get(param["userid"])
    return [factor.shown()] if factor else []


@route("GET", "/access/tfa/{userid}/{id}")
def entry(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    for factor in of_user(call, param):
        if factor["id"] == param["id"]:
            return factor
    raise ApiError(f"No such tfa entry '{param['id']}'", 404)


@route("GET", "/access/users/{userid}/tfa")
def types(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    userid = param["userid"]
    section = realm_of(call.cluster, userid)
    answer: dict[str, Any] = {}
    if "tfa" in section:
        answer["realm"] = call.cluster.schema.parse_property_string("pve-tfa-config", section["tfa"])["type"]
    if true(param.get("multiple")):
        answer["user"] = ["totp"] if userid in call.cluster.second_factors else []
    return answer


@route("PUT", "/access/users/{userid}/unlock-tfa")
def unlock(call: Call, param: dict[str, Any]) -> bool:
    """Return whether the user was locked, as a JSON boolean unlike elsewhere. Users without a second factor are unknown."""
    factor = call.cluster.second_factors.get(param["userid"])
    if factor is None:
        raise ApiError("no such user\n")
    return factor.unlock()
