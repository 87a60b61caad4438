#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: monitor_host
short_description: Have Pulse monitor one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - The tasks of the role P(fleetgate.proxmox.monitoring#role), which the playbook C(fleetgate.proxmox.monitor) runs. Use these instead
    of the module.
  - Omitted options default to the variable C(fleetgate_OPTION) of the inventory host.
options:
  stage:
    description:
      - With V(pulse) the entries of Pulse are read, once for all hosts.
      - With V(preflight) the host is read, and what is to be done is returned together with everything that stands against it.
      - With V(review) the preflights of all hosts are compared.
      - With V(identity) the user and token of Pulse are set up on the host.
      - With V(entry) the entry of the host in Pulse is set up. Pulse loses entries when several are set up at the same time, so run it
        with C(throttle=1).
      - With V(confirm) the entries that this run has written are watched for some seconds, and written again where Pulse has lost them because
        another run wrote at the same time. It runs once for all hosts.
      - V(identity) and V(entry) use the registered results of the preflight (C(__fleetgate_monitor)) and of each other
        (C(__fleetgate_monitor_identity)).
    type: str
    choices: [pulse, preflight, review, identity, entry, confirm]
    required: true
  product:
    description: The inventory group that the host is in.
    type: str
    choices: [pve, pbs]
  host:
    description: Name of a new entry in Pulse. The inventory host that the task runs for, unless it is given.
    type: str
  api:
    description: Connection options of the server.
    type: raw
  monitoring:
    description: Features of Pulse and the identity that it signs in with.
    type: raw
  pulse:
    description: Connection options of Pulse.
    type: raw
  pulse_node:
    description: Options of M(fleetgate.proxmox.pulse_node) for the entry of the host.
    type: raw
  domain:
    description: Domain of the nodes of a cluster.
    type: str
    default: ""
  sign_in:
    description:
      - Whether Pulse signs in to the server to find out whether its token works. Otherwise its own report on the connection is
        enough, unless that reports a fault.
    type: bool
    default: true
  rotates:
    description: Whether the task is one of the playbook C(rotate), which replaces the secret of a token that is old enough.
    type: bool
    default: false
  rotate:
    description: What is rotated, and from which age on. Set by the action plugin, from the variable C(fleetgate_rotate).
    type: raw
  regenerate:
    description: Whether an existing token gets a new secret. Set by the action plugin.
    type: bool
    default: false
  rotation:
    description: Name of a rotation in which a second token stands in for the one of Pulse. Set by the action plugin.
    type: str
    default: ""
  with_stand_in:
    description:
      - Whether Pulse signs in with a second token while the other one is recreated, because the server cannot replace a secret in place.
        Set by the action plugin.
    type: bool
    default: false
  entry:
    description: Options of M(fleetgate.proxmox.pulse_node) that the preflight returned. Set by the action plugin.
    type: dict
    default: {}
  secret:
    description: Secret of the token that is new. Set by the action plugin.
    type: str
    default: ""
  entries:
    description: The entries that O(stage=confirm) watches. Set by the action plugin.
    type: list
    elements: dict
    default: []
requirements:
  - requests
  - proxmoxer >= 2.3.0
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.monitor
      - fleetgate.proxmox.all
extends_documentation_fragment:
  - fleetgate.proxmox.fleet.keep
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read what Pulse monitors
  fleetgate.proxmox.monitor_host:
    stage: pulse
  register: __fleetgate_pulse
  run_once: true

- name: Check the cluster and its entry in Pulse
  fleetgate.proxmox.monitor_host:
    stage: preflight
    product: pve
  register: __fleetgate_monitor

- name: Set up the identity that Pulse signs in with
  fleetgate.proxmox.monitor_host:
    stage: identity
    product: pve
  register: __fleetgate_monitor_identity

- name: Set up the entry in Pulse
  fleetgate.proxmox.monitor_host:
    stage: entry
    product: pve
  when: __fleetgate_monitor_identity.changes_entry
"""

RETURN = r"""
identity:
  description: Identity that is shared by all inventory hosts that are one server or nodes of one cluster.
  returned: with O(stage=preflight)
  type: list
  elements: str
  sample: [pve, berlin, berlin1, berlin2]
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: with O(stage=identity), O(stage=entry) and O(stage=confirm)
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: "user pulse-monitor@pve is missing"}
secrets:
  description: The new secret of the token (C(token)), encrypted with a key of the run.
  returned: with O(stage=identity) and O(stage=entry)
  type: dict
  sample: {}
entry:
  description: Options of M(fleetgate.proxmox.pulse_node) for the entry of the host.
  returned: with O(stage=preflight)
  type: dict
  sample: {host: "https://berlin.example.org:8006", type: pve, token_name: "pulse-monitor@pve!pulse"}
regenerate:
  description: Whether the token needs a new secret, because Pulse has none or one that does not work.
  returned: with O(stage=preflight)
  type: bool
  sample: false
rotation:
  description: Name of the rotation in which a second token stands in for the one of Pulse, empty without one.
  returned: with O(stage=preflight)
  type: str
  sample: ""
with_stand_in:
  description: Whether a second token is created first.
  returned: with O(stage=preflight)
  type: bool
  sample: false
changes_entry:
  description: Whether anything is to be done in Pulse.
  returned: with O(stage=preflight) and O(stage=identity)
  type: bool
  sample: false
refused:
  description: Problems by inventory host.
  returned: with O(stage=review) and O(stage=confirm)
  type: dict
  sample: {}
others:
  description: Hosts of the fleet that are not in this run, so that another run may change entries at the same time.
  returned: with O(stage=review)
  type: list
  elements: str
  sample: [hosts outside of this slice]
took:
  description: Seconds that the change of the entry took.
  returned: with O(stage=entry)
  type: float
  sample: 2.1
pending:
  description:
    - With O(stage=preflight) what is to be done for the host, each with its reason.
    - With O(stage=review) the inventory hosts that something is to be done for; of several that are one server the first.
  returned: with O(stage=preflight) and O(stage=review)
  type: list
  elements: str
  sample: [berlin]
problems:
  description: Why Pulse cannot be used.
  returned: with O(stage=pulse), when it cannot
  type: list
  elements: str
  sample: []
"""

from ..module_utils.fleet.monitor import MONITOR

MODULE = MONITOR


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
