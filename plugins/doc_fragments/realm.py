# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations


class ModuleDocFragment:
    """Options of realms that PVE and PBS share."""

    DOCUMENTATION = r"""
options:
  issuer_url:
    description:
      - Issuer of a realm of type V(openid), exactly as in its discovery document, including a trailing slash. See
        M(fleetgate.proxmox.oidc_info).
      - Required to create the realm.
    type: str
  client_id:
    description: Client ID of the host at the issuer, for the type V(openid). Required to create the realm.
    type: str
  client_key:
    description:
      - Client secret, for the type V(openid). The server returns it to users who may manage realms, so it is compared, but it is never
        shown.
      - An empty value unsets the secret, for a public client.
    type: str
  username_claim:
    description:
      - Claim that is used as the name of the user, commonly V(preferred_username), for the type V(openid). The server uses V(sub) if it is
        not set.
      - It can only be set when the realm is created. See O(on_immutable_change) for existing realms.
    type: str
  autocreate:
    description: Whether to create users at their first sign-on, for the type V(openid).
    type: bool
  check_connection:
    description:
      - For the type V(openid), make the server begin a sign-on when the realm is as declared. The server reads the issuer's discovery
        document for that, so the task fails if the server cannot reach the issuer or does not trust its certificate.
      - For the types V(ldap) and V(ad), make Proxmox VE connect and bind to the directory before it saves a change of the realm. Requires
        Proxmox VE 8.1; Proxmox Backup Server always does this.
    type: bool
  prompt:
    description: Prompt that the issuer shows to the user, for example V(login) or V(consent), for the type V(openid).
    type: str
  acr_values:
    description: Authentication context classes to request, for the type V(openid).
    type: list
    elements: str
  server1:
    description:
      - Host name or address of the directory, for the types V(ldap) and V(ad). Required to create the realm.
      - Write an IPv6 address in brackets for Proxmox Backup Server and without them for Proxmox VE.
    type: str
  server2:
    description: Second server, used if the first does not answer, for the types V(ldap) and V(ad).
    type: str
  port:
    description:
      - Port of the directory, for the types V(ldap) and V(ad).
      - V(0) selects the default port of the mode, 389 or 636.
    type: int
  mode:
    description: How the connection is secured, for the types V(ldap) and V(ad). The server uses V(ldap), an unencrypted connection, if it is not set.
    type: str
    choices: [ldap, ldap+starttls, ldaps]
  verify:
    description: Whether to verify the certificate of the directory, for the types V(ldap) and V(ad). The server does not verify it if this is not set.
    type: bool
  bind_dn:
    description:
      - Distinguished name that the server binds to the directory with, for the types V(ldap) and V(ad). The server binds anonymously if it is
        not set.
      - An empty value also unsets the password.
    type: str
  password:
    description: Password of O(bind_dn). The server never returns it; see O(update_password).
    type: str
  update_password:
    description:
      - When to send O(password).
      - V(on_create) sends it when the realm is created or when O(bind_dn) changes.
      - V(always) sends it in every run, and every run reports a change.
    type: str
    choices: [on_create, always]
    default: on_create
  filter:
    description: Filter that directory entries must match to become users, for the types V(ldap) and V(ad).
    type: str
  user_classes:
    description:
      - Object classes of users, for the types V(ldap) and V(ad).
      - The server uses V(inetorgperson), V(posixaccount), V(person) and V(user) if it is not set.
    type: list
    elements: str
attributes:
  idempotent:
    support: partial
    details: O(update_password=always) sends the password in every run and reports a change.
"""
