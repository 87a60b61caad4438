#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: oidc_info
short_description: Read what an OpenID issuer says about itself, and what is wrong with it
version_added: 0.1.0
description:
  - Reads the discovery document and the keys of an OpenID Connect issuer.
  - Tells what would keep Proxmox VE and Proxmox Backup Server from using it, which they themselves only find out, and tell
    in few words, when somebody signs in.
options:
  issuer:
    description: Issuer, the address to which C(/.well-known/openid-configuration) is added.
    type: str
    required: true
  scopes:
    description:
      - Scopes that realms will request. Ones that the discovery document does not list are returned as warnings, because
        C(scopes_supported) need not be complete.
    type: list
    elements: str
    default: [openid, email, profile]
  claims:
    description: Claims that realms will use, for example V(groups). Ones that are not listed are returned as warnings, too.
    type: list
    elements: str
    default: []
  client_id:
    description:
      - Id of a client that is to be looked at too, together with O(client_secret) and O(redirect_uris).
      - The token endpoint is asked with a code that cannot exist, which changes nothing.
    type: str
  client_secret:
    description: Secret of that client.
    type: str
  redirect_uris:
    description: Redirect URIs of that client. Some issuers tell only when somebody signs in that one is not registered.
    type: list
    elements: str
    default: []
  validate_certs:
    description: Whether the certificate of the issuer is verified.
    type: bool
    default: true
  ca_path:
    description: File with the certificate of the authority that issued the issuer's certificate.
    type: path
  timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 10
requirements:
  - requests
extends_documentation_fragment:
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Ask the issuer who it is
  fleetgate.proxmox.oidc_info:
    issuer: https://id.example.org
    claims: [groups]
  register: provider

- name: See whether a client was set up well
  fleetgate.proxmox.oidc_info:
    issuer: https://sso.example.org/realms/company
    client_id: proxmox
    client_secret: "{{ vault_proxmox_client_secret }}"
    redirect_uris: ["https://pve1.example.org:8006"]
  register: provider

- name: Stop here when sign-on cannot work
  ansible.builtin.assert:
    that: provider.problems | length == 0
    fail_msg: "{{ provider.problems | join('; ') }}"
"""

RETURN = r"""
issuer:
  description: The issuer as it calls itself. Realms must have exactly this text.
  returned: success
  type: str
  sample: https://id.example.org
problems:
  description: What is wrong with the issuer for Proxmox VE and Proxmox Backup Server, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
warnings:
  description: Scopes and claims that the discovery document does not list, a sentence each. The issuer may know them nevertheless.
  returned: when there are any
  type: list
  elements: str
  sample: ["its discovery document does not list the scope groups, which it may know nevertheless; try a login if in doubt"]
accepted:
  description:
    - Whether the issuer takes the client's secret with all of its redirect URIs. Null where its answer does not tell.
  returned: when a client is looked at
  type: bool
  sample: true
document:
  description: The discovery document.
  returned: success
  type: dict
  sample: {issuer: "https://id.example.org", token_endpoint: "https://id.example.org/api/oidc/token"}
"""

from ..module_utils.oidc.info import INFO as MODULE


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
