# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of PVE and PBS."""

from __future__ import annotations

from dataclasses import replace

from .identity import Identity

ROOT = "root@pam"


class User(Identity):
    name = "user"
    plural = "users"
    key = ("userid",)
    collection = ("access", "users")

    def built_in(self, found):
        return found.values["userid"] == ROOT

    def deletion_blockers(self, entry, found):
        """The server would take it, make the user anew and leave it without its tokens."""
        return [("userid", f"'{ROOT}' cannot be removed")] if entry["userid"] == ROOT else []

    def read_permission(self, key, server):
        return replace(self.audit_permission, oneself=key[0])
