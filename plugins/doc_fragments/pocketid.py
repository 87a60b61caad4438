# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..plugin_utils.documentation import filters_of, lists_of


class ModuleDocFragment:
    """The connection to Pocket ID."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of Pocket ID, as people use it.
      - It must begin with V(https://), or for the machine itself V(http://), and must not hold a user name or password.
      - When left out, the environment variable E(POCKETID_URL) counts, and else the inventory host that the task runs for.
    type: str
  api_key:
    description:
      - API key of an administrator, or the server's C(STATIC_API_KEY). Falls back to E(POCKETID_API_KEY).
    type: str
  validate_certs:
    description: Whether the certificate of the server is verified. Falls back to E(POCKETID_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificate of the authority that issued the server's certificate. Falls back to E(POCKETID_CA_PATH).
    type: path
  timeout:
    description: Seconds that a whole answer may take, from 1 to 3600. Falls back to E(POCKETID_TIMEOUT).
    type: int
    default: 10
requirements:
  - requests
  - Pocket ID 2.0 or later
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.pocketid
      - fleetgate.proxmox.all
"""

    STATE: str = lists_of(
        "pocketid", {"users": "user", "groups": "group", "clients": "client", "scim_providers": "scim_provider"}
    )

    INFO: str = filters_of("pocketid")
