# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Addresses of PVE and PBS as Pulse keeps them, and which of its entries stands for a server (Pulse 6.3.0, 5.1.36).

Pulse tells its entries apart by their URL. One entry stands for a whole PVE cluster, under the URL of any of its nodes;
it finds the others by itself, and takes a node that is added later for a part of it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from ..core.client import in_url
from ..core.fields import Text

PORTS = {"pve": 8006, "pbs": 8007}

_NAME = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?"
ADDRESS = Text(
    pattern=rf"(https?://)?({_NAME}|\[[0-9A-Fa-f:.]+\])(:[0-9]{{1,5}})?/?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*",
    rule="must be a host name, an address or a URL without a path, such as https://pve1.example.org:8006",
)


def url(address: str, kind: str) -> str:
    """The URL that Pulse makes of an address of a server of a kind (normalizeNodeHost); letters keep their case."""
    scheme, _separator, place = address.rpartition("://")
    place = place.rstrip("/")
    if place.count(":") > 1 and not place.startswith("["):
        place = f"[{place}]"
    port = "" if re.search(r":[0-9]+$", place) else f":{PORTS[kind]}"
    return f"{scheme or 'https'}://{place}{port}"


def problem(address: str) -> str | None:
    """What Pulse has against an address that is one by its form: what begins with a digit must be an IP address."""
    try:
        parts = urlsplit(url(address, "pve"))
        host, port = parts.hostname, parts.port
    except ValueError:
        return "has an address or a port that cannot be"
    if not port:
        return "has a port that cannot be"
    if host[0].isdigit():
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return "begins with a digit but is no IP address, which Pulse refuses"
    return None


def entries_for(kind: str, addresses: Any, nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of Pulse's entries that stand for the server which has these addresses, the first of them its main one.

    An entry under the main address is it, whatever else could be meant. Otherwise it is an entry under another of the
    addresses, or one of a cluster that has one of them as a node.
    """
    wanted = [_place(url(address, kind)) for address in addresses]
    alike = [node for node in nodes if node["type"] == kind]
    return [node for node in alike if _place(node["host"]) == wanted[0]] or [
        node for node in alike if set(wanted) & places(node)
    ]


def places(node: dict[str, Any]) -> set[tuple[str | None, int | None]]:
    """All places (host and port) that an entry is found by, alone or among others."""
    return {_place(node["host"]), *_members(node), *_names_in_domain(node)}


def place(address: str, kind: str) -> tuple[str | None, int | None]:
    """The host and port of an address of a server of a kind."""
    return _place(url(address, kind))


def members(node: dict[str, Any]) -> list[str]:
    """The URLs that an entry of a cluster has for its nodes, by name and by address."""
    return [f"https://{in_url(host)}:{port}" for host, port in _members(node)]


def _place(address: str) -> tuple[str | None, int | None]:
    parts = urlsplit(address)
    return parts.hostname, parts.port


def _members(node: dict[str, Any]) -> Iterator[tuple[str | None, int | None]]:
    for member in node["clusterEndpoints"]:
        host, port = _place(member["host"])
        yield host, port
        yield from ((member[key], port) for key in ("ip", "ipoverride") if member.get(key))


def _names_in_domain(node: dict[str, Any]) -> set[tuple[str | None, int | None]]:
    """The places of the nodes of a cluster in the domain that the entry's own address is in.

    Nodes have short names in a cluster, and those of another cluster may have the same ones.
    """
    domain = _domain(node)
    return {(f"{host}.{domain}", port) for host, port in _members(node) if domain and _is_short(host)}


def _domain(node: dict[str, Any]) -> str:
    """The domain of the address of an entry; "" for an IP address."""
    domain = _place(node["host"])[0].partition(".")[2]
    return "" if domain.replace(".", "").isdigit() else domain


def _is_short(host: str) -> bool:
    return "." not in host and ":" not in host
