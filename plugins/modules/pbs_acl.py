#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_acl
short_description: Manage ACL entries of Proxmox Backup Server
version_added: 0.1.0
description:
  - Grants roles on one path to users and API tokens of a Proxmox Backup Server, or takes them away.
  - One task stands for every pair of a subject and a role. Entries for other subjects, roles and paths are left alone.
options:
  path:
    description:
      - Path that the roles are for, for example V(/) or V(/datastore/tank).
      - Namespaces follow the name of a datastore, up to seven deep, as in V(/datastore/tank/customers/ann); below a remote from
        Proxmox Backup Server 3.2.11 on, as in V(/remote/offsite/tank/customers).
      - V(/system/s3-endpoint) is there from 4.0.9 on, V(/system/encryption-keys) from 4.1.9 on.
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
- name: Exactly these people of the realm pocketid are administrators
  fleetgate.proxmox.pbs_acl:
    path: /
    roles: [Admin]
    users: [alice@pocketid]
    exclusive:
      - {path: /, role: Admin, realm: pocketid}

- name: User and token of a monitoring system both need the role
  fleetgate.proxmox.pbs_acl:
    path: /
    roles: [Audit]
    users: [pulse-monitor@pbs]
    tokens: [pulse-monitor@pbs!pulse]
"""

RETURN = r"""
acl:
  description: The declared entries as they are after the task, or in check mode as they would be.
  returned: success
  type: list
  elements: dict
  sample:
    - {path: /, roles: [Admin], users: [alice@pocketid], propagate: true}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /access/acl, reason: user alice@pocketid has Admin on /}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.one("acl")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
