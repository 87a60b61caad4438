#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pbs_realm_sync
short_description: Sync a realm of Proxmox Backup Server with its directory
version_added: 0.1.0
description:
  - Makes, changes and removes users of a realm of type V(ldap) or V(ad), as its directory says.
  - The server does a dry run first. Where that has nothing to do, nothing else is done; in check mode it is all that is done.
  - The task waits for the server to finish, and tells what the server wrote to its log.
options:
  realm:
    description: Name of the realm.
    type: str
    required: true
  enable_new:
    description: Whether new users may sign in. Without it the realm's own option counts, and else they may.
    type: bool
  remove_vanished:
    description:
      - What is taken away when it is no longer in the directory. V(entry) is the user, V(acl) the ACL entries of such a user and of
        the user's tokens, V(properties) what users that remain no longer have there.
      - Without it the realm's own option counts, and else nothing is taken away.
      - Without V(acl) the ACL entries of a removed user stay, and count for the next user of that name.
    type: list
    elements: str
    choices: [acl, entry, properties]
  max_removals:
    description:
      - How many users one run may remove. A run that would remove more is refused after the dry run, because a directory that
        came out empty by mistake should not empty a server.
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
- name: Users are those of the directory
  fleetgate.proxmox.pbs_realm_sync:
    realm: example
    remove_vanished: [acl, entry]
"""

RETURN = r"""
added:
  description: Users that were made, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [ann@example]
updated:
  description:
    - Users that were changed. The server does not tell what of them.
    - A user that was made in another way is among them at the first sync, even where nothing can be seen to change.
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
  description: The request that changes something. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains/example/sync, reason: "realm example: 1 added, 1 updated, 1 removed"}
"""

from ..module_utils.pbs.realm_sync import REALM_SYNC

MODULE = REALM_SYNC.definition()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
