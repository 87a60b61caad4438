# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to one Proxmox Backup Server."""

from __future__ import annotations

from ..proxmox.client import ProxmoxClient, connection_spec

CONNECTION = connection_spec("PROXMOX_BACKUP", 8007)


class PbsClient(ProxmoxClient):
    service = "PBS"

    def explain(self, response):
        # proxmox-rest-server 1.0.4 answered 400 instead of 401
        if response.status_code == 400 and response.text.strip() == "authentication failed":
            response.status_code = 401
        return super().explain(response)

    def reason(self, response):
        """Error bodies are plain text, whatever their content type says."""
        return " ".join(response.text.split()) or response.reason
