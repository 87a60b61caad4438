#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: wire_provider
short_description: Set up people and OIDC clients of a fleet at its identity provider
version_added: 0.1.0
description:
  - This is what the role C(idp) runs, once before the hosts are checked and once after that. It runs for all hosts of a play
    (C(run_once)), and takes the variables of the first host as its options.
  - The preflight reads the issuer and reports whether people can be created as declared. It returns what hosts have to know even where
    something is wrong, so that everything wrong in a fleet is reported together.
  - V(apply) refuses to write anything where the preflight of any host was refused. Its result has the reason for each host.
options:
  stage:
    description:
      - V(preflight) checks the provider, V(apply) makes users, groups and clients as declared.
      - V(prune) removes what V(apply) returned as RV(removals), when no host uses it any more.
    type: str
    choices: [preflight, apply, prune]
    required: true
  idp:
    description: The identity provider, as in the variable C(fleetgate_idp), which is used when this is left out.
    type: raw
  realm:
    description:
      - Name of the realm (C(name)), and options of M(fleetgate.proxmox.pve_realm) or M(fleetgate.proxmox.pbs_realm).
      - When left out, the variable C(fleetgate_realm) of the host is used; the same is true of every option with such a variable.
    type: raw
  users:
    description: People, as in the variable C(fleetgate_users), which is used when this is left out.
    type: raw
  groups:
    description: Groups and their rights, as in the variable C(fleetgate_groups), which is used when this is left out.
    type: raw
  members:
    description:
      - User names by group, as the identity provider has them.
      - When left out, the variable C(fleetgate_members) or what M(fleetgate.proxmox.wire_provider) returned is used.
    type: dict
    default: {}
  hosts:
    description: What the preflights of the hosts returned. The action plugin fills it in.
    type: list
    elements: dict
    default: []
  outside:
    description: The hosts by client that are not in this run. The action plugin fills it in.
    type: dict
    default: {}
  undeclared:
    description:
      - What happens to objects that belong to the realm, or were created for the fleet, and that are not declared any more. V(report)
        lists them, V(remove) removes them, V(ignore) does neither.
      - When left out, the variable C(fleetgate_undeclared) is used, and without it V(report).
    type: raw
  left_out:
    description: The hosts of the fleet that are not in this run. The action plugin fills it in.
    type: list
    elements: str
    default: []
  removals:
    description: What O(stage=prune) removes. The action plugin fills it in.
    type: list
    elements: dict
    default: []
requirements:
  - requests
seealso:
  - module: fleetgate.proxmox.wire_host
  - module: fleetgate.proxmox.pocketid_state
  - module: fleetgate.proxmox.authentik_state
  - module: fleetgate.proxmox.oidc_info
extends_documentation_fragment:
  - fleetgate.proxmox.attributes
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.wire
      - fleetgate.proxmox.all
  async:
    support: none
    details: Secrets are encrypted by the action plugin before they are registered, which an C(async) task would bypass.
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Check the identity provider
  fleetgate.proxmox.wire_provider:
    stage: preflight
  register: __fleetgate_idp
  run_once: true

- name: Set up people and clients at the identity provider
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
secrets:
  description: The secret of each confidential client by its id, encrypted with a key of the run.
  returned: with O(stage=apply)
  type: dict
pending:
  description: The hosts about which there is something to do.
  returned: with O(stage=apply)
  type: list
  elements: str
refused:
  description: Why the run ends, by host.
  returned: when O(stage=apply) fails
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
    removable:
      description: Whether O(undeclared=remove) removes it.
      type: bool
  sample:
    - {kind: user, name: "user bob@pocketid (Administrator on /)", removable: true}
removals:
  description: The entries that remove undeclared objects; O(stage=prune) takes them.
  returned: with O(stage=apply) and O(undeclared=remove), when all hosts of the fleet are in the run
  type: list
  elements: dict
"""

from ..module_utils.fleet.provider import PROVIDER

MODULE = PROVIDER


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
