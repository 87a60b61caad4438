# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to one Proxmox Backup Server."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ..core.errors import FleetgateError
from ..proxmox.client import ProxmoxClient, connection_spec

CONNECTION = connection_spec("PROXMOX_BACKUP", 8007, api_totp="TOTP")


class PbsClient(ProxmoxClient):
    service = "PBS"
    all_powerful = "Admin"
    whose = "auth-id"
    # up to 5 seconds, section 7 of the contract
    acl_effective_after = 6
    command = ("proxmox-backup-debug", "api")

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        super().__init__(params, check_mode)
        self.session.hooks["response"].append(_as_unauthorized)

    @cached_property
    def version_text(self) -> str:
        version = self.read("version")
        return f"{version['version']}.{version['release']}"

    def write(self, verb: str, path: Sequence[Any], body: Any = None, upload: str | None = None) -> Any:
        try:
            return super().write(verb, path, body, upload)
        except FleetgateError as error:
            # the server returns this error for a user whose realm no longer exists, and deletes the user
            if verb == "DELETE" and path[1] == "users" and "unknown realm" in str(error):
                return None
            raise

    def unwrap(self, body: Any) -> Any:
        """The data, each object with the digest that the server returns beside them."""
        data, digest = body["data"], body.get("digest")
        if digest is None:
            return data
        return {**data, "digest": digest} if isinstance(data, dict) else [{**entry, "digest": digest} for entry in data]

    def reason(self, response: Any) -> str:
        """Error bodies are plain text, whatever their content type says."""
        return " ".join(response.text.split()) or response.reason


def _as_unauthorized(response: Any, **_options: Any) -> None:
    """Correct the status of refused credentials: proxmox-rest-server 1.0.4 answers 400 instead of 401."""
    if response.status_code == 400 and response.text.strip() == "authentication failed":
        response.status_code = 401
