# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenID realms (pve-access-control 9.1.1, API2/Domains.pm and Auth/OpenId.pm)."""

from __future__ import annotations

from ..core.fields import Field, Flag, Names, Text
from ..core.oidc import ISSUER
from ..core.resource import Need, Resource
from .names import REALM

CLAIM = Text(pattern=r"[A-Za-z0-9._-]+", rule="may only have letters, digits, '.', '_' and '-'", longest=256)
SCOPE = Text(pattern=r"[^\s,;]+", rule="is not one scope; give each scope as an entry of the list")
VALUE = Text(pattern=r"[^\x00-\x20\x7F<>#\",;]+", rule="may not have blanks, control characters, separators or any of <>#\"")


class Realm(Resource):
    name = "realm"
    plural = "realms"
    key = ("realm",)
    collection = ("access", "domains")
    unset_by = "delete"
    when_immutable = "remove the realm and make it again: users, groups and ACL entries stay"
    fields = (
        Field("realm", REALM),
        Field("type", Text(choices=("openid",)), immutable=True),
        Field("issuer_url", ISSUER, needed=True),
        Field("client_id", Text(longest=256), needed=True),
        Field("client_key", Text(longest=256), secret=True),
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
        Field("comment", Text(longest=4096)),
    )

    def spec(self):
        spec = super().spec()
        spec["type"]["default"] = "openid"
        return spec

    def read(self, client, keys):
        """The list needs no rights but tells little, so each realm that matters is read by itself."""
        for realm in client.read("access", "domains"):
            wanted = realm["type"] == "openid" if keys is None else (realm["realm"],) in keys
            if wanted:
                yield {**client.read("access", "domains", realm["realm"]), "realm": realm["realm"]}

    def rights(self, change):
        return (Need(("/access/realm",), ("Realm.Allocate",)),)

    def written(self, change):
        body = super().written(change)
        if not change.creates:
            body.pop("type", None)
        return body
