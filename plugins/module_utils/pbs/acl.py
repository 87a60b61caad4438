# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ACL entries (proxmox-backup 4.2.3, src/api2/access/acl.rs)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import Field, Flag, Names
from ..core.plan import ServerState
from ..core.resource import Change, Permission, Step
from ..core.waiting import wait_until
from ..proxmox.acl import ALLOW_LOCKOUT, MODIFY, NO_ACCESS
from ..proxmox.acl import Acl as ProxmoxAcl
from ..proxmox.client import ROOT
from ..proxmox.permissions import privileges_at
from .names import ACL_PATH, NEWER_PATHS, NEWER_ROLES, ROLE, TOKEN, USER

if TYPE_CHECKING:
    from ..core.resource import Actual


_SEE_PERMISSIONS = Permission(("/access",), ("Sys.Audit",))


class Acl(ProxmoxAcl):
    subjects = {"users": "user", "tokens": "token"}
    audit_permission = Permission(("/access/acl",), ("Sys.Audit",))
    input_fields = (
        Field("path", ACL_PATH, needed=True),
        Field("roles", Names(ROLE), needed=True),
        Field("users", Names(USER)),
        Field("tokens", Names(TOKEN)),
        Field("propagate", Flag()),
        ALLOW_LOCKOUT,
    )

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Rows of type group have no effect and cannot be written through the API; they are not rows of the user of that name."""
        return [row for row in super().read(server, keys) if row["ugid_type"] == "user"]

    def decode(self, raw: dict[str, Any]) -> Actual:
        """The type of a token's row is user as well, so the id decides."""
        # the name of a user may contain !, but neither a realm nor a token name contains @
        return super().decode({**raw, "type": "token" if "!" in raw["ugid"].rpartition("@")[2] else "user"})

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        path, role = entry["path"], entry["roleid"]
        newer = [("path", path, since) for pattern, since in NEWER_PATHS.items() if re.fullmatch(pattern, path)]
        newer += [("roles", role, NEWER_ROLES[role])] if role in NEWER_ROLES else []
        for option, value, since in newer if actual is None else ():
            old = version_problem(server.client, since)
            problems += [Problem(option, f"'{value}' {old}")] if old else []
        return values, problems

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """NoAccess excludes other roles: it replaces those of the principal on the path, and another role replaces it."""
        rows = [change for change in changes if change.resource is self]
        created, removed = ({change.key for change in rows if change.removes is gone} for gone in (False, True))
        remaining = sorted((set(server.actual(self.name)) | created) - removed) if created else ()
        return super().safety_checks(changes, server) + [
            f"{self.label(key)}: the server keeps no other role beside {NO_ACCESS}, and {other[3]} exists or is declared; declare one of them absent"
            for key in sorted(created)
            for other in remaining
            if key[:3] == other[:3] and (key[3] == NO_ACCESS) != (other[3] == NO_ACCESS)
        ]

    def decides(self, path: str) -> bool:
        return path in ("/", "/access", "/access/acl")

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        """One request for each row, which is all that the API accepts."""
        path, kind, subject, role = change.key
        verb = "has no longer" if change.removes else "has"
        body: dict[str, Any] = {"path": path, "role": role, "auth-id": subject}
        body.update({"delete": True} if change.removes else {"propagate": change.values["propagate"]})
        return [
            Step(
                "PUT",
                ("access", "acl"),
                f"{kind} {subject} {verb} {role} on {path}",
                body=body,
                permissions=self.required_permissions(change, server),
            )
        ]

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        return (Permission(("/access/acl",), (MODIFY,)),)

    def wait_for_changes(self, changes: list[Change], server: ServerState) -> None:
        """Wait until permission checks use the new rows, where the caller may see that: they use a copy of up to five seconds."""
        places = {change.key[:3] for change in changes if change.resource is self}
        if not places or server.client.missing_permissions([(_SEE_PERMISSIONS, "")]):
            return
        for path, _kind, subject in sorted(places):
            expected = self._permissions(server, subject, path)
            wait_until(
                expected.__eq__, partial(_on_path, server.client, subject, path), server.client.acl_effective_after
            )

    def _permissions(self, server: ServerState, subject: str, path: str) -> dict[str, bool]:
        """What a user or token may do on a path once all rows are in effect: a token never has more than its user."""
        rows: dict[str, dict[str, bool]] = {}
        for (place, _kind, ugid, role), row in server.actual(self.name).items():
            if ugid == subject:
                rows.setdefault(place, {})[role] = row.values["propagate"]
        roles = {key: role.values["privs"] for key, role in server.actual("role").items()}
        held = privileges_at(path, rows, roles)
        user, is_token, _name = subject.rpartition("!") if "!" in subject.rpartition("@")[2] else (subject, "", "")
        if not is_token or user == ROOT:
            return held
        limit = self._permissions(server, user, path)
        return {privilege: flag and limit[privilege] for privilege, flag in held.items() if privilege in limit}


def _on_path(client: Any, subject: str, path: str) -> dict[str, bool]:
    """The effective permissions of a principal on a path."""
    return dict(client.permissions_of(subject, path).get(path, {}))
