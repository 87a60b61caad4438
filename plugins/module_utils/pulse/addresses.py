# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of PVE and PBS as Pulse keeps them, and which of its entries represents a server (Pulse 6.3.0, 5.1.36).

Pulse identifies entries by URL. A single entry represents a whole PVE cluster, under the URL of any of its nodes;
Pulse discovers the other nodes and merges a node that is added later into the cluster.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..core.hosts import in_url

PORTS = {"pve": 8006, "pbs": 8007}


def url(address: str, kind: str) -> str:
    """The URL that Pulse derives from an address of a server of a kind (normalizeNodeHost); letters keep their case."""
    scheme, _separator, place = address.rpartition("://")
    place = place.rstrip("/")
    place = in_url(place) if place.count(":") > 1 else place
    port = "" if re.search(r":[0-9]+$", place) else f":{PORTS[kind]}"
    return f"{scheme or 'https'}://{place}{port}"


def problem(address: str) -> str | None:
    """Why Pulse would reject a well-formed address: one that begins with a digit must be an IP address."""
    try:
        parts = urlsplit(url(address, "pve"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return "has an invalid address or port"
    if not port:
        return "has an invalid port"
    if host and host[0].isdigit():
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return "begins with a digit but is not an IP address, which Pulse rejects"
    return None


def entries_for(kind: str, addresses: Any, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries of Pulse that represent the server with these addresses, of which the first is the main address.

    An entry under the main address takes precedence. Otherwise it is an entry under another of the
    addresses, or that of a cluster with a node at one of them.
    """
    wanted = [_place(url(address, kind)) for address in addresses]
    alike = [node for node in nodes if node["type"] == kind]
    return [node for node in alike if _place(node["host"]) == wanted[0]] or [
        node for node in alike if set(wanted) & places(node)
    ]


def places(node: dict[str, Any]) -> set[tuple[str, int | None]]:
    """All host and port pairs under which an entry is found, of the entry itself and of its cluster's nodes."""
    return {_place(node["host"]), *_members(node), *_names_in_domain(node)}


def place(address: str, kind: str) -> tuple[str, int | None]:
    """The host and port of an address of a server of a kind."""
    return _place(url(address, kind))


def members(node: dict[str, Any]) -> list[str]:
    """The URLs of the nodes of a cluster entry, by name and by address."""
    return [f"https://{in_url(host)}:{port}" for host, port in _members(node)]


def _place(address: str) -> tuple[str, int | None]:
    parts = urlsplit(address)
    return parts.hostname or "", parts.port


def _members(node: dict[str, Any]) -> Iterator[tuple[str, int | None]]:
    for member in node["clusterEndpoints"]:
        host, port = _place(member["host"])
        yield host, port
        yield from ((member[key], port) for key in ("ip", "ipoverride") if member.get(key))


def _names_in_domain(node: dict[str, Any]) -> set[tuple[str, int | None]]:
    """The hosts and ports of the nodes of a cluster in the domain of the entry's own address.

    Nodes have short names within a cluster, which nodes of another cluster may share.
    """
    domain = _domain(node)
    return {(f"{host}.{domain}", port) for host, port in _members(node) if domain and _is_short(host)}


def _domain(node: dict[str, Any]) -> str:
    """The domain of the address of an entry; "" for an IP address."""
    domain = _place(node["host"])[0].partition(".")[2]
    return "" if domain.replace(".", "").isdigit() else domain


def _is_short(host: str) -> bool:
    return "." not in host and ":" not in host
