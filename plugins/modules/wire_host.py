#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: wire_host
short_description: Let people sign in to one PVE cluster or PBS host of a fleet
version_added: 0.1.0
description:
  - What the roles P(fleetgate.proxmox.pve#role) and P(fleetgate.proxmox.pbs#role) run.
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
"""

RETURN = r"""
"""

from ..module_utils.fleet.host import HOST

MODULE = HOST


def main():
    MODULE.main()


if __name__ == "__main__":
    main()
