#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rotate_provider
short_description: Rotate the secrets of the OIDC clients of a fleet at its identity provider
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.rotate#role), which the playbook C(fleetgate.proxmox.rotate) runs once for all hosts. Use these
    instead of the module.
  - Options default to the variables of the first host.
options:
  stage:
    description:
      - V(begin) decides what is rotated. It adds the new secrets where a client can have several, and writes nothing if the preflight of any
        host found problems.
      - V(finish) removes the old secrets when all hosts have the new one, or replaces the only secret.
      - V(report) returns the problems of all hosts. It runs on the control node in any case.
    type: str
    choices: [begin, finish, report]
    required: true
  rotations:
    description: What the stage V(begin) decided. Set by the action plugin.
    type: list
    elements: dict
    default: []
  failed_hosts:
    description: Hosts whose realm did not get the new secret. Set by the action plugin.
    type: list
    elements: str
    default: []
requirements:
  - requests
attributes:
  idempotent:
    support: partial
    details: With an age (C(older_than)) a second run changes nothing. Without an age each run rotates what was rotated completely before.
seealso:
  - module: fleetgate.proxmox.rotate_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.hosts
  - fleetgate.proxmox.fleet.rotation
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read the secret of the realm
  fleetgate.proxmox.rotate_host:
    stage: preflight
    product: pve
  register: __fleetgate_host

- name: Read what Pulse monitors
  fleetgate.proxmox.monitor_host:
    stage: pulse
    rotates: true
  register: __fleetgate_pulse
  run_once: true

- name: Check the monitoring token
  fleetgate.proxmox.monitor_host:
    stage: preflight
    rotates: true
    product: pve
  register: __fleetgate_monitor

- name: Check the automation token
  fleetgate.proxmox.rotate_token:
    stage: preflight
  register: __fleetgate_rotate_token

- name: Decide what is rotated, and add new secrets at the identity provider
  fleetgate.proxmox.rotate_provider:
    stage: begin
  register: __fleetgate_rotate_begun
  run_once: true

- name: Give the realm the new secret
  fleetgate.proxmox.rotate_host:
    stage: apply
    product: pve
  register: __fleetgate_rotate_applied
  when: inventory_hostname in __fleetgate_rotate_begun.pending

- name: Remove the old secrets at the identity provider
  fleetgate.proxmox.rotate_provider:
    stage: finish
  register: __fleetgate_rotate_finished
  run_once: true
"""

RETURN = r"""
plan:
  description: The requests that change something, in order, each with its reason. In check mode, those to come.
  returned: success, except with O(stage=report)
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/oidc/clients/proxmox-ve/secrets, reason: "client proxmox-ve: its secret is of 2026-08-01"}
clients:
  description: All clients of the hosts of this run.
  returned: with O(stage=begin)
  type: list
  elements: dict
  contains:
    id:
      description: ID of the client.
      type: str
    created:
      description: When its secret was created, or null where that is not known.
      type: str
    hosts:
      description: The hosts of this run that use it.
      type: list
      elements: str
    outside:
      description: Who may use it as well and is not in this run.
      type: list
      elements: str
    reason:
      description: Why it is rotated, empty if it is not.
      type: str
rotations:
  description: What the stage V(finish) has to know.
  returned: with O(stage=begin)
  type: list
  elements: dict
secrets:
  description: The new and the old secret of each client that is rotated, encrypted with a key of the run.
  returned: with O(stage=begin)
  type: dict
pending:
  description: The hosts whose realm gets another secret.
  returned: with O(stage=begin)
  type: list
  elements: str
rollback:
  description: The hosts whose realm gets its old secret again.
  returned: with O(stage=finish)
  type: list
  elements: str
refused:
  description: The problems by inventory host.
  returned: always
  type: dict
"""

from ..module_utils.fleet.rotate_provider import ROTATE_PROVIDER

MODULE = ROTATE_PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
