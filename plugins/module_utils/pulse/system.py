# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pulse: the nodes it monitors, and its other facts."""

from __future__ import annotations

from typing import Any

from ..core.module import Address
from ..core.system import System
from .addresses import members
from .client import CONNECTION, PulseClient
from .node import KIND, Node


def version(client: PulseClient) -> str:
    return ".".join(str(number) for number in client.version)


def status(client: PulseClient) -> list[dict[str, Any]]:
    """The connection state of each node: type, host and name of its entry, the state as Pulse names it, and the cluster."""
    return [
        {
            **{option: node[option] for option in ("type", "host", "name", "state", "error", "connected")},
            "cluster": node.get("clusterName", ""),
            "members": members(node),
        }
        for node in client.nodes()
        if node["type"] in KIND.choices
    ]


PULSE = System(
    CONNECTION,
    Address("url", "https://{host}:7655", environment_first=True),
    PulseClient,
    resources=(Node(),),
    facts={"status": status, "version": version},
)
