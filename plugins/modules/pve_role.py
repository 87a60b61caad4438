#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_role
short_description: Manage a role of Proxmox VE
version_added: 0.1.0
description:
  - Creates, updates or deletes one role, a named set of privileges, of a Proxmox VE cluster.
  - Built-in roles cannot be changed.
options:
  roleid:
    description: Name of the role. The name of a new role must not begin with C(PVE).
    type: str
    required: true
  privs:
    description:
      - Privileges of the role. They replace the existing privileges; an empty list removes all privileges.
      - They are checked against the privileges of the server, which differ between versions.
    type: list
    elements: str
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [privs]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [privs]
    default: []
  allow_lockout:
    description:
      - Whether the role may lose privileges that the user or token which runs the task needs to manage access, and holds by this role only.
        It might not be able to restore them.
    type: bool
  state:
    description: Whether the role exists. The ACL entries that grant it are deleted with it.
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
- name: Create the role of the automation
  fleetgate.proxmox.pve_role:
    roleid: FleetAccess
    privs:
      - Group.Allocate
      - Permissions.Modify
      - Realm.Allocate
      - Realm.AllocateUser
      - Sys.Audit
      - Sys.Modify
      - User.Modify
"""

RETURN = r"""
role:
  description: The role after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {roleid: VMReader, privs: [VM.Audit]}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /access/roles/VMReader, reason: "role VMReader: privs"}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.module_for("role")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
