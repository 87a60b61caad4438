#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_binding
short_description: Manage who may use an application of authentik
version_added: 0.1.0
description:
  - Binds a group, a user or a policy to an application of authentik, or removes that.
  - An application without an enabled binding can be used by everybody. So the last one is not removed or disabled, be it here, with
    its group or with its user, unless O(allow_everybody) says that this is meant.
options:
  application:
    description: Slug of the application.
    type: str
    required: true
  group:
    description: Name of a group, whose members may use the application.
    type: str
  user:
    description: User name of somebody who may use the application.
    type: str
  policy:
    description: Name of a policy that decides who may use the application.
    type: str
  order:
    description:
      - Place among the bindings of the application, each of which must have one of its own.
      - A new binding without one gets the place after all others.
    type: int
  enabled:
    description: Whether the binding counts. New ones do.
    type: bool
  negate:
    description: Whether it is the others who may use the application.
    type: bool
  policy_timeout:
    description: Seconds that a policy may take, V(30) for new ones.
    type: int
  failure_result:
    description: Whether a policy that fails lets the user in.
    type: bool
  allow_everybody:
    description: Whether the binding may be removed or disabled although it is the last one, so that everybody may use the application.
    type: bool
  state:
    description: Whether the binding is there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.authentik_application
  - module: fleetgate.proxmox.authentik_state
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Only administrators and auditors sign in to the lab
  fleetgate.proxmox.authentik_binding:
    application: pve-lab
    group: "{{ item }}"
  loop: [proxmox_admins, proxmox_auditors]

- name: Everybody does
  fleetgate.proxmox.authentik_binding:
    application: pve-lab
    group: proxmox_admins
    state: absent
    allow_everybody: true
"""

RETURN = r"""
binding:
  description: The binding as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {application: pve-lab, group: proxmox_admins, order: 0, enabled: true}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /policies/bindings, reason: binding of pve-lab to group proxmox_admins is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.one("binding")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
