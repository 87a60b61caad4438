# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""User groups of Pocket ID (2.14.0, user_group_controller). The groups claim carries `name`, not the friendly name."""

from __future__ import annotations

from ..core.fields import Field, Names, Text
from ..core.resource import Reference, Step
from .resource import PocketIdResource


class Group(PocketIdResource):
    name = "group"
    plural = "groups"
    key = ("name",)
    collection = ("api", "user-groups")
    told = ("id", "customClaims", "userCount", "ldapId", "createdAt", "users", "allowedOidcClients")
    fields = (
        Field("name", Text(shortest=2, longest=255)),
        Field("friendly_name", Text(shortest=2, longest=50), wire="friendlyName"),
        Field("users", Names()),
    )

    def read(self, world, keys):
        for listed in world.client.read_all("api", "user-groups", sort="name"):
            wanted = keys is None or (listed["name"],) in keys
            yield world.client.read("api", "user-groups", listed["id"]) if wanted else listed

    def found(self, raw):
        return super().found({**raw, "users": [user["username"] for user in raw.get("users") or ()]})

    def compare(self, world, entry, found):
        values, problems = super().compare(world, entry, found)
        if found is None:
            values.setdefault("friendly_name", entry["name"][:50])
        return values, problems

    def references(self, key, values):
        return [Reference("user", (username,)) for username in values.get("users") or ()]

    def written(self, change):
        body = super().written(change)
        body.pop("users", None)
        return body

    def links(self, change, world):
        if "users" not in change.values or (change.creates and not change.values["users"]):
            return []
        members = {"userIds": [Reference("user", (username,)) for username in dict.fromkeys(change.values["users"])]}
        return [Step("PUT", (*self.item(change.key), "users"), f"{change.label}: users", body=members)]
