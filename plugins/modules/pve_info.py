#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_info
short_description: Read the access of a Proxmox VE cluster
version_added: 0.1.0
description:
  - Reads realms, scheduled syncs of realms, roles, groups, users, API tokens, ACL entries and what the cluster consists of.
  - The lists have the options of M(fleetgate.proxmox.pve_state), and given back to it they change nothing.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [roles, groups, users, tokens, acl, realms, realm_sync_jobs, version, cluster, nodes, fingerprint]
    default: [roles, groups, users, tokens, acl, realms, realm_sync_jobs, version, cluster, nodes, fingerprint]
  permissions_of:
    description:
      - Users, full token ids (V(NAME@REALM!TOKEN)) and groups whose effective permissions are returned.
      - The server tells those of users and tokens, and of groups the ACL does. What a group has is what a member has who has no
        ACL entries of its own, without what a pool gives on its guests and storages.
      - Nobody else than the caller itself is told of without C(Sys.Audit) on C(/access). One that does not exist has no permissions.
    type: list
    elements: str
  show_secrets:
    description: Whether C(client_key) of realms is returned, in clear text.
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
- name: The nodes of a cluster
  fleetgate.proxmox.pve_info:
    gather: [nodes]
  register: lab

- name: The tokens of one realm, and what two of those that there are may do
  fleetgate.proxmox.pve_info:
    gather: [tokens]
    filters:
      tokens: [{realm: pve}]
    permissions_of: [proxmox_users-pocketid, "pulse-monitor@pve!pulse"]
  register: rights
"""

RETURN = r"""
roles:
  description: Roles, built-in ones too.
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
  description: API tokens, without secrets, which no server tells.
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
  description: Scheduled syncs of realms; none on servers before 8.0.
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
  description: Name of the cluster; none for a node that is in no cluster.
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
    - SHA-256 fingerprint of the certificate that the server shows to the node that runs the task, which has verified it.
    - None with O(connection=shell), which sees no certificate.
  returned: when gathered
  type: str
  sample: "64:D1:07:A9:5E:22:...:0B"
permissions:
  description: Effective permissions. For each id by path what is allowed there, and whether it is below as well.
  returned: when O(permissions_of) names somebody
  type: dict
  sample: {"pulse-monitor@pve!pulse": {/: {Sys.Audit: true}}}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.info()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
