#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_info
short_description: Read users, groups and clients of Pocket ID
version_added: 0.1.0
description:
  - Reads users, groups with their members, OIDC clients with their allowed groups, and the version.
  - The lists have the options of M(fleetgate.proxmox.pocketid_state), and given back to it they change nothing.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [users, groups, clients, version]
    default: [users, groups, clients, version]
seealso:
  - module: fleetgate.proxmox.pocketid_state
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.pocketid.info
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: The clients that there are
  fleetgate.proxmox.pocketid_info:
    gather: [clients]
  register: pocketid
"""

RETURN = r"""
users:
  description: Users.
  returned: when gathered
  type: list
  elements: dict
  sample: [{username: alice, email: alice@example.org}]
groups:
  description: Groups.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: proxmox_admins, users: [alice]}]
clients:
  description: OIDC clients, without secrets, which the server does not tell.
  returned: when gathered
  type: list
  elements: dict
  sample: [{id: pve-lab, name: Proxmox VE lab}]
version:
  description: Version of the server.
  returned: when gathered
  type: str
  sample: 2.14.0
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.info()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
