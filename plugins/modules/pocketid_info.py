#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_info
short_description: Read users, groups, clients and settings of Pocket ID
version_added: 0.1.0
description:
  - Reads users, groups with their members, OIDC clients with their allowed groups, SCIM providers, the settings and the
    version, and the claims that a client would receive for a user.
  - The lists of objects have the options of M(fleetgate.proxmox.pocketid_state), and can be passed back to it without causing a change.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [users, groups, clients, scim_providers, settings, version]
    default: [users, groups, clients, scim_providers, settings, version]
  show_secrets:
    description: Whether to return the tokens of SCIM providers, in clear text.
    type: bool
    default: false
  claims:
    description: Claims that clients would receive for users, as previewed by the server.
    type: list
    elements: dict
    suboptions:
      client:
        description: ID of a client.
        type: str
        required: true
      username:
        description: Name of a user.
        type: str
        required: true
      scopes:
        description: Scopes that the client requests. Defaults to C(openid), C(profile), C(email) and C(groups).
        type: list
        elements: str
seealso:
  - module: fleetgate.proxmox.pocketid_state
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.pocketid.info
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the client and the user
  fleetgate.proxmox.pocketid_state:
    users:
      - username: alice
        email: alice@example.org
        first_name: Alice
    clients:
      - id: pve-lab
        name: Proxmox VE lab
        callback_urls: ["https://pve1.lab.example.org:8006"]

- name: Read all clients
  fleetgate.proxmox.pocketid_info:
    gather: [clients]
  register: pocketid

- name: Read the claims that Proxmox VE receives for alice
  fleetgate.proxmox.pocketid_info:
    gather: []
    claims:
      - client: pve-lab
        username: alice
  register: pocketid
"""

RETURN = r"""
users:
  description: Users.
  returned: when gathered
  type: list
  elements: dict
  sample: [{username: alice, email: alice@example.org}]
groups:
  description: Groups.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: proxmox_admins, users: [alice]}]
clients:
  description: OIDC clients, without secrets, which the server does not return.
  returned: when gathered
  type: list
  elements: dict
  sample: [{id: pve-lab, name: Proxmox VE lab}]
scim_providers:
  description: SCIM providers by client.
  returned: when gathered
  type: list
  elements: dict
  sample: [{client: wiki, endpoint: "https://wiki.example.org/scim/v2"}]
settings:
  description: The application configuration, without passwords.
  returned: when gathered
  type: dict
  sample: {appName: Pocket ID, sessionDuration: "60"}
claims:
  description: For each entry of O(claims) whether the user may use the client, and the claims.
  returned: when O(claims) is given
  type: list
  elements: dict
  sample: [{client: pve-lab, username: alice, admitted: true, claims: {preferred_username: alice, groups: [proxmox_admins]}}]
version:
  description: Version of the server. Pocket ID 2.0 to 2.2 do not return it; they are reported as 2.0 or 2.2 by their features.
  returned: when gathered
  type: str
  sample: 2.14.0
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.info()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
