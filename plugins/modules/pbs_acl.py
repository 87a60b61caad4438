#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_acl
short_description: Manage ACL entries of Proxmox Backup Server
version_added: 0.1.0
description:
  - Grants roles on one path to users and API tokens of a Proxmox Backup Server, or revokes them.
  - A task manages one entry for every pair of a subject and a role. Entries for other subjects, roles and paths are left unchanged.
options:
  path:
    description:
      - Path of the entries, for example V(/) or V(/datastore/tank).
      - Namespaces follow the name of a datastore, up to seven levels deep, for example V(/datastore/tank/customers/ann). Below a remote, for
        example V(/remote/offsite/tank/customers), they require Proxmox Backup Server 3.2.11 or later.
      - V(/system/s3-endpoint) requires 4.0.9 or later, V(/system/encryption-keys) requires 4.1.9 or later.
    type: str
    required: true
seealso:
  - module: fleetgate.proxmox.pbs_state
extends_documentation_fragment:
  - fleetgate.proxmox.acl
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the realm and the users
  fleetgate.proxmox.pbs_state:
    realms:
      - realm: pocketid
        issuer_url: https://id.example.org
        client_id: pbs
        client_key: "{{ vault_pbs_secret }}"
        username_claim: preferred_username
    users:
      - userid: alice@pocketid
      - userid: pulse-monitor@pbs
    tokens:
      - userid: pulse-monitor@pbs
        token_name: pulse
        secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"

- name: Make exactly these users of the realm pocketid administrators
  fleetgate.proxmox.pbs_acl:
    path: /
    roles: [Admin]
    users: [alice@pocketid]
    exclusive:
      - {path: /, role: Admin, realm: pocketid}

- name: Grant the role to the user and the token of a monitoring system
  fleetgate.proxmox.pbs_acl:
    path: /
    roles: [Audit]
    users: [pulse-monitor@pbs]
    tokens: [pulse-monitor@pbs!pulse]
"""

RETURN = r"""
acl:
  description: The declared entries after the task, or as predicted in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {path: /, roles: [Admin], users: [alice@pocketid], propagate: true}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /access/acl, reason: user alice@pocketid has Admin on /}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.module_for("acl")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
