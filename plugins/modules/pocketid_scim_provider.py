#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_scim_provider
short_description: Manage the SCIM provider of a client of Pocket ID
version_added: 0.1.0
description:
  - Says where Pocket ID sends the users and groups of an OIDC client by SCIM, or takes it away.
options:
  client:
    description: Id of the client. It has one SCIM provider at most.
    type: str
    required: true
  endpoint:
    description: Base URL of the receiver. Needed to make it.
    type: str
  token:
    description: Token that Pocket ID proves itself with. An empty text takes it away.
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
- name: The wiki has the users before they sign in
  fleetgate.proxmox.pocketid_scim_provider:
    client: wiki
    endpoint: https://wiki.example.org/scim/v2
    token: "{{ vault_scim_token }}"
"""

RETURN = r"""
scim_provider:
  description: The SCIM provider as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {client: wiki, endpoint: "https://wiki.example.org/scim/v2"}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/scim/service-provider, reason: scim_provider wiki is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.one("scim_provider")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
