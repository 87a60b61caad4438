# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users and tokens of PVE and PBS have in common: they belong to a realm, and one of them is who asks."""

from __future__ import annotations

from ..core.fields import Field, Text
from ..core.resource import Resource


def realm_of(userid):
    """The realm of NAME@REALM or NAME@REALM!TOKEN; the last @ separates, and no realm or token name holds one."""
    return userid.rpartition("@")[2].partition("!")[0]


def own(client, subject):
    """What stands against removing what belongs to a user or token, when it is what the caller works by."""
    mine = subject in (client.caller, client.user)
    return [f"is what {client.caller} itself works by; declare it as well"] if mine else []


class Identity(Resource):
    """A user or a token; the key begins with the id of the user."""

    scope = (*Resource.scope, Field("realm", Text()))

    def meets(self, condition, wanted, key):
        return realm_of(key[0]) == wanted if condition == "realm" else super().meets(condition, wanted, key)

    def forbidden_surplus(self, key, world):
        return own(world.client, "!".join(key))
