# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of users (proxmox-backup 4.2.3, src/api2/access/user.rs). All are privilege-separated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Field, Flag, Moment
from ..core.resource import Permission
from ..proxmox.acl import removed_rows
from ..proxmox.identity import required_privileges, token_id
from ..proxmox.token import Token as ProxmoxToken
from ..proxmox.token import secret_options
from .names import ACL_PATH, COMMENT, TOKEN, TOKEN_NAME, USER

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Change


class Token(ProxmoxToken):
    key = ("userid", "token_name")
    audit_permission = Permission(("/access/users",), ("Sys.Audit",))
    has_digest = True
    # older servers keep the ACL entries of a recreated token
    regenerates_since = (3, 3, 7)
    regenerated = "secret"
    fields = (
        Field("userid", USER),
        Field("token_name", TOKEN_NAME, aliases=("tokenid",)),
        Field("enable", Flag(), default=True),
        Field("expire", Moment()),
        Field("comment", COMMENT),
        *secret_options(COMMENT),
        required_privileges(ACL_PATH),
    )

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        """The length of the full token ID is limited as well."""
        problems, full = super().problems(entry), token_id(self.key_of(entry))
        broken = not problems and TOKEN.problem(full)
        return [Problem("token_name", f"'{full}' {broken}")] if broken else problems

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Return the tokens, which the server lists with their users."""
        for user in server.actual("user").values():
            for token in user.raw.get("tokens") or ():
                names = {"userid": user.raw["userid"], "token-name": token["tokenid"].rpartition("!")[2]}
                yield {**token, **names, "digest": user.raw.get("digest")}

    def cascade(self, change: Change, server: ServerState) -> list[Change]:
        """Servers before 3.3.7 leave the rows of a removed token behind."""
        return removed_rows(server, token_id(change.key))

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        """Removing a token requires seeing its ACL entries if the server leaves them behind."""
        left = change.removes and not self.regenerates(server.client)
        sees = (server.resources["acl"].audit_permission,) if left else ()
        return (Permission(("/access/users",), ("Permissions.Modify",), oneself=change.key[0]), *sees)

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        return replace(self.audit_permission, oneself=key[0])
