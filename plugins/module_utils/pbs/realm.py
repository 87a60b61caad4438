# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenID realms (proxmox-backup 4.2.3, src/api2/config/access/openid.rs). PBS knows no groups."""

from __future__ import annotations

from ..core.fields import Field, Flag, Names, Text
from ..proxmox.realm import VALUE
from ..proxmox.realm import Realm as ProxmoxRealm
from .names import COMMENT, REALM, SAFE_ID

_WORD = Text(pattern=SAFE_ID, rule="may only have letters, digits, '.', '_' and '-', and may not begin with '.' or '-'")


class Realm(ProxmoxRealm):
    collection = ("config", "access", "openid")
    audit_path = "/access/domains"
    fields = (
        Field("realm", REALM),
        *ProxmoxRealm.openid,
        Field(
            "username_claim", Text(pattern=_WORD.pattern, rule=_WORD.rule, longest=64), default="sub", immutable=True
        ),
        Field("autocreate", Flag()),
        Field("scopes", Names(_WORD, separator=" "), default=["email", "profile"]),
        Field("prompt", _WORD),
        Field("acr_values", Names(VALUE, separator=",")),
        Field("audiences", Names(VALUE, separator=",")),
        Field("default", Flag()),
        Field("comment", COMMENT),
        *ProxmoxRealm.policies,
    )

    def written(self, change):
        body = super().written(change)
        # the type is in the path, and an update that does not say it is the default takes that mark away
        body.pop("type", None)
        if not change.creates and {**change.found.values, **change.values}["default"]:
            body["default"] = True
        return body
