#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: bootstrap_host
short_description: Create the API token of the automation on one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.bootstrap#role), which the playbook C(fleetgate.proxmox.bootstrap) runs. Use these instead
    of the module.
  - Omitted options default to the variable C(fleetgate_OPTION) of the inventory host.
options:
  stage:
    description:
      - With V(preflight) the token of the host is verified with its stored secret, or where that is not possible the host is read as root.
      - With V(review) it is decided which hosts create or repair their token, and which copy the secret of another node of their cluster.
      - With V(apply) user, token and permissions are created or repaired as root, a new secret is stored, and the token is verified with it.
      - With V(copy) the secret of another node of the cluster is stored for this host as well and verified.
    type: str
    choices: [preflight, review, apply, copy]
    required: true
  product:
    description: The product of the server. Set by the action plugin, from the inventory groups of the host.
    type: str
    choices: [pve, pbs]
  host:
    description: Name of the inventory host. Set by the action plugin.
    type: str
    default: ""
  hosts:
    description: With O(stage=review) the results of all preflights by host. Set by the action plugin.
    type: dict
    default: {}
  api:
    description: Connection options of the server, and the ID of the token (C(api_token_id)). Credentials are ignored.
    type: raw
  bootstrap:
    description: Access to a host that has no token yet.
    type: raw
  token_file:
    description: File on the control node for the secret of the token.
    type: raw
  privileges:
    description: Privileges of the automation on C(/) of Proxmox VE.
    type: raw
  source:
    description: With O(stage=copy) the file of the secret that is copied. Set by the action plugin, from the results of the run.
    type: path
  ticket:
    description: Ticket of the user that signed in with a password in the preflight. Set by the action plugin, from the results of the run.
    type: str
requirements:
  - requests
  - proxmoxer >= 2.3.0
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.bootstrap
      - fleetgate.proxmox.all
  async:
    support: none
    details: The secret is stored on the control node.
extends_documentation_fragment:
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Verify the stored token and its permissions
  fleetgate.proxmox.bootstrap_host:
    stage: preflight
  register: __fleetgate_bootstrap

- name: Compare the nodes of each cluster
  fleetgate.proxmox.bootstrap_host:
    stage: review
  register: __fleetgate_bootstrap_review
  run_once: true

- name: Create or repair the token
  fleetgate.proxmox.bootstrap_host:
    stage: apply
  when: inventory_hostname in __fleetgate_bootstrap_review.creates
"""

RETURN = r"""
settled:
  description: Whether the stored token works and everything is as declared.
  returned: with O(stage=preflight)
  type: bool
  sample: true
accepted:
  description: Whether the server accepts the stored secret.
  returned: with O(stage=preflight)
  type: bool
  sample: true
rotating:
  description: Whether the playbook C(rotate) was killed while it replaced the secret.
  returned: with O(stage=preflight)
  type: bool
  sample: false
token_file:
  description: File of the secret.
  returned: with O(stage=preflight)
  type: str
  sample: /home/admin/fleet/secrets/berlin1.token.txt
identity:
  description: Identity that is shared by all inventory hosts that are nodes of one cluster and have the same token.
  returned: with O(stage=preflight)
  type: list
  elements: str
  sample: [pve, "fleetgate@pve!automation", berlin, berlin1, berlin2]
secrets:
  description: The ticket of a user who signed in with a password (C(ticket)), encrypted with a key of the run.
  returned: with O(stage=preflight), if the host was read with a password
  type: dict
creates:
  description: The inventory hosts whose token is created or repaired.
  returned: with O(stage=review)
  type: list
  elements: str
  sample: [berlin1]
copies:
  description: By inventory host the node whose secret it copies.
  returned: with O(stage=review)
  type: dict
  sample: {berlin2: berlin1}
pending:
  description: All hosts of RV(creates) and RV(copies).
  returned: with O(stage=review)
  type: list
  elements: str
  sample: [berlin1, berlin2]
plan:
  description:
    - The requests that change something, in order, each with its reason. The same in check mode.
    - C(STORE) writes the secret to its file and sends nothing.
  returned: with O(stage=apply) and O(stage=copy)
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: "user fleetgate@pve is missing"}
"""

from ..module_utils.fleet.bootstrap import BOOTSTRAP

MODULE = BOOTSTRAP


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
