"""Version, cluster, nodes and storage (pve-manager 9.2.11, API2.pm, API2/Cluster.pm, API2/Nodes.pm, pve-storage)."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..call import Call, Handler, route
from ..errors import ApiError

STORAGE_READERS = ["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit"]
INDEX_KEYS = {
    "/": "subdir",
    "/access": "subdir",
    "/access/openid": "subdir",
    "/cluster": "name",
    "/nodes/{node}": "name",
}


def _index(path: str) -> Handler:
    def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
        return [{INDEX_KEYS[path]: name} for name in call.cluster.product["indexes"][path]]

    return index


for known in INDEX_KEYS:
    route("GET", known)(_index(known))


@route("GET", "/nodes/{node}/version", "/version")
def version(call: Call, _param: dict[str, Any]) -> dict[str, Any]:
    version: dict[str, Any] = call.cluster.product["version"]
    return version


@route("GET", "/cluster/status")
def cluster_status(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    """A standalone node has the id 0, and there is no entry for a cluster."""
    cluster = call.cluster
    nodes = [
        {
            "type": "node",
            "id": f"node/{node.name}",
            "name": node.name,
            "nodeid": node.number if cluster.name else 0,
            "ip": node.address,
            "local": int(node is call.node),
            "online": int(node.online),
            "level": "",
        }
        for node in cluster.nodes.values()
    ]
    if not cluster.name:
        return nodes
    summary = {"name": cluster.name, "nodes": len(nodes), "quorate": int(cluster.quorate), "version": len(nodes)}
    return [{"type": "cluster", "id": "cluster", **summary}, *nodes]


@route("GET", "/nodes")
def nodes(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    """Statistics are not collected here, so a node that is not offline has the status unknown."""
    return [
        {
            "id": f"node/{node.name}",
            "node": node.name,
            "type": "node",
            "ssl_fingerprint": node.fingerprint,
            "status": "unknown" if node.online else "offline",
        }
        for node in call.cluster.nodes.values()
    ]


@route("GET", "/storage")
def storages(call: Call, param: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        _storage(call, name)
        for name, storage in call.cluster.storages.items()
        if call.has(f"/storage/{name}", STORAGE_READERS, any_of=True) and param.get("type") in (None, storage["type"])
    ]


@route("GET", "/storage/{storage}")
def storage(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    if param["storage"] not in call.cluster.storages:
        raise ApiError(f"storage '{param['storage']}' does not exist\n")
    return _storage(call, param["storage"])


def _storage(call: Call, name: str) -> dict[str, Any]:
    digest = hashlib.sha1(json.dumps(call.cluster.storages, sort_keys=True).encode()).hexdigest()
    return {"storage": name, "digest": digest, **call.cluster.storages[name]}
