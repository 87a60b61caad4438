#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: unwire_provider
short_description: Remove the clients of a fleet from its identity provider
version_added: 0.1.0
description:
  - A task of the role P(fleetgate.proxmox.unwire#role), which runs it once before and once after the hosts, for all hosts of a play (C(run_once)).
  - Removes the OIDC clients that only hosts use whose realm is removed, with everything that belongs to them, such as bindings and SCIM
    providers. A client stays if a host outside of the run or another realm uses it, or if it has redirect URIs of something else.
  - Users and groups stay, because nothing at the provider says that M(fleetgate.proxmox.wire_provider) created them, and other applications may
    use them.
  - Nothing is removed from issuers of the type C(oidc).
options:
  stage:
    description:
      - V(preflight) prints what is removed from the hosts and from the provider. It fails if a host was refused, or if the removal of a realm is
        not confirmed, and then its result has the reason for each host.
      - V(apply) removes the clients.
    type: str
    choices: [preflight, apply]
    required: true
  realm:
    description: The realm, as for M(fleetgate.proxmox.unwire_host).
    type: raw
  users:
    description: Users, who stay. Defaults to the variable C(fleetgate_users).
    type: raw
  groups:
    description: Groups, which stay. Defaults to the variable C(fleetgate_groups).
    type: raw
requirements:
  - requests
seealso:
  - module: fleetgate.proxmox.unwire_host
  - module: fleetgate.proxmox.wire_provider
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.hosts
  - fleetgate.proxmox.fleet.left_out
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

- name: Remove the clients that no host uses any more
  fleetgate.proxmox.unwire_provider:
    stage: apply
  run_once: true
"""

RETURN = r"""
plan:
  description: The requests that change something, in order, each with its reason. In check mode and in the preflight, those to come.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: DELETE, path: /api/oidc/clients/proxmox-ve, reason: client proxmox-ve is declared absent}
removes:
  description: The clients that are removed.
  returned: success
  type: list
  elements: str
  sample: [client proxmox-ve]
stays:
  description: The clients, users and groups that stay, and why.
  returned: success
  type: list
  elements: str
pending:
  description: The hosts that something is to be removed from.
  returned: success
  type: list
  elements: str
refused:
  description: Why the run ends, by host.
  returned: when O(stage=preflight) fails
  type: dict
"""

from ..module_utils.fleet.unwire_provider import UNWIRE_PROVIDER

MODULE = UNWIRE_PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
