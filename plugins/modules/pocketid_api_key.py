#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_api_key
short_description: Manage an API key of Pocket ID
version_added: 0.1.0
description:
  - Creates or deletes an API key of a user, and renews it when it has expired.
  - API keys cannot create API keys. The module signs in as the owner of the key with a one-time access token, also in check mode, which only
    adds an entry to the audit log of the server. The owner must not be disabled.
  - If an owner has several keys of the same name, the newest is used.
options:
  username:
    description: Name of the owner of the key.
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
    description: Validity in days of a key that the task creates or renews. Defaults to 365.
    type: int
  secret_file:
    description: File for the key on the node that runs the task, written when the key is created or renewed.
    type: path
  return_secret:
    description: Whether to return the key as C(secret) when it is created or renewed.
    type: bool
  allow_lockout:
    description:
      - Whether the API key that this task works with may be removed. It would stop working, so the task cannot verify the change that
        it made, and fails after it.
    type: bool
  state:
    description: Whether the key exists.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_user
attributes:
  check_mode:
    details: Signing in as the owner of the key adds an entry to the audit log of the server. Otherwise check mode sends read requests only.
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the administrator that the key belongs to
  fleetgate.proxmox.pocketid_user:
    username: automation
    email: automation@example.org
    first_name: Automation
    is_admin: true

- name: Create a key for the automation with the static key of the server
  fleetgate.proxmox.pocketid_api_key:
    username: automation
    name: fleet
    valid_days: 180
    secret_file: /etc/ansible/pocketid.key
"""

RETURN = r"""
api_key:
  description: The attributes of the key after the task, or as predicted in check mode.
  returned: success
  type: dict
  sample: {username: automation, name: fleet, description: ""}
secret:
  description: The key. A placeholder in check mode.
  returned: when O(return_secret=true) and the key was created or renewed
  type: str
  sample: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/api-keys, reason: api_key automation!fleet is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.module_for("api_key")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
