#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: wire_host
short_description: Set up the realm and the permissions of one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The playbook C(fleetgate.proxmox.wire) and the roles C(pve) and C(pbs) run this module once to check a host and once to set it up. Options
    default to the variables of the host, so a task only needs the stage and the product.
  - The preflight reads the host once and writes nothing. It returns the plan, and the redirect URIs and the client for the identity provider.
  - A variable that cannot be evaluated is reported by its name, together with all other problems.
options:
  stage:
    description:
      - V(preflight) checks the host, V(apply) sets it up as declared.
      - V(apply) uses the registered results of the preflight (C(__fleetgate_host)) and of M(fleetgate.proxmox.wire_provider)
        (C(__fleetgate_idp) and C(__fleetgate_idp_done)).
    type: str
    choices: [preflight, apply]
    required: true
  client_secret:
    description:
      - Secret of the client.
      - Defaults to the secret in the variable C(fleetgate_client_secrets), and then to the result of
        M(fleetgate.proxmox.wire_provider).
    type: str
seealso:
  - module: fleetgate.proxmox.wire_provider
  - module: fleetgate.proxmox.pve_state
  - module: fleetgate.proxmox.pbs_state
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.fleet.server
  - fleetgate.proxmox.fleet.client
  - fleetgate.proxmox.fleet.issuer
  - fleetgate.proxmox.fleet
  - fleetgate.proxmox.fleet.emergency
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

- name: Set up the realm and the permissions of the cluster
  fleetgate.proxmox.wire_host:
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
    - {verb: POST, path: /access/domains, reason: realm pocketid is missing}
wiring:
  description: Data for the identity provider and other hosts.
  returned: in the preflight
  type: dict
  contains:
    cluster:
      description: Name of the cluster, empty for a server in none.
      type: str
    identity:
      description: The same for inventory hosts that are one server or nodes of one cluster.
      type: list
      elements: str
    client:
      description: Options of the OIDC client, without its secret.
      type: dict
    redirect_uris:
      description: All URLs of the web interface.
      type: list
      elements: str
    certain_uris:
      description: Those of them that are declared or reported by the server.
      type: list
      elements: str
    pending:
      description: Whether there is anything to do.
      type: bool
    connects:
      description: Whether a sign-on can begin, or null where that was not tried.
      type: bool
ending:
  description: What is declared with an end (C(until)) that is less than 14 days away, the next first.
  returned: in the preflight
  type: list
  elements: str
  sample: ["fleetgate_groups[proxmox_users].members[carol] (until 2030-03-31)"]
secrets:
  description: The client secret that the realm has (C(realm)) and the declared one (C(client)), encrypted with a key of the run.
  returned: in the preflight, where there are such secrets
  type: dict
realms:
  description: The realm as it is after the task, or in check mode as it would be, without its secret. Likewise C(groups), C(users), C(acl).
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid}]
checks:
  description: What was ended for people who are declared absent, what was verified, and what stays valid for a while.
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample: [{name: no privileges, about: bob@pocketid, status: ok, problem: "", remedy: "", detail: ""}]
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
"""

from ..module_utils.fleet.host import HOST

MODULE = HOST


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
