#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_application
short_description: Manage an application of authentik with its OAuth2 provider
version_added: 0.1.0
description:
  - Makes, changes or removes one application of authentik together with its OAuth2/OpenID provider, as one object.
  - What is left out when one is made is as a person gets it in the admin interface. The API itself would leave out the signing key,
    the scopes and the grant types, and nobody could sign in.
  - A new provider gets the O(slug) as its name, and is attached to its application last, after bindings that the same task makes.
  - Applications with a provider of another type, for example a proxy provider, are refused. The names of providers and their client
    ids are unique among all providers; one that is taken is refused before anything is written.
  - For Proxmox VE and Proxmox Backup Server the issuer is C(https://HOST/application/o/SLUG/), with the slash at its end.
options:
  slug:
    description: Name of the application in URLs, and in that of its issuer.
    type: str
    required: true
  name:
    description: Name that is shown. Needed to make an application.
    type: str
  group:
    description: Section of the page of applications that it is shown in. It has nothing to do with groups of users.
    type: str
  meta_launch_url:
    description: Address that the tile leads to. An empty one is derived from the redirect URIs; V(blank://blank) hides the tile.
    type: str
  open_in_new_tab:
    description: Whether the tile opens a new tab.
    type: bool
  meta_icon:
    description:
      - Icon, a URL, a name such as V(fa://fa-server), or that of a file that was uploaded. An empty one takes it away.
      - The icon of an application can be told by O(icon) instead.
    type: str
  icon:
    description:
      - File with a picture that is uploaded and becomes the icon, which is then the O(meta_icon). A relative path is looked for as
        ansible looks for files.
      - At the server it is called C(application-icons/SLUG-HASH.ENDING) after what is in it, and the same picture is not uploaded
        again. It is removed when the icon is another one or the application goes, unless something else uses it. Servers up to
        2025.10 keep it.
      - The server must have a storage for files. From 2025.12 on a user who is no superuser needs the permissions
        C(authentik_rbac.view_media_files) and C(authentik_rbac.manage_media_files).
    type: path
  meta_description:
    description: Description.
    type: str
  meta_publisher:
    description: Publisher.
    type: str
  meta_hide:
    description: Whether the application is not shown on the page of applications. Needs authentik 2026.5.
    type: bool
  policy_engine_mode:
    description: Whether one or all of the bindings must let a user in, V(any) for new ones.
    type: str
    choices: [any, all]
  client_id:
    description: Id of the OAuth2 client. A new one has the O(slug).
    type: str
  client_secret:
    description: Secret of the OAuth2 client. The server makes one for a new client, and keeps it.
    type: str
  client_type:
    description: Whether the client has a secret, V(confidential) for new ones.
    type: str
    choices: [confidential, public]
  grant_types:
    description:
      - Grants that the client may use, C(authorization_code) for new ones, which is what Proxmox needs.
      - Servers before 2026.5 allow all of them, and there the option does not count.
    type: list
    elements: str
    choices:
      - authorization_code
      - implicit
      - hybrid
      - refresh_token
      - client_credentials
      - password
      - urn:ietf:params:oauth:grant-type:device_code
      - urn:ietf:params:oauth:grant-type:token-exchange
  redirect_uris:
    description:
      - Redirect URIs, compared letter by letter. Proxmox sends the origin that the browser shows, such as
        C(https://pve1.example.org:8006), without a slash at its end.
      - There must be one, or one of O(redirect_uri_patterns). With none the server takes that of whoever asks first.
    type: list
    elements: str
  redirect_uri_patterns:
    description: Regular expressions that may match the whole of a redirect URI.
    type: list
    elements: str
  logout_redirect_uris:
    description: URIs that may follow a sign-out. Needs authentik 2026.5.
    type: list
    elements: str
  authorization_flow:
    description: Slug of the flow that lets a user in, C(default-provider-authorization-implicit-consent) for new ones.
    type: str
  invalidation_flow:
    description: Slug of the flow that signs a user out, C(default-provider-invalidation-flow) for new ones.
    type: str
  authentication_flow:
    description: Slug of the flow that users sign in with, where that is not the usual one.
    type: str
  signing_key:
    description:
      - Name of the key pair that tokens are signed with, C(authentik Self-signed Certificate) for new ones.
      - It must have an RSA key, because PVE and PBS verify RS256 only. Without this option, an existing provider that has no
        such key is refused, unless O(repair_signing_key) is set.
    type: str
  encryption_key:
    description: Name of the key pair that tokens are encrypted with. PVE and PBS cannot read such tokens.
    type: str
  property_mappings:
    description:
      - Scope mappings by name; those that authentik brings along by their scope.
      - New ones have V(openid), V(email) and V(profile). The claim C(groups) is in V(profile).
    type: list
    elements: str
  sub_mode:
    description: What the claim C(sub) is made of, V(hashed_user_id) for new ones.
    type: str
    choices: [hashed_user_id, user_id, user_uuid, user_username, user_email, user_upn]
  issuer_mode:
    description:
      - Whether each provider has an issuer of its own, V(per_provider) for new ones.
      - PVE and PBS cannot use V(global), because authentik has no discovery document at that issuer.
    type: str
    choices: [per_provider, global]
  include_claims_in_id_token:
    description: Whether the ID token has the claims of the scopes, true for new ones. PVE and PBS read them there first.
    type: bool
  access_code_validity:
    description: Time span that a code is valid for, such as V(minutes=1).
    type: str
  access_token_validity:
    description: Time span that an access token is valid for, such as V(hours=1).
    type: str
  refresh_token_validity:
    description: Time span that a refresh token is valid for, such as V(days=30).
    type: str
  refresh_token_threshold:
    description: Time span before its end from which on a refresh token is renewed. Needs authentik 2025.10.
    type: str
  logout_uri:
    description: Address that is told when a session ends. Needs authentik 2025.10.
    type: str
  logout_method:
    description: How it is told. Needs authentik 2025.10.
    type: str
    choices: [backchannel, frontchannel]
  return_secret:
    description: Whether the client's secret is returned as C(secret), in clear text.
    type: bool
  repair_signing_key:
    description:
      - Whether an existing provider without a signing key, or with one that is not RSA, gets the key that a new provider would get.
      - A signing key that is RSA already is kept. The option has no effect when O(signing_key) is given.
    type: bool
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [grant_types, redirect_uris, redirect_uri_patterns, logout_redirect_uris, property_mappings]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [grant_types, redirect_uris, redirect_uri_patterns, logout_redirect_uris, property_mappings]
    default: []
  state:
    description: Whether the application is there. Its provider goes with it.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.authentik_binding
  - module: fleetgate.proxmox.authentik_state
extends_documentation_fragment:
  - fleetgate.proxmox.authentik
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: The application of a cluster
  fleetgate.proxmox.authentik_application:
    slug: pve-lab
    name: Proxmox VE lab
    redirect_uris:
      - https://pve1.lab.example.org:8006
      - https://pve2.lab.example.org:8006
    meta_launch_url: https://pve1.lab.example.org:8006
    icon: proxmox.svg

- name: Its secret, for the realm
  fleetgate.proxmox.authentik_application:
    slug: pve-lab
    return_secret: true
  register: application
  no_log: true
"""

RETURN = r"""
application:
  description: The application as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {slug: pve-lab, name: Proxmox VE lab, redirect_uris: ["https://pve1.lab.example.org:8006"]}
secret:
  description: The client's secret. In check mode, when the application is not there yet, a text that says so.
  returned: when O(return_secret=true)
  type: str
  sample: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/applications, reason: application pve-lab is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.one("application")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
