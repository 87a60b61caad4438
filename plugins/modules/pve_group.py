#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_group
short_description: Manage a group of Proxmox VE
version_added: 0.1.0
description:
  - Creates, updates or deletes one group of a Proxmox VE cluster.
  - At an OpenID sign-on the entry V(admins) of the groups claim refers to the group V(admins-REALM). This module creates such a group, so that it
    can have permissions before anybody signs in.
options:
  groupid:
    description: Name of the group.
    type: str
    required: true
  comment:
    description: Comment. An empty value unsets it.
    type: str
  users:
    description:
      - Members of the group. They replace the existing members unless O(append) or O(remove) is used; an empty list removes all members.
      - Memberships are stored with the user, so the caller needs permission to modify these users.
    type: list
    elements: str
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
    description: Whether the group exists. Its ACL entries are deleted with it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pve_state
  - module: fleetgate.proxmox.pve_acl
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the group that members of proxmox_admins join at their sign-on
  fleetgate.proxmox.pve_group:
    groupid: proxmox_admins-pocketid
    comment: Administrators, from Pocket ID

- name: Create a user
  fleetgate.proxmox.pve_user:
    userid: rita@pve

- name: Add the user to a group and keep the other members
  fleetgate.proxmox.pve_group:
    groupid: operators
    users: [rita@pve]
    append: [users]
"""

RETURN = r"""
group:
  description: The group after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {groupid: proxmox_admins-pocketid, comment: "Administrators, from Pocket ID"}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/groups, reason: group proxmox_admins-pocketid is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.module_for("group")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
