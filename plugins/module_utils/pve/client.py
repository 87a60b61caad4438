# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to one Proxmox VE node (its whole cluster shares one access configuration)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..proxmox.client import ProxmoxClient, connection_spec

CONNECTION = connection_spec("PROXMOX", 8006, api_totp="TOTP")


class PveClient(ProxmoxClient):
    service = "PVE"
    all_powerful = "Administrator"
    whose = "userid"
    command = ("pvesh",)

    @cached_property
    def version_text(self) -> str:
        return str(self.read("version")["version"])

    def encode(self, values: dict[str, Any]) -> dict[str, Any]:
        return {
            key: ",".join(value) if isinstance(value, (list, tuple)) else value
            for key, value in super().encode(values).items()
        }

    def reason(self, response: Any) -> str:
        """The text of the body, or the reason phrase, which is all that servers before 2025 return.

        A parameter error raised under a lock has its detail only in the second line of the message.
        """
        try:
            body = response.json()
        except ValueError:
            return str(response.reason)
        message = " ".join((body.get("message") or response.reason or "").split())
        errors = "; ".join(f"{name}: {' '.join(text.split())}" for name, text in (body.get("errors") or {}).items())
        return f"{message} {errors}".strip()
