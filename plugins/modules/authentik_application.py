#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: authentik_application
short_description: Manage an application of authentik with its OAuth2 provider
version_added: 0.1.0
description:
  - Creates, updates or deletes one application of authentik together with its OAuth2/OpenID provider, as one object.
  - Options that are omitted for a new application get the defaults of the admin interface. The API itself would omit the signing key, the
    scopes and the grant types, and nobody could sign in.
  - A new provider is named after O(slug) and attached to its application last, after the bindings that the same task creates.
  - The issuer for Proxmox VE and Proxmox Backup Server is C(https://HOST/application/o/SLUG/), including the trailing slash.
  - Applications with a provider of another type, for example a proxy provider, are refused. Names of providers and client IDs are unique among all
    providers; a duplicate is refused before the first change.
options:
  slug:
    description: Name of the application in URLs, including its issuer.
    type: str
    required: true
  name:
    description: Display name. Required to create an application.
    type: str
  group:
    description: Section of the application page. Not related to user groups.
    type: str
  meta_launch_url:
    description: URL that the tile opens. If empty, it is derived from the redirect URIs; V(blank://blank) hides the tile.
    type: str
  open_in_new_tab:
    description: Whether to open the application in a new tab.
    type: bool
  meta_icon:
    description:
      - Icon as a URL, a name such as V(fa://fa-server), or the name of an uploaded file. An empty value unsets it.
      - Use O(icon) to upload a file instead.
    type: str
  icon:
    description:
      - Image file to upload as the icon, which sets O(meta_icon). Relative paths are searched like files of a role.
      - At the server it is called C(application-icons/SLUG-HASH.ENDING) after what is in it, and the same picture is not uploaded
        again. It is deleted when the icon changes or the application is deleted, unless something else uses it. Servers up to
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
    description: Whether to hide the application from the application page. Requires authentik 2026.5.
    type: bool
  policy_engine_mode:
    description: Whether any or all of the bindings must match. Defaults to V(any) for new applications.
    type: str
    choices: [any, all]
  client_id:
    description: ID of the OAuth2 client. Defaults to O(slug) for new applications.
    type: str
  client_secret:
    description: Secret of the OAuth2 client. The server generates and stores a secret for a new client.
    type: str
  client_type:
    description: Whether the client has a secret. Defaults to V(confidential) for new applications.
    type: str
    choices: [confidential, public]
  grant_types:
    description:
      - Grant types that the client may use. Defaults to C(authorization_code), which Proxmox needs, for new applications.
      - Servers before 2026.5 allow all grant types and ignore this option.
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
      - Redirect URIs, which must match exactly. Proxmox sends the origin shown in the browser, such as
        C(https://pve1.example.org:8006), without a trailing slash.
      - At least one redirect URI or pattern in O(redirect_uri_patterns) is required. Without any, the server adopts the first one it is sent.
    type: list
    elements: str
  redirect_uri_patterns:
    description: Regular expressions that must match a complete redirect URI.
    type: list
    elements: str
  logout_redirect_uris:
    description: Redirect URIs after logout. Requires authentik 2026.5.
    type: list
    elements: str
  authorization_flow:
    description: Slug of the authorization flow. Defaults to C(default-provider-authorization-implicit-consent) for new applications.
    type: str
  invalidation_flow:
    description: Slug of the invalidation flow. Defaults to C(default-provider-invalidation-flow) for new applications.
    type: str
  authentication_flow:
    description: Slug of the authentication flow, if it is not the default.
    type: str
  signing_key:
    description:
      - Name of the key pair that signs tokens. Defaults to C(authentik Self-signed Certificate) for new applications.
      - It must contain an RSA key, because PVE and PBS only verify RS256.
      - If omitted, an existing provider without such a key is refused unless O(repair_signing_key=true).
    type: str
  encryption_key:
    description: Name of the key pair that encrypts tokens. PVE and PBS cannot read encrypted tokens.
    type: str
  property_mappings:
    description:
      - Scope mappings by name. The built-in mappings are named by their scope.
      - Defaults to V(openid), V(email) and V(profile) for new applications. V(profile) carries the claim C(groups).
    type: list
    elements: str
  sub_mode:
    description: Source of the claim C(sub). Defaults to V(hashed_user_id) for new applications.
    type: str
    choices: [hashed_user_id, user_id, user_uuid, user_username, user_email, user_upn]
  issuer_mode:
    description:
      - Whether each provider has its own issuer. Defaults to V(per_provider) for new applications.
      - PVE and PBS cannot use V(global), because authentik has no discovery document at that issuer.
    type: str
    choices: [per_provider, global]
  include_claims_in_id_token:
    description: Whether the ID token contains the claims of the scopes, where PVE and PBS read them first. Defaults to V(true) for new applications.
    type: bool
  access_code_validity:
    description: Validity of an authorization code, such as V(minutes=1).
    type: str
  access_token_validity:
    description: Validity of an access token, such as V(hours=1).
    type: str
  refresh_token_validity:
    description: Validity of a refresh token, such as V(days=30).
    type: str
  refresh_token_threshold:
    description: Remaining validity below which a refresh token is renewed. Requires authentik 2025.10.
    type: str
  logout_uri:
    description: URL that is notified when a session ends. Requires authentik 2025.10.
    type: str
  logout_method:
    description: How O(logout_uri) is notified. Requires authentik 2025.10.
    type: str
    choices: [backchannel, frontchannel]
  return_secret:
    description: Whether to return the client secret as C(secret), in clear text.
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
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [grant_types, redirect_uris, redirect_uri_patterns, logout_redirect_uris, property_mappings]
    default: []
  state:
    description: Whether the application exists. Its provider is deleted with it.
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
- name: Create the application of a cluster
  fleetgate.proxmox.authentik_application:
    slug: pve-lab
    name: Proxmox VE lab
    redirect_uris:
      - https://pve1.lab.example.org:8006
      - https://pve2.lab.example.org:8006
    meta_launch_url: https://pve1.lab.example.org:8006
    icon: proxmox.svg

- name: Read its secret for the realm
  fleetgate.proxmox.authentik_application:
    slug: pve-lab
    return_secret: true
  register: application
  no_log: true
"""

RETURN = r"""
application:
  description: The application after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {slug: pve-lab, name: Proxmox VE lab, redirect_uris: ["https://pve1.lab.example.org:8006"]}
secret:
  description: The client secret. A placeholder in check mode if the application does not exist yet.
  returned: when O(return_secret=true)
  type: str
  sample: oXaVUJ0ZK9ZrZ5bcRTyHPn3xDVhgTLDm
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /core/applications, reason: application pve-lab is missing}
"""

from ..module_utils.authentik.system import AUTHENTIK

MODULE = AUTHENTIK.module_for("application")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
