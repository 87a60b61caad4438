#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_realm_sync
short_description: Sync a realm of Proxmox Backup Server with its directory
version_added: 0.1.0
description:
  - Creates, updates and deletes users of a realm of type V(ldap) or V(ad), from its directory.
  - The server performs a dry run first. If it finds no changes, the sync is skipped. Check mode performs the dry run only.
  - The task waits for the server to finish and returns the outcome from its log.
options:
  realm:
    description: Name of the realm.
    type: str
    required: true
  enable_new:
    description: Whether new users may sign in. Defaults to the option of the realm, and then to V(true).
    type: bool
  remove_vanished:
    description:
      - What to remove if it no longer exists in the directory. V(entry) is the user, V(acl) the ACL entries of such a user and of
        the user's tokens, V(properties) the properties that remaining users no longer have there.
      - Defaults to the option of the realm, and then to removing nothing.
      - Without V(acl) the ACL entries of a removed user are kept and apply to the next user of that name.
    type: list
    elements: str
    choices: [acl, entry, properties]
  max_removals:
    description:
      - Maximum number of users that one run may remove. A run that would remove more is refused after the dry run, so that an empty result
        from the directory does not empty the server.
    type: int
    default: 20
  wait:
    description: Seconds to wait for the server to finish the dry run, and then the sync.
    type: int
    default: 300
seealso:
  - module: fleetgate.proxmox.pbs_realm
extends_documentation_fragment:
  - fleetgate.proxmox.pbs
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the realm
  fleetgate.proxmox.pbs_realm:
    realm: example
    type: ldap
    server1: ldap.example.org
    base_dn: dc=example,dc=org
    user_attr: uid

- name: Sync users with the directory
  fleetgate.proxmox.pbs_realm_sync:
    realm: example
    remove_vanished: [acl, entry]
"""

RETURN = r"""
added:
  description: Users that were created, or would be created in check mode.
  returned: success
  type: list
  elements: str
  sample: [ann@example]
updated:
  description:
    - Users that were updated. The server does not report the changed properties.
    - A user that was created in another way is listed at the first sync, even without a visible change.
  returned: success
  type: list
  elements: str
  sample: [bob@example]
removed:
  description: Users that were removed, with their API tokens.
  returned: success
  type: list
  elements: str
  sample: [eve@example]
plan:
  description: The write request. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains/example/sync, reason: "realm example: 1 added, 1 updated, 1 removed"}
"""

from ..module_utils.pbs.realm_sync import REALM_SYNC

MODULE = REALM_SYNC.definition()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
