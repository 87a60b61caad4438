# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""User groups of Pocket ID (2.14.0, user_group_controller). The groups claim carries `name`, not the friendly name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.fields import Field, Names, Text
from ..core.resource import Reference, Step
from .resource import Claims, PocketIdResource

if TYPE_CHECKING:
    from ..core.errors import Problem
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change


class Group(PocketIdResource):
    name = "group"
    plural = "groups"
    key = ("name",)
    collection = ("api", "user-groups")
    response_only = ("id", "customClaims", "userCount", "ldapId", "createdAt", "users", "allowedOidcClients")
    linked = ("users", "custom_claims")
    not_from_directory = ("custom_claims",)
    fields = (
        Field("name", Text(shortest=2, longest=255)),
        Field("friendly_name", Text(shortest=2, longest=50), wire="friendlyName"),
        Field("users", Names()),
        Field("custom_claims", Claims(), wire="customClaims"),
    )

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Default an empty friendly name to the name, because the server requires a friendly name."""
        entry = super().normalise(entry)
        return {**entry, "friendly_name": entry["name"][:50]} if entry["friendly_name"] == "" else entry

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        for listed in server.client.look_up(*self.collection, by="name", names=server.names(self.name)):
            wanted = keys is None or (listed["name"],) in keys
            yield (server.client.read(*self.collection, listed["id"]) if wanted else listed)

    def decode(self, raw: dict[str, Any]) -> Actual:
        return self.decode_with(raw, users=[user["username"] for user in raw.get("users") or ()])

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if actual is None:
            values.setdefault("friendly_name", entry["name"][:50])
        return values, problems

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("user", (username,)) for username in values.get("users") or ()]

    def links(self, change: Change, server: ServerState) -> list[Step]:
        steps = []
        wanted = change.values.get("users")
        if wanted or (wanted is not None and not change.creates):
            existing = (
                {user["username"]: user["id"] for user in change.found.raw.get("users") or ()} if change.found else {}
            )
            members = [existing.get(username) or Reference("user", (username,)) for username in dict.fromkeys(wanted)]
            steps.append(
                Step("PUT", (*self.item_path(change.key), "users"), f"{change.label}: users", body={"userIds": members})
            )
        return steps + self.claims_step(change, "user-group")
