#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_state
short_description: Manage the access configuration of a Proxmox VE cluster
version_added: 0.1.0
description:
  - Manages roles, groups, users, API tokens, ACL entries, realms and scheduled syncs of realms of one cluster in one task.
  - Every kind of object is read once, compared with the declaration in the order of dependencies, and only differences are written.
  - All problems in all entries are reported together, before the first change.
  - Realms are created last, so that users have their permissions at the first sign-on.
seealso:
  - module: fleetgate.proxmox.pve_info
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.pve.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Declare a realm and the permissions of two groups
  fleetgate.proxmox.pve_state:
    groups:
      - groupid: proxmox_users-pocketid
      - groupid: proxmox_admins-pocketid
    acl:
      - path: /
        roles: [PVEAuditor]
        groups: [proxmox_users-pocketid]
      - path: /
        roles: [Administrator]
        groups: [proxmox_admins-pocketid]
    realms:
      - realm: pocketid
        issuer_url: https://id.example.org
        client_id: pve-lab
        client_key: "{{ vault_pve_lab_secret }}"
        username_claim: preferred_username
        scopes: [email, profile, groups]
        groups_claim: groups
        autocreate: true
"""

RETURN = r"""
roles:
  description: The declared roles after the task, or as predicted in check mode.
  returned: when roles are declared
  type: list
  elements: dict
  sample: [{roleid: VMReader, privs: [VM.Audit]}]
groups:
  description: The declared groups after the task, or as predicted in check mode.
  returned: when groups are declared
  type: list
  elements: dict
  sample: [{groupid: proxmox_users-pocketid, comment: ""}]
users:
  description: The declared users after the task, or as predicted in check mode.
  returned: when users are declared
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pve, enable: true}]
tokens:
  description: The declared API tokens after the task, or as predicted in check mode.
  returned: when tokens are declared
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pve, tokenid: pulse, privsep: true}]
acl:
  description: The declared ACL entries after the task, or as predicted in check mode.
  returned: when ACL entries are declared
  type: list
  elements: dict
  sample: [{path: /, roles: [PVEAuditor], groups: [proxmox_users-pocketid], propagate: true}]
realms:
  description: The declared realms, without their secrets after the task, or as predicted in check mode.
  returned: when realms are declared
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid}]
realm_sync_jobs:
  description: The declared scheduled syncs of realms after the task, or as predicted in check mode.
  returned: when scheduled syncs are declared
  type: list
  elements: dict
  sample: [{id: nightly, realm: corp, schedule: "2:30", scope: both, remove_vanished: [], enable_new: true, enabled: true, comment: ""}]
secrets:
  description: Secrets of created tokens by full token ID, for entries with C(return_secret=true).
  returned: when such tokens were created
  type: dict
  sample: {pulse-monitor@pve!pulse: 4f0a3c62-2f0c-4d9c-9df4-6f0e1c1f2d11}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/groups, reason: group proxmox_users-pocketid is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.state()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
