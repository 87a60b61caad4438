#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_group
short_description: Manage a group of authentik
version_added: 0.1.0
description:
  - Makes, changes or removes one group of authentik, with its members.
  - The claim C(groups) carries the names of a user's groups. There is no scope of that name; the claim is in the scope C(profile).
options:
  name:
    description: Name of the group.
    type: str
    required: true
  is_superuser:
    description: Whether the members are administrators of authentik.
    type: bool
  parents:
    description: Names of the groups that this one is in. Servers before 2025.12 know one parent at the most.
    type: list
    elements: str
  attributes:
    description: Attributes, which replace those that the group has.
    type: dict
  users:
    description: User names of the members; they replace those that the group has, and an empty list empties it.
    type: list
    elements: str
  allow_lockout:
    description:
      - Whether the user of the token that this task works with may lose the superuser status or the roles that it has by this group.
        The token may stop working, so the task may be unable to verify the change that it made, and fail after it.
    type: bool
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [parents, users]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [parents, users]
    default: []
  state:
    description:
      - Whether the group is there. With a group go its bindings.
      - It is not removed while it is the last one that an application is bound to, because everybody could use that then.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.authentik_user
  - module: fleetgate.proxmox.authentik_binding
  - module: fleetgate.proxmox.authentik_state
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Administrators of the fleet
  fleetgate.proxmox.authentik_group:
    name: proxmox_admins
    users: [alice]
"""

RETURN = r"""
group:
  description: The group as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {name: proxmox_admins, is_superuser: false, users: [alice], parents: [], attributes: {}}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/groups, reason: group proxmox_admins is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.one("group")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
