"""/access/roles (pve-access-control 9.1.1, API2/Role.pm)."""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..errors import ApiError, parameter_error
from ..state import UserConfig
from ..values import split_list, true


def _refuse_builtin(config: UserConfig, roleid: str, verb: str) -> None:
    if roleid in config.builtin_roles:
        raise ApiError(f"auto-generated role '{roleid}' cannot be {verb}\n")


@route("GET", "/access/roles")
def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"roleid": name, "privs": ",".join(sorted(privileges)), "special": int(name in call.config.builtin_roles)}
        for name, privileges in call.config.roles.items()
    ]


@route("POST", "/access/roles")
def create(call: Call, param: dict[str, Any]) -> None:
    roleid = param["roleid"]
    if call.cluster.product["reserves_roles"] and roleid.upper().startswith("PVE"):
        raise parameter_error({"roleid": "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"})
    with call.cluster.edit("user.cfg", "create role failed") as config:
        if roleid in config.roles:
            raise ApiError(f"role '{roleid}' already exists\n")
        config.roles[roleid] = set(split_list(param.get("privs")))


@route("GET", "/access/roles/{roleid}")
def read(call: Call, param: dict[str, Any]) -> dict[str, int]:
    return dict.fromkeys(call.config.role(param["roleid"]), 1)


@route("PUT", "/access/roles/{roleid}")
def update(call: Call, param: dict[str, Any]) -> None:
    roleid = param["roleid"]
    _refuse_builtin(call.config, roleid, "modified")
    with call.cluster.edit("user.cfg", "update role failed") as config:
        role = config.role(roleid)
        if not true(param.get("append")):
            role.clear()
        role.update(split_list(param.get("privs")))


@route("DELETE", "/access/roles/{roleid}")
def delete(call: Call, param: dict[str, Any]) -> None:
    _refuse_builtin(call.config, param["roleid"], "deleted")
    with call.cluster.edit("user.cfg", "delete role failed") as config:
        config.role(param["roleid"])
        del config.roles[param["roleid"]]
