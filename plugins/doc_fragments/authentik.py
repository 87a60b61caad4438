# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..plugin_utils.documentation import filters_of, lists_of


class ModuleDocFragment:
    """The connection to authentik."""

    DOCUMENTATION = r"""
options:
  url:
    description:
      - Address of authentik, as people use it.
      - It must begin with V(https://), or for the machine itself V(http://), and must not hold a user name or password.
      - When left out, the environment variable E(AUTHENTIK_URL) counts, and else the inventory host that the task runs for.
    type: str
  token:
    description:
      - Token of intent API of an administrator, or the server's C(AUTHENTIK_BOOTSTRAP_TOKEN). Falls back to E(AUTHENTIK_TOKEN).
      - Others than superusers see only what they have permissions for. A permission that is missing is named, where the server tells
        it ahead (to make something, and to change what is there) before anything is written.
    type: str
  validate_certs:
    description: Whether the certificate of the server is verified. Falls back to E(AUTHENTIK_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificate of the authority that issued the server's certificate. Falls back to E(AUTHENTIK_CA_PATH).
    type: path
  timeout:
    description: Seconds that a whole answer may take, from 1 to 3600. Falls back to E(AUTHENTIK_TIMEOUT).
    type: int
    default: 10
requirements:
  - requests
  - authentik 2024.12 or later
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.authentik
      - fleetgate.proxmox.all
"""

    STATE: str = lists_of(
        "authentik",
        {"users": "user", "groups": "group", "applications": "application", "bindings": "binding", "tokens": "token"},
    )

    INFO: str = filters_of("authentik")
