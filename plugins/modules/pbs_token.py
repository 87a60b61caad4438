#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_token
short_description: Manage an API token of Proxmox Backup Server
version_added: 0.1.0
description:
  - Creates, updates or deletes one API token of a user of a Proxmox Backup Server.
  - A token has no rights before it has ACL entries of its own; see M(fleetgate.proxmox.pbs_acl).
  - The server returns the secret of a token once, when the token is created. The task must therefore specify where to store or return it.
options:
  token_name:
    description: Name of the token, the part after the C(!) of its full ID.
    type: str
    required: true
    aliases: [tokenid]
  enable:
    description: Whether the token may be used. New tokens may.
    type: bool
  state:
    description: Whether the token exists. Removing it also removes its ACL entries.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pbs_state
  - module: fleetgate.proxmox.pbs_acl
extends_documentation_fragment:
  - fleetgate.proxmox.identity
  - fleetgate.proxmox.identity.token
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the user
  fleetgate.proxmox.pbs_user:
    userid: pulse-monitor@pbs

- name: Create a token for Pulse and store its secret in a file
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    comment: Pulse
    secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"

- name: Keep a working secret in an encrypted file and replace it only if it is lost or not accepted
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    secret: if_invalid
    secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"
    secret_file_vault_id: default

- name: Replace the secret of a token that may have leaked
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    secret: regenerate
    secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"

- name: Grant the user and the token a role
  fleetgate.proxmox.pbs_acl:
    path: /
    roles: [Audit]
    users: [pulse-monitor@pbs]
    tokens: [pulse-monitor@pbs!pulse]

- name: Verify the privileges of the token
  fleetgate.proxmox.pbs_token:
    userid: pulse-monitor@pbs
    token_name: pulse
    required_privileges:
      - {path: /, privileges: [Sys.Audit]}
"""

RETURN = r"""
token:
  description: The token after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {userid: pulse-monitor@pbs, token_name: pulse, enable: true, expire: 0, comment: Pulse}
secret:
  description: A new secret, or one that was tested successfully. A placeholder in check mode if a secret would be created.
  returned: when O(return_secret=true) and a secret was created or tested successfully
  type: str
  sample: 4f0a3c62-2f0c-4d9c-9df4-6f0e1c1f2d11
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users/pulse-monitor@pbs/token/pulse, reason: token pulse-monitor@pbs!pulse is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.module_for("token")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
