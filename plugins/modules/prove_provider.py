#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_provider
short_description: Check the identity provider of a fleet, and report whether people can sign in
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.prove#role), which the playbook C(fleetgate.proxmox.prove) runs once for all hosts. Use these
    instead of the module.
  - Options default to the variables of the first host.
options:
  stage:
    description:
      - V(preflight) checks the issuer, and signs the person in at the provider.
      - V(clients) checks whether people, groups and clients are as declared, with the redirect URIs of all hosts.
      - V(report) prints all checks of the run, and writes them to the files in O(prove). It runs on the control node in any case.
    type: str
    choices: [preflight, clients, report]
    required: true
requirements:
  - requests
attributes:
  check_mode:
    details: In check mode nobody signs in. All other checks are the same, and the report is written as well.
seealso:
  - module: fleetgate.proxmox.prove_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.hosts
  - fleetgate.proxmox.fleet.left_out
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.proof
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Check the identity provider
  fleetgate.proxmox.prove_provider:
    stage: preflight
  register: __fleetgate_idp
  run_once: true

- name: Prove the sign-on on the cluster
  fleetgate.proxmox.prove_host:
    product: pve
  register: __fleetgate_proof

- name: Check the clients at the identity provider
  fleetgate.proxmox.prove_provider:
    stage: clients
  register: __fleetgate_proof_clients
  run_once: true

- name: Report all checks
  fleetgate.proxmox.prove_provider:
    stage: report
  run_once: true
"""

RETURN = r"""
checks:
  description: Everything that was checked.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Kind of the check.
      type: str
    about:
      description: The host, address or object that it is about.
      type: str
    status:
      description: V(ok), V(failed) or V(skipped).
      type: str
    problem:
      description: What is wrong.
      type: str
    remedy:
      description: What to do, if the problem does not say it.
      type: str
    detail:
      description: What was seen, or why the check was skipped.
      type: str
  sample:
    - {name: redirect URI, about: "https://pve1.example.org:8006", status: ok, problem: "", remedy: "", detail: ""}
issuer:
  description: The issuer, with V({slug}) or V({client_id}) where each client has one of its own.
  returned: with O(stage=preflight)
  type: str
scopes:
  description: Scopes of realms that declare none.
  returned: with O(stage=preflight)
  type: list
  elements: str
claims:
  description: The claims of people who are declared absent and still have a user, by user name.
  returned: with O(stage=preflight)
  type: dict
  sample: {bob: {preferred_username: bob, email: bob@example.org}}
members:
  description: The user names in each group.
  returned: with O(stage=preflight)
  type: dict
secrets:
  description: The session of the person, encrypted with a key of the run.
  returned: with O(stage=preflight) and a person at Pocket ID
  type: dict
not_signed_in:
  description: Why the person cannot be signed in on any host. Empty if it can be tried.
  returned: with O(stage=preflight) and a person
  type: str
refused:
  description: The problems by inventory host.
  returned: with O(stage=report)
  type: dict
summary:
  description: The number of checks by host and status.
  returned: with O(stage=report)
  type: dict
  sample: {pve1: {ok: 14, failed: 0, skipped: 1}}
"""

from ..module_utils.fleet.prove_provider import PROVE_PROVIDER

MODULE = PROVE_PROVIDER


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
