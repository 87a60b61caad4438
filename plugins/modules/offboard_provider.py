#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: offboard_provider
short_description: End the access of a person at the identity provider of a fleet, and report what was ended
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.offboard#role), which the playbook C(fleetgate.proxmox.offboard) runs once for all hosts. Use
    these instead of the module.
  - Options default to the variables of the first host.
options:
  stage:
    description:
      - V(preflight) finds the person, and refuses what must not be ended.
      - V(review) compares the results of all hosts. It runs on the control node in any case.
      - V(apply) disables the user, and ends its API keys, tokens, sessions and memberships, as far as the API of the provider can.
      - V(report) prints what was ended and what was not. It runs on the control node in any case.
    type: str
    choices: [preflight, review, apply, report]
    required: true
requirements:
  - requests
seealso:
  - module: fleetgate.proxmox.offboard_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.idp
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

- name: Report what was ended
  fleetgate.proxmox.offboard_provider:
    stage: report
    person: bob
  run_once: true
"""

RETURN = r"""
known:
  description: Whether the provider has the person, or C(fleetgate_users) declares it as absent.
  returned: with O(stage=preflight)
  type: bool
claims:
  description: Claims that the provider sends for the person, which user names on Proxmox are taken from.
  returned: with O(stage=preflight)
  type: dict
  sample: {preferred_username: bob, email: bob@example.org}
similar:
  description: The end of a sentence with the name of a similar user, if the provider has none of the person.
  returned: with O(stage=preflight)
  type: str
  sample: "; did you mean bob?"
title:
  description: Name of the provider in sentences.
  returned: with O(stage=preflight)
  type: str
  sample: Pocket ID
pending:
  description: The hosts that are changed. Of several inventory hosts that are one server it is the first.
  returned: with O(stage=review)
  type: list
  elements: str
down:
  description: The hosts that did not answer.
  returned: with O(stage=review)
  type: list
  elements: str
refused:
  description: Why nothing is changed, or why the person may still have access, by host.
  returned: with O(stage=review) and O(stage=report)
  type: dict
removed:
  description: What was ended, in this order; in check mode what would be.
  returned: with O(stage=apply)
  type: list
  elements: str
  sample: [API key ci of bob, "user bob: disabled", user bob leaves proxmox_users]
checks:
  description: What was ended, what was verified afterwards, and what cannot be ended, with the keys that M(fleetgate.proxmox.prove_host) returns.
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample:
    - {name: session is refused, about: bob, status: ok, problem: "", remedy: "", detail: ""}
plan:
  description: The requests that were sent, or would be.
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample: [{verb: PUT, path: /api/users/bob, reason: "user bob: disabled"}]
"""

from ..module_utils.fleet.offboard_provider import OFFBOARD_PROVIDER

MODULE = OFFBOARD_PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
