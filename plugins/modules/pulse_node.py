#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pulse_node
short_description: Manage a node that Pulse monitors
version_added: 0.1.0
description:
  - Makes, changes or removes one entry of Pulse for a Proxmox VE node or cluster, or for a Proxmox Backup Server.
  - A whole cluster is one entry, under the address of any of its nodes. An entry that exists for the server or for another node
    of its cluster is used and not doubled, whoever made it.
  - Pulse signs in to the server with a token before the token is saved.
  - Backups, and the datastores of a backup server, are always monitored; Pulse does not let them be switched off.
options:
  type:
    description: What the server is, V(pve) for Proxmox VE or V(pbs) for Proxmox Backup Server.
    type: str
    choices: [pve, pbs]
    required: true
  host:
    description:
      - Address of the server as Pulse reaches it. Without a scheme C(https) is meant, without a port 8006 or 8007.
      - An entry that exists keeps the address that it has.
    type: str
    required: true
  aliases:
    description:
      - Further addresses of the server, or of the nodes of its cluster, that Pulse may have it under. They are not written.
    type: list
    elements: str
  name:
    description:
      - Name that Pulse shows. A new entry without one gets the host name of O(host).
      - Pulse tells states by name, so no other entry of the type may have it.
    type: str
  guest_url:
    description: Address that people open from Pulse, where it differs from O(host). Empty takes it away.
    type: str
  token_name:
    description:
      - Full id of the API token that Pulse signs in with, C(NAME@REALM!TOKEN). Needed for a new entry.
    type: str
  token_value:
    description:
      - Secret of the token. Pulse never tells it; O(update_token) says when it is sent.
      - Needed for a new entry, and where O(token_name) is another one than Pulse has.
    type: str
  update_token:
    description:
      - When the secret of an existing entry is sent again although the name of the token stays the same.
      - V(on_create) does not send it, unless Pulse has none.
      - V(if_invalid) has Pulse sign in with what it has, and sends O(token_value) if that fails.
      - V(always) sends it on every run, which is then always reported as changed.
    type: str
    choices: [on_create, always, if_invalid]
    default: on_create
  test_connection:
    description: Whether Pulse signs in with a token before the token is saved. If it cannot, nothing is written.
    type: bool
    default: true
  fingerprint:
    description:
      - SHA-256 fingerprint of the server's certificate, which Pulse then accepts and no other. Empty takes it away.
    type: str
  verify_ssl:
    description:
      - Whether Pulse verifies the server's certificate with the authorities of the machine that it runs on. It counts only without
        O(fingerprint); with neither Pulse accepts any certificate.
      - A new entry that does not say it has V(false).
    type: bool
  monitor_vms:
    description: Whether virtual machines are monitored; only for V(pve). A new entry that does not say it has V(true).
    type: bool
  monitor_containers:
    description: Whether containers are monitored; only for V(pve). A new entry that does not say it has V(true).
    type: bool
  monitor_storage:
    description: Whether storage is monitored; only for V(pve). A new entry that does not say it has V(true).
    type: bool
  monitor_physical_disks:
    description: Whether physical disks are monitored; only for V(pve). A new entry that does not say it has V(true).
    type: bool
  physical_disk_polling_minutes:
    description: Minutes between looks at physical disks; only for V(pve). V(0) is what Pulse has built in.
    type: int
  monitor_sync_jobs:
    description: Whether sync jobs are monitored; only for V(pbs). A new entry that does not say it has V(true).
    type: bool
  monitor_verify_jobs:
    description: Whether verify jobs are monitored; only for V(pbs). A new entry that does not say it has V(true).
    type: bool
  monitor_prune_jobs:
    description: Whether prune jobs are monitored; only for V(pbs). A new entry that does not say it has V(true).
    type: bool
  monitor_garbage_jobs:
    description: Whether garbage collection is monitored; only for V(pbs). A new entry that does not say it has V(true).
    type: bool
  exclude_datastores:
    description: Datastores that are not monitored; only for V(pbs). They replace those that the entry has, and an empty list takes all away.
    type: list
    elements: str
  temperature_monitoring_enabled:
    description: Whether temperatures are monitored. Unless it is said, the setting for all of Pulse counts; that cannot be brought back.
    type: bool
  enabled:
    description: Whether the node is monitored at all. V(false) needs Pulse 6.0 or later.
    type: bool
  wait_until_connected:
    description:
      - Seconds to wait until Pulse says that it is connected; the task fails if it does not. V(0) is not to wait.
      - Pulse looks at a V(pve) every 10 and at a V(pbs) every 60 seconds, unless it is set up in another way.
    type: int
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [exclude_datastores]
    default: []
  remove:
    description: Options whose values are taken from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [exclude_datastores]
    default: []
  state:
    description: Whether Pulse monitors the node. A cluster is only removed by the address that its entry has.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: fleetgate.proxmox.pulse_state
  - module: fleetgate.proxmox.pve_token
  - module: fleetgate.proxmox.pbs_token
attributes:
  idempotent:
    support: partial
    details: With O(update_token=always) every run sends the token, and says that it changed something.
extends_documentation_fragment:
  - fleetgate.proxmox.pulse
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Monitor a cluster, under whichever of its nodes Pulse has it
  fleetgate.proxmox.pulse_node:
    url: https://pulse.example.org:7655
    api_token: "{{ vault_pulse_api_token }}"
    type: pve
    host: pve1.example.org
    aliases: [pve2.example.org, pve3.example.org]
    name: berlin
    token_name: pulse-monitor@pve!pulse
    token_value: "{{ vault_pulse_secret }}"
    verify_ssl: true

- name: Monitor a backup server, and wait for it
  fleetgate.proxmox.pulse_node:
    url: https://pulse.example.org:7655
    api_token: "{{ vault_pulse_api_token }}"
    type: pbs
    host: pbs.example.org
    token_name: pulse-monitor@pbs!pulse
    token_value: "{{ vault_pulse_secret }}"
    update_token: if_invalid
    exclude_datastores: [scratch]
    wait_until_connected: 90
"""

RETURN = r"""
node:
  description:
    - The entry as it is after the task, or in check mode as it would be; empty when it is absent. It has the options that its type has.
  returned: success
  type: dict
  sample: {type: pve, host: "https://pve1.example.org:8006", name: berlin, token_name: pulse-monitor@pve!pulse, verify_ssl: true}
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/config/nodes, reason: "node pve https://pve1.example.org:8006 is missing"}
"""

from ..module_utils.pulse.system import PULSE

MODULE = PULSE.one("node")


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
