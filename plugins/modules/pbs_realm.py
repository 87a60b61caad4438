#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_realm
short_description: Manage a realm of Proxmox Backup Server
version_added: 0.1.0
description:
  - Makes, changes or removes one realm of a Proxmox Backup Server, and sets what can be set of the realms V(pam) and V(pbs).
  - An option that is left out is left alone, an empty value takes it away.
  - Proxmox Backup Server knows no groups. Rights are given to each user; see M(fleetgate.proxmox.pbs_user) and
    M(fleetgate.proxmox.pbs_acl), which work before the user signs in for the first time.
  - The server connects to the directory of a realm of type V(ldap) or V(ad), and binds there, whenever it is made or changed. It
    saves nothing where that does not work.
options:
  realm:
    description: Name of the realm. It is the part after the C(@) of its users.
    type: str
    required: true
  type:
    description:
      - Type of the realm. It decides which of the other options there are.
      - Left out, it is V(openid), and for the realms V(pam) and V(pbs) their own.
      - A realm of another type with this name is not touched but reported; see O(on_immutable_change).
    type: str
    choices: [openid, ldap, ad, pam, pbs]
  scopes:
    description:
      - Scopes to ask for, for the type V(openid). C(openid) is always asked for.
      - Without it V(email) and V(profile) count.
    type: list
    elements: str
  audiences:
    description: Further audiences that a token may be for, for the type V(openid). From Proxmox Backup Server 4.2.1 on.
    type: list
    elements: str
  capath:
    description:
      - File with the certificate of the authority of the directory, or a folder of such files that is used in place of the
        system's, on the backup server. For the types V(ldap) and V(ad).
      - It is set when the realm is made; see O(on_immutable_change) for one that exists.
    type: str
  base_dn:
    description:
      - Distinguished name below which users are, for the types V(ldap) and V(ad).
      - Needed to make a realm of type V(ldap); for V(ad) the directory is asked where it is left out.
    type: str
  user_attr:
    description: Attribute that holds the name of a user, for the type V(ldap). Needed to make the realm.
    type: str
  sync_attributes:
    description:
      - Attributes of the directory that a sync takes over, for the types V(ldap) and V(ad).
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
  sync_defaults_options:
    description:
      - What counts for a sync that does not say otherwise; see M(fleetgate.proxmox.pbs_realm_sync). For the types V(ldap) and
        V(ad).
    type: dict
    suboptions:
      enable_new:
        description: Whether new users may sign in. They may by default.
        type: bool
      remove_vanished:
        description:
          - What is taken away when it is no longer in the directory. V(entry) is the user, V(acl) the ACL entries of such a user
            and of the user's tokens, V(properties) what users that remain no longer have there.
        type: list
        elements: str
        choices: [acl, entry, properties]
  default:
    description:
      - Whether the sign-in page offers this realm first. Setting it takes the mark from the realm that has it.
      - From Proxmox Backup Server 3.3.7 on; before, it is always V(pam).
    type: bool
  comment:
    description:
      - Comment, shown on the sign-in page.
      - That of the realms V(pam) and V(pbs) can be changed from Proxmox Backup Server 3.3.7 on.
    type: str
  on_immutable_change:
    description:
      - What to do where the realm has another value of what can only be said when it is made, which is O(type),
        O(username_claim) and O(capath).
      - With V(recreate) the realm is removed and made again with all that it had and what is declared; a realm that binds needs
        O(password) for that. Its users, API tokens and ACL entries stay as they are; but whoever gets another name by another
        claim is another user.
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
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [scopes, acr_values, audiences, user_classes]
    default: []
  state:
    description:
      - Whether the realm is there. The realms V(pam) and V(pbs) always are.
      - Removing it leaves its users and ACL entries in place; nobody can sign in through it any more.
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
- name: Sign-on through Pocket ID
  fleetgate.proxmox.pbs_realm:
    realm: pocketid
    issuer_url: https://id.example.org
    client_id: pbs
    client_key: "{{ vault_pbs_lab_secret }}"
    username_claim: preferred_username
    autocreate: true
    default: true

- name: Users of a directory
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

- name: Local accounts are offered first
  fleetgate.proxmox.pbs_realm:
    realm: pbs
    default: true
    comment: Local accounts
"""

RETURN = r"""
realm:
  description: The realm as it is after the task, or in check mode as it would be, without its secret; empty when it is absent.
  returned: success
  type: dict
  sample: {realm: pocketid, type: openid, issuer_url: "https://id.example.org", client_id: pbs}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /config/access/openid, reason: realm pocketid is missing}
"""

from ..module_utils.pbs.system import PBS

MODULE = PBS.one("realm")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
