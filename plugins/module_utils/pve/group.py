# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups (pve-access-control 9.1.1, API2/Group.pm)."""

from __future__ import annotations

from ..core.fields import Field
from ..core.resource import Need, Resource
from .names import GROUP, Line


class Group(Resource):
    name = "group"
    plural = "groups"
    key = ("groupid",)
    collection = ("access", "groups")
    seen_with = Need(("/access/groups",), ("Group.Allocate", "Sys.Audit", "User.Modify"))
    fields = (Field("groupid", GROUP), Field("comment", Line()))

    def read(self, world, keys):
        return world.client.read("access", "groups")

    def rights(self, change):
        return (Need(("/access/groups",), ("Group.Allocate",)),)
