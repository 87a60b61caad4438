# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roles: sets of privileges (pve-access-control 9.1.1, API2/Role.pm)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Field, Names
from ..core.resource import Actual, Permission
from ..proxmox.acl import ALLOW_LOCKOUT
from ..proxmox.privileges import unknown_privilege
from .names import ROLE_IN_USE
from .replaced_list import ReplacedList

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Change


class Role(ReplacedList):
    name = "role"
    plural = "roles"
    key = ("roleid",)
    collection = ("access", "roles")
    fields = (Field("roleid", ROLE_IN_USE), Field("privs", Names()), ALLOW_LOCKOUT)
    replaced = "privs"

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read("access", "roles"))

    def decode(self, raw: dict[str, Any]) -> Actual:
        """A role that is read by itself is an object with a key for each privilege."""
        return super().decode(raw if "privs" in raw else {**raw, "privs": [name for name in raw if "." in name]})

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        return (Permission(("/access",), ("Sys.Modify",)),)

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        # the server's own list of privileges is what its all-powerful role holds
        known = server.actual(self.name)[(server.client.all_powerful,)].values["privs"]
        problems += [
            Problem("privs", problem) for name in values.get("privs", ()) if (problem := unknown_privilege(name, known))
        ]
        if actual is None and entry["roleid"].upper().startswith("PVE"):
            problems.append(
                Problem("roleid", f"'{entry['roleid']}' may not begin with PVE, which is kept for built-in roles")
            )
        if actual is not None and values and self.built_in(actual):
            problems.append(
                Problem("roleid", f"'{entry['roleid']}' is built in and cannot be changed; make a role of your own")
            )
        return values, problems

    def built_in(self, actual: Actual) -> bool:
        return bool(actual.raw.get("special"))

    def deletion_blockers(self, entry: dict[str, Any], actual: Actual) -> list[Problem]:
        return (
            [Problem("roleid", f"'{entry['roleid']}' is built in and cannot be removed")]
            if self.built_in(actual)
            else []
        )
