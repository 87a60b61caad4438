# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users (proxmox-backup 4.2.3, src/api2/access/user.rs). Their API tokens are a resource of their own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import PASSWORD, Field, Flag, Moment
from ..core.resource import Change, Permission, Reference, Step
from ..proxmox.acl import removed_rows
from ..proxmox.identity import realm_of, required_privileges
from ..proxmox.user import User as ProxmoxUser
from .names import ACL_PATH, COMMENT, PERSON, USER

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual


DELETES_TOKENS = (3, 3, 7)


class User(ProxmoxUser):
    audit_permission = Permission(("/access/users",), ("Sys.Audit",))
    unset_by = "delete"
    has_digest = True
    fields = (
        Field("userid", USER),
        Field("enable", Flag(), default=True),
        Field("expire", Moment()),
        Field("firstname", PERSON),
        Field("lastname", PERSON),
        Field("email", PERSON),
        Field("comment", COMMENT),
        Field("tfa_locked", Flag()),
        Field("password", PASSWORD, write_only=True, secret=True),
        required_privileges(ACL_PATH),
    )

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read("access", "users", include_tokens=True))

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        """Read the list, because only the list contains locks."""
        return next((self.decode(raw) for raw in self.read(server, {key}) if raw["userid"] == key[0]), None)

    def decode(self, raw: dict[str, Any]) -> Actual:
        locked = raw.get("totp-locked") or raw.get("tfa-locked-until", 0) > time.time()
        return super().decode({**raw, "tfa-locked": locked})

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if values.get("tfa_locked"):
            problems.append(Problem("tfa_locked", "can only be set to false; users are locked by wrong codes"))
        return values, problems

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if change.removes or change.creates or "tfa_locked" not in change.values:
            return super().steps_for(change, server)
        path, reason = (*self.item_path(change.key), "unlock-tfa"), f"{change.label}: tfa_locked"
        others = {option: value for option, value in change.values.items() if option != "tfa_locked"}
        return [
            *(super().steps_for(replace(change, values=others), server) if others else ()),
            Step("PUT", path, reason, permissions=self.required_permissions(change, server)),
        ]

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        body.pop("tfa-locked", None)
        return body

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("realm", (realm_of(key[0]),))]

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if entry["password"] and entry["state"] == "present" and realm_of(entry["userid"]) != "pbs":
            problems.append(
                Problem("password", f"cannot be set on {entry['userid']}: only the realm pbs keeps passwords")
            )
        return problems

    def cascade(self, change: Change, server: ServerState) -> list[Change]:
        """Delete what the server leaves behind and what would apply to another user of that name: the ACL entries, and the
        tokens if the server is older than 3.3.7 or the realm no longer exists."""
        (userid,) = change.key
        token = server.resources["token"]
        actual = server.actual("token")
        tokens = [Change(token, key, actual[key], {}, removes=True) for key in sorted(actual) if key[0] == userid]
        leaves_them = tokens and (
            (realm_of(userid),) not in server.actual("realm") or version_problem(server.client, DELETES_TOKENS)
        )
        return [*removed_rows(server, userid), *(tokens if leaves_them else ())]

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        """Removing a user requires seeing its ACL entries, which the server leaves behind."""
        sees = (server.resources["acl"].audit_permission,) if change.removes else ()
        return (Permission(("/access/users",), ("Permissions.Modify",), oneself=change.key[0]), *sees)
