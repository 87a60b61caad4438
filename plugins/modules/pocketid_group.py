#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_group
short_description: Manage a user group of Pocket ID
version_added: 0.1.0
description:
  - Makes, changes or removes one user group of Pocket ID, with its members.
  - Of a group that comes from an LDAP directory only the custom claims can be changed, as long as LDAP is switched on.
options:
  name:
    description: Name of the group. It is what the claim C(groups) carries.
    type: str
    required: true
  friendly_name:
    description: Name that is shown. A new group without one, and one whose name is taken away by an empty text, get the O(name).
    type: str
  users:
    description: User names of the members; they replace those that the group has, and an empty list empties it.
    type: list
    elements: str
  custom_claims:
    description:
      - Custom claims by name; they replace those that the group has. A value that is no text is given to clients as JSON.
      - The server adds them to the scope C(profile).
    type: dict
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [users]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [users]
    default: []
  state:
    description: Whether the group is there. A client that only this group may use admits nobody after its removal.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_user
  - module: fleetgate.proxmox.pocketid_state
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Administrators of the fleet
  fleetgate.proxmox.pocketid_group:
    name: proxmox_admins
    friendly_name: Proxmox administrators
    users: [alice]
    custom_claims:
      cost_centre: "4711"
"""

RETURN = r"""
group:
  description: The group as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {name: proxmox_admins, friendly_name: Proxmox administrators, users: [alice]}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/user-groups, reason: group proxmox_admins is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.one("group")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
