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
      - V(https) connects to O(api_host) and requires a token or a password.
      - V(shell) runs C(pvesh) as root on the inventory host, over Ansible's own connection (with the become settings of the task). It
        needs no API credentials and ignores all other connection options.
      - With V(shell) the values of options are on the command line of that command, where every user of the host can see them while it
        runs. They appear neither on the command line of C(ssh) nor in the output of Ansible.
      - Falls back to
        E(PROXMOX_CONNECTION).
    type: str
    choices: [https, shell]
    default: https
  api_host:
    description:
      - Host name or address of any node of the cluster, without a port. An IPv6 address may be in brackets.
      - The default is the inventory host. The environment variable
        E(PROXMOX_HOST) is only used for localhost, because it would direct all hosts of a play to one cluster.
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
    description: Current code of the time-based second factor of O(api_user). Falls back to E(PROXMOX_TOTP).
    type: str
  api_token_id:
    description: API token, as V(user@realm!name) or its name together with O(api_user). Falls back to E(PROXMOX_TOKEN_ID).
    type: str
  api_token_secret:
    description: Secret of the API token. Falls back to E(PROXMOX_TOKEN_SECRET).
    type: str
  validate_certs:
    description: Whether to verify the certificate of the server. Falls back to E(PROXMOX_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificate that issued the certificate of the server.
      - For a cluster with its own CA this is C(/etc/pve/pve-root-ca.pem). Falls back to E(PROXMOX_CA_PATH).
    type: path
  api_timeout:
    description: Timeout of a complete response in seconds, from 1 to 3600. Falls back to E(PROXMOX_TIMEOUT).
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
