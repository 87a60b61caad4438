#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_token
short_description: Manage an API token of authentik
version_added: 0.1.0
description:
  - Creates, updates or deletes one token with the intent API. Tokens with other intents are not modified.
options:
  identifier:
    description: Name of the token.
    type: str
    required: true
  user:
    description: Name of the owner. Defaults to the owner of the token that the task uses. It cannot be changed.
    type: str
  description:
    description: Description.
    type: str
  expiring:
    description:
      - Whether the token expires. Defaults to V(true) for new tokens, after the time in the settings of the server, 30 minutes by default. Every
        change of the token restarts that time.
    type: bool
  key:
    description: The key of the token. The server generates and stores one for a new token.
    type: str
  return_secret:
    description: Whether to return the key as C(secret), in clear text.
    type: bool
  allow_lockout:
    description:
      - Whether the token that this task works with may be removed, expire, or get another key. It would stop working, so the task
        cannot verify the change that it made, and fails after it.
    type: bool
  state:
    description: Whether the token exists.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.authentik_user
  - module: fleetgate.proxmox.authentik_state
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the user of the pipeline
  fleetgate.proxmox.authentik_user:
    username: pipeline
    type: service_account

- name: Create a token for the pipeline that does not expire
  fleetgate.proxmox.authentik_token:
    identifier: fleet-pipeline
    user: pipeline
    expiring: false
    return_secret: true
  register: pipeline
  no_log: true
"""

RETURN = r"""
token:
  description: The token after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {identifier: fleet-pipeline, user: pipeline, description: "", expiring: false}
secret:
  description: The key. A placeholder in check mode if the token does not exist yet and no key is declared.
  returned: when O(return_secret=true)
  type: str
  sample: 0Jm2XyEGlqsCQyqZ8kDqwkJ0uXhGVfCQvxTfUvVb
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/tokens, reason: token fleet-pipeline is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.module_for("token")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
