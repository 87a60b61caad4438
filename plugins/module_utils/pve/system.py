# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proxmox VE: its resources in order of dependency, and what else can be read."""

from __future__ import annotations

from typing import Any

from ..core.module import Address
from ..core.system import System
from ..proxmox.client import fingerprint, version
from ..proxmox.permissions import permissions_of_anybody
from .acl import Acl
from .client import CONNECTION, PveClient
from .group import Group
from .realm import Realm
from .realm_sync_job import RealmSyncJob
from .role import Role
from .token import Token
from .user import User


def nodes(client: Any) -> list[dict[str, Any]]:
    """The nodes of the cluster: name, whether it is online, its address if known, and whether it is the node of the connection."""
    entries = [entry for entry in client.read("cluster", "status") if entry["type"] == "node"]
    return [
        {"name": entry["name"], "online": bool(entry["online"]), "ip": entry.get("ip"), "local": bool(entry["local"])}
        for entry in sorted(entries, key=lambda entry: entry["name"])
    ]


def cluster(client: Any) -> str | None:
    """The name of the cluster, None for a node that is in none."""
    return next((entry["name"] for entry in client.read("cluster", "status") if entry["type"] == "cluster"), None)


# Realms come last, because users can sign in as soon as a realm exists and should have their permissions then.
PVE = System(
    CONNECTION,
    Address("api_host"),
    PveClient,
    resources=(Role(), Group(), User(), Token(), Acl(), Realm(), RealmSyncJob()),
    facts={"version": version, "cluster": cluster, "nodes": nodes, "fingerprint": fingerprint},
    permissions=permissions_of_anybody,
)
