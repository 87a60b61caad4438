#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rotate_host
short_description: Rotate the client secret in the realm of one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.rotate#role), which the playbook C(fleetgate.proxmox.rotate) runs. Use these instead of the
    module.
  - Omitted options default to the variable C(fleetgate_OPTION) of the inventory host.
options:
  stage:
    description:
      - V(preflight) reads the secret that the realm has.
      - V(apply) gives the realm the new secret of its client, and V(rollback) the old one. They use the registered result of the stage V(begin) of
        M(fleetgate.proxmox.rotate_provider).
    type: str
    choices: [preflight, apply, rollback]
    required: true
  realm:
    description: Name of the realm (C(name)). Defaults to the variable C(fleetgate_realm).
    type: raw
  client_secrets:
    description: Secrets of clients that are given to realms as they are, and not rotated. Defaults to the variable C(fleetgate_client_secrets).
    type: raw
  client_secret:
    description: The secret for the realm. Set by the action plugin.
    type: str
seealso:
  - module: fleetgate.proxmox.rotate_provider
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.client
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
"""

RETURN = r"""
wiring:
  description:
    - Data for the identity provider, as M(fleetgate.proxmox.wire_host) returns it. Empty if no clients are rotated.
  returned: with O(stage=preflight)
  type: dict
secrets:
  description: The client secret that the realm has (C(realm)), encrypted with a key of the run.
  returned: with O(stage=preflight), if there is one
  type: dict
plan:
  description: The requests that change something, in order, each with its reason. In check mode, those to come.
  returned: with O(stage=apply) and O(stage=rollback)
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /access/domains/pocketid, reason: "realm pocketid: client_key"}
"""

from ..module_utils.fleet.rotate_host import ROTATE_HOST

MODULE = ROTATE_HOST


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
