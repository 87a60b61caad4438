#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_user
short_description: Manage a user of Pocket ID
version_added: 0.1.0
description:
  - Creates, updates or deletes one user of Pocket ID.
  - Omitted options keep their values, although the API replaces complete users.
  - Only the custom claims of a user from an LDAP directory can be changed while LDAP is enabled. Every sync restores the other options and
    clears O(locale).
  - Pocket ID has no passwords. A new user registers a passkey with a one-time link.
options:
  username:
    description: Name that the user signs in with, and value of the claim C(preferred_username).
    type: str
    required: true
  email:
    description: E-mail address, unique among all users. Required by default; see the settings of Pocket ID.
    type: str
  first_name:
    description: First name.
    type: str
  last_name:
    description: Last name.
    type: str
  display_name:
    description: Display name.
    type: str
  is_admin:
    description: Whether the user is an administrator of Pocket ID.
    type: bool
  disabled:
    description: Whether the user may not sign in.
    type: bool
  email_verified:
    description: Whether the e-mail address is verified. Requires Pocket ID 2.2 or later.
    type: bool
  locale:
    description: Language of the user, for example V(en).
    type: str
  custom_claims:
    description:
      - Custom claims by name. They replace the existing claims. Values that are not strings are passed to clients as JSON.
      - The server adds them to the scope C(profile).
    type: dict
  one_time_access:
    description:
      - Whether to create a one-time access token and return it as C(secret). The user can sign in once with it at C(/lc/TOKEN) of the server, for
        example to register a passkey.
      - V(new) creates a token only if the task creates the user. V(always) creates one in every run, which always reports a change.
    type: str
    choices: [new, always]
  one_time_access_seconds:
    description: Validity of the token in seconds, at most 31 days. The server uses 15 minutes by default.
    type: int
  allow_lockout:
    description:
      - Whether the user of the API key that this task works with, or the last administrator who can sign in, may be removed, disabled
        or made an ordinary user. The API key may stop working, so the task may be unable to verify the change that it made, and fail
        after it.
    type: bool
  state:
    description: Whether the user exists.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pocketid_group
  - module: fleetgate.proxmox.pocketid_state
attributes:
  idempotent:
    support: partial
    details: O(one_time_access=always) creates a one-time access token in every run.
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create a user who registers a passkey with a one-time token
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
  description: The user after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {username: alice, email: alice@example.org}
secret:
  description: The one-time access token. A placeholder in check mode.
  returned: when O(one_time_access) creates a token
  type: str
  sample: aB3xY9
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/users, reason: user alice is missing}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.module_for("user")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
