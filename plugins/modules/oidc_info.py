#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: oidc_info
short_description: Read and check an OpenID issuer
version_added: 0.1.0
description:
  - Reads the discovery document and the keys of an OpenID Connect issuer.
  - Reports everything that would prevent Proxmox VE and Proxmox Backup Server from using the issuer. The servers themselves only report
    it, in few words, when a user signs in.
options:
  issuer:
    description: Issuer, the URL that C(/.well-known/openid-configuration) is appended to.
    type: str
    required: true
  scopes:
    description:
      - Scopes that realms request. Scopes that the discovery document does not list are returned as warnings, because
        C(scopes_supported) need not be complete.
    type: list
    elements: str
    default: [openid, email, profile]
  claims:
    description: Claims that realms use, for example V(groups). Claims that the discovery document does not list are returned as warnings.
    type: list
    elements: str
    default: []
  client_id:
    description:
      - ID of a client to check, together with O(client_secret) and O(redirect_uris).
      - The token endpoint is sent a code that cannot exist, which has no side effects.
    type: str
  client_secret:
    description: Secret of that client.
    type: str
  redirect_uris:
    description: Redirect URIs of that client. Some issuers only report an unregistered URI when a user signs in.
    type: list
    elements: str
    default: []
  validate_certs:
    description: Whether to verify the certificate of the issuer.
    type: bool
    default: true
  ca_path:
    description: File with the CA certificate that issued the certificate of the server.
    type: path
  timeout:
    description: Timeout of a request in seconds.
    type: int
    default: 10
requirements:
  - requests
extends_documentation_fragment:
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read the issuer
  fleetgate.proxmox.oidc_info:
    issuer: https://id.example.org
    claims: [groups]
  register: provider

- name: Check the configuration of a client
  fleetgate.proxmox.oidc_info:
    issuer: https://sso.example.org/realms/company
    client_id: proxmox-ve
    client_secret: "{{ vault_proxmox_client_secret }}"
    redirect_uris: ["https://pve1.example.org:8006"]
  register: provider

- name: Stop if users could not sign in
  ansible.builtin.assert:
    that: provider.problems | length == 0
    fail_msg: "{{ provider.problems | join('; ') }}"
"""

RETURN = r"""
issuer:
  description: The issuer according to its discovery document. Realms must use exactly this text.
  returned: success
  type: str
  sample: https://id.example.org
problems:
  description: What prevents Proxmox VE and Proxmox Backup Server from using the issuer, one sentence for each problem.
  returned: success
  type: list
  elements: str
  sample: []
warnings:
  description: Scopes and claims that the discovery document does not list, a sentence each. The issuer may know them nevertheless.
  returned: when there are any
  type: list
  elements: str
  sample: ["its discovery document does not list the scope groups, which the issuer may still support; try a login if in doubt"]
accepted:
  description:
    - Whether the issuer accepts the client secret with all redirect URIs. Null if its response does not reveal it.
  returned: when O(client_id) is given
  type: bool
  sample: true
document:
  description: The discovery document.
  returned: success
  type: dict
  sample: {issuer: "https://id.example.org", token_endpoint: "https://id.example.org/api/oidc/token"}
"""

from ..module_utils.oidc.info import INFO

MODULE = INFO


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
