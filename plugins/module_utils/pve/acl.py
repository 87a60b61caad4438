# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ACL entries (pve-access-control 9.1.1, API2/ACL.pm)."""

from __future__ import annotations

import re

from ..core.client import version_problem
from ..core.fields import Field, Flag, Names
from ..core.resource import Permission, Step
from ..proxmox.acl import MODIFY, NO_ACCESS
from ..proxmox.acl import Acl as ProxmoxAcl
from ..proxmox.client import ROOT
from .names import ACL_PATH, GROUP, PATHS_SINCE, PATHS_UNTIL, ROLE_IN_USE, TOKEN, USER

# Who may manage one object of a kind may also grant roles on it.
_MANAGERS = {"vms": "VM.Allocate", "storage": "Datastore.Allocate", "pool": "Pool.Allocate"}


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
        ProxmoxAcl.allow_lockout,
    )

    def belongs(self, kind, subject, realm):
        return super().belongs(kind, subject, realm) or (kind == "group" and subject.endswith(f"-{realm}"))

    def groups_of(self, server):
        found = server.actual("user").get((server.client.user,))
        return found.values["groups"] if found and server.client.user != ROOT else ()

    def compare(self, server, entry, found):
        values, problems = super().compare(server, entry, found)
        for form, since in () if found else PATHS_SINCE:
            old = re.fullmatch(form, entry["path"]) and version_problem(server.client, since)
            problems += [("path", f"'{entry['path']}' {old}")] if old else []
        form, until = PATHS_UNTIL
        if found is None and re.fullmatch(form, entry["path"]) and not version_problem(server.client, until):
            why = f"is gone since version {'.'.join(map(str, until))}; name the zone as well, /sdn/zones/ZONE/VNET"
            problems.append(("path", f"'{entry['path']}' {why}"))
        return values, problems

    def steps(self, changes, server):
        """One request takes many roles and subjects, as long as each role is for the same subjects."""
        batches = {}
        for change in changes:
            path, kind, subject, role = change.key
            propagate = None if change.removes else change.values["propagate"]
            batches.setdefault((path, propagate), {}).setdefault(role, []).append((kind, subject))
        steps = []
        for (path, propagate), subjects_by_role in batches.items():
            roles_by_subjects = {}
            for role, subjects in subjects_by_role.items():
                roles_by_subjects.setdefault(tuple(sorted(subjects)), []).append(role)
            for subjects, roles in roles_by_subjects.items():
                permissions = self._rights(path, roles, server)
                steps.append(self._step(path, propagate, roles, subjects, permissions))
        return steps

    def _step(self, path, propagate, roles, subjects, permissions):
        body = {"path": path, "roles": sorted(roles)}
        for option, kind in self.subjects.items():
            names = [subject for one, subject in subjects if one == kind]
            if names:
                body[option] = names
        body.update({"delete": True} if propagate is None else {"propagate": propagate})
        who = ", ".join(f"{kind} {subject}" for kind, subject in subjects)
        verb = "has no longer" if propagate is None else "has"
        reason = f"{who} {verb} {', '.join(sorted(roles))} on {path}"
        return Step("PUT", ("access", "acl"), reason, body=body, permissions=permissions)

    def _rights(self, path, roles, server):
        """Who only manages the object may grant and take what is within its own rights there, and not NoAccess."""
        manager = self._manager(path)
        permissions = (_modify(path, manager),)
        if not manager:
            return permissions
        known = [server.actual("role").get((role,)) for role in roles]
        within = tuple({privilege for role in known if role for privilege in role.values["privs"]})
        enough = () if NO_ACCESS in roles else (Permission((path,), within, every=True),)
        return (*permissions, Permission((path,), (MODIFY,), enough))

    @staticmethod
    def _manager(path):
        """The privilege of who manages the object of a path."""
        _root, top, *below = path.split("/")
        return _MANAGERS.get(top) if below else None

    def read_permission(self, key, server):
        return Permission(("/access",), ("Sys.Audit",), others=(_modify(key[0], self._manager(key[0])),))


def _modify(path, manager):
    """The right to change the ACL of a path."""
    return Permission((path,), (MODIFY, *((manager,) if manager else ())))
