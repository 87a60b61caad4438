# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..plugin_utils.documentation import filters_of, lists_of


class ModuleDocFragment:
    """The connection to Pulse."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of Pulse, for example V(https://pulse.example.org:7655).
      - It must begin with V(https://), or V(http://) for localhost, and must not contain a user name or password.
      - Falls back to the environment variable E(PULSE_URL) and then to C(https) on port 7655 of the inventory host.
    type: str
  api_token:
    description:
      - API token of Pulse with the scopes C(settings:read) and C(settings:write), created under Settings, API Access. The first is
        sufficient for M(fleetgate.proxmox.pulse_info). Falls back to E(PULSE_API_TOKEN).
    type: str
  validate_certs:
    description: Whether to verify the certificate of Pulse. Falls back to E(PULSE_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificate that issued the certificate of Pulse. Falls back to E(PULSE_CA_PATH).
    type: path
  timeout:
    description:
      - Timeout of a complete response in seconds, from 1 to 3600. Pulse detects the cluster of a new node before it responds, which takes up to 18 seconds.
      - Falls back to E(PULSE_TIMEOUT).
    type: int
    default: 30
requirements:
  - requests
  - Pulse 5.1 or later
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.pulse
      - fleetgate.proxmox.all
notes:
  - Pulse limits changes and tests to 30 a minute for each client address. The module waits and retries when the limit is reached.
"""

    STATE: str = lists_of("pulse", {"nodes": "node"})

    INFO: str = filters_of("pulse")
