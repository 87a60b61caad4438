#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: offboard_host
short_description: Remove a person from one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The task of the role P(fleetgate.proxmox.offboard#role), which the playbook C(fleetgate.proxmox.offboard) runs. Use these instead of the
    module.
  - Removes the user of the realm that stands for the person, with its tokens, memberships and ACL entries, and reads the server again to show
    that nothing is left. Users of other realms that may be the same person are reported, and stay.
  - Options default to the variables of the host.
options:
  stage:
    description:
      - V(preflight) reads the host and refuses what must not be removed.
      - V(apply) removes the user.
    type: str
    choices: [preflight, apply]
    required: true
  claims:
    description: Claims of the person at the identity provider. Defaults to the result of M(fleetgate.proxmox.offboard_provider).
    type: dict
    default: {}
seealso:
  - module: fleetgate.proxmox.offboard_provider
  - module: fleetgate.proxmox.wire_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.offboarding
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Find the person at the identity provider
  fleetgate.proxmox.offboard_provider:
    stage: preflight
    person: bob
  register: __fleetgate_offboard_provider
  run_once: true

- name: Find the person on the cluster
  fleetgate.proxmox.offboard_host:
    stage: preflight
    product: pve
    person: bob
  register: __fleetgate_offboard

- name: Collect the problems of all hosts
  fleetgate.proxmox.offboard_provider:
    stage: review
    person: bob
  register: __fleetgate_offboard_review
  run_once: true

- name: End the access at the identity provider
  fleetgate.proxmox.offboard_provider:
    stage: apply
    person: bob
  register: __fleetgate_offboard_ended
  run_once: true

- name: Remove the user from the cluster
  fleetgate.proxmox.offboard_host:
    stage: apply
    product: pve
    person: bob
  register: __fleetgate_offboard_removed
"""

RETURN = r"""
found:
  description: What belongs to the person, by name.
  returned: with O(stage=preflight)
  type: list
  elements: str
  sample: ["token bob@pocketid!ci", "membership in proxmox_users-pocketid", "user bob@pocketid"]
similar:
  description: The end of a sentence with the name of a similar user, if the host has none of the person.
  returned: with O(stage=preflight)
  type: str
  sample: "; did you mean bob?"
identity:
  description: What is the same for all inventory hosts that are one server.
  returned: with O(stage=preflight)
  type: list
  elements: str
removed:
  description: What was removed, by name, in this order; in check mode what would be.
  returned: with O(stage=apply)
  type: list
  elements: str
  sample: ["token bob@pocketid!ci", "user bob@pocketid"]
others:
  description: Other users of the host that may be the same person.
  returned: with O(stage=apply)
  type: list
  elements: str
  sample: ["user bob@pam (the same name)"]
checks:
  description: What was removed, what was verified afterwards, and what cannot be ended, with the keys that M(fleetgate.proxmox.prove_host) returns.
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample:
    - {name: no privileges, about: bob@pocketid, status: ok, problem: "", remedy: "", detail: ""}
plan:
  description: The requests that were sent, or would be.
  returned: success
  type: list
  elements: dict
  sample: [{verb: DELETE, path: /access/users/bob@pocketid, reason: user bob@pocketid is declared absent}]
"""

from ..module_utils.fleet.offboard import OFFBOARD

MODULE = OFFBOARD


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
