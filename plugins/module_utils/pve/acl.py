# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ACL entries (pve-access-control 9.1.1, API2/ACL.pm)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import Field, Flag, Names
from ..core.plan import ServerState
from ..core.resource import Change, Permission, Step
from ..proxmox.acl import ALLOW_LOCKOUT, MODIFY, NO_ACCESS
from ..proxmox.acl import Acl as ProxmoxAcl
from ..proxmox.client import ROOT
from ..proxmox.identity import token_id
from ..proxmox.permissions import privileges_at
from .names import ACL_PATH, GROUP, PATHS_SINCE, PATHS_UNTIL, ROLE_IN_USE, TOKEN, USER

if TYPE_CHECKING:
    from ..core.resource import Actual


# The privilege to manage an object allows granting roles on it.
_MANAGERS = {"vms": "VM.Allocate", "storage": "Datastore.Allocate", "pool": "Pool.Allocate"}


# the privileges that a caller requires to restore lost access
_NEEDED = frozenset(
    (
        "Permissions.Modify",
        "Sys.Audit",
        "Sys.Modify",
        "User.Modify",
        "Group.Allocate",
        "Realm.Allocate",
        "Realm.AllocateUser",
    )
)
_ALLOWED = "set allow_lockout=true to do it anyway"


class Acl(ProxmoxAcl):
    subjects = {"users": "user", "groups": "group", "tokens": "token"}
    audit_permission = Permission(("/access",), ("Sys.Audit",))
    input_fields = (
        Field("path", ACL_PATH, needed=True),
        Field("roles", Names(ROLE_IN_USE), needed=True),
        Field("users", Names(USER)),
        Field("groups", Names(GROUP)),
        Field("tokens", Names(TOKEN)),
        Field("propagate", Flag()),
        ALLOW_LOCKOUT,
    )

    def belongs(self, kind: str, subject: str, realm: str) -> bool:
        return super().belongs(kind, subject, realm) or (kind == "group" and subject.endswith(f"-{realm}"))

    def groups_of(self, server: ServerState) -> Sequence[str]:
        user = server.actual("user").get((server.client.user,))
        return user.values["groups"] if user and server.client.user != ROOT else ()

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        return [
            *super().safety_checks(changes, server),
            *self._lost_with_privileges(changes, server),
            *self._lost_with_separation(changes, server),
        ]

    def _lost_with_privileges(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to remove a privilege from a role of the caller that none of its other roles on the same path has."""
        narrowed = {
            change.key[0]: change
            for change in changes
            if change.resource.name == "role" and change.found and "privs" in change.values
            if not change.entry.get("allow_lockout")
        }
        if not any(self._taken(change) for change in narrowed.values()):
            return []
        own, rows, roles = (self._own(server), self._rows_kept(changes, server), _roles_after(changes, server))
        problems = []
        for (path, kind, subject), held in rows.items():
            kept = {privilege for role in held for privilege in roles.get(role, ())}
            for role in sorted(held.keys() & narrowed.keys()) if subject in own else ():
                if lost := self._taken(narrowed[role]) - kept:
                    what = f"{server.client.caller} would lose {', '.join(sorted(lost))} on {path} (through {kind} {subject})"
                    problems.append(f"{narrowed[role].label}: {what}; {_ALLOWED}")
        return problems

    @staticmethod
    def _taken(change: Change) -> frozenset[str]:
        """Return the privileges that are required to restore a role and that the change removes from it."""
        return _NEEDED & set(change.existing.values["privs"]) - set(change.values["privs"])

    def _lost_with_separation(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to separate the privileges of the caller's token if its own ACL entries do not suffice."""
        caller = server.client.caller
        separated = [
            change
            for change in changes
            if change.resource.name == "token" and change.found and change.values.get("privsep")
            if token_id(change.key) == caller and not change.entry.get("allow_lockout")
        ]
        if not separated:
            return []
        roles: dict[tuple[str, ...], list[str]] = {
            (role,): privs for role, privs in _roles_after(changes, server).items()
        }
        rows: dict[str, dict[str, bool]] = {}
        for (path, _kind, subject), held in self._rows_kept(changes, server).items():
            if subject == caller:
                rows[path] = held
        lost = {
            f"{privilege} on {path}"
            for path, now in server.client.permissions_of(caller).items()
            for privilege in _NEEDED & now.keys() - privileges_at(path, rows, roles).keys()
        }
        if not lost:
            return []
        some = ", ".join(sorted(lost)[:3])
        return [
            f"{change.label}: with privsep=true {caller} would lose privileges of its user ({some}), which its own ACL entries"
            f" do not grant; add such entries with pve_acl first, or {_ALLOWED}"
            for change in separated
        ]

    def _rows_kept(self, changes: list[Change], server: ServerState) -> dict[tuple[str, ...], dict[str, bool]]:
        """Return the remaining roles with their propagate flag, by path, type and principal.

        New rows are excluded: they are written after roles and tokens, when the caller may no longer be allowed to.
        """
        removed = {change.key for change in changes if change.resource is self and change.removes}
        kept: dict[tuple[str, ...], dict[str, bool]] = {}
        for key, row in server.actual(self.name).items():
            if key not in removed:
                *place, role = key
                kept.setdefault(tuple(place), {})[role] = row.values["propagate"]
        return kept

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        for form, since in () if actual else PATHS_SINCE:
            old = re.fullmatch(form, entry["path"]) and version_problem(server.client, since)
            problems += [Problem("path", f"'{entry['path']}' {old}")] if old else []
        form, until = PATHS_UNTIL
        if actual is None and re.fullmatch(form, entry["path"]) and not version_problem(server.client, until):
            why = f"was removed in version {'.'.join(map(str, until))}; use a path with the zone, /sdn/zones/ZONE/VNET"
            problems.append(Problem("path", f"'{entry['path']}' {why}"))
        return values, problems

    def steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        """Combine changes: a request accepts several roles and principals if each role is for the same principals."""
        batches: dict[tuple[str, bool | None], dict[str, list[tuple[str, str]]]] = {}
        for change in changes:
            path, kind, subject, role = change.key
            propagate = None if change.removes else change.values["propagate"]
            batches.setdefault((path, propagate), {}).setdefault(role, []).append((kind, subject))
        steps = []
        for (path, propagate), subjects_by_role in batches.items():
            roles_by_subjects: dict[tuple[tuple[str, str], ...], list[str]] = {}
            for role, subjects in subjects_by_role.items():
                roles_by_subjects.setdefault(tuple(sorted(subjects)), []).append(role)
            for principals, roles in roles_by_subjects.items():
                permissions = self._rights(path, roles, server)
                steps.append(self._step(path, propagate, roles, principals, permissions))
        return steps

    def _step(
        self,
        path: str,
        propagate: bool | None,
        roles: list[str],
        subjects: Sequence[tuple[str, str]],
        permissions: tuple[Permission, ...],
    ) -> Step:
        body: dict[str, Any] = {"path": path, "roles": sorted(roles)}
        for option, kind in self.subjects.items():
            names = [subject for type_of_subject, subject in subjects if type_of_subject == kind]
            if names:
                body[option] = names
        body.update({"delete": True} if propagate is None else {"propagate": propagate})
        principals = ", ".join(f"{kind} {subject}" for kind, subject in subjects)
        verb = "has no longer" if propagate is None else "has"
        reason = f"{principals} {verb} {', '.join(sorted(roles))} on {path}"
        return Step("PUT", ("access", "acl"), reason, body=body, permissions=permissions)

    def _rights(self, path: str, roles: list[str], server: ServerState) -> tuple[Permission, ...]:
        """Callers that only manage the object may grant and revoke roles within their own privileges, except NoAccess."""
        manager = self._manager(path)
        permissions = (_modify(path, manager),)
        if not manager:
            return permissions
        known = [server.actual("role").get((role,)) for role in roles]
        within = tuple({privilege for role in known if role for privilege in role.values["privs"]})
        enough = () if NO_ACCESS in roles else (Permission((path,), within, every=True),)
        return (*permissions, Permission((path,), (MODIFY,), enough))

    @staticmethod
    def _manager(path: str) -> str | None:
        """Return the privilege to manage the object of a path."""
        _root, top, *below = path.split("/")
        return _MANAGERS.get(top) if below else None

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        return Permission(("/access",), ("Sys.Audit",), others=(_modify(key[0], self._manager(key[0])),))


def _roles_after(changes: list[Change], server: ServerState) -> dict[str, list[str]]:
    """Return the privileges of each role after a plan."""
    roles = {name: role.values["privs"] for (name,), role in server.actual("role").items()}
    for change in changes:
        if change.resource.name == "role" and "privs" in change.values:
            roles[change.key[0]] = change.values["privs"]
    return roles


def _modify(path: str, manager: str | None) -> Permission:
    """Return the permission to change the ACL of a path."""
    return Permission((path,), (MODIFY, *((manager,) if manager else ())))
