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
      - URL of authentik, as users open it. It must begin with V(https://), or V(http://) for localhost, and must not contain a user name or password.
      - Falls back to the environment variable E(AUTHENTIK_URL) and then to the inventory host.
    type: str
  token:
    description:
      - Token with the intent API of an administrator, or the C(AUTHENTIK_BOOTSTRAP_TOKEN) of the server. Falls back to E(AUTHENTIK_TOKEN).
      - Users without superuser privileges only see objects that they have permissions for. Missing permissions are reported by name, before the
        first change as far as the server reveals them. Those to delete objects, to change members and to set passwords or keys are revealed
        from 2025.12 on. Whether a role has one for a single object is known with the permission C(authentik_rbac.view_role); without it, there
        is a warning instead.
    type: str
  validate_certs:
    description: Whether to verify the certificate of the server. Falls back to E(AUTHENTIK_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificate that issued the certificate of the server. Falls back to E(AUTHENTIK_CA_PATH).
    type: path
  timeout:
    description: Timeout of a complete response in seconds, from 1 to 3600. Falls back to E(AUTHENTIK_TIMEOUT).
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
