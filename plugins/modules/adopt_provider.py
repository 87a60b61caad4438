#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: adopt_provider
short_description: Declare a fleet whose sign-on was set up by hand, and write the declaration to files
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.adopt#role), which the playbook C(fleetgate.proxmox.adopt) runs once for all hosts. Use these
    instead of the module.
  - Options default to the variables of the first host. Nothing is written to a server.
options:
  stage:
    description:
      - V(read) returns users, groups and clients of the identity provider.
      - V(declare) makes variables of what the provider and all hosts have.
      - V(compare) returns what the playbook C(wire) would change at the provider with these variables.
      - V(write) writes an inventory, the variables and a vault with the secrets to the directory in O(adopt). It runs on the control node in any
        case.
    type: str
    choices: [read, declare, compare, write]
    required: true
  adopt:
    description: Where the files are written. Defaults to the variable C(fleetgate_adopt).
    type: raw
  provided:
    description: What the provider has. Set by the action plugin.
    type: dict
    default: {}
  existing:
    description: What each host has. Set by the action plugin.
    type: dict
    default: {}
  hosts:
    description: What the provider has to know of the hosts. Set by the action plugin.
    type: list
    elements: dict
    default: []
requirements:
  - requests
seealso:
  - module: fleetgate.proxmox.adopt_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.left_out
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.adoption
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read the identity provider
  fleetgate.proxmox.adopt_provider:
    stage: read
  register: __fleetgate_adopt_idp
  run_once: true
"""

RETURN = r"""
provided:
  description: Options of the C(users), C(groups) and C(clients) of the provider, without secrets.
  returned: with O(stage=read)
  type: dict
issuer:
  description: The issuer, with V({slug}) or V({client_id}) where each client has one of its own.
  returned: with O(stage=read) and O(stage=declare)
  type: str
scopes:
  description: Scopes of realms that declare none.
  returned: with O(stage=read) and O(stage=declare)
  type: list
  elements: str
members:
  description: The user names in each group, as the declaration has them.
  returned: with O(stage=declare)
  type: dict
users:
  description: The variable C(fleetgate_users).
  returned: with O(stage=declare)
  type: list
  elements: dict
  sample: [{username: alice, email: alice@example.org}]
groups:
  description: The variable C(fleetgate_groups).
  returned: with O(stage=declare)
  type: list
  elements: dict
  sample: [{name: proxmox_admins, members: [alice], rights: {pve: [{path: /, roles: [Administrator]}]}}]
hosts:
  description: The variables of each host.
  returned: with O(stage=declare)
  type: dict
notes:
  description: What the variables cannot have, as sentences.
  returned: with O(stage=declare)
  type: list
  elements: str
keep:
  description: What the playbook C(wire) would change at the provider although it was read, as C(fleetgate_keep) names it.
  returned: with O(stage=declare) and O(stage=compare)
  type: list
  elements: str
  sample: ["client lab: callback_urls"]
refused:
  description: Why nothing is written, by inventory host.
  returned: if anything was refused
  type: dict
files:
  description: The files that were written, or would be written.
  returned: with O(stage=write)
  type: list
  elements: str
  sample: [group_vars/all/main.yml, group_vars/all/vault.yml, inventory.yml]
"""

from ..module_utils.fleet.adopt_provider import ADOPT_PROVIDER

MODULE = ADOPT_PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
