#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_realm
short_description: Manage a realm of Proxmox Backup Server
version_added: 0.1.0
description:
  - Creates, updates or deletes one realm of a Proxmox Backup Server, or updates the configurable options of the realms V(pam) and V(pbs).
  - Omitted options are left unchanged. An empty value unsets an option.
  - Proxmox Backup Server has no groups. Permissions are granted to users; see M(fleetgate.proxmox.pbs_user) and M(fleetgate.proxmox.pbs_acl),
    which can be used before a user signs in for the first time.
  - The server connects and binds to the directory whenever a realm of type V(ldap) or V(ad) is created or changed, and rejects the change if that
    fails.
options:
  realm:
    description: Name of the realm, the part after C(@) in the names of its users.
    type: str
    required: true
  type:
    description:
      - Type of the realm, which determines the available options.
      - Defaults to V(openid), and for the realms V(pam) and V(pbs) to their own type.
      - An existing realm of another type is reported and not modified; see O(on_immutable_change).
    type: str
    choices: [openid, ldap, ad, pam, pbs]
  scopes:
    description:
      - Scopes to request, for the type V(openid). C(openid) is always requested.
      - The server requests V(email) and V(profile) if this is not set.
    type: list
    elements: str
  audiences:
    description: Additional audiences accepted in tokens, for the type V(openid). Requires Proxmox Backup Server 4.2.1 or later.
    type: list
    elements: str
  capath:
    description:
      - File on the backup server with the CA certificate of the directory, or a directory of such files that replaces the trust store of the
        system. For the types V(ldap) and V(ad).
      - It can only be set when the realm is created. See O(on_immutable_change) for existing realms.
    type: str
  base_dn:
    description:
      - Base DN of users, for the types V(ldap) and V(ad).
      - Required to create a realm of type V(ldap). For V(ad) it is read from the directory if omitted.
    type: str
  user_attr:
    description: Attribute with the name of a user, for the type V(ldap). Required to create the realm.
    type: str
  sync_attributes:
    description:
      - Attributes of the directory that a sync copies, for the types V(ldap) and V(ad).
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
  sync_defaults_options:
    description:
      - Defaults of a sync; see M(fleetgate.proxmox.pbs_realm_sync). For the types V(ldap) and
        V(ad).
    type: dict
    suboptions:
      enable_new:
        description: Whether new users may sign in. Defaults to V(true).
        type: bool
      remove_vanished:
        description:
          - What to remove if it no longer exists in the directory. V(entry) is the user, V(acl) the ACL entries of such a user
            and of the user's tokens, V(properties) what users that remain no longer have there.
        type: list
        elements: str
        choices: [acl, entry, properties]
  default:
    description:
      - Whether the realm is preselected on the sign-in page. Setting it unsets the flag of the previous default realm.
      - Requires Proxmox Backup Server 3.3.7 or later. On older versions it is always V(pam).
    type: bool
  comment:
    description:
      - Comment, shown on the sign-in page.
      - The comment of the realms V(pam) and V(pbs) can be changed on Proxmox Backup Server 3.3.7 or later.
    type: str
  on_immutable_change:
    description:
      - What to do if an existing realm has another value of an option that can only be set when the realm is created, which are O(type),
        O(username_claim) and O(capath).
      - V(recreate) deletes and recreates the realm with its existing and declared options. A realm that binds to a directory needs
        O(password) for that. Its users, API tokens and ACL entries are kept, but a user who gets another name through another
        claim becomes a different user.
    type: str
    choices: [fail, recreate]
    default: fail
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences, user_classes]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences, user_classes]
    default: []
  state:
    description:
      - Whether the realm exists. The realms V(pam) and V(pbs) always exist.
      - Deleting it keeps its users and ACL entries, but nobody can sign in through it any more.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.oidc_info
  - module: fleetgate.proxmox.pbs_realm_sync
  - module: fleetgate.proxmox.pbs_state
extends_documentation_fragment:
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.realm
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create a realm for Pocket ID
  fleetgate.proxmox.pbs_realm:
    realm: pocketid
    issuer_url: https://id.example.org
    client_id: pbs
    client_key: "{{ vault_pbs_lab_secret }}"
    username_claim: preferred_username
    autocreate: true
    default: true

- name: Create a realm for a directory
  fleetgate.proxmox.pbs_realm:
    realm: example
    type: ldap
    server1: ldap.example.org
    mode: ldaps
    verify: true
    base_dn: dc=example,dc=org
    user_attr: uid
    bind_dn: cn=proxmox,dc=example,dc=org
    password: "{{ vault_bind_password }}"
    sync_attributes: {email: mail, firstname: givenName, lastname: sn}
    sync_defaults_options: {remove_vanished: [acl, entry]}

- name: Preselect local accounts on the sign-in page
  fleetgate.proxmox.pbs_realm:
    realm: pbs
    default: true
    comment: Local accounts
"""

RETURN = r"""
realm:
  description: The realm after the task, or as predicted in check mode, without its secret. Empty if the realm is absent.
  returned: success
  type: dict
  sample: {realm: pocketid, type: openid, issuer_url: "https://id.example.org", client_id: pbs}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /config/access/openid, reason: realm pocketid is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.module_for("realm")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
