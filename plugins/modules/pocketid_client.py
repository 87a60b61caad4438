#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_client
short_description: Manage an OIDC client of Pocket ID
version_added: 0.1.0
description:
  - Creates, updates or deletes one OIDC client of Pocket ID, with its allowed groups, logos and secret.
  - Omitted options keep their values, although the API replaces complete clients.
  - A client that registered itself from its metadata document (type C(cimd)) is not modified.
options:
  id:
    description:
      - Client ID. If omitted, the server generates a random ID for a new client.
      - If omitted, an existing client is found by its O(name), which must then be unique.
    type: str
  name:
    description: Name of the client. Required to create it.
    type: str
  description:
    description: Description. Requires Pocket ID 2.10 or later.
    type: str
  callback_urls:
    description: Callback URLs (redirect URIs). They replace the existing URLs of the client.
    type: list
    elements: str
  logout_callback_urls:
    description: Callback URLs after logout. They replace the existing URLs of the client.
    type: list
    elements: str
  launch_url:
    description: URL that opens the application from the dashboard.
    type: str
  is_public:
    description: Whether the client is public. A public client has no secret and always uses PKCE.
    type: bool
  pkce_enabled:
    description: Whether the client must use PKCE. Proxmox VE and Proxmox Backup Server use it.
    type: bool
  requires_reauthentication:
    description: Whether users must use their passkey again at each sign-on.
    type: bool
  requires_pushed_authorization_requests:
    description:
      - Whether the client must use pushed authorization requests, which Proxmox VE and Proxmox Backup Server do not support.
      - Requires Pocket ID 2.9 or later.
    type: bool
  skip_consent:
    description: Whether to skip the consent page. Requires Pocket ID 2.10 or later.
    type: bool
  access_token_duration_minutes:
    description: Validity of access tokens in minutes. Requires Pocket ID 2.13 or later.
    type: int
  refresh_token_duration_minutes:
    description: Validity of refresh tokens in minutes. Requires Pocket ID 2.13 or later.
    type: int
  federated_identities:
    description:
      - Identities of other issuers whose tokens are accepted instead of a client secret. They replace the existing identities.
    type: list
    elements: dict
    suboptions:
      issuer:
        description: Issuer of the tokens.
        type: str
        required: true
      subject:
        description: Subject of the tokens. Defaults to the client ID.
        type: str
      audience:
        description: Audience of the tokens. Defaults to the URL of Pocket ID.
        type: str
      jwks:
        description: URL of the issuer's keys, if it is not the default.
        type: str
      replay_protection:
        description: Whether a token is accepted only once. Requires Pocket ID 2.10 or later.
        type: bool
  is_group_restricted:
    description:
      - Whether only members of O(allowed_groups) may use the client. The restriction is only lifted by V(false).
    type: bool
  allowed_groups:
    description:
      - Names of the groups that may use the client. They replace the existing groups.
      - A non-empty list restricts the client. An empty list means that nobody may use a restricted client.
    type: list
    elements: str
  logo:
    description:
      - Image file for the logo, uploaded if the client has a different image. An empty value removes the logo.
      - Relative paths are searched like files of a role.
    type: path
  dark_logo:
    description: Image file for the logo on a dark background, like O(logo).
    type: path
  secret:
    description:
      - Client secret, at least 16 printable ASCII characters. It is added if the client does not accept it yet.
      - Pocket ID 2.14 and later keep other secrets valid. Older versions store a single secret, which it replaces.
    type: str
  secret_candidates:
    description:
      - Secrets to test, for example those that realms hold. With O(return_secret) the first one that the client accepts is returned. If none is
        accepted, a new secret is created. Secrets created on Pocket ID 2.14 and later begin with C(f_).
      - Required to create a secret for an existing client. An empty list means that no secret is known.
    type: list
    elements: str
  secret_candidates_complete:
    description:
      - Whether O(secret_candidates) has the secrets of all hosts that use the client. Secrets that this module generated and that are
        not among them are then removed, because an interrupted run left them. Requires O(callback_urls). From Pocket ID 2.14 on.
      - They are kept while the client has callback URLs other than O(callback_urls), because another host may have one, and for an hour
        after they were generated, unless the client already has 20 secrets.
      - Secrets that people made, in Pocket ID or with O(secret), are never removed by this option.
    type: bool
  secret_expires_at:
    description:
      - Expiry of the secret, for example V(2027-01-31T12:00:00Z). Requires Pocket ID 2.14 or later.
      - The expiry of an existing secret is changed by adding the same value again.
    type: str
  secret_max_age:
    description:
      - Age in days after which a secret generated by the server is succeeded by a new one. Requires Pocket ID 2.14 or later.
    type: int
  secret_overlap:
    description:
      - Number of days that other secrets of the client stay valid beside a new one. Undeclared secrets, including expired ones, are removed
        when the declared secret reaches this age; V(0) removes them immediately. If omitted, all secrets are kept.
      - The server only returns the first four characters of a secret. A secret with the same first characters as a declared one is not removed.
    type: int
  secrets:
    description:
      - Several secrets of the client, instead of O(secret) and its related options. Requires Pocket ID 2.14 or later.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the secret in this task and its result. The server does not store it.
        type: str
        required: true
      value:
        description: The secret, at least 16 printable ASCII characters. If omitted, the server generates one.
        type: str
      candidates:
        description: Secrets to test, like O(secret_candidates).
        type: list
        elements: str
      expires_at:
        description: Expiry, like O(secret_expires_at).
        type: str
  return_secret:
    description:
      - Whether to return a secret that the client accepts as C(secret), in clear text, or with O(secrets) all of them as C(secrets).
    type: bool
  replace_secret:
    description:
      - Whether a generated secret may replace the existing one on Pocket ID 2.13 and earlier.
      - These versions store one secret per client, so a new one invalidates the current one. Later versions keep both.
    type: bool
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [callback_urls, logout_callback_urls, allowed_groups]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [callback_urls, logout_callback_urls, allowed_groups]
    default: []
  state:
    description: Whether the client exists.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_group
  - module: fleetgate.proxmox.pocketid_state
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the groups that may use the client
  fleetgate.proxmox.pocketid_group:
    name: "{{ item }}"
  loop: [proxmox_admins, proxmox_users]

