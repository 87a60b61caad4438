#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_info
short_description: Read the access of a Proxmox Backup Server
version_added: 0.1.0
description:
  - Reads realms, users, API tokens, ACL entries and roles.
  - The lists that M(fleetgate.proxmox.pbs_state) has too can be given back to it, and change nothing there.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [realms, users, tokens, acl, roles, version, fingerprint]
    default: [realms, users, tokens, acl, roles, version, fingerprint]
  permissions_of:
    description:
      - Users and full token ids (V(NAME@REALM!TOKEN)) whose effective permissions are returned, as the server tells them.
      - The server counts a change of the ACL after up to 5 seconds.
      - Nobody else than the caller itself is told of without C(Sys.Audit) on C(/access). One that does not exist has no permissions.
    type: list
    elements: str
  show_secrets:
    description: Whether C(client_key) of realms is returned, in clear text.
    type: bool
    default: false
seealso:
  - module: fleetgate.proxmox.pbs_state
extends_documentation_fragment:
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.pbs.info
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Who may do what
  fleetgate.proxmox.pbs_info:
    gather: [users, acl]
  register: backup

- name: The tokens of one realm, and what two of those that there are may do
  fleetgate.proxmox.pbs_info:
    gather: [tokens]
    filters:
      tokens: [{realm: pbs}]
    permissions_of: [alice@pocketid, "pulse-monitor@pbs!pulse"]
  register: rights
"""

RETURN = r"""
realms:
  description: Realms, each with the options that its type has, without passwords, which no server tells.
  returned: when gathered
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid, default: false}]
users:
  description: Users.
  returned: when gathered
  type: list
  elements: dict
  sample: [{userid: alice@pocketid, enable: true}]
tokens:
  description: API tokens, without secrets, which no server tells.
  returned: when gathered
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pbs, token_name: pulse}]
acl:
  description: ACL entries.
  returned: when gathered
  type: list
  elements: dict
  sample: [{path: /, roles: [Admin], users: [alice@pocketid], propagate: true}]
roles:
  description: The roles that the server has, with their privileges.
  returned: when gathered
  type: list
  elements: dict
  sample: [{roleid: Audit, privs: [Datastore.Audit, Sys.Audit], comment: Auditor}]
version:
  description: Version of the server.
  returned: when gathered
  type: str
  sample: 4.2.3
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
  sample: {"pulse-monitor@pbs!pulse": {/: {Sys.Audit: true}}}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.info()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
