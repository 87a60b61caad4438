# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sync of realms (proxmox-backup 3.2.4 to 4.2.3, src/server/realm_sync_job.rs)."""

from __future__ import annotations

from ..core.resource import Permission
from ..proxmox.realm_sync import RealmSync
from .realm import VANISHED
from .system import PBS

REALM_SYNC = RealmSync(
    PBS,
    {"enable_new": {"type": "bool"}, "remove_vanished": VANISHED.spec()},
    {
        "added": r"creating user (.+)",
        "updated": r"updating user (.+)",
        "removed": r"deleting user (.+)",
        "problem": r"(could not create/update user: .*|.*: ignoring attribute .*|could not delete token .*)",
    },
    lambda realm: (Permission(("/access/users",), ("Permissions.Modify",)),),
)
