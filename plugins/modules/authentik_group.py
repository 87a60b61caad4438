#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_group
short_description: Manage a group of authentik
version_added: 0.1.0
description:
  - Creates, updates or deletes one group of authentik, with its members.
  - The claim C(groups) contains the names of a user's groups. It is part of the scope C(profile); a scope C(groups) does not exist.
options:
  name:
    description: Name of the group.
    type: str
    required: true
  is_superuser:
    description: Whether the members are administrators of authentik.
    type: bool
  parents:
    description: Names of the parent groups. Servers before 2025.12 support a single parent.
    type: list
    elements: str
  attributes:
    description: Attributes. They replace the existing attributes of the group.
    type: dict
  users:
    description: Names of the members. They replace the existing members; an empty list removes all members.
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
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [parents, users]
    default: []
  state:
    description:
      - Whether the group exists. Its bindings are deleted with it.
      - A group is not deleted if it has the last binding of an application, because everybody could then use the application.
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
- name: Create the user
  fleetgate.proxmox.authentik_user:
    username: alice
    email: alice@example.org

- name: Create the administrators of the fleet
  fleetgate.proxmox.authentik_group:
    name: proxmox_admins
    users: [alice]
"""

RETURN = r"""
group:
  description: The group after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {name: proxmox_admins, is_superuser: false, users: [alice], parents: [], attributes: {}}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/groups, reason: group proxmox_admins is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.module_for("group")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
