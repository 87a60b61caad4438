#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_group
short_description: Manage a user group of Pocket ID
version_added: 0.1.0
description:
  - Creates, updates or deletes one user group of Pocket ID, with its members.
  - Of a group that comes from an LDAP directory only the custom claims can be changed, as long as LDAP is switched on.
options:
  name:
    description: Name of the group, and value of the claim C(groups).
    type: str
    required: true
  friendly_name:
    description: Display name. Defaults to O(name) for new groups and if it is empty.
    type: str
  users:
    description: Names of the members. They replace the existing members; an empty list removes all members.
    type: list
    elements: str
  custom_claims:
    description:
      - Custom claims by name. They replace the existing claims. Values that are not strings are passed to clients as JSON.
      - The server adds them to the scope C(profile).
    type: dict
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [users]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [users]
    default: []
  state:
    description: Whether the group exists. If a client is restricted to this group only, nobody may use the client after its removal.
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
- name: Create the user
  fleetgate.proxmox.pocketid_user:
    username: alice
    email: alice@example.org
    first_name: Alice

- name: Create the administrators of the fleet
  fleetgate.proxmox.pocketid_group:
    name: proxmox_admins
    friendly_name: Proxmox administrators
    users: [alice]
    custom_claims:
      cost_centre: "4711"
"""

RETURN = r"""
group:
  description: The group after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {name: proxmox_admins, friendly_name: Proxmox administrators, users: [alice]}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/user-groups, reason: group proxmox_admins is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.module_for("group")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
