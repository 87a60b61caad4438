#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_realm_sync_job
short_description: Manage the scheduled sync of a realm of Proxmox VE
version_added: 0.1.0
description:
  - Makes, changes or removes a job that syncs a realm of type V(ldap) or V(ad) with its directory, again and again.
  - Needs Proxmox VE 8.0 or later.
options:
  id:
    description: Name of the job.
    type: str
    required: true
  realm:
    description: Realm to sync. Needed to make the job, and cannot be changed.
    type: str
  schedule:
    description:
      - When the job runs, as a calendar event of systemd in the form that Proxmox VE knows, for example V(daily), V(2:30) or
        V(mon..fri *:0/30). Needed to make the job.
    type: str
  scope:
    description: What is synced. Needed to make the job.
    type: str
    choices: [users, groups, both]
  remove_vanished:
    description:
      - What is taken away when it is no longer in the directory. V(entry) is the user or group, V(acl) the ACL entries of such
        users and groups, V(properties) what users and groups that remain no longer have there.
      - An empty list takes nothing away, which is also what a new job does.
    type: list
    elements: str
    choices: [acl, entry, properties]
  enable_new:
    description: Whether new users may sign in. A new job enables them.
    type: bool
  enabled:
    description: Whether the job runs. A new one does.
    type: bool
  comment:
    description: Comment. An empty one removes it.
    type: str
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [remove_vanished]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [remove_vanished]
    default: []
  state:
    description: Whether the job is there.
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
- name: Users and groups are those of the directory, every night
  fleetgate.proxmox.pve_realm_sync_job:
    id: nightly
    realm: corp
    schedule: "2:30"
    scope: both
    remove_vanished: [acl, entry]
"""

RETURN = r"""
realm_sync_job:
  description: The job as it is after the task, or in check mode as it would be; empty when it is absent.
  returned: success
  type: dict
  sample: {id: nightly, realm: corp, schedule: "2:30", scope: both, remove_vanished: [acl, entry], enable_new: true, enabled: true, comment: ""}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /cluster/jobs/realm-sync/nightly, reason: realm_sync_job nightly is missing}
"""

from ..module_utils.pve.system import PVE

MODULE = PVE.one("realm_sync_job")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
