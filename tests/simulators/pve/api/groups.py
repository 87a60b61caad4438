"""/access/groups (pve-access-control 9.1.1, API2/Group.pm)."""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..errors import ApiError

READERS = ["User.Modify", "Sys.Audit", "Group.Allocate"]


def _comment(group: dict[str, Any]) -> dict[str, Any]:
    return {"comment": group["comment"]} if "comment" in group else {}


@route("GET", "/access/groups")
def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    visible = call.permissions.groups_with(call.caller, READERS)
    groups = {name: call.config.groups[name] for name in visible}
    return [
        {"groupid": name, "users": ",".join(sorted(group["users"])), **_comment(group)}
        for name, group in groups.items()
    ]


@route("POST", "/access/groups")
def create(call: Call, param: dict[str, Any]) -> None:
    groupid = param["groupid"]
    with call.cluster.edit("user.cfg", "create group failed") as config:
        if groupid in config.groups:
            raise ApiError(f"group '{groupid}' already exists\n")
        config.groups[groupid] = {"users": set(), "comment": param.get("comment")}


@route("GET", "/access/groups/{groupid}")
def read(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    group = call.config.group(param["groupid"])
    return {"members": list(group["users"]), **_comment(group)}


@route("PUT", "/access/groups/{groupid}")
def update(call: Call, param: dict[str, Any]) -> None:
    with call.cluster.edit("user.cfg", "update group failed") as config:
        group = config.group(param["groupid"])
        if param.get("comment") is not None:
            group["comment"] = param["comment"]


@route("DELETE", "/access/groups/{groupid}")
def delete(call: Call, param: dict[str, Any]) -> None:
    with call.cluster.edit("user.cfg", "delete group failed") as config:
        config.group(param["groupid"])
        config.delete_group(param["groupid"])
