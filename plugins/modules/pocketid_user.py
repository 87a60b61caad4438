#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_user
short_description: Manage a user of Pocket ID
version_added: 0.1.0
description:
  - Makes, changes or removes one user of Pocket ID.
  - An option that is left out keeps its value, although the API replaces whole users.
  - Of a user who comes from an LDAP directory only the custom claims can be changed, as long as LDAP is
    switched on. Every sync puts back the rest, and empties O(locale).
  - Pocket ID has no passwords. A new user registers a passkey with the help of a one-time link.
options:
  username:
    description: Name that the user signs in with. It is the claim C(preferred_username).
    type: str
    required: true
  email:
    description: E-mail address. Pocket ID demands one unless its setting says otherwise.
    type: str
  first_name:
    description: First name.
    type: str
  last_name:
    description: Last name.
    type: str
  display_name:
    description: Name that is shown.
    type: str
  is_admin:
    description: Whether the user administrates Pocket ID.
    type: bool
  disabled:
    description: Whether the user is kept from signing in.
    type: bool
  email_verified:
    description: Whether the e-mail address counts as verified, from Pocket ID 2.2 on.
    type: bool
  locale:
    description: Language of the user, for example V(en).
    type: str
  custom_claims:
    description:
      - Custom claims by name; they replace those that the user has. A value that is no text is given to clients as JSON.
      - The server adds them to the scope C(profile).
    type: dict
  one_time_access:
    description:
      - Whether a one-time access token is made and returned as C(secret). With it the user signs in once, at
        C(/lc/TOKEN) of the server, for example to register a passkey.
      - With V(new) only when the task makes the user, with V(always) on every run, which is always a change.
    type: str
    choices: [new, always]
  one_time_access_seconds:
    description: How long such a token lasts, at most 31 days. The server's default are 15 minutes.
    type: int
  allow_lockout:
    description:
      - Whether the user of the API key that this task works with, or the last administrator who can sign in, may be removed, disabled
        or made an ordinary user. The API key may stop working, so the task may be unable to verify the change that it made, and fail
        after it.
    type: bool
  state:
    description: Whether the user is there.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_group
  - module: fleetgate.proxmox.pocketid_state
attributes:
  idempotent:
    support: partial
    details: With O(one_time_access=always) every run makes a one-time access token.
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: A person
  fleetgate.proxmox.pocketid_user:
    username: alice
    email: alice@example.org
    first_name: Alice
    one_time_access: new
    one_time_access_seconds: 86400
  register: person
  no_log: true
"""

RETURN = r"""
user:
  description: The user as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {username: alice, email: alice@example.org}
secret:
  description: The one-time access token. In check mode a text that says so.
  returned: when O(one_time_access) has one made
  type: str
  sample: aB3xY9
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/users, reason: user alice is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.one("user")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
