#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_user
short_description: Manage a user of Proxmox VE
version_added: 0.1.0
description:
  - Creates, updates or deletes one user of a Proxmox VE cluster.
  - Users of an OpenID realm can be created before they sign in for the first time.
  - API tokens are not modified; see M(fleetgate.proxmox.pve_token).
options:
  keys:
    description: Keys of a legacy second factor, in the format of the API.
    type: str
  groups:
    description: Groups of the user. They replace the existing groups; an empty list removes the user from all groups.
    type: list
    elements: str
  password:
    description:
      - Password, for the realms V(pam) and V(pve).
      - It is only set when the user is created, because the server cannot compare it.
    type: str
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [groups]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [groups]
    default: []
  state:
    description: Whether the user exists. Its tokens, memberships and ACL entries are deleted with it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pve_state
  - module: fleetgate.proxmox.pve_token
extends_documentation_fragment:
  - fleetgate.proxmox.identity
  - fleetgate.proxmox.identity.user
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create a user for monitoring without a password
  fleetgate.proxmox.pve_user:
    userid: pulse-monitor@pve
    comment: Pulse

- name: Create the realm
  fleetgate.proxmox.pve_realm:
    realm: pocketid
    issuer_url: https://id.example.org
    client_id: pve-lab
    username_claim: preferred_username

- name: Create a group
  fleetgate.proxmox.pve_group:
    groupid: backup-operators

- name: Add a user to the group and keep its other groups
  fleetgate.proxmox.pve_user:
    userid: alice@pocketid
    groups: [backup-operators]
    append: [groups]
"""

RETURN = r"""
user:
  description: The user after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {userid: pulse-monitor@pve, enable: true, groups: []}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: user pulse-monitor@pve is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.module_for("user")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
