#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_info
short_description: Read the access of a Proxmox VE cluster
version_added: 0.1.0
description:
  - Reads realms, scheduled syncs of realms, roles, groups, users, API tokens, ACL entries and the nodes of the cluster.
  - The lists have the options of M(fleetgate.proxmox.pve_state), and can be passed back to it without causing a change.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [roles, groups, users, tokens, acl, realms, realm_sync_jobs, version, cluster, nodes, fingerprint]
    default: [roles, groups, users, tokens, acl, realms, realm_sync_jobs, version, cluster, nodes, fingerprint]
  permissions_of:
    description:
      - Users, full token IDs (V(NAME@REALM!TOKEN)) and groups whose effective permissions are returned.
      - The permissions of users and tokens are returned by the server. Those of groups are derived from the ACL, as the permissions of a member
        without own ACL entries, excluding permissions on guests and storages that are inherited from pools.
      - Without C(Sys.Audit) on C(/access) only the permissions of the caller are returned. A principal that does not exist has none.
    type: list
    elements: str
  show_secrets:
    description: Whether to return C(client_key) of realms, in clear text.
    type: bool
    default: false
seealso:
  - module: fleetgate.proxmox.pve_state
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.pve.info
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create a group, and the user and the token of a monitoring system
  fleetgate.proxmox.pve_state:
    groups:
      - groupid: proxmox_users-pocketid
    users:
      - userid: pulse-monitor@pve
    tokens:
      - userid: pulse-monitor@pve
        tokenid: pulse
        secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"

- name: Read the nodes of a cluster
  fleetgate.proxmox.pve_info:
    gather: [nodes]
  register: lab

- name: Read the tokens of one realm and the permissions of two principals
  fleetgate.proxmox.pve_info:
    gather: [tokens]
    filters:
      tokens: [{realm: pve}]
    permissions_of: [proxmox_users-pocketid, "pulse-monitor@pve!pulse"]
  register: rights
"""

RETURN = r"""
roles:
  description: Roles, including built-in roles.
  returned: when gathered
  type: list
  elements: dict
  sample: [{roleid: VMReader, privs: [VM.Audit]}]
groups:
  description: Groups.
  returned: when gathered
  type: list
  elements: dict
  sample: [{groupid: proxmox_users-pocketid, comment: ""}]
users:
  description: Users.
  returned: when gathered
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pve, enable: true}]
tokens:
  description: API tokens, without secrets, which servers do not return.
  returned: when gathered
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pve, tokenid: pulse, privsep: true}]
acl:
  description: ACL entries.
  returned: when gathered
  type: list
  elements: dict
  sample: [{path: /, roles: [PVEAuditor], groups: [proxmox_users-pocketid], propagate: true}]
realms:
  description: OpenID realms.
  returned: when gathered
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid}]
realm_sync_jobs:
  description: Scheduled syncs of realms. Empty on servers before 8.0.
  returned: when gathered
  type: list
  elements: dict
  sample: [{id: nightly, realm: corp, schedule: "2:30", scope: both, remove_vanished: [], enable_new: true, enabled: true, comment: ""}]
version:
  description: Version of the server.
  returned: when gathered
  type: str
  sample: 9.2.11
cluster:
  description: Name of the cluster. Empty for a standalone node.
  returned: when gathered
  type: str
  sample: lab
nodes:
  description: Nodes of the cluster.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: pve1, online: true, ip: 192.0.2.11, local: true}]
fingerprint:
  description:
    - SHA-256 fingerprint of the certificate that the server presents to the node that runs the task, after verification.
    - Null with O(connection=shell), which does not use a certificate.
  returned: when gathered
  type: str
  sample: "64:D1:07:A9:5E:22:...:0B"
permissions:
  description: Privileges by ID and path, and whether they propagate.
  returned: when O(permissions_of) is not empty
  type: dict
  sample: {"pulse-monitor@pve!pulse": {/: {Sys.Audit: true}}}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.info()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
