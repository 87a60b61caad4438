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
      - URL of Pocket ID, as users open it. It must begin with V(https://), or V(http://) for localhost, and must not contain a user name or password.
      - Falls back to the environment variable E(POCKETID_URL) and then to the inventory host.
    type: str
  api_key:
    description:
      - API key of an administrator, or the server's C(STATIC_API_KEY). Falls back to E(POCKETID_API_KEY).
    type: str
  validate_certs:
    description: Whether to verify the certificate of the server. Falls back to E(POCKETID_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificate that issued the certificate of the server. Falls back to E(POCKETID_CA_PATH).
    type: path
  timeout:
    description: Timeout of a complete response in seconds, from 1 to 3600. Falls back to E(POCKETID_TIMEOUT).
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
