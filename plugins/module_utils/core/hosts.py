# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and addresses of hosts: what each kind of option accepts, and the brackets of IPv6 addresses."""

from __future__ import annotations

from .fields import Text

_PORT = r"(:[0-9]{1,5})"
_NAME = r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?"
_IPV6 = r"[0-9A-Fa-f.]*:[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*"
_IN_BRACKETS = rf"\[{_IPV6}\]"
# the interface of a link-local address
_ZONE = r"(%[\w.-]+)?"
_OF_DIRECTORY = r"[A-Za-z0-9][A-Za-z0-9._-]*"
# '*' is for patterns of Pocket ID
_PATTERN = r"[\w*]([\w*.-]*[\w*])?"
LOOPBACK = r"(localhost|127(\.[0-9]+){3}|\[::1\])"

# the API of PVE and PBS: any name that a resolver or a proxy may know
API_HOST = Text(
    pattern=rf"[^\s/:@?#\[\]]+|{_IPV6}{_ZONE}|\[{_IPV6}{_ZONE}\]",
    rule="must be a host name or an address, without https://, path and port, which is api_port",
)
# a directory server of a realm (pve-access-control 9.1.1, Auth/LDAP.pm)
DIRECTORY_SERVER = Text(
    pattern=rf"{_IN_BRACKETS}|{_OF_DIRECTORY}",
    rule="must be a host name or an address (IPv6 in brackets), without ldap://, port and path",
)
# a server that Pulse monitors (Pulse 6.3.0, normalizeNodeHost)
MONITORED = Text(
    pattern=rf"(https?://)?({_NAME}|{_IN_BRACKETS}){_PORT}?/?|{_IPV6}",
    rule="must be a host name, an address or a URL without a path, such as https://pve1.example.org:8006",
)
# a name of a web interface that people use
WEB_NAME = Text(
    pattern=rf"(?!.*\.\.){_PATTERN}{_PORT}?|{_IPV6}|{_IN_BRACKETS}{_PORT}?",
    rule="must be the name or address of a host, perhaps with a port, without scheme and path",
)
DOMAIN = Text(
    pattern=r"(?!.*\.\.)(?![\d.]+$)\w([\w.-]*\w)?",
    rule="must be a domain, for example lab.example.org, without a dot at the beginning or end, scheme, port and path",
)


def in_url(host: str) -> str:
    """Return a host name or an address as used in URLs. IPv6 addresses get brackets unless they have them."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def without_brackets(host: str) -> str:
    """Return a host name or an address as used to connect."""
    return host.strip("[]")


def split_port(name: str) -> tuple[str, int | None]:
    """Return a host name or an address, and the port behind it; None if it has none."""
    host, separator, port = name.rpartition(":")
    if separator and port.isdigit() and (":" not in host or host.startswith("[")):
        return host, int(port)
    return name, None
