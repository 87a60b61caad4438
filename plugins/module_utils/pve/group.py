# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups (pve-access-control 9.1.1, API2/Group.pm)."""

from __future__ import annotations

from ..core.fields import Field, Names
from ..core.resource import Need, Reference, Resource
from .names import GROUP, USER, Line


class Group(Resource):
    name = "group"
    plural = "groups"
    key = ("groupid",)
    collection = ("access", "groups")
    seen_with = Need(("/access/groups",), ("Group.Allocate", "Sys.Audit", "User.Modify"))
    fields = (Field("groupid", GROUP), Field("comment", Line()), Field("users", Names(USER, separator=",")))

    def read(self, world, keys):
        return world.client.read("access", "groups")

    def references(self, key, values):
        return [Reference("user", (userid,)) for userid in values.get("users") or ()]

    def spread(self, change, plan, entries, world):
        """A membership is a matter of the user: the server takes it with the user only."""
        if change.removes or "users" not in change.values:
            return []
        (groupid,), users, problems = change.key, world.resources["user"], []
        before, after = set(change.found.values["users"] if change.found else ()), set(change.values["users"])
        for userid in sorted(before ^ after):
            found, entry = world.found("user").get((userid,)), entries.get(("user", (userid,)), {})
            if not (found or entry) or entry.get("state") == "absent":
                continue
            member = plan.change_of(users, (userid,), found)
            groups = set(member.values.get("groups", found.values["groups"] if found else ()))
            member.values["groups"] = sorted(groups | {groupid} if userid in after else groups - {groupid})
            if entry.get("groups") is not None and "groups" not in (*entry["append"], *entry["remove"]):
                has = "does not name" if userid in after else "names"
                problems.append(
                    f"{self.label(change.key)}: users: the entry of {userid} {has} this group in its groups"
                )
        return problems

    def written(self, change):
        return {name: value for name, value in super().written(change).items() if name != "users"}

    def steps_for(self, change, world):
        if change.found and not change.removes and not self.written(change):
            return []
        return super().steps_for(change, world)

    def rights(self, change):
        return (Need(("/access/groups",), ("Group.Allocate",)),)
