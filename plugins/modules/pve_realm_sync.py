#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm_sync
short_description: Sync a realm of Proxmox VE with its directory
version_added: 0.1.0
description:
  - Makes, changes and removes users and groups of a realm of type V(ldap) or V(ad), as its directory says. Groups are called
    V(NAME-REALM).
  - The server does a dry run first. Where that finds nobody, nothing else is done; in check mode it is all that is done.
  - The task waits for the server to finish, and tells what came of it.
  - For a sync that the cluster begins by itself see M(fleetgate.proxmox.pve_realm_sync_job).
options:
  realm:
    description: Name of the realm.
    type: str
    required: true
  scope:
    description: What is synced. Without it the realm's own option counts, and it is an error when there is none.
    type: str
    choices: [users, groups, both]
  enable_new:
    description: Whether new users may sign in. Without it the realm's own option counts, and else they may.
    type: bool
  remove_vanished:
    description:
      - What is taken away when it is no longer in the directory. V(entry) is the user or group, V(acl) the ACL entries of such
        users and groups, V(properties) what users and groups that remain no longer have there. V(none) stands alone, and
        takes nothing away.
      - Without it the realm's own option counts, and else nothing is taken away.
      - Without V(acl) the ACL entries of a removed user or group stay, and count for the next one of that name.
      - Every group whose name ends with V(-REALM) counts as one of the realm, and every one that the directory has gets exactly
        the members that it has there, whatever is said here.
    type: list
    elements: str
    choices: [acl, entry, properties, none]
  max_removals:
    description:
      - How many users and groups one run may remove. A run that would remove more is refused after the dry run, because a
        directory that came out empty by mistake should not empty a cluster.
    type: int
    default: 20
  wait:
    description: Seconds to wait for the server to finish the dry run, and then the sync.
    type: int
    default: 300
notes:
  - The dry run of Proxmox VE does not tell what would change of users and groups that are there. So check mode tells who would be
    added and removed, and who would only lose ACL entries, but no other change; and outside of check mode the sync is carried
    out wherever the directory has anybody. Whether that changed something is found by reading before and after.
  - ACL entries are only looked at as far as the caller may see them, with C(Sys.Audit) on C(/access).
seealso:
  - module: fleetgate.proxmox.pve_realm
  - module: fleetgate.proxmox.pve_realm_sync_job
attributes:
  check_mode:
    support: partial
    details: Changes of users and groups that are there are not foretold; see the notes.
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Users and groups are those of the directory
  fleetgate.proxmox.pve_realm_sync:
    realm: corp
    scope: both
    remove_vanished: [acl, entry]
"""

RETURN = r"""
added:
  description: Users and groups that were made, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [admins-corp, ann@corp]
updated:
  description: Users and groups that were changed, or that lost ACL entries. In check mode only the latter are known.
  returned: success
  type: list
  elements: str
  sample: [bob@corp]
removed:
  description: Users and groups that were removed, or in check mode would be. A user's API tokens go with it.
  returned: success
  type: list
  elements: str
  sample: [eve@corp]
plan:
  description: The request that changes something. In check mode as far as a dry run tells.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains/corp/sync, reason: "realm corp: 2 added, 1 updated, 1 removed"}
"""

from ..module_utils.pve.realm_sync import REALM_SYNC

MODULE = REALM_SYNC.definition()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
