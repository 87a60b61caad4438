# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups (pve-access-control 9.1.1, API2/Group.pm)."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import TYPE_CHECKING, Any

from ..core.fields import Field, Names
from ..core.plan import ServerState
from ..core.resource import Change, Permission, Reference, Resource
from ..proxmox.similar import similar_names
from .names import GROUP, USER, Comment, trimmed

if TYPE_CHECKING:
    from ..core.plan import Plan
    from ..core.resource import Step


class Group(Resource):
    name = "group"
    plural = "groups"
    key = ("groupid",)
    collection = ("access", "groups")
    audit_permission = Permission(("/access/groups",), ("Group.Allocate", "Sys.Audit", "User.Modify"))
    fields = (Field("groupid", GROUP), Field("comment", Comment()), Field("users", Names(USER, separator=",")))

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        return trimmed(super().normalise(entry))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read("access", "groups"))

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("user", (userid,)) for userid in values.get("users") or ()]

    def conflicts(self, entries: dict[str, list[dict[str, Any]]]) -> list[str]:
        """A membership may be declared with the group and with the user, but not with different values."""
        groups = [entry for entry in entries[self.name] if entry["state"] == "present" and entry["users"] is not None]
        users = [entry for entry in entries["user"] if entry["state"] == "present" and entry["groups"] is not None]
        problems = []
        for group, user in product(groups, users):
            groupid, userid = group["groupid"], user["userid"]
            by_group, by_user = _declares(group, "users", userid), _declares(user, "groups", groupid)
            if {by_group, by_user} == {True, False}:
                member, other = ("a member", "not a member") if by_group else ("not a member", "a member")
                problems.append(
                    f"group {groupid}: users: {userid} is {member}, but {other} according to groups of the user's entry"
                )
        return problems

    def warnings(
        self, entries: dict[tuple[str, ...], dict[str, Any]], changes: list[Change], server: ServerState
    ) -> list[str]:
        return similar_names(self, changes, server)

    def complete(
        self,
        change: Change,
        plan: Plan,
        entries: dict[tuple[str, tuple[str, ...]], dict[str, Any]],
        server: ServerState,
    ) -> None:
        """Change memberships through the users, because the server accepts them only with these."""
        if change.removes or "users" not in change.values:
            return
        (groupid,), users = change.key, server.resources["user"]
        before, after = set(change.found.values["users"] if change.found else ()), set(change.values["users"])
        for userid in sorted(before ^ after):
            actual, entry = server.actual("user").get((userid,)), entries.get(("user", (userid,)), {})
            if not (actual or entry) or entry.get("state") == "absent":
                continue
            member = plan.change_of(users, (userid,), actual)
            groups = set(member.values.get("groups", actual.values["groups"] if actual else ()))
            member.values["groups"] = sorted(groups | {groupid} if userid in after else groups - {groupid})

    def predict_side_effects(
        self, key: tuple[str, ...], values: dict[str, Any], changes: list[Change]
    ) -> dict[str, Any]:
        """Changes of users change the members."""
        members = set(values.get("users", ()))
        for change in changes:
            if change.resource.name == "user" and (change.removes or "groups" in change.values):
                belongs = not change.removes and key[0] in change.values["groups"]
                members = members | {change.key[0]} if belongs else members - {change.key[0]}
        return {**values, "users": members}

    def request_body(self, change: Change) -> dict[str, Any]:
        return {name: value for name, value in super().request_body(change).items() if name != "users"}

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if change.found and not change.removes and not self.request_body(change):
            return []
        return super().steps_for(change, server)

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        return (Permission(("/access/groups",), ("Group.Allocate",)),)


def _declares(entry: dict[str, Any], option: str, name: str) -> bool | None:
    """Whether an entry declares a name to be in a list or not; None if it declares neither."""
    named = name in entry[option]
    if not named and option in (*entry["append"], *entry["remove"]):
        return None
    return named and option not in entry["remove"]
