#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_info
short_description: Read users, groups, applications, bindings and tokens of authentik
version_added: 0.1.0
description:
  - Reads users, groups with their members, applications with their OAuth2 providers, bindings, API tokens, and objects that applications refer to.
  - The first five lists have the options of M(fleetgate.proxmox.authentik_state), and can be passed back to it without causing a change.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [users, groups, applications, bindings, tokens, flows, key_pairs, scope_mappings, policies, setup_urls, version]
    default: [users, groups, applications, bindings, tokens, flows, key_pairs, scope_mappings, policies, setup_urls, version]
  show_secrets:
    description: Whether to return the client secrets of applications, in clear text.
    type: bool
    default: false
seealso:
  - module: fleetgate.proxmox.authentik_state
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.authentik.info
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read the endpoints of all applications
  fleetgate.proxmox.authentik_info:
    gather: [setup_urls]
  register: authentik
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
applications:
  description: Applications.
  returned: when gathered
  type: list
  elements: dict
  sample: [{slug: pve-lab, name: Proxmox VE lab}]
bindings:
  description: Bindings.
  returned: when gathered
  type: list
  elements: dict
  sample: [{application: pve-lab, group: proxmox_admins, order: 0}]
tokens:
  description: API tokens.
  returned: when gathered
  type: list
  elements: dict
  sample: [{identifier: fleet-pipeline, user: pipeline, expiring: false}]
flows:
  description: Flows.
  returned: when gathered
  type: list
  elements: dict
  sample: [{slug: default-provider-invalidation-flow, designation: invalidation}]
key_pairs:
  description: Certificates with their private keys.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: authentik Self-signed Certificate, key_type: rsa}]
scope_mappings:
  description: Scope mappings. The built-in mappings are named by their scope.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: profile, scope_name: profile}]
policies:
  description: Policies.
  returned: when gathered
  type: list
  elements: dict
  sample: [{name: office-hours, component: ak-policy-expression-form}]
setup_urls:
  description:
    - Endpoints by application, which are C(issuer), C(provider_info) (the discovery document), C(authorize), C(token), C(user_info), C(jwks) and
      C(logout).
    - The server derives them from the requested address, so O(url) must be the URL that users open.
  returned: when gathered
  type: dict
  sample:
    pve-lab:
      issuer: https://id.example.org/application/o/pve-lab/
      provider_info: https://id.example.org/application/o/pve-lab/.well-known/openid-configuration
version:
  description: Version of the server, year and month.
  returned: when gathered
  type: str
  sample: "2026.8"
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.info()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
