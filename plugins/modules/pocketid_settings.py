#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pocketid_settings
short_description: Change the application configuration of Pocket ID
version_added: 0.1.0
description:
  - Changes settings of Pocket ID. Those that are not named stay, although the API replaces all of them.
  - It cannot be used where the server takes its settings from its environment (C(UI_CONFIG_DISABLED)).
options:
  settings:
    description:
      - Settings by the names that the API has for them, such as C(appName) or C(sessionDuration).
      - An empty value sets one to its default.
    type: dict
  signup_default_groups:
    description: Names of the groups that new users are put into; they replace those that are set.
    type: list
    elements: str
  smtp_password:
    description: Password for the mail server. An empty text takes it away.
    type: str
  ldap_bind_password:
    description: Password for the LDAP directory. An empty text takes it away.
    type: str
seealso:
  - module: fleetgate.proxmox.pocketid_info
extends_documentation_fragment:
  - fleetgate.proxmox.pocketid
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: People may sign up with a token, and get a session of a day
  fleetgate.proxmox.pocketid_settings:
    settings:
      allowUserSignups: withToken
      sessionDuration: 1440
    signup_default_groups: [proxmox_users]
"""

RETURN = r"""
settings:
  description: The settings as they are after the task, or in check mode as they would be, without passwords.
  returned: success
  type: dict
  sample: {settings: {appName: Pocket ID}, signup_default_groups: [proxmox_users]}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: PUT, path: /api/application-configuration, reason: "settings: sessionDuration"}
"""

from ..module_utils.pocketid.system import POCKETID

MODULE = POCKETID.one("settings")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
