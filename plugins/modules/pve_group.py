#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_group
short_description: Manage a group of Proxmox VE
version_added: 0.1.0
description:
  - Makes, changes or removes one group of a Proxmox VE cluster.
  - At an OpenID sign-on the entry V(admins) of the groups claim means the group V(admins-REALM). With this module such a
    group, and its rights, exist before anybody signs in.
options:
  groupid:
    description: Name of the group.
    type: str
    required: true
  comment:
    description: Comment. An empty one removes it.
    type: str
  users:
    description:
      - Users that are in the group, all of them unless O(append) or O(remove) says otherwise. An empty list takes everybody out.
      - A membership is written with the user, so the caller needs the right to change these users.
    type: list
    elements: str
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
    description: Whether the group is there. Removing it also removes its ACL entries.
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
- name: The group that members of proxmox_admins join when they sign in through the realm pocketid
  fleetgate.proxmox.pve_group:
    groupid: proxmox_admins-pocketid
    comment: Administrators, from Pocket ID

- name: One more operator, whoever else there is
  fleetgate.proxmox.pve_group:
    groupid: operators
    users: [rita@pve]
    append: [users]
"""

RETURN = r"""
group:
  description: The group as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {groupid: proxmox_admins-pocketid, comment: "Administrators, from Pocket ID"}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/groups, reason: group proxmox_admins-pocketid is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.one("group")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
