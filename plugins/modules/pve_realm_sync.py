#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm_sync
short_description: Sync a realm of Proxmox VE with its directory
version_added: 0.1.0
description:
  - Creates, updates and deletes users and groups of a realm of type V(ldap) or V(ad), from its directory. Groups are named
    V(NAME-REALM).
  - The server performs a dry run first. If it finds no objects, the sync is skipped. Check mode performs the dry run only.
  - The task waits for the server to finish and returns the outcome.
  - See M(fleetgate.proxmox.pve_realm_sync_job) for scheduled syncs.
options:
  realm:
    description: Name of the realm.
    type: str
    required: true
  scope:
    description: Objects to sync. Defaults to the option of the realm, and is required if the realm has none.
    type: str
    choices: [users, groups, both]
  enable_new:
    description: Whether new users may sign in. Defaults to the option of the realm, and then to V(true).
    type: bool
  remove_vanished:
    description:
      - What to remove if it no longer exists in the directory. V(entry) is the user or group, V(acl) the ACL entries of such
        users and groups, V(properties) the properties that remaining users and groups no longer have there. V(none) cannot be combined and
        removes nothing.
      - Defaults to the option of the realm, and then to removing nothing.
      - Without V(acl) the ACL entries of a removed user or group are kept and apply to the next one of that name.
      - Every group whose name ends with V(-REALM) is treated as a group of the realm. Every group in the directory gets exactly its members
        in the directory, regardless of this option.
    type: list
    elements: str
    choices: [acl, entry, properties, none]
  max_removals:
    description:
      - Maximum number of users and groups that one run may remove. A run that would remove more is refused after the dry run, so that an
        empty result from the directory does not empty the cluster.
    type: int
    default: 20
  wait:
    description: Seconds to wait for the server to finish the dry run, and then the sync.
    type: int
    default: 300
notes:
  - The dry run of Proxmox VE does not report changes of existing users and groups. Check mode therefore predicts additions, removals and lost
    ACL entries, but no other changes. The real run always performs the sync if the directory has any objects, and detects changes by
    comparing the state before and after.
  - ACL entries are only compared as far as the caller may read them, with C(Sys.Audit) on C(/access).
seealso:
  - module: fleetgate.proxmox.pve_realm
  - module: fleetgate.proxmox.pve_realm_sync_job
attributes:
  check_mode:
    support: partial
    details: Changes of existing users and groups are not predicted; see the notes.
extends_documentation_fragment:
  - fleetgate.proxmox.pve
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Create the realm
  fleetgate.proxmox.pve_realm:
    realm: corp
    type: ldap
    server1: ldap.example.org
    base_dn: dc=example,dc=org
    user_attr: uid

- name: Sync users and groups with the directory
  fleetgate.proxmox.pve_realm_sync:
    realm: corp
    scope: both
    remove_vanished: [acl, entry]
"""

RETURN = r"""
added:
  description: Users and groups that were created, or would be created in check mode.
  returned: success
  type: list
  elements: str
  sample: [admins-corp, ann@corp]
updated:
  description: Users and groups that were updated or lost ACL entries. Check mode only predicts lost ACL entries.
  returned: success
  type: list
  elements: str
  sample: [bob@corp]
removed:
  description: Users and groups that were removed, or would be removed in check mode. The API tokens of a removed user are removed as well.
  returned: success
  type: list
  elements: str
  sample: [eve@corp]
plan:
  description: The write request, predicted from the dry run in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/domains/corp/sync, reason: "realm corp: 2 added, 1 updated, 1 removed"}
"""

from ..module_utils.pve.realm_sync import REALM_SYNC

MODULE = REALM_SYNC.definition()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
