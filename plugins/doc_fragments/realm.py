# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """The options of realms that PVE and PBS have alike."""

    DOCUMENTATION = r"""
options:
  issuer_url:
    description:
      - Issuer of a realm of type V(openid), exactly as its discovery document says it, trailing slash included; see
        M(fleetgate.proxmox.oidc_info).
      - Needed to make the realm.
    type: str
  client_id:
    description: Client id of the host at the issuer, for the type V(openid). Needed to make the realm.
    type: str
  client_key:
    description:
      - Client secret, for the type V(openid). The server tells it to those who manage realms, so it is compared, but never
        shown.
      - An empty value makes the client a public one.
    type: str
  username_claim:
    description:
      - Claim that becomes the user's name, mostly V(preferred_username), for the type V(openid). Without it V(sub) counts.
      - It is set when the realm is made; see O(on_immutable_change) for one that exists.
    type: str
  autocreate:
    description: Whether a user who signs in for the first time is made, for the type V(openid).
    type: bool
  check_connection:
    description:
      - For the type V(openid), whether the server is made to begin a sign-on when the realm is as declared. For that it asks the issuer
        who it is, so the task fails where it does not reach the issuer, or does not trust its certificate.
      - For the types V(ldap) and V(ad), whether Proxmox VE connects to the directory, and binds there, before it saves a change of the
        realm. From Proxmox VE 8.1 on; Proxmox Backup Server always does so.
    type: bool
  prompt:
    description: What the issuer is to ask the user, for example V(login) or V(consent), for the type V(openid).
    type: str
  acr_values:
    description: Authentication context classes to ask for, for the type V(openid).
    type: list
    elements: str
  server1:
    description:
      - Host name or address of the directory, for the types V(ldap) and V(ad). Needed to make the realm.
      - An IPv6 address is in brackets on Proxmox Backup Server, and is not on Proxmox VE.
    type: str
  server2:
    description: Second server, which is tried where the first does not answer, for the types V(ldap) and V(ad).
    type: str
  port:
    description:
      - Port of the directory, for the types V(ldap) and V(ad).
      - With V(0) it is the usual one of the mode, 389 or 636.
    type: int
  mode:
    description: How the connection is secured, for the types V(ldap) and V(ad). Without it V(ldap) counts, which is not at all.
    type: str
    choices: [ldap, ldap+starttls, ldaps]
  verify:
    description: Whether the certificate of the directory is verified, for the types V(ldap) and V(ad). It is not by default.
    type: bool
  bind_dn:
    description:
      - Who the server signs in to the directory as, for the types V(ldap) and V(ad). Without it, it does not sign in.
      - An empty value also takes the password away.
    type: str
  password:
    description: Password of O(bind_dn). The server never tells it; see O(update_password).
    type: str
  update_password:
    description:
      - Whether O(password) is sent to a realm that has one already.
      - With V(on_create) it is only sent when the realm is made, or is to bind as somebody else.
      - With V(always) it is sent every time, and the task says every time that it changed something.
    type: str
    choices: [on_create, always]
    default: on_create
  filter:
    description: Filter that an entry must pass to become a user, for the types V(ldap) and V(ad).
    type: str
  user_classes:
    description:
      - Object classes of users, for the types V(ldap) and V(ad).
      - Without it V(inetorgperson), V(posixaccount), V(person) and V(user) count.
    type: list
    elements: str
attributes:
  idempotent:
    support: partial
    details: With O(update_password=always) every run sends the password, and says that it changed something.
"""
