"""The reads of monitoring (version, node, datastores), and the directory indexes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from .call import Call, route
from .errors import ApiError
from .state import shown

GIB = 2**30
TOTAL, USED = 4096 * GIB, 1337 * GIB
SEES_SIZES = {"Datastore.Audit", "Datastore.Backup"}
SEES_NAMESPACES = {"Datastore.Modify", "Datastore.Read", "Datastore.Backup", "Datastore.Audit"}


@route("GET", "/access", "/access/openid", "/config/access", "/status")
def index(call: Call) -> list[dict[str, Any]]:
    return [{"subdir": name} for name in call.server.schema.below(call.endpoint.path)]


@route("GET", "/ping")
def ping(call: Call) -> dict[str, Any]:
    return {"pong": True}


@route("GET", "/version")
def version(call: Call) -> dict[str, Any]:
    """`4.2.3` is version 4.2 in release 3."""
    published, _dot, patch = call.server.schema.package.rpartition(".")
    return {"version": published, "release": patch, "repoid": hashlib.sha1(patch.encode()).hexdigest()}


@route("GET", "/nodes")
def list_nodes(call: Call) -> list[dict[str, Any]]:
    return [{"node": call.server.node}]


@route("GET", "/nodes/{node}/status")
def node_status(call: Call) -> dict[str, Any]:
    """The node name is not checked: there is only one node."""
    fingerprint = hashlib.sha256(call.server.node.encode()).hexdigest()
    return {
        "uptime": 86400,
        "cpu": 0.02,
        "wait": 0.001,
        "loadavg": [0.1, 0.2, 0.1],
        "cpuinfo": {"model": "Simulated CPU", "sockets": 1, "cpus": 8},
        "memory": {"total": 16 * GIB, "used": 5 * GIB, "free": 11 * GIB},
        "swap": {"total": 0, "used": 0, "free": 0},
        "root": {"total": 64 * GIB, "used": 16 * GIB, "avail": 48 * GIB},
        "kversion": "Linux 6.17.2-1-pve",
        "boot-info": {"mode": "efi", "secureboot": True},
        "current-kernel": {"sysname": "Linux", "release": "6.17.2-1-pve", "version": "#1 SMP", "machine": "x86_64"},
        "info": {"fingerprint": ":".join(fingerprint[start : start + 2] for start in range(0, 64, 2))},
    }


def _view(call: Call, store: str) -> str | None:
    """The caller's access to a datastore: `sizes`, only its `name`, or None."""
    path = f"/datastore/{store}"
    privileges = call.rights.on(call.caller, path).keys()
    if privileges & SEES_SIZES:
        return "sizes"
    return "name" if call.rights.any_below(call.caller, path, SEES_NAMESPACES) else None


def _rows(call: Call, details: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each datastore visible to the caller, with `details` of its settings if it may read sizes."""
    rows = []
    for store, settings in call.state.datastores.sections.items():
        access = _view(call, store)
        if access:
            row = {"store": store, "mount-status": "nonremovable", "backend-type": "filesystem"}
            rows.append({**row, **(details(settings) if access == "sizes" else {})})
    return call.shuffled(rows)


@route("GET", "/admin/datastore")
def list_datastores(call: Call) -> list[dict[str, Any]]:
    return _rows(call, lambda settings: {"comment": settings["comment"]} if "comment" in settings else {})


@route("GET", "/admin/datastore/{store}/status")
def datastore_status(call: Call) -> dict[str, Any]:
    """An inaccessible datastore is refused before its existence is checked."""
    store = call.params["store"]
    access = _view(call, store)
    if access is None and "Datastore.Read" not in call.rights.on(call.caller, f"/datastore/{store}"):
        raise ApiError(403, "permission check failed")
    if store not in call.state.datastores.sections:
        raise ApiError(400, f"no such datastore '{store}'")
    sizes = (TOTAL, USED, TOTAL - USED) if access == "sizes" else (0, 0, 0)
    status = {**dict(zip(("total", "used", "avail"), sizes)), "backend-type": "filesystem"}
    if call.params.get("verbose"):
        none = {"groups": 0, "snapshots": 0}
        status["counts"] = {"ct": none, "host": none, "vm": none, "other": none}
        if access == "sizes":
            status["gc-status"] = _garbage_collection()
    return status


@route("GET", "/status/datastore-usage")
def datastore_usage(call: Call) -> list[dict[str, Any]]:
    usage = {"total": TOTAL, "used": USED, "avail": TOTAL - USED, "gc-status": _garbage_collection()}
    return _rows(call, lambda settings: usage)


@route("GET", "/config/datastore")
def list_datastore_settings(call: Call) -> list[dict[str, Any]]:
    return call.shuffled(
        [
            {"name": store, **shown(settings)}
            for store, settings in call.state.datastores.sections.items()
            if call.may("Datastore.Audit", f"/datastore/{store}")
        ]
    )


def _garbage_collection() -> dict[str, int]:
    """The counters of a garbage collection that has not run yet."""
    names = (
        "index-file-count",
        "index-data-bytes",
        "disk-bytes",
        "disk-chunks",
        "removed-bytes",
        "removed-chunks",
        "pending-bytes",
        "pending-chunks",
        "removed-bad",
        "still-bad",
    )
    return dict.fromkeys(names, 0)
