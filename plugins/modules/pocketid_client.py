#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_client
short_description: Manage an OIDC client of Pocket ID
version_added: 0.1.0
description:
  - Makes, changes or removes one OIDC client of Pocket ID, with its allowed groups, logos and secret.
  - An option that is left out keeps its value, although the API replaces whole clients.
  - A client that registered itself from its metadata document (type C(cimd)) is left alone.
options:
  id:
    description:
      - Client id. A new client without one gets a random one from the server.
      - Without it the client is found by its O(name), which must then be the name of one client only.
    type: str
  name:
    description: Name of the client. Needed to make it.
    type: str
  description:
    description: Description, from Pocket ID 2.10 on.
    type: str
  callback_urls:
    description: URLs that a sign-on may return to; they replace those that the client has.
    type: list
    elements: str
  logout_callback_urls:
    description: URLs that a sign-off may return to; they replace those that the client has.
    type: list
    elements: str
  launch_url:
    description: URL that opens the application from the user's overview.
    type: str
  is_public:
    description: Whether the client has no secret. Such a client always uses PKCE.
    type: bool
  pkce_enabled:
    description: Whether the client must use PKCE. Proxmox VE and Proxmox Backup Server do.
    type: bool
  requires_reauthentication:
    description: Whether users must use their passkey again at each sign-on.
    type: bool
  requires_pushed_authorization_requests:
    description: Whether the client must push its requests, from Pocket ID 2.9 on.
    type: bool
  skip_consent:
    description: Whether users are not asked for their consent, from Pocket ID 2.10 on.
    type: bool
  access_token_duration_minutes:
    description: How long access tokens last, from Pocket ID 2.13 on.
    type: int
  refresh_token_duration_minutes:
    description: How long refresh tokens last, from Pocket ID 2.13 on.
    type: int
  federated_identities:
    description:
      - Identities of other issuers whose tokens stand for a secret of the client; they replace those that it has.
    type: list
    elements: dict
    suboptions:
      issuer:
        description: Issuer of the tokens.
        type: str
        required: true
      subject:
        description: Subject of the tokens; by default the client's id.
        type: str
      audience:
        description: Audience of the tokens; by default the address of Pocket ID.
        type: str
      jwks:
        description: URL of the issuer's keys, where it is not the usual one.
        type: str
      replay_protection:
        description: Whether a token is taken once only, from Pocket ID 2.10 on.
        type: bool
  is_group_restricted:
    description:
      - Whether only O(allowed_groups) may use the client. It is only ever taken away by V(false) here.
    type: bool
  allowed_groups:
    description:
      - Names of the groups that may use the client; they replace those that the client has.
      - Naming any group restricts the client. An empty list leaves nobody who may use a restricted client.
    type: list
    elements: str
  logo:
    description:
      - File with the logo. It is sent when the client shows another picture. An empty text removes the logo.
      - A relative path is looked for as ansible looks for files.
    type: path
  dark_logo:
    description: The same for the logo on dark background.
    type: path
  secret:
    description:
      - Client secret to use, at least 16 printable ASCII characters. It is added when the client does not accept it yet.
      - Other secrets stay valid on Pocket ID 2.14 and later. Older versions have one secret, whose place it takes.
    type: str
  secret_candidates:
    description:
      - Secrets that may be right, for example those that realms hold. With O(return_secret) the first one that the client
        accepts is returned, and when none is, a new one is generated. From Pocket ID 2.14 on it begins with C(f_).
      - For a client that exists it must be given to have a secret made; an empty list says that none is known.
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
      - When the secret ends, for example V(2027-01-31T12:00:00Z). From Pocket ID 2.14 on.
      - The end of a secret that is there is changed by adding the same value anew.
    type: str
  secret_max_age:
    description:
      - Days after which a secret that the server made is followed by a new one. From Pocket ID 2.14 on.
    type: int
  secret_overlap:
    description:
      - Days that other secrets of the client stay valid beside a new one. Those that are left out, expired ones among them,
        are removed when what is declared is that old; with V(0) at once. Without the option all stay.
      - The server tells only the first four characters of a secret. One that begins as a declared one does is not removed.
    type: int
  secrets:
    description:
      - Several secrets of the client, instead of O(secret) and the like. From Pocket ID 2.14 on.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the secret in this task and its result. The server has no names for them.
        type: str
        required: true
      value:
        description: The secret, at least 16 printable ASCII characters. Without it the server makes one.
        type: str
      candidates:
        description: Secrets that may be the one that the server made, as O(secret_candidates).
        type: list
        elements: str
      expires_at:
        description: When it ends, as O(secret_expires_at).
        type: str
  return_secret:
    description:
      - Whether a secret that the client accepts is returned as C(secret), in clear text; with O(secrets) all of them, as
        C(secrets).
    type: bool
  replace_secret:
    description:
      - Whether a secret that the server makes may take the place of the one that there is, on servers up to Pocket ID 2.13.
      - They keep one secret for each client, so whoever has the old one cannot sign in any more. Later versions keep both.
    type: bool
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [callback_urls, logout_callback_urls, allowed_groups]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [callback_urls, logout_callback_urls, allowed_groups]
    default: []
  state:
    description: Whether the client is there.
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
- name: The client of a cluster
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

- name: A secret that works, a new one only if the known one does not
  fleetgate.proxmox.pocketid_client:
    id: pve-lab
    name: Proxmox VE lab
    secret_candidates: ["{{ known_secret }}"]
    return_secret: true
  register: client
  no_log: true

- name: A new secret every 90 days, the old one valid for a week beside it
  fleetgate.proxmox.pocketid_client:
    id: pve-lab
    secret_candidates: "{{ known_secrets }}"
    secret_max_age: 90
    secret_overlap: 7
    return_secret: true
  register: client
  no_log: true

- name: Two secrets from a vault and no other
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
  description: The client as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {id: pve-lab, name: Proxmox VE lab, callback_urls: ["https://pve1.lab.example.org:8006"]}
secret:
  description: A secret that the client accepts. In check mode, when a new one would be made, a text that says so.
  returned: when O(return_secret=true)
  type: str
  sample: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm
secrets:
  description: The secrets that the client accepts, by their names in O(secrets).
  returned: when O(return_secret=true) and O(secrets) is given
  type: dict
  sample: {blue: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/oidc/clients, reason: client pve-lab is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.one("client")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
