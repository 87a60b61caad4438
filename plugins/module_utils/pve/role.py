# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roles: sets of privileges (pve-access-control 9.1.1, API2/Role.pm)."""

from __future__ import annotations

from ..core.fields import Field, Names
from ..core.resource import Actual, Permission
from ..proxmox.acl import ALLOW_LOCKOUT
from ..proxmox.privileges import unknown_privilege
from .names import ROLE_IN_USE
from .replaced_list import ReplacedList


class Role(ReplacedList):
    name = "role"
    plural = "roles"
    key = ("roleid",)
    collection = ("access", "roles")
    fields = (Field("roleid", ROLE_IN_USE), Field("privs", Names()), ALLOW_LOCKOUT)
    replaced = "privs"

    def read(self, server, keys):
        return server.client.read("access", "roles")

    def decode(self, raw: dict) -> Actual:
        """A role that is read by itself is an object with a key for each privilege."""
        return super().decode(raw if "privs" in raw else {**raw, "privs": [name for name in raw if "." in name]})

    def required_permissions(self, change, server):
        return (Permission(("/access",), ("Sys.Modify",)),)

    def compare(self, server, entry, found):
        values, problems = super().compare(server, entry, found)
        # the server's own list of privileges is what its all-powerful role holds
        known = server.actual(self.name)[(server.client.all_powerful,)].values["privs"]
        problems += [
            ("privs", problem) for name in values.get("privs", ()) if (problem := unknown_privilege(name, known))
        ]
        if found is None and entry["roleid"].upper().startswith("PVE"):
            problems.append(("roleid", f"'{entry['roleid']}' may not begin with PVE, which is kept for built-in roles"))
        if found is not None and values and self.built_in(found):
            problems.append(
                ("roleid", f"'{entry['roleid']}' is built in and cannot be changed; make a role of your own")
            )
        return values, problems

    def built_in(self, found):
        return bool(found.raw.get("special"))

    def deletion_blockers(self, entry, found):
        return [("roleid", f"'{entry['roleid']}' is built in and cannot be removed")] if self.built_in(found) else []
