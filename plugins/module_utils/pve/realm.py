# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Realms (pve-access-control 9.1.1, API2/Domains.pm, Auth/OpenId.pm, Auth/LDAP.pm and Auth/AD.pm)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import Field, Flag, Names, Properties, Text
from ..proxmox.realm import ATTRIBUTE, DIRECTORIES, NAME, OPENID, SCOPE, VALUE, UsernameClaim
from ..proxmox.realm import Realm as ProxmoxRealm
from .names import REALM, Line

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change


OWN = ("pam", "pve")

# libpve-access-control 8.2.1, 9.1.1 and 8.0.5 came with these versions of the product
_GROUPS, _AUDIENCES, _CHECKS = (8, 4), (9, 1, 14), (8, 1)

_CLAIM = Text(pattern=r"[A-Za-z0-9._-]+", rule="may only have letters, digits, '.', '_' and '-'", longest=256)
_PATH = Text(pattern=r"/.*", rule="must be a path on the nodes, beginning with a slash")


@dataclass(frozen=True)
class _Host(Text):
    """A host name, or an address without brackets."""

    def problem(self, value: Any) -> str | None:
        if value and not re.fullmatch(rf"{_LABEL}(\.{_LABEL})*", value):
            try:
                ip_address(value)
            except ValueError:
                return "must be a host name or an address (IPv6 without brackets), without ldap://, port and path"
        return super().problem(value)


# the format ldap-simple-attr, which is stricter than names of attributes are
_SIMPLE = replace(ATTRIBUTE, pattern="[A-Za-z0-9]+")
_CLASSES = Names(_SIMPLE, separator=",")
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_FILTER = Text(longest=2048)
_SECOND_FACTOR = Text(
    pattern=r"(?!.*,(\w+)=.*,\1=)type=(oath|yubico)(,((id|key|url)=[^,]+|digits=[6-8]|step=[1-9][0-9]+))*",
    rule="must begin with type=oath or type=yubico, and may have id, key, url, digits (6 to 8) and step (10 or more) after commas",
    longest=128,
)
# what PVE is more particular about than PBS
_STRICTER = {"server1": _Host(longest=256), "server2": _Host(longest=256), "user_classes": _CLASSES}
_MAPPED = ("email", "firstname", "lastname", "comment", "keys", "enable", "expire")


@dataclass(frozen=True)
class _Vanished(Names):
    """What a sync removes; PVE accepts none only by itself."""

    def problem(self, value: Any) -> str | None:
        if "none" in value and len(set(value)) > 1:
            return "must not combine none with other values"
        return super().problem(value)


VANISHED = _Vanished(Text(choices=("acl", "entry", "properties", "none")), separator=";")


def _directory(option: str, kind: Any, wire: str = "", types: tuple[str, ...] = DIRECTORIES, **more: Any) -> Field:
    """An option of directories. Most of them have an underscore on the wire as well."""
    return Field(option, kind, wire=wire or option, types=types, **more)


class Realm(ProxmoxRealm):
    types = (*OPENID, *DIRECTORIES, *OWN)
    collection = ("access", "domains")
    audit_path = "/access/realm"
    fields = (
        Field("realm", REALM),
        Field("type", Text(choices=types), immutable=True),
        *ProxmoxRealm.openid,
        Field("username_claim", UsernameClaim(), types=OPENID, default="sub", immutable=True),
        Field("autocreate", Flag(), types=OPENID),
        Field("scopes", Names(SCOPE, separator=" "), types=OPENID, default=["email", "profile"]),
        Field("groups_claim", _CLAIM, types=OPENID, since=_GROUPS),
        Field("groups_autocreate", Flag(), types=OPENID, since=_GROUPS),
        Field("groups_overwrite", Flag(), types=OPENID, since=_GROUPS),
        Field("query_userinfo", Flag(), types=OPENID, since=_GROUPS, default=True),
        Field("prompt", Text(pattern=r"\S+", rule="may not have blanks"), types=OPENID),
        Field("acr_values", Names(VALUE, separator=","), types=OPENID),
        Field("audiences", Names(VALUE, separator=","), types=OPENID, since=_AUDIENCES),
        *(
            replace(row, wire=row.option, kind=_STRICTER.get(row.option, row.kind))
            for row in ProxmoxRealm.directory
            if row.option != "user_attr"
        ),
        _directory(
            "domain", Text(pattern=r"\S+", rule="may not have blanks", longest=256), types=("ad",), needed=("ad",)
        ),
        _directory("base_dn", replace(NAME, longest=256), needed=("ldap",)),
        _directory("user_attr", replace(ATTRIBUTE, shortest=2, longest=256), needed=("ldap",)),
        _directory("capath", _PATH, default="/etc/ssl/certs"),
        _directory("cert", _PATH),
        _directory("certkey", _PATH),
        _directory("sslversion", Text(choices=("", "tlsv1", "tlsv1_1", "tlsv1_2", "tlsv1_3"))),
        _directory("case_sensitive", Flag(), wire="case-sensitive", default=True),
        _directory("group_dn", replace(NAME, longest=256)),
        _directory("group_name_attr", replace(_SIMPLE, longest=256)),
        _directory("group_filter", _FILTER),
        _directory("group_classes", _CLASSES, default=["group", "groupOfNames", "ipausergroup", "univentionGroup"]),
        _directory("sync_attributes", Properties(tuple(Field(option, ATTRIBUTE) for option in _MAPPED))),
        _directory(
            "sync_defaults_options",
            Properties(
                (
                    Field("scope", Text(choices=("", "users", "groups", "both"))),
                    Field("enable_new", Flag()),
                    Field("remove_vanished", VANISHED),
                )
            ),
            wire="sync-defaults-options",
        ),
        _directory("tfa", _SECOND_FACTOR, types=(*DIRECTORIES, *OWN), secret=True),
        Field("default", Flag()),
        Field("comment", Line(longest=4096)),
        ProxmoxRealm.on_immutable_change,
        ProxmoxRealm.update_password,
        replace(ProxmoxRealm.check_connection, types=(*OPENID, *DIRECTORIES)),
    )

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if _connects_first(entry) and values:
            old = version_problem(server.client, _CHECKS)
            problems += [Problem("check_connection", f"{old}; leave it out")] if old else []
        return values, problems

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        return {**body, "check-connection": True} if _connects_first(change.entry) else body


def _connects_first(entry: dict[str, Any]) -> bool:
    """Whether the server is to connect to a directory before it saves the realm."""
    return bool(entry.get("check_connection")) and entry["type"] in DIRECTORIES
