#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm
short_description: Manage a realm of Proxmox VE
version_added: 0.1.0
description:
  - Makes, changes or removes one realm of a Proxmox VE cluster, and sets what can be set of the realms V(pam) and V(pve).
  - An option that is left out is left alone, an empty value takes it away.
options:
  realm:
    description: Name of the realm. It is the part after the C(@) of its users, and ends the names of its groups.
    type: str
    required: true
  type:
    description:
      - Type of the realm. It decides which of the other options there are.
      - Left out, it is V(openid), and for the realms V(pam) and V(pve) their own.
      - A realm of another type with this name is not touched but reported; see O(on_immutable_change).
    type: str
    choices: [openid, ldap, ad, pam, pve]
  scopes:
    description:
      - Scopes to ask for, for the type V(openid). C(openid) is always asked for.
      - Without it V(email) and V(profile) count.
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
  audiences:
    description: Further audiences that a token may be for, for the type V(openid). From Proxmox VE 9.1.14 on.
    type: list
    elements: str
  domain:
    description: Domain of the Active Directory, for the type V(ad). Needed to make the realm.
    type: str
  base_dn:
    description:
      - Distinguished name below which users are, for the types V(ldap) and V(ad).
      - Needed to make a realm of type V(ldap).
    type: str
  user_attr:
    description:
      - Attribute that holds the name of a user, for the types V(ldap) and V(ad).
      - Needed to make a realm of type V(ldap).
    type: str
  capath:
    description: File or folder, on the nodes, with the certificates of the authorities that the directory is verified with, for the types V(ldap) and V(ad).
    type: str
  cert:
    description: File on the nodes with the certificate by which the nodes show the directory who they are, for the types V(ldap) and V(ad).
    type: str
  certkey:
    description: File on the nodes with the key of O(cert), for the types V(ldap) and V(ad).
    type: str
  sslversion:
    description: Version of TLS that is used, for the types V(ldap) and V(ad).
    type: str
    choices: ["", tlsv1, tlsv1_1, tlsv1_2, tlsv1_3]
  case_sensitive:
    description: Whether names that differ in case only are different users, for the types V(ldap) and V(ad). They are by default.
    type: bool
  group_dn:
    description: Distinguished name below which groups are, for the types V(ldap) and V(ad). Without it O(base_dn) counts.
    type: str
  group_name_attr:
    description: Attribute that holds the name of a group, for the types V(ldap) and V(ad).
    type: str
  group_filter:
    description: Filter that an entry must pass to become a group, for the types V(ldap) and V(ad).
    type: str
  group_classes:
    description:
      - Object classes of groups, for the types V(ldap) and V(ad).
      - Without it V(groupOfNames), V(group), V(univentionGroup) and V(ipausergroup) count.
    type: list
    elements: str
  sync_attributes:
    description:
      - Attributes of the directory that a sync takes over, by the field of a user that they become, for the types V(ldap) and
        V(ad).
      - An attribute that is left out is left alone, an empty one is taken away.
    type: dict
    suboptions:
      email:
        description: Attribute with the e-mail address, for example V(mail).
        type: str
      firstname:
        description: Attribute with the first name, for example V(givenName).
        type: str
      lastname:
        description: Attribute with the last name, for example V(sn).
        type: str
      comment:
        description: Attribute with the comment.
        type: str
      keys:
        description: Attribute with the keys of a second factor.
        type: str
      enable:
        description: Attribute with whether the user may sign in.
        type: str
      expire:
        description: Attribute with when the user expires.
        type: str
  sync_defaults_options:
    description:
      - What counts for a sync that does not say otherwise; see M(fleetgate.proxmox.pve_realm_sync). For the types V(ldap) and
        V(ad).
    type: dict
    suboptions:
      scope:
        description: What is taken over.
        type: str
        choices: ["", users, groups, both]
      enable_new:
        description: Whether new users may sign in. They may by default.
        type: bool
      remove_vanished:
        description:
          - What is taken away when it is no longer in the directory. V(entry) is the user or group, V(acl) its ACL entries,
            V(properties) what users that remain no longer have there, and V(none) is nothing.
        type: list
        elements: str
        choices: [acl, entry, properties, none]
  tfa:
    description:
      - Second factor that everybody of the realm has to have, for every type but V(openid), for example V(type=oath).
      - It may hold the key of a service, so it is compared, but never shown.
    type: str
  default:
    description: Whether the sign-in page offers this realm first. Setting it takes the mark from the realm that has it.
    type: bool
  comment:
    description: Comment, shown on the sign-in page.
    type: str
  on_immutable_change:
    description:
      - What to do where the realm has another value of what can only be said when it is made, which is O(type)
        and O(username_claim).
      - With V(recreate) the realm is removed and made again with all that it had and what is declared; a realm that binds needs
        O(password) for that. Its users, groups, API tokens and ACL entries stay as they are; but whoever gets another name by another
        claim is another user.
    type: str
    choices: [fail, recreate]
    default: fail
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences, user_classes, group_classes]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences, user_classes, group_classes]
    default: []
  state:
    description:
      - Whether the realm is there. The realms V(pam) and V(pve) always are.
      - Removing it leaves its users, groups and ACL entries in place; nobody can sign in through it any more.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.oidc_info
  - module: fleetgate.proxmox.pve_state
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.realm
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
