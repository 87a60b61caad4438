# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What users, tokens and groups may do in the end: the server says it of users and tokens, of groups the ACL."""

from __future__ import annotations

from ..core.errors import refuse

# the paths that PVE tells of even where no entry names them (section 12 of its contract)
_TOPS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


def permissions_of_identities(server, ids):
    """Permissions by user or full token id: whether each privilege propagates, by path."""
    refuse(
        [
            f"permissions_of: '{one}' is no user and no token, and PBS has no groups; write NAME@REALM or NAME@REALM!TOKEN"
            for one in ids
            if "@" not in one
        ]
    )
    return {one: server.client.permissions_of(one) for one in ids}


def permissions_of_anybody(server, ids):
    """The same, and of groups what a member has who has no entries of its own, by name of the group."""
    return {one: server.client.permissions_of(one) if "@" in one else _of_group(server, one) for one in ids}


def _of_group(server, group):
    """The rule of the server (section 11 of the contract of PVE), but for what a pool gives on its guests and storages."""
    entries = {}
    for (path, kind, subject, role), row in server.actual("acl").items():
        if (kind, subject) == ("group", group):
            entries.setdefault(path, {})[role] = row.values["propagate"]
    paths = {above for path, *_rest in server.actual("acl") for above in _down_to(path)}
    roles = {key: role.values["privs"] for key, role in server.actual("role").items()}
    rights = {path: privileges_at(path, entries, roles) for path in sorted({*_TOPS, *paths})}
    return {path: held for path, held in rights.items() if held}


def privileges_at(path, entries, known):
    """What one subject's entries, roles by path, give on a path; `known` has the privileges of each role.

    Deeper entries replace those from above, entries that do not propagate count at their own path only.
    """
    roles = {}
    for level in _down_to(path):
        roles = {role: flag for role, flag in entries.get(level, {}).items() if flag or level == path} or roles
    held = {}
    for role, propagates in roles.items() if "NoAccess" not in roles else ():
        for privilege in known[(role,)]:
            held[privilege] = held.get(privilege, False) or propagates
    return held


def _down_to(path):
    """The paths from the root down to one."""
    parts = [part for part in path.split("/") if part]
    return ["/" + "/".join(parts[:end]) for end in range(len(parts) + 1)]
