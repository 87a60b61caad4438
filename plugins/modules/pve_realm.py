#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm
short_description: Manage an OpenID realm of Proxmox VE
version_added: 0.1.0
description:
  - Makes, changes or removes one OpenID Connect realm of a Proxmox VE cluster.
  - An option that is left out is left alone, an empty value takes it away.
options:
  realm:
    description: Name of the realm. It is the part after the C(@) of its users, and ends the names of its groups.
    type: str
    required: true
  type:
    description: Type of the realm, V(openid). A realm of another type with this name is not touched but reported.
    type: str
    choices: [openid]
  issuer_url:
    description:
      - Issuer, exactly as its discovery document says it, trailing slash included; see M(fleetgate.proxmox.oidc_info).
      - Needed to make the realm.
    type: str
  client_id:
    description: Client id of the cluster at the issuer. Needed to make the realm.
    type: str
  client_key:
    description:
      - Client secret. The server tells it to those who manage realms, so it is compared, but never shown.
      - An empty value makes the client a public one.
    type: str
  username_claim:
    description:
      - Claim that becomes the user's name. Without it V(sub) counts.
      - It is set when the realm is made; see O(on_immutable_change) for one that exists.
    type: str
  autocreate:
    description: Whether a user who signs in for the first time is made.
    type: bool
  scopes:
    description: Scopes to ask for. C(openid) is always asked for. Without it V(email) and V(profile) count.
    type: list
    elements: str
  groups_claim:
    description: Claim with the names of the user's groups, mostly V(groups). From Proxmox VE 8.4 on.
    type: str
  groups_autocreate:
    description: Whether groups of the claim are made when they do not exist.
    type: bool
  groups_overwrite:
    description: Whether a sign-on takes the user out of all other groups, those of other realms and by hand included.
    type: bool
  query_userinfo:
    description: Whether claims are also read from the issuer's userinfo endpoint. Without it they are.
    type: bool
  prompt:
    description: What the issuer is to ask the user, for example V(login) or V(consent).
    type: str
  acr_values:
    description: Authentication context classes to ask for.
    type: list
    elements: str
  audiences:
    description: Further audiences that a token may be for. From Proxmox VE 9.2 on.
    type: list
    elements: str
  default:
    description: Whether the sign-in page offers this realm first. Setting it takes the mark from the realm that has it.
    type: bool
  comment:
    description: Comment, shown on the sign-in page.
    type: str
  on_immutable_change:
    description:
      - What to do where the realm has another value of what can only be said when it is made, which is O(username_claim).
      - With V(recreate) the realm is removed and made again with all that it had and what is declared. Its users, groups, API
        tokens and ACL entries stay as they are; but whoever gets another name by the other claim is another user.
    type: str
    choices: [fail, recreate]
    default: fail
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences]
    default: []
  state:
    description:
      - Whether the realm is there.
      - Removing it leaves its users, groups and ACL entries in place; nobody can sign in through it any more.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.oidc_info
  - module: fleetgate.proxmox.pve_state
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Sign-on through Pocket ID
  fleetgate.proxmox.pve_realm:
    realm: pocketid
    issuer_url: https://id.example.org
    client_id: pve-lab
    client_key: "{{ vault_pve_lab_secret }}"
    username_claim: preferred_username
    scopes: [email, profile, groups]
    groups_claim: groups
    autocreate: true
    default: true
"""

RETURN = r"""
realm:
  description: The realm as it is after the task, or in check mode as it would be, without its secret; empty when it is absent.
  returned: success
  type: dict
  sample: {realm: pocketid, type: openid, issuer_url: "https://id.example.org", client_id: pve-lab}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains, reason: realm pocketid is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.one("realm")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
