#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: oidc_login
short_description: Sign a person in to Proxmox VE or Proxmox Backup Server through an OpenID realm
version_added: 0.1.0
description:
  - Performs one complete sign-on as a browser does. The server returns its authorization URL, the person signs in at the identity
    provider, and the server gets the code and returns a ticket.
  - Returns who the user became, the groups that were received, kept and dropped, and the effective permissions. If the sign-on is refused, the
    task fails with the cause and the remedy. Proxmox VE itself only logs the cause.
  - The claims are read first, with a code that the module redeems itself.
options:
  product:
    description: Product of the server.
    type: str
    choices: [pve, pbs]
    required: true
  api_host:
    description:
      - Host name or IP address of the server, without scheme and port.
      - Defaults to the inventory host.
      - Connection options that are not given fall back to the environment variables of M(fleetgate.proxmox.pve_realm) or
        M(fleetgate.proxmox.pbs_realm).
    type: str
  api_port:
    description: Port of the API and the web interface. Defaults to that of the product.
    type: int
  api_user:
    description: User that reads the realm, the users and the groups, with its realm.
    type: str
  api_password:
    description: Password of O(api_user).
    type: str
  api_totp:
    description: Code of the second factor of O(api_user).
    type: str
  api_token_id:
    description: Token that reads the realm, the users and the groups, V(USER@REALM!NAME) or V(NAME) with O(api_user).
    type: str
  api_token_secret:
    description: Secret of the token.
    type: str
  validate_certs:
    description: Whether to verify the certificate of the server. Enabled by default.
    type: bool
  ca_path:
    description: File with the CA certificate that issued the certificate of the server.
    type: path
  api_timeout:
    description: Timeout of a response in seconds, 10 by default.
    type: int
  realm:
    description: Name of the OpenID realm.
    type: str
    required: true
  redirect_url:
    description:
      - Address of the web interface in the browser, without a slash at the end, for example V(https://pve1.example.org:8006).
      - Defaults to O(api_host) and O(api_port).
    type: str
  idp:
    description: The identity provider, as in the variable C(fleetgate_idp).
    type: dict
    required: true
    suboptions:
      type:
        description:
          - Type of the provider. With V(pocketid) the person signs in with a one-time access token, which requires O(idp.api_key), and with
            V(authentik) with O(password).
          - How a person signs in with V(oidc) is not known to the module.
        type: str
        choices: [pocketid, authentik, oidc]
        required: true
      url:
        description: URL of the provider.
        type: str
      api_key:
        description: API key of an administrator of Pocket ID.
        type: str
      token:
        description: API token of authentik, which is not used.
        type: str
      validate_certs:
        description: Whether to verify the certificate of the provider. Enabled by default.
        type: bool
      ca_path:
        description: File with the CA certificate that issued the certificate of the provider.
        type: path
      timeout:
        description: Timeout of a response in seconds, 10 by default.
        type: int
  person:
    description: User name of the person at the provider.
    type: str
    required: true
  password:
    description:
      - Password of the person at authentik, or an app password if the password stage of the flow accepts these.
      - The flow must not ask for anything else, such as a second factor.
    type: str
  groups:
    description: Groups that the person must be in, by their names at the provider. Proxmox Backup Server has no groups.
    type: list
    elements: str
    default: []
  permissions:
    description: Privileges that the person must have after the sign-on, as a list for each path of the ACL.
    type: dict
    default: {}
requirements:
  - requests
  - proxmoxer >= 2.3.0
attributes:
  check_mode:
    details: In check mode nobody signs in, and the server only begins a sign-on.
seealso:
  - module: fleetgate.proxmox.oidc_info
  - module: fleetgate.proxmox.prove_host
notes:
  - A sign-on has the effects that it has in a browser. With C(autocreate) of the realm the server creates the user, and it changes the groups of the
    user. The provider records the sign-on and the consent of the person. The ticket is not returned and cannot be revoked; it expires after
    two hours.
  - Pocket ID limits the number of one-time access tokens that are used; a few sign-ons per minute are accepted.
extends_documentation_fragment:
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Sign in as a person who is an auditor, after the playbook wire
  fleetgate.proxmox.oidc_login:
    product: pve
    api_host: pve1.example.org
    api_token_id: fleetgate@pve!automation
    api_token_secret: "{{ vault_pve_token_secret }}"
    realm: pocketid
    idp:
      type: pocketid
      url: https://id.example.org
      api_key: "{{ vault_pocketid_api_key }}"
    person: bob
    groups: [proxmox_users]
    permissions:
      /: [Sys.Audit]
  register: signed_in
"""

RETURN = r"""
userid:
  description: The user after the sign-on, or whom the claims would have made if it was refused.
  returned: success
  type: str
  sample: prover@pocketid
created:
  description: Whether the sign-on created the user.
  returned: success
  type: bool
  sample: false
claims:
  description: The claims that the name and the groups of the user are taken from.
  returned: success
  type: dict
  sample: {preferred_username: prover, groups: [proxmox_users, Book Club]}
groups:
  description: Groups in the claim.
  returned: success
  type: dict
  contains:
    received:
      description: All names in the claim.
      type: list
      elements: str
    kept:
      description: Names that are groups of the realm on the server.
      type: list
      elements: str
    dropped:
      description: Names that the server ignores, because it has no such group or does not accept the name.
      type: list
      elements: str
  sample: {received: [proxmox_users, Book Club], kept: [proxmox_users], dropped: [Book Club]}
permissions:
  description: Effective privileges of the user by path.
  returned: success
  type: dict
  sample: {/: [Sys.Audit, VM.Audit]}
checks:
  description: Everything that was checked, in order.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Kind of the check.
      type: str
    about:
      description: What it is about.
      type: str
    status:
      description: V(ok), V(failed) or V(skipped).
      type: str
    problem:
      description: What is wrong.
      type: str
    remedy:
      description: What to do.
      type: str
    detail:
      description: What was seen, or why the check was skipped.
      type: str
problems:
  description: Causes and remedies of the failed checks.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ..module_utils.fleet.login import LOGIN

MODULE = LOGIN


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
