# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ..plugin_utils.documentation import filters_of, lists_of


class ModuleDocFragment:
    """The connection to Proxmox Backup Server."""

    DOCUMENTATION = r"""
options:
  connection:
    description:
      - How the API is reached.
      - V(https) goes to O(api_host), and needs a token or a password.
      - V(shell) runs C(proxmox-backup-debug api) as root on the host that the task runs for, over the connection that Ansible has to
        it (with the become of the task), and needs no credential of the API. All other connection options are without
        meaning then.
        That command takes one value of an option only, so a task that empties several options of an object is refused by
        it, and it tells no digest, so that a change by somebody else at the same moment goes unnoticed.
      - With V(shell) the values of options are in the command line of that command, where every user of the host can see
        them while it runs; they are neither in that of C(ssh) nor in the output of Ansible. Falls back to
        E(PROXMOX_BACKUP_CONNECTION).
    type: str
    choices: [https, shell]
    default: https
  api_host:
    description:
      - Host name or address of the backup server, without a port. An IPv6 address may be in brackets.
      - When left out, the inventory host that the task runs for is meant. Only on localhost the environment variable
        E(PROXMOX_BACKUP_HOST) counts, which would send all hosts of a play to one server.
    type: str
  api_port:
    description: Port of the API. Falls back to E(PROXMOX_BACKUP_PORT).
    type: int
    default: 8007
  api_user:
    description: User with realm, for example V(root@pam). Falls back to E(PROXMOX_BACKUP_USER).
    type: str
  api_password:
    description: Password of O(api_user). Falls back to E(PROXMOX_BACKUP_PASSWORD).
    type: str
  api_totp:
    description: Code of a time-based second factor, where O(api_user) has one. It holds once. Falls back to E(PROXMOX_BACKUP_TOTP).
    type: str
  api_token_id:
    description: API token, as V(user@realm!name) or only its name beside O(api_user). Falls back to E(PROXMOX_BACKUP_TOKEN_ID).
    type: str
  api_token_secret:
    description: Secret of the API token. Falls back to E(PROXMOX_BACKUP_TOKEN_SECRET).
    type: str
  validate_certs:
    description: Whether the certificate of the server is verified. Falls back to E(PROXMOX_BACKUP_VALIDATE_CERTS).
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificate of the authority that issued the server's certificate, or of the server itself.
      - Falls back to E(PROXMOX_BACKUP_CA_PATH).
    type: path
  api_timeout:
    description: Seconds that a whole answer may take, from 1 to 3600. Falls back to E(PROXMOX_BACKUP_TIMEOUT).
    type: int
    default: 10
requirements:
  - requests
  - proxmoxer >= 2.3.0 (not with O(connection=shell))
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.pbs
      - fleetgate.proxmox.all
"""

    STATE: str = lists_of("pbs", {"realms": "realm", "users": "user", "tokens": "token", "acl": "acl"})

    INFO: str = filters_of("pbs")
