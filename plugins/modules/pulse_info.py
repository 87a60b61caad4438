#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pulse_info
short_description: Read the nodes that Pulse monitors, and how it gets on with them
version_added: 0.1.0
description:
  - Reads the nodes of types V(pve) and V(pbs), their states, and the version.
  - The list of nodes has the options of M(fleetgate.proxmox.pulse_state), and can be passed back to it without causing a change.
options:
  gather:
    description: What to read.
    type: list
    elements: str
    choices: [nodes, status, version]
    default: [nodes, status, version]
seealso:
  - module: fleetgate.proxmox.pulse_state
extends_documentation_fragment:
  - fleetgate.proxmox.pulse
  - fleetgate.proxmox.pulse.info
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Fail if Pulse cannot reach a node
  fleetgate.proxmox.pulse_info:
    url: https://pulse.example.org:7655
    api_token: "{{ vault_pulse_api_token }}"
    gather: [status]
  register: pulse
  failed_when: pulse.status | rejectattr('connected') | length > 0
"""

RETURN = r"""
nodes:
  description: The nodes, without secrets, which Pulse does not return.
  returned: when gathered
  type: list
  elements: dict
  sample: [{type: pve, host: "https://pve1.example.org:8006", name: berlin, token_name: pulse-monitor@pve!pulse}]
status:
  description:
    - Connection state of each node. C(state) is the value returned by Pulse, C(active), C(paused), C(unauthorized), C(unreachable), C(stale) or
      C(pending) in Pulse 6 and C(connected) or C(disconnected) in 5.1. C(error) is only returned by Pulse 6.
    - C(members) lists the addresses of the nodes of a cluster.
  returned: when gathered
  type: list
  elements: dict
  sample:
    - type: pve
      host: https://pve1.example.org:8006
      name: berlin
      state: active
      error: ""
      connected: true
      cluster: berlin
      members: ["https://pve1:8006", "https://192.0.2.1:8006"]
version:
  description: Version of Pulse.
  returned: when gathered
  type: str
  sample: 6.3.0
"""

from ..module_utils.pulse.system import PULSE

MODULE = PULSE.info()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
