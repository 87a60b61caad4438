#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_user
short_description: Manage a user of Proxmox Backup Server
version_added: 0.1.0
description:
  - Makes, changes or removes one user of a Proxmox Backup Server.
  - Users of an OpenID realm can be made before they sign in for the first time.
  - API tokens are never touched; see M(fleetgate.proxmox.pbs_token).
options:
  tfa_locked:
    description:
      - Whether the user is locked out, because second factors were wrong too often. V(false) ends that; nothing else can be asked
        for.
    type: bool
  password:
    description:
      - Password, for the realm V(pbs). Other realms keep none on the server, so it is refused there.
      - It is set when the user is made and not afterwards, because the server cannot say whether it is the same, and takes no
        new one from an API token.
    type: str
  state:
    description:
      - Whether the user is there.
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
- name: A user for monitoring, who has no password and works through a token
  fleetgate.proxmox.pbs_user:
    userid: pulse-monitor@pbs
    comment: Pulse

- name: A user of the identity provider, before the first sign-on
  fleetgate.proxmox.pbs_user:
    userid: alice@pocketid
"""

RETURN = r"""
user:
  description: The user as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {userid: pulse-monitor@pbs, enable: true, expire: 0}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: user pulse-monitor@pbs is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.one("user")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
