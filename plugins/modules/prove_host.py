#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: prove_host
short_description: Check whether people can sign in to one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The task of the role P(fleetgate.proxmox.prove#role), which the playbook C(fleetgate.proxmox.prove) runs. Use these instead of the module.
  - Checks the issuer, the client and its redirect URIs as the host has them, has every node begin a sign-on, and compares the host with the
    declaration. With a person in O(prove) it signs that person in, as M(fleetgate.proxmox.oidc_login) does.
  - Options default to the variables of the host. The task does not fail when a check does; C(prove_provider) reports all of them.
options:
  session:
    description: Session of the person at the identity provider. Set by the action plugin.
    type: str
  not_signed_in:
    description: Why the person is not signed in. Set by the action plugin.
    type: str
attributes:
  check_mode:
    details: In check mode nobody signs in. All other checks are the same.
seealso:
  - module: fleetgate.proxmox.prove_provider
  - module: fleetgate.proxmox.oidc_login
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.client
  - fleetgate.proxmox.fleet.issuer
  - fleetgate.proxmox.fleet.idp
  - fleetgate.proxmox.fleet.proof
  - fleetgate.proxmox.fleet.emergency
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
sign_on:
  description: Who the person became, as M(fleetgate.proxmox.oidc_login) returns it. Empty values if nobody signed in.
  returned: when the host could be read
  type: dict
  sample: {userid: prover@pocketid, created: false}
wiring:
  description: Data of the host for M(fleetgate.proxmox.prove_provider).
  returned: when the host could be read
  type: dict
secrets:
  description: The secret of the realm, encrypted with a key of the run.
  returned: when the host could be read
  type: dict
"""

from ..module_utils.fleet.prove import PROVE

MODULE = PROVE


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
