#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm_sync_job
short_description: Manage the scheduled sync of a realm of Proxmox VE
version_added: 0.1.0
description:
  - Creates, updates or deletes a job that syncs a realm of type V(ldap) or V(ad) with its directory on a schedule.
  - Requires Proxmox VE 8.0 or later.
options:
  id:
    description: Name of the job.
    type: str
    required: true
  realm:
    description: Realm to sync. Required to create the job. It cannot be changed.
    type: str
  schedule:
    description:
      - Schedule of the job, as a systemd calendar event in the subset that Proxmox VE supports, for example V(daily), V(2:30) or
        V(mon..fri *:0/30). Required to create the job.
    type: str
  scope:
    description: Objects to sync. Required to create the job.
    type: str
    choices: [users, groups, both]
  remove_vanished:
    description:
      - What to remove if it no longer exists in the directory. V(entry) is the user or group, V(acl) the ACL entries of such
        users and groups, V(properties) the properties that remaining users and groups no longer have there.
      - An empty list removes nothing, which is the default of a new job.
    type: list
    elements: str
    choices: [acl, entry, properties]
  enable_new:
    description: Whether new users may sign in. Defaults to V(true) for a new job.
    type: bool
  enabled:
    description: Whether the job is enabled. Defaults to V(true) for a new job.
    type: bool
  comment:
    description: Comment. An empty value unsets it.
    type: str
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [remove_vanished]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [remove_vanished]
    default: []
  state:
    description: Whether the job exists.
    type: str
    choices: [present, absent]
    default: present
notes:
  - To change a job, the caller needs C(Realm.AllocateUser) on C(/access/realm) with propagation. The server does not look at
    the realm of the job then.
seealso:
  - module: fleetgate.proxmox.pve_realm
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

- name: Sync users and groups with the directory every night
  fleetgate.proxmox.pve_realm_sync_job:
    id: nightly
    realm: corp
    schedule: "2:30"
    scope: both
    remove_vanished: [acl, entry]
"""

RETURN = r"""
realm_sync_job:
  description: The job after the task, or as predicted in check mode. Empty if it is absent.
  returned: success
  type: dict
  sample: {id: nightly, realm: corp, schedule: "2:30", scope: both, remove_vanished: [acl, entry], enable_new: true, enabled: true, comment: ""}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /cluster/jobs/realm-sync/nightly, reason: realm_sync_job nightly is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.module_for("realm_sync_job")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
