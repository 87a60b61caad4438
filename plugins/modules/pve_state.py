#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_state
short_description: Make the access of a Proxmox VE cluster as declared
version_added: 0.1.0
description:
  - Takes roles, groups, users, API tokens, ACL entries, realms and scheduled syncs of realms of one cluster in one task.
  - Each kind is read once, one plan is made over all of them in order of dependency, and only the differences are written.
  - Everything wrong in any entry is reported together, before anything is written.
  - A realm is made last, so that whoever signs in through it has rights from the first time on.
seealso:
  - module: fleetgate.proxmox.pve_info
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.pve.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Sign-on with rights for two groups
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
  description: The declared roles as they are after the task, or in check mode as they would be.
  returned: when roles are declared
  type: list
  elements: dict
  sample: [{roleid: VMReader, privs: [VM.Audit]}]
groups:
  description: The same for groups.
  returned: when groups are declared
  type: list
  elements: dict
  sample: [{groupid: proxmox_users-pocketid, comment: ""}]
users:
  description: The same for users.
  returned: when users are declared
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pve, enable: true}]
tokens:
  description: The same for API tokens.
  returned: when tokens are declared
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pve, tokenid: pulse, privsep: true}]
acl:
  description: The same for ACL entries.
  returned: when ACL entries are declared
  type: list
  elements: dict
  sample: [{path: /, roles: [PVEAuditor], groups: [proxmox_users-pocketid], propagate: true}]
realms:
  description: The same for realms, without their secrets.
  returned: when realms are declared
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid}]
realm_sync_jobs:
  description: The same for scheduled syncs of realms.
  returned: when scheduled syncs are declared
  type: list
  elements: dict
  sample: [{id: nightly, realm: corp, schedule: "2:30", scope: both, remove_vanished: [], enable_new: true, enabled: true, comment: ""}]
secrets:
  description: Secrets of tokens that were made, by full token id, for entries with C(return_secret=true).
  returned: when there are such tokens
  type: dict
  sample: {pulse-monitor@pve!pulse: 4f0a3c62-2f0c-4d9c-9df4-6f0e1c1f2d11}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/groups, reason: group proxmox_users-pocketid is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.state()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
