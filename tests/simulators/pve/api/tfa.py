"""Reading second factors and unlocking users (pve-access-control 9.1.1, API2/TFA.pm, API2/User.pm; proxmox-tfa)."""

from __future__ import annotations

from ...second_factor import SecondFactor
from ..auth import realm_type
from ..call import Call, route
from ..errors import ApiError
from ..values import true


def _described(factor: SecondFactor) -> dict:
    return {"type": "totp", "id": factor.id, "description": factor.description, "created": factor.created}


@route("GET", "/access/tfa")
def index(call: Call, _param: dict) -> list[dict]:
    visible = call.permissions.readable_users(call.authid)
    return [
        {"userid": userid, "entries": [_described(factor)], **({"totp-locked": True} if factor.locked else {})}
        for userid, factor in call.cluster.second_factors.items()
        if userid in visible
    ]


@route("GET", "/access/tfa/{userid}")
def of_user(call: Call, param: dict) -> list[dict]:
    factor = call.cluster.second_factors.get(param["userid"])
    return [_described(factor)] if factor else []


@route("GET", "/access/tfa/{userid}/{id}")
def entry(call: Call, param: dict) -> dict:
    for found in of_user(call, param):
        if found["id"] == param["id"]:
            return found
    raise ApiError(f"No such tfa entry '{param['id']}'", 404)


@route("GET", "/access/users/{userid}/tfa")
def types(call: Call, param: dict) -> dict:
    userid = param["userid"]
    realm_type(call.cluster, userid)  # refuses an unknown realm
    section = call.cluster.realms.sections[userid.rpartition("@")[2]]
    answer = {}
    if "tfa" in section:
        answer["realm"] = call.cluster.schema.parse_property_string("pve-tfa-config", section["tfa"])["type"]
    if true(param.get("multiple")):
        answer["user"] = ["totp"] if userid in call.cluster.second_factors else []
    return answer


@route("PUT", "/access/users/{userid}/unlock-tfa")
def unlock(call: Call, param: dict) -> bool:
    """Whether the user was locked; a JSON boolean, unlike all others. Users without a second factor are not known here."""
    factor = call.cluster.second_factors.get(param["userid"])
    if factor is None:
        raise ApiError("no such user\n")
    return factor.unlock()
