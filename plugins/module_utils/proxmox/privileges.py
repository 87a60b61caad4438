# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of privileges, which differ between the products and their versions."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_NEW_IN_8 = "Proxmox VE has it since version 8"
# privileges that came or went with a version: what to write on servers that do not have them (pve-access-control, debian/changelog)
_CHANGED = {
    "VM.Monitor": "Proxmox VE 9 removed it; use VM.GuestAgent.Audit (or another VM.GuestAgent privilege) for the guest agent,"
    " and Sys.Audit for the monitor of QEMU",
    "VM.Replicate": "Proxmox VE has it since version 9",
    "Sys.AccessNetwork": "Proxmox VE has it since version 8.1",
    "SDN.Use": _NEW_IN_8,
    "Mapping.Audit": _NEW_IN_8,
    "Mapping.Modify": _NEW_IN_8,
    "Mapping.Use": _NEW_IN_8,
}


def unknown_privilege(name: str, known: Iterable[str]) -> str | None:
    """Why a privilege cannot be used on a server that knows some others, and what to use instead; None if it can."""
    known = sorted(known)
    if name in known:
        return None
    if name.startswith("VM.GuestAgent.") and "VM.Monitor" in known:
        remedy = "Proxmox VE has it since version 9; use VM.Monitor"
    else:
        similar = ", ".join(get_close_matches(name, known, n=3))
        remedy = _CHANGED.get(name) or (f"did you mean {similar}?" if similar else f"it has {', '.join(known)}")
    return f"'{name}' is not a privilege of this server; {remedy}"
