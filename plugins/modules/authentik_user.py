#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_user
short_description: Manage a user of authentik
version_added: 0.1.0
description:
  - Makes, changes or removes one user of authentik.
options:
  username:
    description: Name that the user signs in with. It is what the claim C(preferred_username) carries.
    type: str
    required: true
  name:
    description: Name that is shown. A new user without one gets its user name.
    type: str
  email:
    description: E-mail address.
    type: str
  is_active:
    description: Whether the user may sign in. New users may.
    type: bool
  path:
    description: Folder of the user directory that the user is in, V(users) for new ones.
    type: str
  type:
    description: Kind of the user, V(internal) for new ones.
    type: str
    choices: [internal, external, service_account]
  attributes:
    description: Attributes, which replace those that the user has.
    type: dict
  groups:
    description:
      - Names of the groups that the user is in; they replace those of now, and an empty list leaves them all.
      - Members can also be named with C(users) of M(fleetgate.proxmox.authentik_group); say it in one place only.
    type: list
    elements: str
  password:
    description: Password of a new user. It is not compared, and not set again when the user is there.
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
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [groups]
    default: []
  state:
    description: Whether the user is there. With a user go its tokens and bindings.
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
- name: Somebody who signs in
  fleetgate.proxmox.authentik_user:
    username: alice
    name: Alice Ahrens
    email: alice@example.org
    groups: [proxmox_admins]
    append: [groups]
"""

RETURN = r"""
user:
  description: The user as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {username: alice, name: Alice Ahrens, email: alice@example.org, is_active: true, groups: [proxmox_admins]}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/users, reason: user alice is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.one("user")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
