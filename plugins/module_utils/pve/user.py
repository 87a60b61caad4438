# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users (pve-access-control 9.1.1, API2/User.pm). Their API tokens are a resource of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import PASSWORD, Field, Flag, Moment, Names, Text
from ..core.resource import Permission, Reference
from ..proxmox.identity import realm_of, required_privileges
from ..proxmox.user import User as ProxmoxUser
from .names import ACL_PATH, GROUP, USER, Comment, Line, trimmed
from .replaced_list import ReplacedList

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Change


# PVE accepts characters outside ASCII, and then writes them without an encoding
EMAIL = Text(
    pattern=r"[A-Za-z0-9_+~-]+(\.[A-Za-z0-9_+~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*",
    rule="is not an e-mail address (in ASCII)",
    longest=254,
)


class User(ReplacedList, ProxmoxUser):
    replaced = "groups"
    audit_permission = Permission(("/access/groups",), ("User.Modify", "Sys.Audit"))
    fields = (
        Field("userid", USER),
        Field("enable", Flag(), default=True),
        Field("expire", Moment()),
        Field("firstname", Line(longest=1024)),
        Field("lastname", Line(longest=1024)),
        Field("email", EMAIL),
        Field("comment", Comment(longest=2048)),
        Field("keys", Line(pattern=r"[0-9a-zA-Z!=]{0,4096}", rule="may only have letters, digits, '!' and '='")),
        Field("groups", Names(GROUP)),
        Field("password", PASSWORD, write_only=True, secret=True),
        required_privileges(ACL_PATH),
    )

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        return trimmed(super().normalise(entry))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read("access", "users", full=True))

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("group", (group,)) for group in values.get("groups") or ()]

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if entry["password"] and entry["state"] == "present" and realm_of(entry["userid"]) not in ("pam", "pve"):
            problems.append(
                Problem("password", f"cannot be set on {entry['userid']}: only the realms pam and pve keep passwords")
            )
        return problems

    def predict_side_effects(
        self, key: tuple[str, ...], values: dict[str, Any], changes: list[Change]
    ) -> dict[str, Any]:
        """Deleting a group deletes its memberships."""
        removed = {change.key[0] for change in changes if change.resource.name == "group" and change.removes}
        return {**values, "groups": [group for group in values.get("groups", ()) if group not in removed]}

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        """A manager of one of the user's groups may update it if the request includes the resulting groups.

        The server also lets it delete the user, but not verify the deletion.
        """
        then = change.values.get("groups") or ()
        sets = [(group, *then) for group in change.found.values["groups"]] if change.found else [then]
        permissions = [
            Permission(("/access/groups",), ("User.Modify",), tuple(managed(groups) for groups in sets if then))
        ]
        if change.creates or change.removes:
            permissions.insert(0, Permission((f"/access/realm/{realm_of(change.key[0])}",), ("Realm.AllocateUser",)))
        return tuple(permissions)


def managed(groups: Iterable[str]) -> Permission:
    """The permission to manage all of these groups."""
    return Permission(tuple(f"/access/groups/{group}" for group in groups), ("User.Modify",))
