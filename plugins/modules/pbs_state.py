#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_state
short_description: Make the access of a Proxmox Backup Server as declared
version_added: 0.1.0
description:
  - Takes realms, users, API tokens and ACL entries of one backup server in one task.
  - Each kind is read once, one plan is made over all of them in order of dependency, and only the differences are written.
  - Everything wrong in any entry is reported together, before anything is written.
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
  description: The same for users.
  returned: when users are declared
  type: list
  elements: dict
  sample: [{userid: alice@pocketid, enable: true}]
tokens:
  description: The same for API tokens.
  returned: when tokens are declared
  type: list
  elements: dict
  sample: [{userid: pulse-monitor@pbs, token_name: pulse}]
acl:
  description: The same for ACL entries.
  returned: when ACL entries are declared
  type: list
  elements: dict
  sample: [{path: /, roles: [Admin], users: [alice@pocketid], propagate: true}]
secrets:
  description: Secrets of tokens that were made, by full token id, for entries with C(return_secret=true).
  returned: when there are such tokens
  type: dict
  sample: {pulse-monitor@pbs!pulse: 4f0a3c62-2f0c-4d9c-9df4-6f0e1c1f2d11}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: user alice@pocketid is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.state()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
