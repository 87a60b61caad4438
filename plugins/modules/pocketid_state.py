#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_state
short_description: Make users, groups and clients of Pocket ID as declared
version_added: 0.1.0
description:
  - Manages users, groups, OIDC clients and SCIM providers of one Pocket ID in one task.
  - Every kind of object is read once, compared with the declaration in the order of dependencies, and only differences are written.
  - All problems in all entries are reported together, before the first change.
seealso:
  - module: fleetgate.proxmox.pocketid_info
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.pocketid.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Declare users, groups and clients
  fleetgate.proxmox.pocketid_state:
    users:
      - username: alice
        email: alice@example.org
    groups:
      - name: proxmox_admins
        users: [alice]
    clients:
      - id: pve-lab
        name: Proxmox VE lab
        callback_urls: ["https://pve1.lab.example.org:8006"]
        allowed_groups: [proxmox_admins]
"""

RETURN = r"""
users:
  description: The declared users after the task, or as predicted in check mode.
  returned: when users are declared
  type: list
  elements: dict
  sample: [{username: alice, email: alice@example.org}]
groups:
  description: The declared groups after the task, or as predicted in check mode.
  returned: when groups are declared
  type: list
  elements: dict
  sample: [{name: proxmox_admins, users: [alice]}]
clients:
  description: The declared clients after the task, or as predicted in check mode.
  returned: when clients are declared
  type: list
  elements: dict
  sample: [{id: pve-lab, name: Proxmox VE lab}]
scim_providers:
  description: The declared SCIM providers after the task, or as predicted in check mode.
  returned: when SCIM providers are declared
  type: list
  elements: dict
  sample: [{client: wiki, endpoint: "https://wiki.example.org/scim/v2"}]
secrets:
  description:
    - Secrets by client ID for clients with C(return_secret=true), those with names by id and name (C(pve-lab/blue)), and
      one-time access tokens by user (C(user alice)).
  returned: when such secrets were created
  type: dict
  sample: {pve-lab: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/users, reason: user alice is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.state()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
