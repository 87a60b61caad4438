"""Parsing and normalisation of node addresses (normalizeNodeHost, extractHostAndPort, normalizePVEEndpointIdentity)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from .errors import ApiError

PORTS = {"pve": 8006, "pbs": 8007, "pmg": 8006}


def check_host(host: str, kind: str) -> None:
    """The rules for the host of a new node; only those of PBS check the characters of a name."""
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
        # treated as an IPv6 address without brackets, even if it is invalid
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
    """The stored URL: a scheme, the host in its original case, and a port; no path."""
    host = host.strip()
    scheme = "http" if host.startswith("http://") else "https"
    authority = host.removeprefix("http://").removeprefix("https://").partition("/")[0]
    if ":" in authority and is_ip(authority.strip("[]")) and not authority.startswith("["):
        authority = f"[{authority}]"
    name, bracket, port = authority.rpartition(":")
    has_port = bool(bracket) and not authority.endswith("]")
    if (
        not authority
        or " " in authority
        or (has_port and not port.isdigit())
        or (has_port and ":" in name and name[0] != "[")
    ):
        raise ApiError(400, "invalid host format")
    return f"{scheme}://{authority}" if has_port else f"{scheme}://{authority}:{PORTS[kind]}"


def identity(address: str) -> str:
    """The form in which endpoints of clusters are compared."""
    parts = urlsplit(address if "://" in address else f"https://{address}")
    return f"{parts.hostname}:{parts.port or PORTS['pve']}"
