#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_state
short_description: Make users, groups and clients of Pocket ID as declared
version_added: 0.1.0
description:
  - Takes users, groups, OIDC clients and SCIM providers of one Pocket ID in one task.
  - Each kind is read once, one plan is made over all of them in order of dependency, and only the differences are written.
  - Everything wrong in any entry is reported together, before anything is written.
seealso:
  - module: fleetgate.proxmox.pocketid_info
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.pocketid.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Who signs in to Proxmox
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
  description: The declared users as they are after the task, or in check mode as they would be.
  returned: when users are declared
  type: list
  elements: dict
  sample: [{username: alice, email: alice@example.org}]
groups:
  description: The same for groups.
  returned: when groups are declared
  type: list
  elements: dict
  sample: [{name: proxmox_admins, users: [alice]}]
clients:
  description: The same for clients.
  returned: when clients are declared
  type: list
  elements: dict
  sample: [{id: pve-lab, name: Proxmox VE lab}]
scim_providers:
  description: The same for SCIM providers.
  returned: when SCIM providers are declared
  type: list
  elements: dict
  sample: [{client: wiki, endpoint: "https://wiki.example.org/scim/v2"}]
secrets:
  description:
    - Secrets by client id for clients with C(return_secret=true), those with names by id and name (C(pve-lab/blue)), and
      one-time access tokens by user (C(user alice)).
  returned: when there are any
  type: dict
  sample: {pve-lab: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/users, reason: user alice is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.state()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
