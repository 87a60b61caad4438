"""Authentication: tickets, CSRF prevention tokens, API tokens, and passwords.

Texts and order of checks: pve-access-control 9.1.1 (AccessControl.pm), pve-manager 9.2.11 (HTTPServer.pm),
pve-common 9.2.1 (Ticket.pm). Tickets are signed with HMAC instead of RSA; their format is the same.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from .errors import ApiError

if TYPE_CHECKING:
    from .cluster import Cluster, Node
    from .state import Section

LIFETIME = range(-299, 2 * 60 * 60)


def unescaped(text: str) -> str:
    """Percent-decoded to bytes, each of which is a character: the product does not decode UTF-8 here."""
    return unquote(text, encoding="latin-1")


def _header_value(header: str | None, name: str) -> str | None:
    """The value of `NAME=VALUE` or `NAME VALUE` in a Cookie or Authorization header."""
    match = re.search(rf"(?:^|\s){name}(?:=| )([^;]*)", header or "")
    return unescaped(match[1]) if match else None


def _recent(timestamp: str) -> bool:
    return int(time.time()) - int(timestamp, 16) in LIFETIME


class Keys:
    """The cluster's signing key."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def _signature(self, text: str) -> str:
        return base64.b64encode(hmac.digest(self._key, text.encode(), hashlib.sha256)).decode()

    def ticket(self, data: str, bound_to: str = "") -> str:
        """`PVE:DATA:TIME::SIGNATURE`; `bound_to` is signed but not included."""
        plain = f"PVE:{data.replace(':', '%3A')}:{int(time.time()):08X}"
        return f"{plain}::{self._signature(f'{plain}:{bound_to}')}"

    def ticket_data(self, ticket: str | None, bound_to: str = "") -> str | None:
        """The data of a valid ticket, for a full ticket the user id."""
        match = re.match(r"^(PVE:(\S+):([A-F0-9]{8}))::([^:\s]+)$", ticket or "")
        if match and self._signature(f"{match[1]}:{bound_to}") == match[4] and _recent(match[3]):
            return unescaped(match[2])
        return None

    def csrf_token(self, userid: str) -> str:
        timestamp = f"{int(time.time()):08X}"
        return f"{timestamp}:{self._signature(f'{timestamp}:{userid}')}"

    def verify_csrf_token(self, userid: str, token: str | None) -> None:
        match = re.match(r"^([A-F0-9]{8}):(\S+)$", token or "")
        if not match or self._signature(f"{match[1]}:{userid}") != match[2] or not _recent(match[1]):
            raise ApiError("Permission denied - invalid csrf token\n", 401)


@dataclass
class Credentials:
    """The credentials in a request. A ticket takes precedence over an API token."""

    ticket: str | None = None
    csrf_token: str | None = None
    api_token: str | None = None

    @classmethod
    def of(cls, cookie: str | None, authorization: str | None, csrf_token: str | None) -> Credentials:
        ticket = _header_value(cookie, "PVEAuthCookie") or _header_value(authorization, "PVEAuthCookie")
        return cls(ticket, csrf_token, None if ticket else _header_value(authorization, "PVEAPIToken"))


def authenticate(cluster: Cluster, verb: str, path: str, credentials: Credentials) -> str | None:
    """The user or full token id of a request, None for the few public endpoints."""
    if f"{verb} {path}" in cluster.product["public"]:
        return None
    if not (credentials.api_token or credentials.ticket):
        raise ApiError("No ticket\n", 401)
    try:
        authid = (
            _holder_of_token(cluster, credentials.api_token)
            if credentials.api_token
            else _holder_of_ticket(cluster, credentials.ticket or "")
        )
    except ApiError as error:
        text = "Authentication failed!\n" if cluster.product["uniform_401"] else error.message
        raise ApiError(text, 401) from error
    if verb != "GET" and not credentials.api_token:
        cluster.keys.verify_csrf_token(authid, credentials.csrf_token)
    return authid


def _holder_of_ticket(cluster: Cluster, ticket: str) -> str:
    userid = cluster.keys.ticket_data(ticket)
    if userid is None:
        raise ApiError("permission denied - invalid PVE ticket\n")
    check_enabled(cluster, userid)
    return userid


def _holder_of_token(cluster: Cluster, api_token: str) -> str:
    full_tokenid, equals, secret = api_token.rpartition("=")
    if not equals:
        raise ApiError("no tokenid specified\n")
    if not cluster.schema.matches("pve-tokenid", full_tokenid):
        raise ApiError(f"'{full_tokenid}' is not a valid token ID - not able to split into user and token parts\n")
    userid, _mark, tokenid = full_tokenid.rpartition("!")
    check_enabled(cluster, userid)
    expire = cluster.user_config.token(userid, tokenid)["expire"]
    if expire and expire < time.time():
        raise ApiError(f"token '{tokenid}' access expired\n")
    if secret != cluster.token_secrets.get(full_tokenid):
        raise ApiError("invalid token value!\n")
    return full_tokenid


def check_enabled(cluster: Cluster, userid: str) -> None:
    """Refuse a user that does not exist, is disabled or has expired."""
    user = cluster.user_config.user(cluster.schema.require("pve-userid", userid))
    if not user["enable"]:
        raise ApiError(f"user '{userid}' is disabled\n")
    if user.get("expire") and user["expire"] < time.time():
        raise ApiError(f"user '{userid}' access expired\n")


def realm_of(cluster: Cluster, userid: str) -> Section:
    realm = userid.rpartition("@")[2]
    section = cluster.realms.sections.get(realm)
    if not section:
        raise ApiError(f"auth domain '{realm}' does not exist\n")
    return section


def check_password(cluster: Cluster, node: Node, userid: str, password: str) -> None:
    kind = realm_of(cluster, userid)["type"]
    if kind == "pam":
        if not password or node.pam_passwords.get(userid) != password:
            raise ApiError("Authentication failure\n")
    elif kind == "pve":
        if userid not in cluster.passwords:
            raise ApiError("no password set\n")
        if cluster.passwords[userid] != password:
            raise ApiError("invalid credentials\n")
    elif kind == "openid":
        raise ApiError("OpenID realm does not allow password verification.\n")
    else:
        raise ApiError("no directory server is simulated\n")


def set_password(cluster: Cluster, node: Node, userid: str, password: str) -> None:
    """Passwords of pve users apply to the whole cluster, those of pam users to the node that answers."""
    kind = realm_of(cluster, userid)["type"]
    if kind not in ("pam", "pve"):
        raise ApiError(f"can't set password on auth type '{kind}'\n")
    if kind == "pam" and userid not in node.pam_passwords:
        raise ApiError("change password failed: exit code 6\n")
    passwords = node.pam_passwords if kind == "pam" else cluster.passwords
    passwords[userid] = password
