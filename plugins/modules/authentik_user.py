#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_user
short_description: Manage a user of authentik
version_added: 0.1.0
description:
  - Creates, updates or deletes one user of authentik.
options:
  username:
    description: Name that the user signs in with, and value of the claim C(preferred_username).
    type: str
    required: true
  name:
    description: Display name. Defaults to O(username) for new users.
    type: str
  email:
    description: E-mail address.
    type: str
  is_active:
    description: Whether the user may sign in. Defaults to V(true) for new users.
    type: bool
  path:
    description: Path of the user in the user directory. Defaults to V(users) for new users.
    type: str
  type:
    description: Type of the user. Defaults to V(internal) for new users.
    type: str
    choices: [internal, external, service_account]
  attributes:
    description: Attributes. They replace the existing attributes of the user.
    type: dict
  groups:
    description:
      - Names of the groups of the user. They replace the existing groups; an empty list removes the user from all groups.
      - Memberships can also be declared with C(users) of M(fleetgate.proxmox.authentik_group). Declare a membership in one place only.
    type: list
    elements: str
  password:
    description: Password of a new user. It is not compared or set for an existing user.
    type: str
  allow_lockout:
    description:
      - Whether the user of the token that this task works with may be removed or deactivated, or lose the groups that make it a
        superuser or give it roles. The token would stop working, so the task cannot verify the change that it made, and fails after it.
    type: bool
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
    description: Whether the user exists. Its tokens and bindings are deleted with it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.authentik_group
  - module: fleetgate.proxmox.authentik_state
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the group
  fleetgate.proxmox.authentik_group:
    name: proxmox_admins

- name: Create a user and add it to a group
  fleetgate.proxmox.authentik_user:
    username: alice
    name: Alice Ahrens
    email: alice@example.org
    groups: [proxmox_admins]
    append: [groups]
"""

RETURN = r"""
user:
  description: The user after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {username: alice, name: Alice Ahrens, email: alice@example.org, is_active: true, groups: [proxmox_admins]}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/users, reason: user alice is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.module_for("user")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
