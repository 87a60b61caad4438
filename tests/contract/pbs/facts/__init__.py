"""The contract of Proxmox Backup Server's access API as tables of requests and answers."""

from __future__ import annotations

from . import identities, realms, releases, rights, transport

CASES = [*transport.CASES, *realms.CASES, *identities.CASES, *rights.CASES, *releases.CASES]
