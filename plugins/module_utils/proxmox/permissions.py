# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Effective permissions: the server returns those of users and tokens, those of groups follow from the ACL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..core.errors import refuse

if TYPE_CHECKING:
    from ..core.plan import ServerState


# the paths that PVE lists even without entries (section 12 of its contract)
_TOPS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


def permissions_of_identities(server: ServerState, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Permissions by user or full token id: whether each privilege propagates, by path."""
    refuse(
        [
            f"permissions_of: '{identity}' is neither a user nor a token, and PBS has no groups; use NAME@REALM or NAME@REALM!TOKEN"
            for identity in ids
            if "@" not in identity
        ]
    )
    return {identity: server.client.permissions_of(identity) for identity in ids}


def permissions_of_anybody(server: ServerState, ids: list[str]) -> dict[str, dict[str, Any]]:
    """Permissions by user, full token ID or group; those of a group are those of a member without entries of its own."""
    return {name: server.client.permissions_of(name) if "@" in name else _of_group(server, name) for name in ids}


def _of_group(server: ServerState, group: str) -> dict[str, Any]:
    """Apply the rules of the server (section 11 of the contract of PVE), except for pools, which grant roles on their members."""
    entries: dict[str, dict[str, bool]] = {}
    for (path, kind, subject, role), row in server.actual("acl").items():
        if (kind, subject) == ("group", group):
            entries.setdefault(path, {})[role] = row.values["propagate"]
    paths = {above for path, *_rest in server.actual("acl") for above in _down_to(path)}
    roles = {key: role.values["privs"] for key, role in server.actual("role").items()}
    rights = {path: privileges_at(path, entries, roles) for path in sorted({*_TOPS, *paths})}
    return {path: held for path, held in rights.items() if held}


def privileges_at(
    path: str, entries: dict[str, dict[str, bool]], known: Mapping[tuple[str, ...], Iterable[str]]
) -> dict[str, bool]:
    """Return the privileges on a path from the entries of a principal (roles by path); `known` has the privileges of each role.

    Entries on deeper paths replace inherited ones; entries that do not propagate apply to their own path only.
    """
    roles: dict[str, bool] = {}
    for level in _down_to(path):
        roles = {role: flag for role, flag in entries.get(level, {}).items() if flag or level == path} or roles
    held: dict[str, bool] = {}
    for role, propagates in roles.items() if "NoAccess" not in roles else ():
        for privilege in known[(role,)]:
            held[privilege] = held.get(privilege, False) or propagates
    return held


def _down_to(path: str) -> list[str]:
    """Return all paths from the root to a path."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[:end]) for end in range(len(parts) + 1)]
