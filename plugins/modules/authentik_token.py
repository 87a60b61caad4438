#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_token
short_description: Manage an API token of authentik
version_added: 0.1.0
description:
  - Makes, changes or removes one token of intent API. Tokens of other intents are left alone.
options:
  identifier:
    description: Name of the token.
    type: str
    required: true
  user:
    description: User name of the owner, by default of a new token that of the token that the task uses. It cannot be changed.
    type: str
  description:
    description: Description.
    type: str
  expiring:
    description:
      - Whether the token ends. New ones do, after the time that the server's settings say, half an hour if they say nothing; and
        every change begins that anew.
    type: bool
  key:
    description: The token itself. The server makes one for a new token, and keeps it.
    type: str
  return_secret:
    description: Whether the token itself is returned as C(secret), in clear text.
    type: bool
  allow_lockout:
    description:
      - Whether the token that this task works with may be removed, expire, or get another key. It would stop working, so the task
        cannot verify the change that it made, and fails after it.
    type: bool
  state:
    description: Whether the token is there.
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
- name: A token for the pipeline that does not end
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
  description: The token as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {identifier: fleet-pipeline, user: pipeline, description: "", expiring: false}
secret:
  description: The token itself. In check mode, when it is not there yet and none is declared, a text that says so.
  returned: when O(return_secret=true)
  type: str
  sample: 0Jm2XyEGlqsCQyqZ8kDqwkJ0uXhGVfCQvxTfUvVb
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/tokens, reason: token fleet-pipeline is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.one("token")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
