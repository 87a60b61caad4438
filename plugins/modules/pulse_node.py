#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pulse_node
short_description: Manage a node that Pulse monitors
version_added: 0.1.0
description:
  - Creates, updates or deletes one entry of Pulse for a Proxmox VE node or cluster, or for a Proxmox Backup Server.
  - A cluster is one entry, under the address of any of its nodes. An existing entry for the server or another node of its cluster is reused.
  - Pulse signs in to the server with a token before the token is saved.
  - Pulse always monitors backups and the datastores of a backup server.
options:
  type:
    description: Product, V(pve) for Proxmox VE or V(pbs) for Proxmox Backup Server.
    type: str
    choices: [pve, pbs]
    required: true
  host:
    description:
      - Address at which Pulse reaches the server. The scheme defaults to C(https), the port to 8006 or 8007.
      - An existing entry keeps its address.
    type: str
    required: true
  aliases:
    description:
      - Other addresses of the server or the nodes of its cluster, used to find an existing entry. They are not written.
    type: list
    elements: str
  name:
    description:
      - Display name. Defaults to the host name of O(host) for new entries.
      - Pulse reports states by name, so it must be unique among the entries of the type.
    type: str
  guest_url:
    description: URL that users open from Pulse, if it differs from O(host). An empty value unsets it.
    type: str
  token_name:
    description:
      - Full ID of the API token that Pulse signs in with, C(NAME@REALM!TOKEN). Required for a new entry.
    type: str
  token_value:
    description:
      - Secret of the token. Pulse never returns it; see O(update_token).
      - Required for a new entry and if O(token_name) changes.
    type: str
  update_token:
    description:
      - When to send the secret of an existing entry although O(token_name) does not change.
      - V(on_create) does not send it unless the entry has no token.
      - V(if_invalid) makes Pulse sign in with its stored token and sends O(token_value) if that fails.
      - V(always) sends it in every run, which always reports a change.
    type: str
    choices: [on_create, always, if_invalid]
    default: on_create
  test_connection:
    description: Whether Pulse must sign in with a token before it is saved. If it cannot, nothing is written.
    type: bool
    default: true
  fingerprint:
    description:
      - SHA-256 fingerprint of the only certificate that Pulse accepts from the server. An empty value unsets it.
    type: str
  verify_ssl:
    description:
      - Whether Pulse verifies the certificate of the server against the trust store of its machine. Ignored if O(fingerprint) is set. Without both,
        Pulse accepts any certificate.
      - Defaults to V(false) for a new entry.
    type: bool
  monitor_vms:
    description: Whether virtual machines are monitored, for the type V(pve). Defaults to V(true) for a new entry.
    type: bool
  monitor_containers:
    description: Whether containers are monitored, for the type V(pve). Defaults to V(true) for a new entry.
    type: bool
  monitor_storage:
    description: Whether storage is monitored, for the type V(pve). Defaults to V(true) for a new entry.
    type: bool
  monitor_physical_disks:
    description: Whether physical disks are monitored, for the type V(pve). Defaults to V(true) for a new entry.
    type: bool
  physical_disk_polling_minutes:
    description: Polling interval of physical disks in minutes, for the type V(pve). V(0) selects the built-in interval.
    type: int
  monitor_sync_jobs:
    description: Whether sync jobs are monitored, for the type V(pbs). Defaults to V(true) for a new entry.
    type: bool
  monitor_verify_jobs:
    description: Whether verify jobs are monitored, for the type V(pbs). Defaults to V(true) for a new entry.
    type: bool
  monitor_prune_jobs:
    description: Whether prune jobs are monitored, for the type V(pbs). Defaults to V(true) for a new entry.
    type: bool
  monitor_garbage_jobs:
    description: Whether garbage collection is monitored, for the type V(pbs). Defaults to V(true) for a new entry.
    type: bool
  exclude_datastores:
    description: Datastores that are not monitored, for the type V(pbs). They replace the existing list; an empty list clears it.
    type: list
    elements: str
  temperature_monitoring_enabled:
    description: Whether temperatures are monitored. If never set, Pulse's global setting applies; once set, it cannot be reset.
    type: bool
  enabled:
    description: Whether the node is monitored. V(false) requires Pulse 6.0 or later.
    type: bool
  wait_until_connected:
    description:
      - Seconds to wait until Pulse reports a connection; the task fails if it does not. V(0) does not wait.
      - By default Pulse polls Proxmox VE every 10 and Proxmox Backup Server every 60 seconds.
    type: int
  append:
    description: Options whose values are added to those on the server instead of replacing them.
    type: list
    elements: str
    choices: [exclude_datastores]
    default: []
  remove:
    description: Options whose values are removed from those on the server instead of replacing them.
    type: list
    elements: str
    choices: [exclude_datastores]
    default: []
  state:
    description: Whether the entry exists. A cluster is only removed by the address of its entry.
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
    details: O(update_token=always) sends the token in every run and reports a change.
extends_documentation_fragment:
  - fleetgate.proxmox.pulse
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Monitor a cluster, whichever node its entry refers to
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

- name: Monitor a backup server and wait for its connection
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
    - The entry after the task, or as predicted in check mode. Empty if it is absent. It has the options that its type has.
  returned: success
  type: dict
  sample: {type: pve, host: "https://pve1.example.org:8006", name: berlin, token_name: pulse-monitor@pve!pulse, verify_ssl: true}
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/config/nodes, reason: "node pve https://pve1.example.org:8006 is missing"}
"""

from ..module_utils.pulse.system import PULSE

MODULE = PULSE.module_for("node")


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
