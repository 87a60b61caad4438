# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenID realms (pve-access-control 9.1.1, API2/Domains.pm and Auth/OpenId.pm)."""

from __future__ import annotations

from ..core.fields import Field, Flag, Names, Text
from ..proxmox.realm import SCOPE, VALUE
from ..proxmox.realm import Realm as ProxmoxRealm
from .names import REALM, Line

CLAIM = Text(pattern=r"[A-Za-z0-9._-]+", rule="may only have letters, digits, '.', '_' and '-'", longest=256)


class Realm(ProxmoxRealm):
    collection = ("access", "domains")
    audit_path = "/access/realm"
    fields = (
        Field("realm", REALM),
        Field("type", Text(choices=ProxmoxRealm.types), immutable=True),
        *ProxmoxRealm.openid,
        Field("username_claim", Text(), default="sub", immutable=True),
        Field("autocreate", Flag()),
        Field("scopes", Names(SCOPE, separator=" "), default=["email", "profile"]),
        Field("groups_claim", CLAIM),
        Field("groups_autocreate", Flag()),
        Field("groups_overwrite", Flag()),
        Field("query_userinfo", Flag(), default=True),
        Field("prompt", Text(pattern=r"\S+", rule="may not have blanks")),
        Field("acr_values", Names(VALUE, separator=",")),
        Field("audiences", Names(VALUE, separator=",")),
        Field("default", Flag()),
        Field("comment", Line(longest=4096)),
        ProxmoxRealm.on_immutable_change,
    )
