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
  - The lists that are also options of M(fleetgate.proxmox.pbs_state) can be passed back to it without causing a change.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [realms, users, tokens, acl, roles, version, fingerprint]
    default: [realms, users, tokens, acl, roles, version, fingerprint]
  permissions_of:
    description:
      - Users and full token IDs (V(NAME@REALM!TOKEN)) whose effective permissions are returned.
      - The server applies a change of the ACL within 5 seconds.
      - Without C(Sys.Audit) on C(/access) only the permissions of the caller are returned. A principal that does not exist has none.
    type: list
    elements: str
  show_secrets:
    description: Whether to return C(client_key) of realms, in clear text.
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
- name: Create the user and the token of a monitoring system
  fleetgate.proxmox.pbs_state:
    users:
      - userid: pulse-monitor@pbs
    tokens:
      - userid: pulse-monitor@pbs
        token_name: pulse
        secret_file: "{{ playbook_dir }}/pulse-{{ inventory_hostname }}.txt"

- name: Read users and ACL entries
  fleetgate.proxmox.pbs_info:
    gather: [users, acl]
  register: backup

- name: Read the tokens of one realm and the permissions of two principals
  fleetgate.proxmox.pbs_info:
    gather: [tokens]
    filters:
      tokens: [{realm: pbs}]
    permissions_of: [alice@pocketid, "pulse-monitor@pbs!pulse"]
  register: rights
"""

RETURN = r"""
realms:
  description: Realms, each with the options of its type, without passwords, which servers do not return.
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
  description: API tokens, without secrets, which servers do not return.
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
  description: Roles with their privileges.
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
    - SHA-256 fingerprint of the certificate that the server presents to the node that runs the task, after verification.
    - Null with O(connection=shell), which does not use a certificate.
  returned: when gathered
  type: str
  sample: "64:D1:07:A9:5E:22:...:0B"
permissions:
  description: Privileges by ID and path, and whether they propagate.
  returned: when O(permissions_of) is not empty
  type: dict
  sample: {"pulse-monitor@pbs!pulse": {/: {Sys.Audit: true}}}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.info()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
