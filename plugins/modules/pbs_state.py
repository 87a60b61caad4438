#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_state
short_description: Make the access of a Proxmox Backup Server as declared
version_added: 0.1.0
description:
  - Manages realms, users, API tokens and ACL entries of one backup server in one task.
  - Every kind of object is read once, compared with the declaration in the order of dependencies, and only differences are written.
  - All problems in all entries are reported together, before the first change.
seealso:
  - module: fleetgate.proxmox.pbs_info
extends_documentation_fragment:
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.pbs.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Sign-on, with rights for one person from the first time on
  fleetgate.proxmox.pbs_state:
    realms:
      - realm: pocketid
        issuer_url: https://id.example.org
        client_id: pbs
        client_key: "{{ vault_pbs_secret }}"
        username_claim: preferred_username
    users:
      - userid: alice@pocketid
    acl:
      - path: /
        roles: [Admin]
        users: [alice@pocketid]
"""

RETURN = r"""
realms:
  description: The declared realms as they are after the task, or in check mode as they would be, without their secrets.
  returned: when realms are declared
  type: list
  elements: dict
  sample: [{realm: pocketid, type: openid}]
users:
  description: The declared users after the task, or as predicted in check mode.
  returned: when users are declared
  type: list
  elements: dict
  sample: [{userid: alice@pocketid, enable: true}]
tokens:
  description: The declared API tokens after the task, or as predicted in check mode.
  returned: when tokens are declared
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pbs, token_name: pulse}]
acl:
  description: The declared ACL entries after the task, or as predicted in check mode.
  returned: when ACL entries are declared
  type: list
  elements: dict
  sample: [{path: /, roles: [Admin], users: [alice@pocketid], propagate: true}]
secrets:
  description: Secrets of created tokens by full token ID, for entries with C(return_secret=true).
  returned: when such tokens were created
  type: dict
  sample: {pulse-monitor@pbs!pulse: 4f0a3c62-2f0c-4d9c-9df4-6f0e1c1f2d11}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: user alice@pocketid is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.state()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
