"""/pools (pve-manager 9.2.11, API2/Pool.pm)."""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..errors import ApiError
from ..state import UserConfig
from ..values import split_list, true


@route("GET", "/pools")
def index(call: Call, param: dict[str, Any]) -> list[dict[str, Any]]:
    """With `poolid`, a pool with its members regardless of the caller's privileges: the product ignores its own check."""
    if true(param.get("poolid")):
        pool = call.config.pool(param["poolid"])
        return [_described(param["poolid"], pool) | {"members": _members(call, pool, param.get("type"))}]
    return [
        _described(name, pool)
        for name, pool in sorted(call.config.pools.items())
        if call.has(f"/pool/{name}", ["Pool.Audit"])
    ]


def _described(poolid: str, pool: dict[str, Any]) -> dict[str, Any]:
    return {"poolid": poolid, **({"comment": pool["comment"]} if "comment" in pool else {})}


def _members(call: Call, pool: dict[str, Any], kind: str | None) -> list[dict[str, Any]]:
    guests = [(vmid, call.cluster.guests[vmid]) for vmid in sorted(pool["vms"]) if vmid in call.cluster.guests]
    members = [
        {"id": f"{guest.kind}/{vmid}", "vmid": vmid, "node": guest.node, "type": guest.kind, "status": "unknown"}
        for vmid, guest in guests
        if kind in (None, guest.kind)
    ]
    storages = [name for name in sorted(pool["storage"]) if name in call.cluster.storages and kind in (None, "storage")]
    return members + [
        {
            "id": f"storage/{call.node.name}/{name}",
            "storage": name,
            "node": call.node.name,
            "type": "storage",
            "plugintype": storage["type"],
            "status": "unknown",
            "shared": 0,
            "content": storage["content"],
        }
        for name, storage in ((name, call.cluster.storages[name]) for name in storages)
    ]


@route("POST", "/pools")
def create(call: Call, param: dict[str, Any]) -> None:
    poolid = param["poolid"]
    parent, slash, leaf = poolid.rpartition("/")
    with call.cluster.edit("user.cfg", "create pool failed") as config:
        if poolid in config.pools:
            raise ApiError(f"pool '{poolid}' already exists\n")
        if slash and parent not in config.pools:
            raise ApiError(f"parent '{parent}' of pool '{poolid}' does not exist\n")
        if not (leaf[0].isascii() and leaf[0].isalpha()):
            raise ApiError("pool name must start with a letter\n")
        config.pools[poolid] = {"vms": set(), "storage": set(), "comment": param.get("comment")}


@route("GET", "/pools/{poolid}")
def read(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    return index(call, param)[0]


@route("PUT", "/pools", "/pools/{poolid}")
def update(call: Call, param: dict[str, Any]) -> None:
    remove = true(param.get("delete"))
    with call.cluster.edit("user.cfg", "update pools failed") as config:
        pool = config.pool(param["poolid"])
        if param.get("comment") is not None:
            pool["comment"] = param["comment"]
        for vmid in map(int, split_list(param.get("vms"))):
            call.permissions.check_acl_change(call.caller, f"/vms/{vmid}")
            if not remove:
                _leave_other_pool(call, config, pool, vmid, true(param.get("allow-move")))
            _change_member(pool["vms"], vmid, f"VM {vmid}", remove)
        for name in split_list(param.get("storage")):
            call.permissions.check_acl_change(call.caller, f"/storage/{name}")
            _change_member(pool["storage"], name, f"Storage '{name}'", remove)


def _change_member(members: set[Any], member: object, label: str, remove: bool) -> None:
    if remove and member not in members:
        raise ApiError(f"{label} is not a pool member\n")
    if not remove and member in members:
        raise ApiError(f"{label} is already a pool member\n")
    (members.remove if remove else members.add)(member)


def _leave_other_pool(call: Call, config: UserConfig, pool: dict[str, Any], vmid: int, allowed: bool) -> None:
    """Remove a guest from its pool: it belongs to at most one."""
    for name, other in config.pools.items():
        if vmid in other["vms"] and other is not pool:
            if not allowed:
                raise ApiError(f"VM {vmid} belongs already to pool '{name}' and 'allow-move' is not set\n")
            call.permissions.check(call.caller, f"/pool/{name}", ["Pool.Allocate"])
            other["vms"].remove(vmid)


@route("DELETE", "/pools", "/pools/{poolid}")
def delete(call: Call, param: dict[str, Any]) -> None:
    poolid = param["poolid"]
    with call.cluster.edit("user.cfg", "delete pool failed") as config:
        pool = config.pool(poolid)
        content = [f"pool '{name}'" for name in sorted(config.pools) if name.rpartition("/")[0] == poolid]
        content += [f"VM {vmid}" for vmid in sorted(pool["vms"]) if vmid in call.cluster.guests]
        content += [f"storage '{name}'" for name in sorted(pool["storage"]) if name in call.cluster.storages]
        if content:
            raise ApiError(f"pool '{poolid}' is not empty (contains {content[0]})\n")
        config.delete_pool(poolid)
