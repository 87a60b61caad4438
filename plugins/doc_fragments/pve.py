# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..plugin_utils.documentation import filters_of, lists_of


class ModuleDocFragment:
    """The connection to Proxmox VE."""

    DOCUMENTATION = r"""
options:
  connection:
    description:
      - How the API is reached.
      - V(https) goes to O(api_host), and needs a token or a password.
      - V(shell) runs C(pvesh) as root on the host that the task runs for, over the connection that Ansible has to
        it (with the become of the task), and needs no credential of the API. All other connection options are without
        meaning then.
      - With V(shell) the values of options are in the command line of that command, where every user of the host can see
        them while it runs; they are neither in that of C(ssh) nor in the output of Ansible. Falls back to
        E(PROXMOX_CONNECTION).
    type: str
    choices: [https, shell]
    default: https
  api_host:
    description:
      - Host name or address of any node of the cluster, without a port. An IPv6 address may be in brackets.
      - When left out, the inventory host that the task runs for is meant. Only on localhost the environment variable
        E(PROXMOX_HOST) counts, which would send all hosts of a play to one cluster.
    type: str
  api_port:
    description: Port of the API. Falls back to E(PROXMOX_PORT).
    type: int
    default: 8006
  api_user:
    description: User with realm, for example V(root@pam). Falls back to E(PROXMOX_USER).
    type: str
  api_password:
    description: Password of O(api_user). Falls back to E(PROXMOX_PASSWORD).
    type: str
  api_totp:
    description: The current six digits, where O(api_user) has a time-based second factor. Falls back to E(PROXMOX_TOTP).
    type: str
  api_token_id:
    description: API token, as V(user@realm!name) or only its name beside O(api_user). Falls back to E(PROXMOX_TOKEN_ID).
    type: str
  api_token_secret:
    description: Secret of the API token. Falls back to E(PROXMOX_TOKEN_SECRET).
    type: str
  validate_certs:
    description: Whether the certificate of the server is verified. Falls back to E(PROXMOX_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificate of the authority that issued the server's certificate.
      - On a cluster with its own authority that is C(/etc/pve/pve-root-ca.pem). Falls back to E(PROXMOX_CA_PATH).
    type: path
  api_timeout:
    description: Seconds that a whole answer may take, from 1 to 3600. Falls back to E(PROXMOX_TIMEOUT).
    type: int
    default: 10
requirements:
  - requests
  - proxmoxer >= 2.3.0 (not with O(connection=shell))
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.pve
      - fleetgate.proxmox.all
"""

    STATE: str = lists_of(
        "pve",
        {
            "roles": "role",
            "groups": "group",
            "users": "user",
            "tokens": "token",
            "acl": "acl",
            "realms": "realm",
            "realm_sync_jobs": "realm_sync_job",
        },
    )

    INFO: str = filters_of("pve")
