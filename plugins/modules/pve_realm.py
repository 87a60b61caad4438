#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm
short_description: Manage a realm of Proxmox VE
version_added: 0.1.0
description:
  - Creates, updates or deletes one realm of a Proxmox VE cluster, or updates the configurable options of the realms V(pam) and V(pve).
  - Omitted options are left unchanged. An empty value unsets an option.
options:
  realm:
    description: Name of the realm, the part after C(@) in the names of its users and the suffix of the names of its groups.
    type: str
    required: true
  type:
    description:
      - Type of the realm, which determines the available options.
      - Defaults to V(openid), and for the realms V(pam) and V(pve) to their own type.
      - An existing realm of another type is reported and not modified; see O(on_immutable_change).
    type: str
    choices: [openid, ldap, ad, pam, pve]
  scopes:
    description:
      - Scopes to request, for the type V(openid). C(openid) is always requested.
      - The server requests V(email) and V(profile) if this is not set.
    type: list
    elements: str
  groups_claim:
    description: Claim with the names of the user's groups, commonly V(groups). Requires Proxmox VE 8.4 or later.
    type: str
  groups_autocreate:
    description: Whether to create groups of the claim that do not exist.
    type: bool
  groups_overwrite:
    description: Whether a sign-on removes the user from all other groups, including groups of other realms and manual memberships.
    type: bool
  query_userinfo:
    description: Whether to also read claims from the userinfo endpoint of the issuer. The server does so if this is not set.
    type: bool
  audiences:
    description: Additional audiences accepted in tokens, for the type V(openid). Requires Proxmox VE 9.1.14 or later.
    type: list
    elements: str
  domain:
    description: Domain of the Active Directory, for the type V(ad). Required to create the realm.
    type: str
  base_dn:
    description:
      - Base DN of users, for the types V(ldap) and V(ad).
      - Required to create a realm of type V(ldap).
    type: str
  user_attr:
    description:
      - Attribute with the name of a user, for the types V(ldap) and V(ad).
      - Required to create a realm of type V(ldap).
    type: str
  capath:
    description: File or directory on the nodes with the CA certificates to verify the directory with, for the types V(ldap) and V(ad).
    type: str
  cert:
    description: File on the nodes with the client certificate for the directory, for the types V(ldap) and V(ad).
    type: str
  certkey:
    description: File on the nodes with the key of O(cert), for the types V(ldap) and V(ad).
    type: str
  sslversion:
    description: TLS version, for the types V(ldap) and V(ad).
    type: str
    choices: ["", tlsv1, tlsv1_1, tlsv1_2, tlsv1_3]
  case_sensitive:
    description: Whether user names are case-sensitive, for the types V(ldap) and V(ad). They are if this is not set.
    type: bool
  group_dn:
    description: Base DN of groups, for the types V(ldap) and V(ad). The server uses O(base_dn) if this is not set.
    type: str
  group_name_attr:
    description: Attribute with the name of a group, for the types V(ldap) and V(ad).
    type: str
  group_filter:
    description: Filter that directory entries must match to become groups, for the types V(ldap) and V(ad).
    type: str
  group_classes:
    description:
      - Object classes of groups, for the types V(ldap) and V(ad).
      - The server uses V(groupOfNames), V(group), V(univentionGroup) and V(ipausergroup) if this is not set.
    type: list
    elements: str
  sync_attributes:
    description:
      - Attributes of the directory that a sync copies, by the property of the user, for the types V(ldap) and V(ad).
      - Omitted attributes are left unchanged. An empty value unsets an attribute.
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
        description: Attribute that indicates whether the user may sign in.
        type: str
      expire:
        description: Attribute with the expiry of the user.
        type: str
  sync_defaults_options:
    description:
      - Defaults of a sync; see M(fleetgate.proxmox.pve_realm_sync). For the types V(ldap) and
        V(ad).
    type: dict
    suboptions:
      scope:
        description: Objects to sync.
        type: str
        choices: ["", users, groups, both]
      enable_new:
        description: Whether new users may sign in. Defaults to V(true).
        type: bool
      remove_vanished:
        description:
          - What to remove if it no longer exists in the directory. V(entry) is the user or group, V(acl) its ACL entries,
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
    description: Whether the realm is preselected on the sign-in page. Setting it unsets the flag of the previous default realm.
    type: bool
  comment:
    description: Comment, shown on the sign-in page.
    type: str
  on_immutable_change:
    description:
      - What to do if an existing realm has another value of an option that can only be set when the realm is created, which are O(type)
        and O(username_claim).
      - V(recreate) deletes and recreates the realm with its existing and declared options. A realm that binds to a directory needs
        O(password) for that. Its users, groups, API tokens and ACL entries are kept, but a user who gets another name through another
        claim becomes a different user.
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
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences, user_classes, group_classes]
    default: []
  state:
    description:
      - Whether the realm exists. The realms V(pam) and V(pve) always are.
      - Deleting it keeps its users, groups and ACL entries, but nobody can sign in through it any more.
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
  description: The realm after the task, or as predicted in check mode, without its secret. Empty if the realm is absent.
  returned: success
  type: dict
  sample: {realm: pocketid, type: openid, issuer_url: "https://id.example.org", client_id: pve-lab}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains, reason: realm pocketid is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.module_for("realm")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
