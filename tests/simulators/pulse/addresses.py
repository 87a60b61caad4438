"""What Pulse makes of the addresses of its nodes (normalizeNodeHost, extractHostAndPort, normalizePVEEndpointIdentity)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from .errors import ApiError

PORTS = {"pve": 8006, "pbs": 8007, "pmg": 8006}


def check_host(host: str, kind: str) -> None:
    """The rules for the host of a new node; only those of PBS look at the characters of a name."""
    rest = host.removeprefix("http://").removeprefix("https://").partition("/")[0]
    name, port = _parted(rest)
    if name[:1].isdigit():
        if not is_ip(name):
            raise ApiError(400, "Invalid IP address")
    elif kind == "pbs" and set(name) & set(" /\\<>|\"'`;"):
        raise ApiError(400, "Invalid hostname")
    if port and not (port.lstrip("-").isdigit() and 0 < int(port) <= 65535):
        raise ApiError(400, "Invalid port number")


def _parted(host: str) -> tuple[str, str]:
    if ":" not in host:
        return host, ""
    if host.startswith("["):
        name, bracket, port = host[1:].partition("]")
        if not bracket or not port.startswith(":"):
            raise ApiError(400, "Invalid host format")
        return name, port[1:]
    if host.count(":") > 1:
        # taken for an IPv6 address without brackets, even if it is none
        return host, ""
    name, _colon, port = host.partition(":")
    return name, port


def is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def normalised(host: str, kind: str) -> str:
    """The URL that is kept: a scheme, the host in the letters that were sent, and a port; no path."""
    host = host.strip()
    scheme = "http" if host.startswith("http://") else "https"
    place = host.removeprefix("http://").removeprefix("https://").partition("/")[0]
    if ":" in place and is_ip(place.strip("[]")) and not place.startswith("["):
        place = f"[{place}]"
    name, bracket, port = place.rpartition(":")
    has_port = bool(bracket) and not place.endswith("]")
    if not place or " " in place or (has_port and not port.isdigit()) or (has_port and ":" in name and name[0] != "["):
        raise ApiError(400, "invalid host format")
    return f"{scheme}://{place}" if has_port else f"{scheme}://{place}:{PORTS[kind]}"


def identity(address: str) -> str:
    """The form in which endpoints of clusters are compared."""
    parts = urlsplit(address if "://" in address else f"https://{address}")
    return f"{parts.hostname}:{parts.port or PORTS['pve']}"
