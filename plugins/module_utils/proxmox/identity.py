# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Common behaviour of users and tokens of PVE and PBS, which belong to realms, and one of which is the caller."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem, refuse
from ..core.fields import Field, Names, Records, Text
from ..core.resource import Permission, Resource
from ..core.waiting import wait_until
from .privileges import unknown_privilege

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change


def normalise_acl_path(path: str) -> str:
    """Return an ACL path as the server stores it."""
    return "/" + re.sub("/+", "/", path).strip("/") if path else path


def required_privileges(path: Text) -> Field:
    """The field for the privileges a user or token must have; `path` is the kind of an ACL path."""
    return Field("required_privileges", Records((Field("path", path), Field("privileges", Names()))), task_only=True)


def realm_of(userid: str) -> str:
    """The realm of NAME@REALM or NAME@REALM!TOKEN; it follows the last @, which neither realms nor token names contain."""
    return userid.rpartition("@")[2].partition("!")[0]


def token_id(key: tuple[str, ...]) -> str:
    """The full id of a token, NAME@REALM!TOKEN, or of a user, for the key of either."""
    return "!".join(key)


def self_lockout(client: Any, subject: str, groups: Iterable[str] = ()) -> list[str]:
    """Why an object of a user, token or group must not be deleted: the caller depends on it.

    `groups` are those of the caller.
    """
    if subject in (client.caller, client.user, *groups):
        return [f"is used by the caller {client.caller} itself; declare it as well"]
    return []


class Identity(Resource):
    """A user or a token; the key begins with the id of the user."""

    scope = (*Resource.scope, Field("realm", Text()))

    def matches_condition(self, condition: str, wanted: Any, key: tuple[str, ...]) -> bool:
        return realm_of(key[0]) == wanted if condition == "realm" else super().matches_condition(condition, wanted, key)

    def prune_blockers(self, key: tuple[str, ...], server: ServerState) -> list[str]:
        return self_lockout(server.client, token_id(key))

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Keep the caller from ending its own access, after which the result could not be verified either."""
        client = server.client
        return [
            f"{change.label}: it is the caller {client.caller} or its user, which cannot end its own access; use other credentials"
            for change in changes
            if change.resource is self and change.entry and token_id(change.key) in (client.caller, client.user)
            if change.removes
            or change.values.get("enable") is False
            or 0 < change.values.get("expire", 0) <= time.time()
        ]

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        required = entry["required_privileges"]
        normalised = [{**row, "path": normalise_acl_path(row["path"])} for row in required or ()]
        return {**super().normalise(entry), "required_privileges": required and normalised}

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if entry["required_privileges"]:
            known = server.actual("role")[(server.client.all_powerful,)].values["privs"]
            audit_permission = Permission(("/access",), ("Sys.Audit",), oneself=self.key_of(entry)[0])
            problems += [
                Problem("required_privileges", problem)
                for required in entry["required_privileges"]
                for name in required["privileges"]
                if (problem := unknown_privilege(name, known))
            ]
            why = f"to read the permissions of {self.label(self.key_of(entry))}"
            problems += [
                Problem("required_privileges", problem)
                for problem in server.client.missing_permissions([(audit_permission, why)])
            ]
        return values, problems

    def wait_until_effective(self, entry: dict[str, Any], client: Any) -> None:
        """Check that the required privileges are held, as soon as a change of the ACL has taken effect."""
        refuse(
            wait_until(lambda missing: not missing, lambda: self._lacking(entry, client), client.acl_effective_after)
        )

    def _lacking(self, entry: dict[str, Any], client: Any) -> list[str]:
        key, problems, wanted = self.key_of(entry), [], entry["required_privileges"] or ()
        # one answer has all paths with ACL entries; what others inherit is only returned for each by itself
        known = client.permissions_of(token_id(key)) if len(wanted) > 1 else {}
        for required in wanted:
            path = required["path"]
            held = known.get(path) or client.permissions_of(token_id(key), path).get(path, {})
            missing = [privilege for privilege in dict.fromkeys(required["privileges"]) if privilege not in held]
            if missing:
                what = f"required_privileges: {self.label(key)} lacks {', '.join(missing)} on {path}"
                hint = (
                    "; a token needs ACL entries of its own, and never has more privileges than its user"
                    if key[1:]
                    else ""
                )
                problems.append(f"{client.title}: {what}; assign it a role with that privilege{hint}")
        return problems
