"""/access/roles (pve-access-control 9.1.1, API2/Role.pm)."""

from __future__ import annotations

from ..call import Call, Routes
from ..errors import ApiError, parameter_error
from ..state import UserConfig
from ..values import split_list, true


def _role(config: UserConfig, roleid: str) -> set[str]:
    if roleid not in config.roles:
        raise ApiError(f"role '{roleid}' does not exist\n")
    return config.roles[roleid]


def _refuse_builtin(config: UserConfig, roleid: str, verb: str) -> None:
    if roleid in config.builtin_roles:
        raise ApiError(f"auto-generated role '{roleid}' cannot be {verb}\n")


def index(call: Call, _param: dict) -> list[dict]:
    return [
        {"roleid": name, "privs": ",".join(sorted(privileges)), "special": int(name in call.config.builtin_roles)}
        for name, privileges in call.config.roles.items()
    ]


def create(call: Call, param: dict) -> None:
    roleid = param["roleid"]
    if roleid.upper().startswith("PVE"):
        raise parameter_error({"roleid": "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"})
    with call.cluster.edit("user.cfg", "create role failed") as config:
        if roleid in config.roles:
            raise ApiError(f"role '{roleid}' already exists\n")
        config.roles[roleid] = set(split_list(param.get("privs")))


def read(call: Call, param: dict) -> dict[str, int]:
    return dict.fromkeys(_role(call.config, param["roleid"]), 1)


def update(call: Call, param: dict) -> None:
    roleid = param["roleid"]
    _refuse_builtin(call.config, roleid, "modified")
    with call.cluster.edit("user.cfg", "update role failed") as config:
        role = _role(config, roleid)
        if not true(param.get("append")):
            role.clear()
        role.update(split_list(param.get("privs")))


def delete(call: Call, param: dict) -> None:
    _refuse_builtin(call.config, param["roleid"], "deleted")
    with call.cluster.edit("user.cfg", "delete role failed") as config:
        _role(config, param["roleid"])
        del config.roles[param["roleid"]]


ROUTES: Routes = {
    ("GET", "/access/roles"): index,
    ("POST", "/access/roles"): create,
    ("GET", "/access/roles/{roleid}"): read,
    ("PUT", "/access/roles/{roleid}"): update,
    ("DELETE", "/access/roles/{roleid}"): delete,
}
