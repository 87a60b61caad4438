#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_acl
short_description: Manage ACL entries of Proxmox VE
version_added: 0.1.0
description:
  - Grants roles on one path to users, groups and API tokens of a Proxmox VE cluster, or revokes them.
  - A task manages one entry for every pair of a subject and a role. Entries for other subjects, roles and paths are left unchanged.
options:
  path:
    description: Path of the entries, for example V(/) or V(/vms/100).
    type: str
    required: true
  groups:
    description: Groups. The names of groups of an OpenID realm end in V(-REALM).
    type: list
    elements: str
seealso:
  - module: fleetgate.proxmox.pve_state
  - module: fleetgate.proxmox.pve_role
extends_documentation_fragment:
  - fleetgate.proxmox.acl
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the group, the user and the token
  fleetgate.proxmox.pve_state:
    groups:
      - groupid: proxmox_admins-pocketid
    users:
      - userid: pulse-monitor@pve
    tokens:
      - userid: pulse-monitor@pve
        tokenid: pulse
        secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"

- name: Make members of proxmox_admins administrators
  fleetgate.proxmox.pve_acl:
    path: /
    roles: [Administrator]
    groups: [proxmox_admins-pocketid]

- name: Grant the role to the user and the token of a monitoring system
  fleetgate.proxmox.pve_acl:
    path: /
    roles: [PVEAuditor]
    users: [pulse-monitor@pve]
    tokens: [pulse-monitor@pve!pulse]
"""

RETURN = r"""
acl:
  description: The declared entries after the task, or as predicted in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {path: /, roles: [Administrator], groups: [proxmox_admins-pocketid], propagate: true}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /access/acl, reason: group proxmox_admins-pocketid has Administrator on /}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.module_for("acl")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
