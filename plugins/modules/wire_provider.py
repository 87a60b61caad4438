#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: wire_provider
short_description: Set up users and OIDC clients of a fleet at its identity provider
version_added: 0.1.0
description:
  - The role C(idp) runs this module once before and once after the hosts are checked, for all hosts of a play (C(run_once)). Options default to the
    variables of the first host.
  - The preflight reads the issuer and reports whether users can be created as declared. It also returns the data for the hosts if there are
    problems, so that all problems of a fleet are reported together.
  - O(stage=apply), O(stage=register) and O(stage=secrets) write nothing if the preflight of any host found problems. Their results have the reason
    for each host.
options:
  stage:
    description:
      - V(preflight) checks the provider, V(apply) sets up users, groups and clients as declared, with a secret for each client.
      - V(register) and V(secrets) are two parts of V(apply), for fleets whose hosts are set up in slices. V(register) does everything but the secrets.
        V(secrets) changes nothing else. It keeps the secrets of realms that are valid, takes those that the provider shows, and adds one where none
        is valid and the provider keeps several.
      - V(prune) removes the objects that V(apply) or V(register) returned as RV(removals), after all hosts are set up.
    type: str
    choices: [preflight, apply, register, secrets, prune]
    required: true
  removals:
    description: Objects that O(stage=prune) removes. Set by the action plugin.
    type: list
    elements: dict
    default: []
  people_differ:
    description: Whether the preflight found that users or groups are not as declared. Set by the action plugin.
    type: bool
    default: false
requirements:
  - requests
seealso:
  - module: fleetgate.proxmox.wire_host
  - module: fleetgate.proxmox.pocketid_state
  - module: fleetgate.proxmox.authentik_state
  - module: fleetgate.proxmox.oidc_info
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.hosts
  - fleetgate.proxmox.fleet.left_out
  - fleetgate.proxmox.fleet
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Check the identity provider
  fleetgate.proxmox.wire_provider:
    stage: preflight
  register: __fleetgate_idp
  run_once: true

- name: Check the cluster
  fleetgate.proxmox.wire_host:
    stage: preflight
    product: pve
  register: __fleetgate_host

- name: Set up users and clients at the identity provider
  fleetgate.proxmox.wire_provider:
    stage: apply
  register: __fleetgate_idp_done
  run_once: true
"""

RETURN = r"""
plan:
  description: The requests that change something, in order, each with its reason. In check mode and in the preflight, those to come.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/oidc/clients, reason: client proxmox-ve is missing}
issuer:
  description: The issuer, with V({slug}) or V({client_id}) where each client has one of its own. Empty where the provider is not declared.
  returned: in the preflight
  type: str
scopes:
  description: Scopes of realms that declare none.
  returned: in the preflight
  type: list
  elements: str
members:
  description: The user names in each group, as they will be.
  returned: in the preflight
  type: dict
ending:
  description: What is declared with an end (C(until)) that is less than 14 days away, the next first.
  returned: in the preflight
  type: list
  elements: str
  sample: ["fleetgate_groups[proxmox_users].members[carol] (until 2030-03-31)"]
claims:
  description: The claims of people who are declared absent and still have a user, by user name.
  returned: in the preflight
  type: dict
  sample: {bob: {preferred_username: bob, email: bob@example.org}}
checks:
  description: What was ended for people who are declared absent, what was verified, and what stays valid for a while.
  returned: with O(stage=apply), at a provider that is managed
  type: list
  elements: dict
  sample: [{name: no privileges, about: bob@pocketid, status: ok, problem: "", remedy: "", detail: ""}]
secrets:
  description: The secret of each confidential client by its id, encrypted with a key of the run.
  returned: with O(stage=apply) and O(stage=secrets)
  type: dict
own_secret:
  description: The hosts whose realm keeps its own valid secret of the client.
  returned: with O(stage=apply) and O(stage=secrets)
  type: list
  elements: str
pending:
  description: The hosts about which there is something to do.
  returned: with O(stage=apply), O(stage=register) and O(stage=secrets)
  type: list
  elements: str
refused:
  description: Why the run ends, by host.
  returned: when O(stage=apply), O(stage=register) or O(stage=secrets) fails
  type: dict
of_clients:
  description: The problems of each client by its id.
  returned: when O(stage=secrets) fails because of clients
  type: dict
undeclared:
  description: Objects that belong to the realm, or were created for the fleet, and that are not declared any more.
  returned: success, unless O(undeclared=ignore)
  type: list
  elements: dict
  contains:
    kind:
      description: Kind of the object.
      type: str
    name:
      description: The object, and what it has or allows.
      type: str
    label:
      description: What C(fleetgate_keep) calls it.
      type: str
    removable:
      description: Whether O(undeclared=remove) removes it.
      type: bool
  sample:
    - {kind: user, name: "user bob@pocketid (Administrator on /)", label: user bob@pocketid, removable: true}
removals:
  description: The entries that remove undeclared objects; O(stage=prune) takes them.
  returned: with O(stage=apply) or O(stage=register) and O(undeclared=remove), when all hosts of the fleet are in the run
  type: list
  elements: dict
"""

from ..module_utils.fleet.provider import PROVIDER

MODULE = PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
