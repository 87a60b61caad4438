# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of users (pve-access-control 9.1.1, API2/User.pm)."""

from __future__ import annotations

from dataclasses import replace

from ..core.fields import Field, Flag, Number
from ..core.resource import Need
from ..proxmox.token import WHERE_THE_SECRET_GOES
from ..proxmox.token import Token as ProxmoxToken
from .names import TOKEN_NAME, USER, Line


class Token(ProxmoxToken):
    key = ("userid", "tokenid")
    seen_with = Need(("/access/groups",), ("User.Modify", "Sys.Audit"))
    fields = (
        Field("userid", USER),
        Field("tokenid", TOKEN_NAME),
        Field("privsep", Flag(), default=True),
        Field("expire", Number()),
        Field("comment", Line()),
        *WHERE_THE_SECRET_GOES,
    )

    def read(self, world, keys):
        """Tokens are told with their users."""
        users = (user.raw for user in world.found("user").values())
        return [{**token, "userid": user["userid"]} for user in users for token in user.get("tokens") or ()]

    def rights(self, change):
        return (Need(("/access/groups",), ("User.Modify",), oneself=change.key[0]),)

    def visibility(self, key):
        return replace(self.seen_with, oneself=key[0])
