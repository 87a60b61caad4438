#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_user
short_description: Manage a user of Proxmox VE
version_added: 0.1.0
description:
  - Makes, changes or removes one user of a Proxmox VE cluster.
  - Users of an OpenID realm can be made before they sign in for the first time.
  - API tokens are never touched; see M(fleetgate.proxmox.pve_token).
options:
  keys:
    description: Second factor of the old kind, as the API has it.
    type: str
  groups:
    description: Groups of the user; they replace those that the user is in, and an empty list takes the user out of all.
    type: list
    elements: str
  password:
    description:
      - Password, for the realms V(pam) and V(pve).
      - It is set when the user is made and not afterwards, because the server cannot say whether it is the same.
    type: str
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [groups]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [groups]
    default: []
  state:
    description: Whether the user is there. Removing a user also removes tokens, memberships and ACL entries.
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
- name: A user for monitoring, who has no password and works through a token
  fleetgate.proxmox.pve_user:
    userid: pulse-monitor@pve
    comment: Pulse

- name: One more group for a user, whatever other groups there are
  fleetgate.proxmox.pve_user:
    userid: alice@pocketid
    groups: [backup-operators]
    append: [groups]
"""

RETURN = r"""
user:
  description: The user as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {userid: pulse-monitor@pve, enable: true, groups: []}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: user pulse-monitor@pve is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.one("user")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
