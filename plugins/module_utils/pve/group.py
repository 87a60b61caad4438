# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Groups (pve-access-control 9.1.1, API2/Group.pm)."""

from __future__ import annotations

from itertools import product

from ..core.fields import Field, Names
from ..core.plan import ServerState
from ..core.resource import Change, Permission, Reference, Resource
from ..proxmox.similar import similar_names
from .names import GROUP, USER, Comment, trimmed


class Group(Resource):
    name = "group"
    plural = "groups"
    key = ("groupid",)
    collection = ("access", "groups")
    audit_permission = Permission(("/access/groups",), ("Group.Allocate", "Sys.Audit", "User.Modify"))
    fields = (Field("groupid", GROUP), Field("comment", Comment()), Field("users", Names(USER, separator=",")))

    def normalise(self, entry: dict) -> dict:
        return trimmed(super().normalise(entry))

    def read(self, server, keys):
        return server.client.read("access", "groups")

    def references(self, key, values):
        return [Reference("user", (userid,)) for userid in values.get("users") or ()]

    def conflicts(self, entries):
        """A membership may be declared with the group and with the user, but not in two ways."""
        groups = [one for one in entries[self.name] if one["state"] == "present" and one["users"] is not None]
        users = [one for one in entries["user"] if one["state"] == "present" and one["groups"] is not None]
        problems = []
        for group, user in product(groups, users):
            groupid, userid = group["groupid"], user["userid"]
            by_group, by_user = _says(group, "users", userid), _says(user, "groups", groupid)
            if {by_group, by_user} == {True, False}:
                member, other = ("a member", "none") if by_group else ("no member", "one")
                problems.append(f"group {groupid}: users: {userid} is {member}, but by groups of its own entry {other}")
        return problems

    def warnings(self, entries: dict, changes: list[Change], server: ServerState) -> list[str]:
        return similar_names(self, changes, server)

    def delegate_changes(self, change, plan, entries, server):
        """A membership is a matter of the user: the server takes it with the user only."""
        if change.removes or "users" not in change.values:
            return
        (groupid,), users = change.key, server.resources["user"]
        before, after = set(change.found.values["users"] if change.found else ()), set(change.values["users"])
        for userid in sorted(before ^ after):
            found, entry = server.actual("user").get((userid,)), entries.get(("user", (userid,)), {})
            if not (found or entry) or entry.get("state") == "absent":
                continue
            member = plan.change_of(users, (userid,), found)
            groups = set(member.values.get("groups", found.values["groups"] if found else ()))
            member.values["groups"] = sorted(groups | {groupid} if userid in after else groups - {groupid})

    def predict_side_effects(self, key, values, changes):
        """Members come and go with changes of users."""
        members = set(values.get("users", ()))
        for one in changes:
            if one.resource.name == "user" and (one.removes or "groups" in one.values):
                belongs = not one.removes and key[0] in one.values["groups"]
                members = members | {one.key[0]} if belongs else members - {one.key[0]}
        return {**values, "users": members}

    def request_body(self, change):
        return {name: value for name, value in super().request_body(change).items() if name != "users"}

    def steps_for(self, change, server):
        if change.found and not change.removes and not self.request_body(change):
            return []
        return super().steps_for(change, server)

    def required_permissions(self, change, server):
        return (Permission(("/access/groups",), ("Group.Allocate",)),)


def _says(entry, option, name):
    """Whether a name is in a list as an entry declares it; None where the entry leaves that open."""
    named = name in entry[option]
    if not named and option in (*entry["append"], *entry["remove"]):
        return None
    return named and option not in entry["remove"]
