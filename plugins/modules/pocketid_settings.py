#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_settings
short_description: Change the application configuration of Pocket ID
version_added: 0.1.0
description:
  - Updates settings of Pocket ID. Other settings keep their values, although the API replaces all of them.
  - It cannot be used if the server reads its settings from its environment (C(UI_CONFIG_DISABLED)).
options:
  settings:
    description:
      - Settings by their names in the API, such as C(appName) or C(sessionDuration).
      - An empty value resets a setting to its default.
    type: dict
  signup_default_groups:
    description: Names of the groups that new users are added to. They replace the existing groups.
    type: list
    elements: str
  smtp_password:
    description: Password for the mail server. An empty value unsets it.
    type: str
  ldap_bind_password:
    description: Password for the LDAP directory. An empty value unsets it.
    type: str
seealso:
  - module: fleetgate.proxmox.pocketid_info
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the group of people who sign up
  fleetgate.proxmox.pocketid_group:
    name: proxmox_users

- name: Allow sign-up with a token and sessions of one day
  fleetgate.proxmox.pocketid_settings:
    settings:
      allowUserSignups: withToken
      sessionDuration: 1440
    signup_default_groups: [proxmox_users]
"""

RETURN = r"""
settings:
  description: The settings after the task, or as predicted in check mode, without passwords.
  returned: success
  type: dict
  sample: {settings: {appName: Pocket ID}, signup_default_groups: [proxmox_users]}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /api/application-configuration, reason: "settings: sessionDuration"}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.module_for("settings")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
