#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: unwire_host
short_description: Remove the realm of a fleet and everything that belongs to it from one PVE cluster or PBS host
version_added: 0.1.0
description:
  - The task of the role P(fleetgate.proxmox.unwire#role), which the playbook C(fleetgate.proxmox.unwire) runs. Use these instead of the module.
  - Removes the users of the realm with their tokens and ACL entries, the groups whose names end with the realm, and then the realm. Users and
    groups of other realms and their ACL entries are not changed.
  - Refuses to remove a realm that the credentials of the task belong to, or without which no administrator would be left.
  - Options default to the variables of the host.
options:
  stage:
    description:
      - V(preflight) reads the host and returns what is removed. V(apply) removes it, after a preflight whose result is registered as
        C(__fleetgate_unwire).
    type: str
    choices: [preflight, apply]
    required: true
  realm:
    description: The realm, of which only C(name) is used. Defaults to the variable C(fleetgate_realm).
    type: raw
  unwire:
    description:
      - C(confirm) lists the realms whose removal is confirmed. A former name of the realm is only removed if it is listed.
      - Defaults to the variable C(fleetgate_unwire).
    type: raw
seealso:
  - module: fleetgate.proxmox.unwire_provider
  - module: fleetgate.proxmox.wire_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.client
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.removal
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read what is to be removed from the cluster
  fleetgate.proxmox.unwire_host:
    stage: preflight
    product: pve
  register: __fleetgate_unwire

- name: Show what is to be removed from the whole fleet
  fleetgate.proxmox.unwire_provider:
    stage: preflight
  register: __fleetgate_unwire_plan
  run_once: true

- name: Remove the realm from the cluster
  fleetgate.proxmox.unwire_host:
    stage: apply
    product: pve
"""

RETURN = r"""
plan:
  description: The requests that change something, in order, each with its reason. In check mode and in the preflight, those to come.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: DELETE, path: /access/domains/pocketid, reason: realm pocketid is declared absent}
removes:
  description: The objects that are removed, and what they have or allow.
  returned: in the preflight
  type: list
  elements: str
  sample: ["user bob@pocketid (Administrator on /)", "realm pocketid (the default realm)"]
wiring:
  description: Data of the host for M(fleetgate.proxmox.unwire_provider).
  returned: in the preflight
  type: dict
"""

from ..module_utils.fleet.unwire import UNWIRE

MODULE = UNWIRE


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
