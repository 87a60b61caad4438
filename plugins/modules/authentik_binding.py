#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_binding
short_description: Manage bindings of an application of authentik
version_added: 0.1.0
description:
  - Creates, updates or deletes the binding of a group, a user or a policy to an application of authentik.
  - Everybody can use an application without an enabled binding. The last binding is therefore not deleted or disabled, neither directly nor
    together with its group or user, unless O(allow_everybody=true).
options:
  application:
    description: Slug of the application.
    type: str
    required: true
  group:
    description: Name of the group whose members may use the application.
    type: str
  user:
    description: Name of the user who may use the application.
    type: str
  policy:
    description: Name of the policy that decides about access to the application.
    type: str
  order:
    description:
      - Order of the binding, unique within the application.
      - A new binding is placed last by default.
    type: int
  enabled:
    description: Whether the binding is evaluated. Defaults to V(true) for new bindings.
    type: bool
  negate:
    description: Negate the binding, so that everybody except these may use the application.
    type: bool
  policy_timeout:
    description: Timeout of a policy in seconds. Defaults to V(30) for new bindings.
    type: int
  failure_result:
    description: Whether a policy that fails grants access.
    type: bool
  allow_everybody:
    description: Allow deleting or disabling the last binding, so that everybody may use the application.
    type: bool
  state:
    description: Whether the binding exists.
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
- name: Create what the bindings refer to
  fleetgate.proxmox.authentik_state:
    groups:
      - name: proxmox_admins
      - name: proxmox_auditors
    applications:
      - slug: pve-lab
        name: Proxmox VE lab
        redirect_uris: ["https://pve1.lab.example.org:8006"]

- name: Restrict the lab to administrators and auditors
  fleetgate.proxmox.authentik_binding:
    application: pve-lab
    group: "{{ item }}"
  loop: [proxmox_admins, proxmox_auditors]

- name: Allow everybody to use the application
  fleetgate.proxmox.authentik_binding:
    application: pve-lab
    group: "{{ item }}"
    state: absent
    allow_everybody: true
  loop: [proxmox_admins, proxmox_auditors]
"""

RETURN = r"""
binding:
  description: The binding after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {application: pve-lab, group: proxmox_admins, order: 0, enabled: true}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /policies/bindings, reason: binding of pve-lab to group proxmox_admins is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.module_for("binding")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
