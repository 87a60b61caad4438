# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ACL entries of PVE and PBS. Both keep a row for each path, principal and role; an entry of a task is a short form.

An entry grants roles on a path to users, groups and tokens, and stands for a row for each principal and role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Field, Flag, Text
from ..core.resource import Change, Reference, Resource
from .identity import normalise_acl_path, realm_of, self_lockout

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual


NO_ACCESS = "NoAccess"
# the privilege to change the ACL
MODIFY = "Permissions.Modify"
# whether the caller may remove its own access
ALLOW_LOCKOUT = Field("allow_lockout", Flag(), task_only=True)


def removed_rows(server: ServerState, subject: str) -> list[Change]:
    """Return the changes that delete all rows of a user, including those of its tokens, or of a token."""
    acl, actual = server.resources["acl"], server.actual("acl")
    return [
        Change(acl, key, actual[key], {}, removes=True)
        for key in sorted(actual)
        if key[2] == subject or key[2].startswith(f"{subject}!")
    ]


class Acl(Resource):
    """The rows of an ACL. `subjects` maps the options that list principals to their kind."""

    name = "acl"
    plural = "acl"
    key = ("path", "type", "ugid", "roleid")
    collection = ("access", "acl")
    many = True
    fields = (Field("path"), Field("type"), Field("ugid"), Field("roleid"), Field("propagate", Flag(), default=True))
    subjects: dict[str, str] = {}
    scope = (
        Field("path", Text(pattern="/.*", rule="must begin with a slash")),
        Field("subtree", Text(pattern="/.*", rule="must begin with a slash")),
        Field("role"),
        Field("subject"),
        Field("realm"),
    )

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {**entry, "path": normalise_acl_path(entry["path"])}

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if not entry["roles"]:
            problems.append(Problem("roles", "must have at least one role"))
        if not any(entry[option] for option in self.subjects):
            problems.append(Problem(" or ".join(self.subjects), "must have at least one principal"))
        if "root@pam" in (entry["users"] or ()):
            problems.append(
                Problem("users", "'root@pam' has all privileges, and the server does not store entries for it")
            )
        return problems

    def expand(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        return [
            {
                "path": entry["path"],
                "type": kind,
                "ugid": subject,
                "roleid": role,
                "propagate": entry["propagate"],
                "allow_lockout": entry["allow_lockout"],
                "state": entry["state"],
            }
            for option, kind in self.subjects.items()
            for subject in entry[option] or ()
            for role in entry["roles"]
        ]

    def entry_for(self, entry: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        subjects = {option: [row["ugid"]] if kind == row["type"] else None for option, kind in self.subjects.items()}
        return {**entry, **subjects, "roles": [row["roleid"]]}

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read("access", "acl"))

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        if actual is None:
            return {"propagate": True if entry["propagate"] is None else entry["propagate"]}, []
        return super().compare(server, entry, actual)

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        _path, kind, subject, role = key
        if kind != "token":
            return [Reference("role", (role,)), Reference(kind, (subject,))]
        token = tuple(subject.rsplit("!", 1))
        # deleting a user deletes its tokens
        return [Reference("role", (role,)), Reference("user", token[:1]), Reference("token", token)]

    def matches_condition(self, condition: str, wanted: Any, key: tuple[str, ...]) -> bool:
        path, kind, subject, role = key
        if condition == "subtree":
            return f"{path}/".startswith(f"{normalise_acl_path(wanted).rstrip('/')}/")
        if condition == "realm":
            return self.belongs(kind, subject, wanted)
        if condition == "path":
            return path == normalise_acl_path(wanted)
        return bool({"role": role, "subject": subject}[condition] == wanted)

    def prune_blockers(self, key: tuple[str, ...], server: ServerState) -> list[str]:
        return self_lockout(server.client, key[2], self.groups_of(server))

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to remove the access of the caller, unless allow_lockout is set."""
        guarded = [
            change
            for change in changes
            if change.resource is self and change.entry and not change.entry["allow_lockout"]
        ]
        own = self._own(server) if guarded else ()
        guarded = [change for change in guarded if change.key[2] in own]
        removing = [
            change
            for change in guarded
            if change.removes or change.key[3] == NO_ACCESS or (change.found and not change.values["propagate"])
        ]
        return [
            *(
                f"{change.label}: {server.client.caller} depends on this entry, and could not restore it;"
                " set allow_lockout=true if that is intended"
                for change in removing
            ),
            *self._overruled(
                [change for change in guarded if change.creates and change not in removing], changes, server
            ),
            *self._lost_with_others(changes, server),
        ]

    def _own(self, server: ServerState) -> tuple[str, ...]:
        """Return the principals whose entries apply to the caller."""
        return (server.client.caller, server.client.user, *self.groups_of(server))

    def _overruled(self, created: list[Change], changes: list[Change], server: ServerState) -> list[str]:
        """Refuse the first entries of a principal on a path that would replace inherited ones without which the caller is locked out."""
        existing = {key[:3] for key in server.actual(self.name)} if created else ()
        roles: dict[tuple[str, ...], list[str]] = {}
        for change in created:
            if change.key[:3] not in existing and self.decides(change.key[0]):
                roles.setdefault(change.key[:3], []).append(change.key[3])
        known = {key: role.values for key, role in server.actual("role").items()} if roles else {}
        known.update(
            {change.key: change.values for change in changes if change.resource.name == "role" and change.creates}
        )
        caller = server.client.caller
        return [
            f"acl {path} {kind} {subject}: {caller} would lose {MODIFY} on this path; set allow_lockout=true if that is intended"
            for (path, kind, subject), names in roles.items()
            if not any(MODIFY in known.get((name,), {}).get("privs", ()) for name in names)
            and MODIFY in server.client.permissions_of(caller, path).get(path, ())
        ]

    def decides(self, path: str) -> bool:
        """Whether entries on a path affect the permission to change the ACL."""
        return True

    def _lost_with_others(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to delete a role, a group or a membership by which an entry applies to the caller."""
        lost = {}
        for change in changes:
            kind = change.resource.name
            if change.removes and kind in ("role", "group"):
                lost[Reference(kind, change.key)] = change.label
            elif kind == "user" and change.key == (server.client.user,) and change.found and not change.removes:
                current = change.found.values.get("groups", ())
                left = set(current) - set(change.values.get("groups", current))
                lost.update({Reference("group", (group,)): change.label for group in left})
        if not lost:
            return []
        gone = {change.key for change in changes if change.resource is self and change.removes}
        own = self._own(server)
        return [
            f"{lost[reference]}: {server.client.caller} depends on {self.label(key)}, which would no longer apply;"
            " if that is intended, remove that entry first with allow_lockout=true"
            for key in server.actual(self.name)
            if key[2] in own and key not in gone
            for reference in self.references(key, {})
            if reference in lost
        ]

    def groups_of(self, server: ServerState) -> Sequence[str]:
        """Return the groups whose entries apply to the caller."""
        return ()

    def belongs(self, kind: str, subject: str, realm: str) -> bool:
        """Whether the principal of a row belongs to a realm. Tokens are created by users, not by realms."""
        return kind == "user" and realm_of(subject) == realm

    def label(self, key: tuple[str, ...]) -> str:
        path, kind, subject, role = key
        return f"acl {path} {kind} {subject} {role}"

    def to_result(self, values: dict[str, Any], secrets: bool = False) -> dict[str, Any]:
        option = next(option for option, kind in self.subjects.items() if kind == values["type"])
        return {
            "path": values["path"],
            "roles": [values["roleid"]],
            option: [values["ugid"]],
            "propagate": values["propagate"],
        }
