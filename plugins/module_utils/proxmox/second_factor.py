# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Second factors of users (pve-access-control 9.1.1, API2/TFA.pm; proxmox-backup, src/api2/access/tfa.rs), which can only be read."""

from __future__ import annotations

from typing import Any

from ..core.errors import FleetgateError


def with_second_factor(client: Any) -> set[str] | None:
    """The users that have a second factor in use, None where the server does not return them.

    Whoever may see all users sees all of them; the server leaves out others without an error.
    """
    try:
        listed = client.read("access", "tfa")
    except FleetgateError as error:
        if error.no_answer or not error.status:
            raise
        return None
    return {
        str(user["userid"])
        for user in listed
        if any(entry.get("enable", True) not in (False, 0) for entry in user.get("entries") or ())
    }
