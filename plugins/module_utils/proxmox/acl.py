# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""ACL entries of PVE and PBS. Both keep one row for each path, subject and role; a declared entry is a short form.

An entry says: these users, groups and tokens have these roles on this path. It stands for one row for each pair.
"""

from __future__ import annotations

from ..core.fields import Field, Flag, Text
from ..core.resource import Change, Reference, Resource
from .identity import normalise_acl_path, realm_of, self_lockout

NO_ACCESS = "NoAccess"
# the privilege to change the ACL
MODIFY = "Permissions.Modify"
# whether the caller may take its own access away
ALLOW_LOCKOUT = Field("allow_lockout", Flag(), task_only=True)


def removed_rows(server, subject):
    """The changes that remove all rows of a user (its tokens' too) or of a token."""
    acl, found = server.resources["acl"], server.actual("acl")
    return [
        Change(acl, key, found[key], None)
        for key in sorted(found)
        if key[2] == subject or key[2].startswith(f"{subject}!")
    ]


class Acl(Resource):
    """The rows of an ACL. `subjects` maps the options that list subjects to the kind of subject."""

    name = "acl"
    plural = "acl"
    key = ("path", "type", "ugid", "roleid")
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

    def normalise(self, entry):
        return {**entry, "path": normalise_acl_path(entry["path"])}

    def problems(self, entry):
        problems = super().problems(entry)
        if not entry["roles"]:
            problems.append(("roles", "must name at least one role"))
        if not any(entry[option] for option in self.subjects):
            problems.append((" or ".join(self.subjects), "must name at least one"))
        if "root@pam" in (entry["users"] or ()):
            problems.append(("users", "'root@pam' has every right already, and the server never keeps an entry for it"))
        return problems

    def expand(self, entry):
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

    def read(self, server, keys):
        return server.client.read("access", "acl")

    def compare(self, server, entry, found):
        if found is None:
            return {"propagate": True if entry["propagate"] is None else entry["propagate"]}, []
        return super().compare(server, entry, found)

    def references(self, key, values):
        _path, kind, subject, role = key
        if kind != "token":
            return [Reference("role", (role,)), Reference(kind, (subject,))]
        token = tuple(subject.rsplit("!", 1))
        # a token goes with its user
        return [Reference("role", (role,)), Reference("user", token[:1]), Reference("token", token)]

    def matches_condition(self, condition, wanted, key):
        path, kind, subject, role = key
        if condition == "subtree":
            return f"{path}/".startswith(f"{normalise_acl_path(wanted).rstrip('/')}/")
        if condition == "realm":
            return self.belongs(kind, subject, wanted)
        if condition == "path":
            return path == normalise_acl_path(wanted)
        return {"role": role, "subject": subject}[condition] == wanted

    def prune_blockers(self, key, server):
        return self_lockout(server.client, key[2], self.groups_of(server))

    def safety_checks(self, changes, server):
        """A run does not take away what it works by itself, unless it is told to."""
        told = [
            change
            for change in changes
            if change.resource is self and change.entry and not change.entry["allow_lockout"]
        ]
        mine = self._mine(server) if told else ()
        told = [change for change in told if change.key[2] in mine]
        harsh = [
            change
            for change in told
            if change.removes or change.key[3] == NO_ACCESS or (change.found and not change.values["propagate"])
        ]
        return [
            *(
                f"{change.label}: {server.client.caller} works by it, and might not be able to give it back;"
                " allow_lockout=true if that is meant"
                for change in harsh
            ),
            *self._overruled([change for change in told if change.creates and change not in harsh], changes, server),
            *self._lost_with_others(changes, server),
        ]

    def _mine(self, server):
        """The subjects whose entries count for the caller."""
        return (server.client.caller, server.client.user, *self.groups_of(server))

    def _overruled(self, made, changes, server):
        """The same of first entries of a subject on a path, which take the place of what counted there before."""
        there = {key[:3] for key in server.actual(self.name)} if made else ()
        roles = {}
        for change in made:
            if change.key[:3] not in there and self.decides(change.key[0]):
                roles.setdefault(change.key[:3], []).append(change.key[3])
        known = {key: role.values for key, role in server.actual("role").items()} if roles else {}
        known.update({one.key: one.values for one in changes if one.resource.name == "role" and one.creates})
        caller = server.client.caller
        return [
            f"acl {path} {kind} {subject}: {caller} would have {MODIFY} there no longer; allow_lockout=true if that is meant"
            for (path, kind, subject), names in roles.items()
            if not any(MODIFY in known.get((name,), {}).get("privs", ()) for name in names)
            and MODIFY in server.client.permissions_of(caller, path).get(path, ())
        ]

    def decides(self, path):
        """Whether entries on a path decide who may change the ACL."""
        return True

    def _lost_with_others(self, changes, server):
        """The same of entries that go with a role, a group or a membership."""
        lost = {}
        for change in changes:
            kind = change.resource.name
            if change.removes and kind in ("role", "group"):
                lost[Reference(kind, change.key)] = change.label
            elif kind == "user" and change.key == (server.client.user,) and change.found and not change.removes:
                has = change.found.values.get("groups", ())
                left = set(has) - set(change.values.get("groups", has))
                lost.update({Reference("group", (group,)): change.label for group in left})
        if not lost:
            return []
        gone = {change.key for change in changes if change.resource is self and change.removes}
        mine = self._mine(server)
        return [
            f"{lost[reference]}: {server.client.caller} works by {self.label(key)}, which would count no longer;"
            " remove that entry first if that is meant, with allow_lockout=true"
            for key in server.actual(self.name)
            if key[2] in mine and key not in gone
            for reference in self.references(key, {})
            if reference in lost
        ]

    def groups_of(self, server):
        """The groups whose entries count for the caller."""
        return ()

    def belongs(self, kind, subject, realm):
        """Whether the subject of a row comes from a realm. Tokens are made by people and not by realms."""
        return kind == "user" and realm_of(subject) == realm

    def label(self, key):
        path, kind, subject, role = key
        return f"acl {path} {kind} {subject} {role}"

    def to_result(self, values, secrets=False):
        option = next(option for option, kind in self.subjects.items() if kind == values["type"])
        return {
            "path": values["path"],
            "roles": [values["roleid"]],
            option: [values["ugid"]],
            "propagate": values["propagate"],
        }