- name: Create the client of a cluster
  fleetgate.proxmox.pocketid_client:
    id: pve-lab
    name: Proxmox VE lab
    callback_urls:
      - https://pve1.lab.example.org:8006
      - https://pve2.lab.example.org:8006
    launch_url: https://pve1.lab.example.org:8006
    allowed_groups: [proxmox_admins, proxmox_users]
    pkce_enabled: true
    logo: proxmox.svg

- name: Return a working secret, and create one only if the known secret does not work
  fleetgate.proxmox.pocketid_client:
    id: pve-lab
    name: Proxmox VE lab
    secret_candidates: ["{{ known_secret }}"]
    return_secret: true
  register: client
  no_log: true

- name: Rotate the secret every 90 days with an overlap of one week
  fleetgate.proxmox.pocketid_client:
    id: pve-lab
    secret_candidates: "{{ known_secrets }}"
    secret_max_age: 90
    secret_overlap: 7
    return_secret: true
  register: client
  no_log: true

- name: Set exactly two secrets from a vault
  fleetgate.proxmox.pocketid_client:
    id: pve-lab
    secrets:
      - name: blue
        value: "{{ vault_blue }}"
      - name: green
        value: "{{ vault_green }}"
        expires_at: "2027-06-30T00:00:00Z"
    secret_overlap: 0
"""

RETURN = r"""
client:
  description: The client after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {id: pve-lab, name: Proxmox VE lab, callback_urls: ["https://pve1.lab.example.org:8006"]}
secret:
  description: A secret that the client accepts. A placeholder in check mode if a secret would be created.
  returned: when O(return_secret=true)
  type: str
  sample: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm
secrets:
  description: The secrets that the client accepts, by their names in O(secrets).
  returned: when O(return_secret=true) and O(secrets) is given
  type: dict
  sample: {blue: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/oidc/clients, reason: client pve-lab is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.module_for("client")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
