"""/access/groups (pve-access-control 9.1.1, API2/Group.pm)."""

from __future__ import annotations

from ..call import Call, Routes
from ..errors import ApiError
from ..state import UserConfig

READERS = ["User.Modify", "Sys.Audit", "Group.Allocate"]


def _group(config: UserConfig, groupid: str) -> dict:
    if groupid not in config.groups:
        raise ApiError(f"group '{groupid}' does not exist\n")
    return config.groups[groupid]


def _comment(group: dict) -> dict:
    return {"comment": group["comment"]} if "comment" in group else {}


def index(call: Call, _param: dict) -> list[dict]:
    visible = call.permissions.groups_with(call.authid, READERS)
    groups = {name: call.config.groups[name] for name in visible}
    return [
        {"groupid": name, "users": ",".join(sorted(group["users"])), **_comment(group)}
        for name, group in groups.items()
    ]


def create(call: Call, param: dict) -> None:
    groupid = param["groupid"]
    with call.cluster.edit("user.cfg", "create group failed") as config:
        if groupid in config.groups:
            raise ApiError(f"group '{groupid}' already exists\n")
        config.groups[groupid] = {"users": set(), "comment": param.get("comment")}


def read(call: Call, param: dict) -> dict:
    group = _group(call.config, param["groupid"])
    return {"members": list(group["users"]), **_comment(group)}


def update(call: Call, param: dict) -> None:
    with call.cluster.edit("user.cfg", "update group failed") as config:
        group = _group(config, param["groupid"])
        if param.get("comment") is not None:
            group["comment"] = param["comment"]


def delete(call: Call, param: dict) -> None:
    with call.cluster.edit("user.cfg", "delete group failed") as config:
        _group(config, param["groupid"])
        config.delete_group(param["groupid"])


ROUTES: Routes = {
    ("GET", "/access/groups"): index,
    ("POST", "/access/groups"): create,
    ("GET", "/access/groups/{groupid}"): read,
    ("PUT", "/access/groups/{groupid}"): update,
    ("DELETE", "/access/groups/{groupid}"): delete,
}
