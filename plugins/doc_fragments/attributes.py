# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

# shared by all modules: how they run, and their action groups
EXECUTION = r"""
  action_group:
    description: Use C(group/fleetgate.proxmox.all) or the group of a system in C(module_defaults) to set options for several modules.
    support: full
    details: The group C(all) accepts the options that the modules share, C(validate_certs) and C(ca_path). Set other connection options in
      the group of the system, for example C(api_timeout) in C(pve) and C(timeout) in C(pocketid).
    membership:
      - fleetgate.proxmox.all
  action:
    description: Indicates that the module has an action plugin, which does the work in the process of the control node.
    support: full
  async:
    description: Supports C(async).
    support: partial
    details: The module then runs on the inventory host and not on the control node; see the notes.
  platform:
    description: Operating systems that the module runs on.
    support: full
    platforms: posix
notes:
  - The module runs in the process of the control node. It does not connect to the inventory host over Ansible's connection unless an option
    requires it, needs nothing to be installed there and does not need C(delegate_to).
  - With C(async), or if the variable C(fleetgate_execute_on) is C(target), the module runs on the inventory host instead. Ansible must be
    able to connect to that host, which needs Python, the listed requirements and access to the API. Use C(delegate_to=localhost) to keep an
    C(async) task on the control node; the task still addresses the API of the inventory host.
  - Requests use the proxy in C(HTTPS_PROXY), C(HTTP_PROXY) or C(ALL_PROXY), except for hosts listed in C(NO_PROXY). The variables are
    read from the environment of the control node and of the task.
"""


class ModuleDocFragment:
    """Attributes of all modules."""

    DOCUMENTATION: str = (
        r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the server.
    support: full
    details: Check mode sends read requests only. The result is the same as that of the real run.
  diff_mode:
    description: Returns details on what has changed (or would change in C(check_mode)) when in diff mode.
    support: full
    details: Secrets are never shown. The diff only indicates that a secret is set or differs.
  idempotent:
    description: When run twice in a row with the same options, the second run does not report a change.
    support: full
"""
        + EXECUTION
    )

    INFO: str = (
        r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the server.
    support: full
    details: The module only reads.
  diff_mode:
    description: Returns details on what has changed (or would change in C(check_mode)) when in diff mode.
    support: N/A
    details: The module only reads.
  idempotent:
    description: When run twice in a row with the same options, the second run does not report a change.
    support: N/A
    details: The module only reads.
"""
        + EXECUTION
    )
