#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: pulse_state
short_description: Make the nodes that Pulse monitors as declared
version_added: 0.1.0
description:
  - Takes the nodes of one Pulse in one task.
  - They are read once, one plan is made over all of them, and only the differences are written.
  - Everything wrong in any entry is reported together, before anything is written.
seealso:
  - module: fleetgate.proxmox.pulse_info
extends_documentation_fragment:
  - fleetgate.proxmox.pulse
  - fleetgate.proxmox.pulse.state
  - fleetgate.proxmox.attributes
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: What is monitored
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
  description: The declared nodes as they are after the task, or in check mode as they would be.
  returned: when nodes are declared
  type: list
  elements: dict
  sample: [{type: pbs, host: "https://pbs.example.org:8007", name: pbs.example.org, token_name: pulse-monitor@pbs!pulse}]
plan:
  description: The requests that change something, in order, each with its reason. The same in check mode.
  returned: success
  type: list
  elements: dict
  sample:
    - {verb: POST, path: /api/config/nodes, reason: "node pbs https://pbs.example.org:8007 is missing"}
"""

from ..module_utils.pulse.system import PULSE

MODULE = PULSE.state()


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
