"""Version, cluster, nodes and storage (pve-manager 9.2.11, API2.pm, API2/Cluster.pm, API2/Nodes.pm, pve-storage)."""

from __future__ import annotations

import hashlib
import json

from ..call import Call, Method, Routes
from ..errors import ApiError

STORAGE_READERS = ["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit"]


def _index(path: str, key: str) -> Method:
    def index(call: Call, _param: dict) -> list[dict]:
        return [{key: name} for name in call.cluster.product["indexes"][path]]

    return index


def version(call: Call, _param: dict) -> dict:
    return call.cluster.product["version"]


def cluster_status(call: Call, _param: dict) -> list[dict]:
    """Without a cluster one node with id 0 and no entry for a cluster."""
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


def nodes(call: Call, _param: dict) -> list[dict]:
    """Nobody collects statistics here, so a node that is not known to be offline has the status unknown."""
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


def storages(call: Call, param: dict) -> list[dict]:
    return [
        _storage(call, name)
        for name, storage in call.cluster.storages.items()
        if call.has(f"/storage/{name}", STORAGE_READERS, any_of=True) and param.get("type") in (None, storage["type"])
    ]


def storage(call: Call, param: dict) -> dict:
    if param["storage"] not in call.cluster.storages:
        raise ApiError(f"storage '{param['storage']}' does not exist\n")
    return _storage(call, param["storage"])


def _storage(call: Call, name: str) -> dict:
    digest = hashlib.sha1(json.dumps(call.cluster.storages, sort_keys=True).encode()).hexdigest()
    return {"storage": name, "digest": digest, **call.cluster.storages[name]}


ROUTES: Routes = {
    ("GET", "/"): _index("/", "subdir"),
    ("GET", "/access"): _index("/access", "subdir"),
    ("GET", "/access/openid"): _index("/access/openid", "subdir"),
    ("GET", "/cluster"): _index("/cluster", "name"),
    ("GET", "/nodes/{node}"): _index("/nodes/{node}", "name"),
    ("GET", "/nodes/{node}/version"): version,
    ("GET", "/version"): version,
    ("GET", "/cluster/status"): cluster_status,
    ("GET", "/nodes"): nodes,
    ("GET", "/storage"): storages,
    ("GET", "/storage/{storage}"): storage,
}
