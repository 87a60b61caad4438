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
      - It must begin with V(https://), or for the machine itself V(http://), and must not hold a user name or password.
      - When left out, the environment variable E(PULSE_URL) counts, and else port 7655 of the inventory host that the task runs for,
        with https.
    type: str
  api_token:
    description:
      - API token of Pulse with the scopes C(settings:read) and C(settings:write), made under Settings, API Access. The first is
        enough for M(fleetgate.proxmox.pulse_info). Falls back to E(PULSE_API_TOKEN).
    type: str
  validate_certs:
    description: Whether the certificate of Pulse is verified. Falls back to E(PULSE_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificate of the authority that issued the certificate of Pulse. Falls back to E(PULSE_CA_PATH).
    type: path
  timeout:
    description:
      - Seconds that a whole answer may take, from 1 to 3600. Pulse looks for the cluster of a new node before it answers, which takes it up to 18 seconds.
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
  - Pulse takes 30 changes and tests a minute from one address; when it refuses more, the module waits and tries again.
"""

    STATE: str = lists_of("pulse", {"nodes": "node"})

    INFO: str = filters_of("pulse")
