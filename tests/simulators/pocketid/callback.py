"""Callback URLs: valid patterns, and the redirect URIs that they match (2.14.0 and 2.13.0, observed).

A pattern is a URL in which `*` matches anything within a host, port, user or scheme, and a segment of a path, and `**`
matches any part of a path. The groups of the URLPattern standard, `(…)` and `{…}`, are refused here, although the server
supports them.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import parse_qs, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}
PATTERN = re.compile(
    r"(?P<scheme>\*|[a-z][a-z0-9+.-]*)://(?:(?P<user>[^/?#@]*)@)?(?P<host>\[[0-9a-f:.*]+\]|[^/?#@:\[\]\s]*)"
    r"(?::(?P<port>\*|0|[1-9][0-9]*)?)?(?P<path>/[^?#]*)?(?:\?.*)?",
    re.I,
)
# a host and port without a scheme is parsed as a scheme: it is accepted, but matches only itself
OPAQUE = re.compile(r"[a-z][a-z0-9+.-]*:(?:/(?!/)[^?#]*|\d+(?:/[^?#]*)?)", re.I)
REFUSED_PATH = re.compile(r"[\x00-\x1f(){}]|%(?![0-9a-f]{2})|(?<!\*)\+|\\$", re.I)
REFUSED_SCHEMES = ("javascript", "data")


def storable(pattern: str) -> bool:
    """Whether the server accepts `pattern` as a callback URL."""
    if pattern == "*":
        return True
    pattern = pattern.partition("#")[0]
    if pattern.partition(":")[0].lower() in REFUSED_SCHEMES or REFUSED_PATH.search(pattern.partition("?")[0]):
        return False
    match = PATTERN.fullmatch(pattern)
    if not match:
        return bool(OPAQUE.fullmatch(pattern))
    return match["port"] in (None, "*") or int(match["port"]) < 65536


def admits(patterns: list[str], uri: str) -> bool:
    """Whether any of the stored `patterns` matches `uri`, which must be absolute without a fragment."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    if not parts.scheme or "#" in uri:
        return False
    variants = [uri]
    if parts.scheme == "http" and port and (parts.hostname == "localhost" or _is_loopback_address(parts.hostname)):
        # such clients use random ports, so a pattern without a port matches all of them
        variants.append(uri.replace(f":{port}", "", 1))
    return any(_matches(pattern, variant) for pattern in patterns for variant in variants)


def _is_loopback_address(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _matches(pattern: str, uri: str) -> bool:
    if pattern in ("*", uri):
        return True
    pattern = pattern.partition("#")[0]
    match, parts = PATTERN.fullmatch(pattern), urlsplit(uri)
    if not match or not parts.netloc:
        return False
    scheme, port, user = parts.scheme, parts.port, parts.netloc.rpartition("@")[0]
    standard = DEFAULT_PORTS.get(scheme)
    # a pattern without user or path matches any; without a port it matches only the standard port
    return (
        _glob(match["scheme"], scheme)
        and (match["user"] is None or _glob(match["user"], user))
        and _glob(match["host"].strip("[]"), parts.hostname or "")
        and (
            match["port"] == "*"
            or int(match["port"] or standard or 0) == (port or standard or 0)
            or _any_port(match, parts.hostname, scheme)
        )
        and (match["path"] is None or bool(_path(match["path"]).fullmatch(parts.path or "/")))
        and _same_query(pattern.partition("?")[2], parts.query)
    )


def _any_port(match: re.Match[str], host: str | None, scheme: str) -> bool:
    """A registered loopback *address* over http matches any port even if it has one; the name localhost does not."""
    return scheme == "http" and _is_loopback_address(host) and match["host"].strip("[]") == host


def _glob(pattern: str, value: str) -> bool:
    return bool(re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), value, re.I))


def _path(pattern: str) -> re.Pattern[str]:
    """The path as a regular expression. Letters directly after a single `*` are parsed as its name and ignored."""
    parts = re.split(r"(\*\*|\*\w*)", pattern)
    return re.compile(
        "".join(".*" if part == "**" else "[^/]+" if part.startswith("*") else re.escape(part) for part in parts)
    )


def _same_query(pattern: str, query: str) -> bool:
    """The same keys with as many values each; a value of the pattern may contain `*`, which does not match a slash."""
    wanted, given = parse_qs(pattern, keep_blank_values=True), parse_qs(query, keep_blank_values=True)
    return wanted.keys() == given.keys() and all(
        len(values) == len(given[key]) and all(map(_value, values, given[key])) for key, values in wanted.items()
    )


def _value(pattern: str, value: str) -> bool:
    return bool(re.fullmatch("[^/]*".join(map(re.escape, pattern.split("*"))), value))
