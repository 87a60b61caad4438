#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_host
short_description: Read one PVE cluster or PBS host of a fleet whose sign-on was set up by hand
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.adopt#role), which the playbook C(fleetgate.proxmox.adopt) runs. Use these instead of the module.
  - Options default to the variables of the host. Nothing is written to the server.
options:
  stage:
    description:
      - V(read) returns the realm of the identity provider, and the users, groups and ACL entries that belong to it.
      - V(compare) plans with the variables that M(fleetgate.proxmox.adopt_provider) made of that, as the playbooks C(wire) and C(monitor) do,
        and returns what these would change.
    type: str
    choices: [read, compare]
    required: true
  adopt:
    description: Where the files are written. Defaults to the variable C(fleetgate_adopt).
    type: raw
  clients:
    description: The clients of the identity provider by ID. Set by the action plugin.
    type: dict
    default: {}
  monitoring:
    description: Options of the monitoring identity. Set by the action plugin.
    type: raw
  pulse:
    description: Connection options of Pulse. Defaults to the variable C(fleetgate_pulse), and then to the first host of the group C(pulse).
    type: raw
  pulse_node:
    description: Options of the entry in Pulse. Set by the action plugin.
    type: raw
seealso:
  - module: fleetgate.proxmox.adopt_provider
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.client
  - fleetgate.proxmox.fleet.issuer
  - fleetgate.proxmox.fleet.adoption
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read the cluster
  fleetgate.proxmox.adopt_host:
    stage: read
    product: pve
  register: __fleetgate_adopt
"""

RETURN = r"""
existing:
  description: What the host has.
  returned: with O(stage=read)
  type: dict
  contains:
    product:
      description: The product.
      type: str
    realm:
      description: The OpenID realm of the identity provider, empty if the host has none.
      type: str
    options:
      description: The options of the realm that the playbook C(wire) would not set by itself.
      type: dict
    claim:
      description: The claim that contains user names.
      type: str
    client_id:
      description: The client of the realm.
      type: str
    has_key:
      description: Whether the realm has a client secret.
      type: bool
    port:
      description: The port of the web interface.
      type: int
    uris:
      description: The redirect URIs that the playbook C(wire) would register.
      type: list
      elements: str
    users:
      description: Profiles of the users of the realm.
      type: dict
    groups:
      description: Groups of the realm, without its name.
      type: list
      elements: str
    rows:
      description: ACL entries of users and groups of the realm (path, kind, principal, role, propagate).
      type: list
      elements: list
  sample: {product: pve, realm: pocketid, claim: preferred_username, client_id: lab, groups: [proxmox_admins]}
keep:
  description: What the playbooks C(wire) and C(monitor) would change although it was read, as C(fleetgate_keep) names it.
  returned: with O(stage=compare)
  type: list
  elements: str
  sample: ["group proxmox_admins-pocketid: comment"]
variables:
  description: The variables with which the playbook C(monitor) finds the monitoring of the host.
  returned: with O(stage=compare)
  type: dict
  sample: {fleetgate_monitoring: {token: pulse-1716000000}}
wiring:
  description: What the identity provider has to know of the host.
  returned: with O(stage=compare)
  type: dict
secrets:
  description: The client secret of the realm, encrypted with a key of the run.
  returned: if the realm has one
  type: dict
"""

from ..module_utils.fleet.adopt import ADOPT

MODULE = ADOPT


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
