# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users and tokens of PVE and PBS have in common: they belong to a realm, and one of them is who asks."""

from __future__ import annotations

import re
import time

from ..core.errors import refuse
from ..core.fields import Field, Names, Records, Text
from ..core.resource import Permission, Resource
from ..core.waiting import wait_until
from .privileges import unknown_privilege


def normalise_acl_path(path):
    """A path of the ACL as the server writes it."""
    return "/" + re.sub("/+", "/", path).strip("/") if path else path


def required_privileges(path):
    """The field of what a user or token must be allowed to do; `path` is the kind of paths of the ACL."""
    return Field("required_privileges", Records((Field("path", path), Field("privileges", Names()))), task_only=True)


def realm_of(userid):
    """The realm of NAME@REALM or NAME@REALM!TOKEN; the last @ separates, and no realm or token name holds one."""
    return userid.rpartition("@")[2].partition("!")[0]


def token_id(key):
    """The full id of a token, NAME@REALM!TOKEN, or of a user, for the key of either."""
    return "!".join(key)


def self_lockout(client, subject, groups=()):
    """What stands against removing what belongs to a user, token or group, when it is what the caller works by.

    `groups` are those of the caller.
    """
    mine = subject in (client.caller, client.user, *groups)
    return [f"is what {client.caller} itself works by; declare it as well"] if mine else []


class Identity(Resource):
    """A user or a token; the key begins with the id of the user."""

    scope = (*Resource.scope, Field("realm", Text()))

    def matches_condition(self, condition, wanted, key):
        return realm_of(key[0]) == wanted if condition == "realm" else super().matches_condition(condition, wanted, key)

    def prune_blockers(self, key, server):
        return self_lockout(server.client, token_id(key))

    def safety_checks(self, changes, server):
        """Who asks is not shut out by its own request, which could not even see whether that was done."""
        client = server.client
        return [
            f"{change.label}: {client.caller} works by it, and cannot end its own access; use other credentials"
            for change in changes
            if change.resource is self and change.entry and token_id(change.key) in (client.caller, client.user)
            if change.removes
            or change.values.get("enable") is False
            or 0 < change.values.get("expire", 0) <= time.time()
        ]

    def normalise(self, entry):
        required = entry["required_privileges"]
        normalised = [{**one, "path": normalise_acl_path(one["path"])} for one in required or ()]
        return {**super().normalise(entry), "required_privileges": required and normalised}

    def compare(self, server, entry, found):
        values, problems = super().compare(server, entry, found)
        if entry["required_privileges"]:
            known = server.actual("role")[(server.client.all_powerful,)].values["privs"]
            audit_permission = Permission(("/access",), ("Sys.Audit",), oneself=self.key_of(entry)[0])
            problems += [
                ("required_privileges", problem)
                for required in entry["required_privileges"]
                for name in required["privileges"]
                if (problem := unknown_privilege(name, known))
            ]
            why = f"to see what {self.label(self.key_of(entry))} may do"
            problems += [
                ("required_privileges", one) for one in server.client.missing_permissions([(audit_permission, why)])
            ]
        return values, problems

    def wait_until_effective(self, entry, client):
        """Check that the required privileges are held, as soon as a change of the ACL has taken effect."""
        refuse(
            wait_until(lambda missing: not missing, lambda: self._lacking(entry, client), client.acl_effective_after)
        )

    def _lacking(self, entry, client):
        key, problems = self.key_of(entry), []
        for required in entry["required_privileges"] or ():
            path = required["path"]
            has = client.permissions_of(token_id(key), path).get(path, {})
            missing = [one for one in dict.fromkeys(required["privileges"]) if one not in has]
            if missing:
                what = f"required_privileges: {self.label(key)} lacks {', '.join(missing)} on {path}"
                hint = "; a token needs ACL entries of its own, and never has more than its user" if key[1:] else ""
                problems.append(f"{client.title}: {what}; give it a role that holds it{hint}")
        return problems
