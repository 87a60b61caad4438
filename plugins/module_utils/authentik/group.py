# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups of authentik (core/groups). The groups claim holds their names and belongs to the scope profile."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Flag, Mapping, Names
from ..core.resource import Guard, Reference, Step
from .lockout import ALLOW_LOCKOUT
from .member import joined_and_left, membership
from .resource import AuthentikResource, named

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change

# the first release in which a group may have several parents
SEVERAL_PARENTS = (2025, 12)


class Group(AuthentikResource):
    name = "group"
    plural = "groups"
    key = ("name",)
    collection = ("core", "groups")
    fields = (
        named("name", needed=True),
        named("is_superuser", Flag()),
        named("parents", Names()),
        named("attributes", Mapping()),
        named("users", Names()),
        ALLOW_LOCKOUT,
    )

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        groups = server.client.read_all(*self.collection)
        names = {group["pk"]: group["name"] for group in groups}
        return [_with_names(group, names) for group in groups]

    def with_names(self, server: ServerState, raw: dict[str, Any]) -> dict[str, Any]:
        return _with_names(raw, {group.raw["pk"]: name for (name,), group in server.actual(self.name).items()})

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if len(values.get("parents") or ()) > 1 and server.client.version < SEVERAL_PARENTS:
            problems.append(Problem("parents", "must contain at most one group on authentik before 2025.12"))
        if entry["name"] in values.get("parents", ()):
            problems.append(Problem("parents", f"'{entry['name']}' cannot be its own parent"))
        return values, problems

    def built_in(self, actual: Actual) -> bool:
        return bool(actual.values["name"] == "authentik Admins")

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [
            *(Reference("user", (username,)) for username in values.get("users") or ()),
            *(Reference("group", (name,)) for name in values.get("parents") or ()),
        ]

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        if "users" in body:
            body["users"] = [Reference("user", (username,)) for username in body["users"]]
        return body

    def is_in_body(self, change: Change, option: str) -> bool:
        # a list replaces all members, which is correct for a new group only
        return change.creates if option == "users" else option != "parents"

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        steps = super().steps_for(change, server)
        if not (change.creates or change.removes):
            (group,) = change.key
            steps += [
                membership(change.label, group, username, joins) for username, joins in joined_and_left(change, "users")
            ]
        return steps

    def last_steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        """Set parents last, because a parent may be created after its child."""
        steps = []
        for change in changes:
            parents = change.values.get("parents")
            if parents is None or (change.creates and not parents):
                continue
            parents = [Reference(self.name, (name,)) for name in dict.fromkeys(parents)]
            several = server.client.version >= SEVERAL_PARENTS
            body = {"parents": parents} if several else {"parent": parents[0] if parents else None}
            guard = Guard(self.name, change.key, ("parents",)) if change.found else None
            reason = f"{change.label}: parents"
            steps.append(Step("PATCH", self.item_path(change.key), reason, body=body, guard=guard))
        return steps


def _with_names(group: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A group with the names of its parents and users; before 2025.12 it has a single parent."""
    parents = group["parents"] if "parents" in group else [group["parent"]] if group.get("parent") else []
    users = [user["username"] for user in group["users_obj"] or ()]
    return {**group, "parents": [names.get(parent, parent) for parent in parents], "users": users}
