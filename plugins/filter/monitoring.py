# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role monitoring makes of its variables; see plugin_utils/monitoring.py."""

from __future__ import annotations

from ..plugin_utils.monitoring import monitoring_identity, node_addresses


class FilterModule:
    def filters(self):
        return {"monitoring_identity": monitoring_identity, "node_addresses": node_addresses}
