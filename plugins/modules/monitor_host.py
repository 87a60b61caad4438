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
      - With V(apply) the host is set up.
    type: str
    choices: [pulse, preflight, review, apply]
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
requirements:
  - requests
  - proxmoxer >= 2.3.0
attributes:
  action_group:
    membership:
      - fleetgate.proxmox.monitor
      - fleetgate.proxmox.all
extends_documentation_fragment:
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Read what Pulse monitors
  fleetgate.proxmox.monitor_host:
    stage: pulse
  register: __fleetgate_pulse
  run_once: true
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
  returned: with O(stage=apply)
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /access/users, reason: "user pulse-monitor@pve is missing"}
refused:
  description: Problems by inventory host.
  returned: with O(stage=review)
  type: dict
  sample: {}
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
