# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of users (pve-access-control 9.1.1, API2/User.pm)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import Field, Flag, Moment
from ..core.resource import Change, Permission, Probe, Step
from ..proxmox.acl import ALLOW_LOCKOUT
from ..proxmox.identity import required_privileges, token_id
from ..proxmox.token import REGENERATE, secret_options
from ..proxmox.token import Token as ProxmoxToken
from .names import ACL_PATH, TOKEN_NAME, USER, Comment, trimmed
from .user import managed

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual


# pve-access-control 9.0.4
_CLEARS = (9, 0)

# The value of `secret` for a token that an interrupted run left without its ACL.
RESTORE = "restore"


class Token(ProxmoxToken):
    """Servers that cannot regenerate a secret delete the ACL entries of a token that is recreated.

    Meanwhile a stand-in has them, a token that is created expired. It exists on the server, so the next run can restore the
    entries after an interruption.
    """

    key = ("userid", "tokenid")
    audit_permission = Permission(("/access/groups",), ("User.Modify", "Sys.Audit"))
    # pve-access-control 9.1.0 can; pve-manager 9.1.14 is the first that depends on it (debian/control)
    regenerates_since = (9, 1, 14)
    regenerated = "value"
    fields = (
        Field("userid", USER),
        Field("tokenid", TOKEN_NAME, aliases=("token_name",)),
        Field("privsep", Flag(), default=True),
        Field("expire", Moment()),
        Field("comment", Comment()),
        *secret_options(Comment()),
        ALLOW_LOCKOUT,
        required_privileges(ACL_PATH),
    )

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        return trimmed(super().normalise(entry))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Return the tokens, which the server lists with their users."""
        users = (user.raw for user in server.actual("user").values())
        return [{**token, "userid": user["userid"]} for user in users for token in user.get("tokens") or ()]

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        """As for the user, of which a single group suffices."""
        user = server.actual("user").get(change.key[:1])
        others = tuple(managed((group,)) for group in user.values["groups"]) if user else ()
        return (Permission(("/access/groups",), ("User.Modify",), others, oneself=change.key[0]),)

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        """Tokens are visible with their user."""
        return None if key[:1] in server.actual("user") else replace(self.audit_permission, oneself=key[0])

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        probe = super().probe(server, entry, actual, values)
        values = probe.values
        if actual and _stand_in(self.key_of(entry)) in server.actual(self.name):
            values.setdefault("secret", RESTORE)
        recreated = values.get("secret") == REGENERATE and not self.regenerates(server.client)
        if (
            actual
            and values.get("comment") == ""
            and not recreated
            and (old := version_problem(server.client, _CLEARS))
        ):
            why = f"to remove a comment {old}; set another comment, or remove and recreate the token"
            probe.problems.append(Problem("comment", why))
        return probe

    def built_in(self, actual: Actual) -> bool:
        """Protect stand-ins from pruning; they are deleted with their token."""
        return bool(actual.values["tokenid"].endswith(_SUFFIX))

    def cascade(self, change: Change, server: ServerState) -> list[Change]:
        stand_in = _stand_in(change.key)
        existing = server.actual(self.name).get(stand_in)
        return [Change(self, stand_in, existing, {}, removes=True)] if existing else []

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        steps = super().steps_for(change, server)
        if change.removes:
            return steps
        if change.found and change.values.get("secret") == REGENERATE and not self.regenerates(server.client):
            # rows that the caller cannot see would be lost
            seen = server.resources["acl"].audit_permission
            steps = [replace(step, permissions=(*step.permissions, *((seen,) if seen else ()))) for step in steps]
            return [*self._keep_acl(change, server), *steps]
        return [*steps, *self._restore_acl(change, server)]

    def _keep_acl(self, change: Change, server: ServerState) -> list[Step]:
        """Return the requests that grant the roles of a token to its stand-in as well."""
        rows, stand_in = _rows(server, change.key), _stand_in(change.key)
        steps = []
        if rows and stand_in not in server.actual(self.name):
            body = {"expire": 1, "comment": f"Keeps the ACL of {change.key[1]} while it is recreated"}
            why = f"{change.label} loses its ACL entries when it is removed"
            steps.append(
                Step(
                    "POST",
                    self.item_path(stand_in),
                    why,
                    body=body,
                    permissions=self.required_permissions(change, server),
                )
            )
        return [*steps, *_granted(server, stand_in, rows)]

    def _restore_acl(self, change: Change, server: ServerState) -> list[Step]:
        """Return the requests that restore the roles of a token recreated in this run or in an interrupted one."""
        stand_in, recreated = (_stand_in(change.key), change.values.get("secret") == REGENERATE and not change.found)
        if not recreated and stand_in not in server.actual(self.name):
            return []
        current, kept = _rows(server, change.key), _rows(server, stand_in)
        rows = {**kept, **current} if recreated else {row: flag for row, flag in kept.items() if row not in current}
        if not rows and stand_in not in server.actual(self.name):
            return []
        why = f"{change.label} has its ACL entries again"
        end = Step("DELETE", self.item_path(stand_in), why, permissions=self.required_permissions(change, server))
        return [*_granted(server, change.key, rows), end]


_SUFFIX = ".fleetgate"


def _stand_in(key: tuple[str, ...]) -> tuple[str, ...]:
    userid, tokenid = key
    return userid, tokenid + _SUFFIX


def _rows(server: ServerState, key: tuple[str, ...]) -> dict[tuple[str, str], bool]:
    """Return the ACL entries of a token: propagate by path and role."""
    entries = server.actual("acl").items()
    return {
        (path, role): row.values["propagate"] for (path, _kind, ugid, role), row in entries if ugid == token_id(key)
    }


def _granted(server: ServerState, key: tuple[str, ...], rows: dict[tuple[str, str], bool]) -> list[Step]:
    """Return the requests that grant roles to a token."""
    acl = server.resources["acl"]
    changes = [
        Change(acl, (path, "token", token_id(key), role), None, {"propagate": flag})
        for (path, role), flag in rows.items()
    ]
    return acl.steps(changes, server)
