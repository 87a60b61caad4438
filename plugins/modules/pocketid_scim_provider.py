#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_scim_provider
short_description: Manage the SCIM provider of a client of Pocket ID
version_added: 0.1.0
description:
  - Creates, updates or deletes the SCIM provider to which Pocket ID sends the users and groups of an OIDC client.
options:
  client:
    description: ID of the client. A client has at most one SCIM provider.
    type: str
    required: true
  endpoint:
    description: Base URL of the SCIM receiver. Required to create the SCIM provider.
    type: str
  token:
    description: Token that Pocket ID authenticates with. An empty value unsets it.
    type: str
  state:
    description: Whether the client has a SCIM provider.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_client
  - module: fleetgate.proxmox.pocketid_state
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the client of the wiki
  fleetgate.proxmox.pocketid_client:
    id: wiki
    name: Wiki
    callback_urls: ["https://wiki.example.org/callback"]

- name: Provision users in the wiki
  fleetgate.proxmox.pocketid_scim_provider:
    client: wiki
    endpoint: https://wiki.example.org/scim/v2
    token: "{{ vault_scim_token }}"
"""

RETURN = r"""
scim_provider:
  description: The SCIM provider after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {client: wiki, endpoint: "https://wiki.example.org/scim/v2"}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/scim/service-provider, reason: scim_provider wiki is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.module_for("scim_provider")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
