#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_user
short_description: Manage a user of Proxmox Backup Server
version_added: 0.1.0
description:
  - Creates, updates or deletes one user of a Proxmox Backup Server.
  - Users of an OpenID realm can be created before they sign in for the first time.
  - API tokens are never touched; see M(fleetgate.proxmox.pbs_token).
options:
  tfa_locked:
    description:
      - Whether the user is locked out after too many failed second factors. V(false) unlocks the user; V(true) cannot be declared.
    type: bool
  password:
    description:
      - Password, for the realm V(pbs). Other realms keep none on the server, so it is refused there.
      - It is only set when the user is created, because the server cannot compare it and does not accept a
        new one from an API token.
    type: str
  state:
    description:
      - Whether the user exists.
      - Removing a user also removes the user's API tokens and ACL entries, whatever of them the server would leave behind.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pbs_state
  - module: fleetgate.proxmox.pbs_token
extends_documentation_fragment:
  - fleetgate.proxmox.identity
  - fleetgate.proxmox.identity.user
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create a user for monitoring without a password
  fleetgate.proxmox.pbs_user:
    userid: pulse-monitor@pbs
    comment: Pulse

- name: Create the realm
  fleetgate.proxmox.pbs_realm:
    realm: pocketid
    issuer_url: https://id.example.org
    client_id: pbs
    username_claim: preferred_username

- name: Create a user of the identity provider before the first sign-on
  fleetgate.proxmox.pbs_user:
    userid: alice@pocketid
"""

RETURN = r"""
user:
  description: The user after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {userid: pulse-monitor@pbs, enable: true, expire: 0}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: user pulse-monitor@pbs is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.module_for("user")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
