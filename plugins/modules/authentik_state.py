#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_state
short_description: Make users, groups, applications, bindings and tokens of authentik as declared
version_added: 0.1.0
description:
  - Manages users, groups, applications with their providers, bindings and API tokens of one authentik in one task.
  - Every kind of object is read once, compared with the declaration in the order of dependencies, and only differences are written.
  - All problems in all entries are reported together, before the first change.
seealso:
  - module: fleetgate.proxmox.authentik_info
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.authentik.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Who signs in to Proxmox
  fleetgate.proxmox.authentik_state:
    users:
      - username: alice
        email: alice@example.org
    groups:
      - name: proxmox_admins
        users: [alice]
    applications:
      - slug: pve-lab
        name: Proxmox VE lab
        redirect_uris: ["https://pve1.lab.example.org:8006"]
    bindings:
      - application: pve-lab
        group: proxmox_admins
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
applications:
  description: The declared applications after the task, or as predicted in check mode.
  returned: when applications are declared
  type: list
  elements: dict
  sample: [{slug: pve-lab, name: Proxmox VE lab}]
bindings:
  description: The declared bindings after the task, or as predicted in check mode.
  returned: when bindings are declared
  type: list
  elements: dict
  sample: [{application: pve-lab, group: proxmox_admins, order: 0}]
tokens:
  description: The declared API tokens after the task, or as predicted in check mode.
  returned: when tokens are declared
  type: list
  elements: dict
  sample: [{identifier: fleet-pipeline, user: pipeline, expiring: false}]
secrets:
  description: Secrets by slug of the application or name of the token, for entries with C(return_secret=true).
  returned: when such entries are declared
  type: dict
  sample: {pve-lab: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/users, reason: user alice is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.state()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
