#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pulse_state
short_description: Make the nodes that Pulse monitors as declared
version_added: 0.1.0
description:
  - Manages the nodes of one Pulse in one task.
  - The nodes are read once, and only differences are written.
  - All problems in all entries are reported together, before the first change.
seealso:
  - module: fleetgate.proxmox.pulse_info
extends_documentation_fragment:
  - fleetgate.proxmox.pulse
  - fleetgate.proxmox.pulse.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Declare the monitored nodes
  fleetgate.proxmox.pulse_state:
    url: https://pulse.example.org:7655
    api_token: "{{ vault_pulse_api_token }}"
    nodes:
      - type: pve
        host: pve1.example.org
        token_name: pulse-monitor@pve!pulse
        token_value: "{{ vault_pulse_pve_secret }}"
      - type: pbs
        host: pbs.example.org
        token_name: pulse-monitor@pbs!pulse
        token_value: "{{ vault_pulse_pbs_secret }}"
      - type: pbs
        host: old-pbs.example.org
        state: absent
"""

RETURN = r"""
nodes:
  description: The declared nodes after the task, or as predicted in check mode.
  returned: when nodes are declared
  type: list
  elements: dict
  sample: [{type: pbs, host: "https://pbs.example.org:8007", name: pbs.example.org, token_name: pulse-monitor@pbs!pulse}]
plan:
  description: Write requests in the order they are sent, each with its reason. Check mode returns the same plan.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/config/nodes, reason: "node pbs https://pbs.example.org:8007 is missing"}
"""

from ..module_utils.pulse.system import PULSE

MODULE = PULSE.state()


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
