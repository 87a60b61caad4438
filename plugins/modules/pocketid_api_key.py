#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_api_key
short_description: Manage an API key of Pocket ID
version_added: 0.1.0
description:
  - Makes or removes an API key of a user, and renews it when it has expired.
  - A key cannot make keys. The module signs in as the owner of the key with a one-time access token, also in check mode,
    which changes nothing else but the server's log of sign-ons. The owner must not be disabled.
  - Where an owner has several keys of the same name, the newest one is meant.
options:
  username:
    description: Name of the user whose key it is.
    type: str
    required: true
  name:
    description: Name of the key.
    type: str
    required: true
  description:
    description: Description. It cannot be changed later.
    type: str
  valid_days:
    description: How many days a key that is made or renewed by the task is valid; by default 365.
    type: int
  secret_file:
    description: File on the node that runs the task, where the key itself is kept when it is made or renewed.
    type: path
  return_secret:
    description: Whether the key itself is returned as C(secret) when it is made or renewed.
    type: bool
  allow_lockout:
    description:
      - Whether the API key that this task works with may be removed. It would stop working, so the task cannot verify the change that
        it made, and fails after it.
    type: bool
  state:
    description: Whether the key is there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_user
attributes:
  check_mode:
    details: Signing in as the owner of the key writes to the server's log of sign-ons; else nothing but reads is sent.
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: A key for the automation, made with the static key of the server
  fleetgate.proxmox.pocketid_api_key:
    username: automation
    name: fleet
    valid_days: 180
    secret_file: /etc/ansible/pocketid.key
"""

RETURN = r"""
api_key:
  description: The key as it is after the task, or in check mode as it would be, without the key itself.
  returned: success
  type: dict
  sample: {username: automation, name: fleet, description: ""}
secret:
  description: The key itself. In check mode a text that says so.
  returned: when O(return_secret=true) and the key is made or renewed
  type: str
  sample: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/api-keys, reason: api_key automation!fleet is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.one("api_key")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
