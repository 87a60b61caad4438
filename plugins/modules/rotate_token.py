#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: rotate_token
short_description: Rotate the API token of the automation on one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.rotate#role), which the playbook C(fleetgate.proxmox.rotate) runs. Use these instead of the
    module.
  - Omitted options default to the variable C(fleetgate_OPTION) of the inventory host.
options:
  stage:
    description:
      - V(preflight) reads the token, and checks whether its secret can be replaced.
      - V(review) decides which node of a cluster replaces the secret, which its nodes share.
      - V(apply) replaces the secret, stores the new one and verifies it. A second token of the same user with the same permissions keeps access
        meanwhile.
    type: str
    choices: [preflight, review, apply]
    required: true
  product:
    description: The product of the server. Set by the action plugin, from the inventory groups of the host.
    type: str
    choices: [pve, pbs]
  host:
    description: Name of the inventory host. Set by the action plugin.
    type: str
    default: ""
  api:
    description: Connection options of the server, and the ID of the token (C(api_token_id)).
    type: raw
  bootstrap:
    description: The vault ID that encrypts the file (C(vault_id)). Other options are those of the playbook C(bootstrap).
    type: raw
  token_file:
    description: File on the control node for the secret of the token.
    type: raw
  privileges:
    description: Privileges of the automation on C(/) of Proxmox VE.
    type: raw
  files:
    description: Files of other inventory hosts that have the same secret and get the new one too. Set by the action plugin.
    type: list
    elements: path
    default: []
requirements:
  - requests
  - proxmoxer >= 2.3.0
attributes:
  async:
    support: none
    details: The secret is stored on the control node.
  idempotent:
    support: partial
    details: With an age (C(older_than)) a second run changes nothing. Without an age each run replaces the secret.
seealso:
  - module: fleetgate.proxmox.bootstrap_host
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.rotation
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Check the automation token
  fleetgate.proxmox.rotate_token:
    stage: preflight
  register: __fleetgate_rotate_token

- name: Compare the nodes of each cluster
  fleetgate.proxmox.rotate_token:
    stage: review
  register: __fleetgate_rotate_review
  run_once: true

- name: Replace the secret of the automation token
  fleetgate.proxmox.rotate_token:
    stage: apply
  when: inventory_hostname in __fleetgate_rotate_review.pending
"""

RETURN = r"""
due:
  description: Whether the secret is replaced.
  returned: with O(stage=preflight)
  type: bool
  sample: true
unfinished:
  description: Whether a run was killed while it replaced the secret.
  returned: with O(stage=preflight), if automation tokens are rotated
  type: bool
  sample: false
created:
  description: When the secret was created, or null where that is not known.
  returned: with O(stage=preflight), if automation tokens are rotated
  type: str
  sample: "2026-08-01T10:00:00+00:00"
token_file:
  description: File of the secret.
  returned: with O(stage=preflight), if automation tokens are rotated
  type: str
  sample: /home/admin/fleet/secrets/berlin1.token.txt
identity:
  description: Identity that is shared by all inventory hosts that are nodes of one cluster and have the same token.
  returned: with O(stage=preflight)
  type: list
  elements: str
  sample: [pve, "fleetgate@pve!automation", berlin, berlin1, berlin2]
pending:
  description: The hosts on which the secret is replaced.
  returned: with O(stage=review)
  type: list
  elements: str
  sample: [berlin1]
copies:
  description: The files of other inventory hosts that have the same secret, by host of RV(pending).
  returned: with O(stage=review)
  type: dict
plan:
  description:
    - The requests that change something, in order, each with its reason. The same in check mode.
    - C(STORE) writes the secret to the file of another node and sends nothing.
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample:
    - {verb: POST, path: "/access/users/fleetgate@pve/token/automation.rotation", reason: "token fleetgate@pve!automation.rotation is missing"}
"""

from ..module_utils.fleet.rotate_token import ROTATE_TOKEN

MODULE = ROTATE_TOKEN


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
