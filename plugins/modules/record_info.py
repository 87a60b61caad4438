#!/usr/bin/python
# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: record_info
short_description: Verify the record of runs
version_added: 0.1.0
description:
  - Verifies the record that tasks of this collection write if the variable C(fleetgate_record) names a directory.
  - Each line of the record has the hash of the line before. The module fails if a line was changed, removed or inserted.
  - Lines removed at the end leave the chain intact. Keep C(hash) of an earlier verification in another place and set O(contains).
options:
  path:
    description: The directory that C(fleetgate_record) names.
    type: path
    required: true
  contains:
    description: Hashes of lines that the record must have.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - fleetgate.proxmox.attributes.info
author: the fleetgate.proxmox authors (@fleetgate)
"""

EXAMPLES = r"""
- name: Verify the record
  fleetgate.proxmox.record_info:
    path: /var/log/fleetgate
    contains: ["{{ hash_of_last_week }}"]
  delegate_to: localhost
"""

RETURN = r"""
lines:
  description: Number of lines.
  returned: success
  type: int
  sample: 214
first:
  description: Time of the first line, or null if there is none.
  returned: success
  type: str
  sample: "2026-11-02T07:15:09+00:00"
last:
  description: Time of the last line, or null if there is none.
  returned: success
  type: str
  sample: "2026-11-28T07:15:12+00:00"
hash:
  description: Hash of the last line, or null if there is none.
  returned: success
  type: str
  sample: 8d1a86d8ab2f0b0c7d3b1c3f8c27b9a8d3b5b2a4c5e27e4f7a0a4e5b1c9f0d12
"""

from ..module_utils.core.record import INFO

MODULE = INFO


def main() -> None:
    MODULE.main()


if __name__ == "__main__":
    main()
