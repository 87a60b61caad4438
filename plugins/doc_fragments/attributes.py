# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

# how modules run, and are given options in common, is the same for all of them
EXECUTION = r"""
  action_group:
    description: Options for all modules of a group can be set once, with C(module_defaults).
    support: full
    details: The group C(all) takes what every module has, and that is O(validate_certs) and O(ca_path). Other options of the connection
      go into the groups of the systems, C(api_timeout) into C(pve) and C(timeout) into C(pocketid) for example.
    membership:
      - fleetgate.proxmox.all
  action:
    description: Has an action plugin, which does the work in the control node's process.
    support: full
  async:
    description: Can be used with C(async).
    support: partial
    details: The module then runs on the host that the task is for, and not on the control node; see the notes.
  platform:
    description: Systems that the module runs on.
    support: full
    platforms: posix
notes:
  - Runs in the control node's process, without a connection of Ansible to the host that the task is for unless an option asks for one.
    Nothing is needed there, and no C(delegate_to).
  - With C(async), and with the variable C(fleetgate_execute_on) set to C(target), the module runs on that host instead. Ansible must be
    able to connect to it, it needs Python and what is listed as requirements, and it must reach the API. An C(async) task is kept on
    the control node with C(delegate_to) set to C(localhost), and still means the API of the inventory host.
  - Requests go through the proxy that C(HTTPS_PROXY), C(HTTP_PROXY) or C(ALL_PROXY) names, in the environment or in that of the task,
    but for the hosts that C(NO_PROXY) lists.
"""


class ModuleDocFragment:
    """What every module can do."""

    DOCUMENTATION: str = r"""
options: {}
attributes:
  check_mode:
    description: Can predict what it would do without doing it.
    support: full
    details: In check mode nothing but reads is sent, and the result is the one that the real run will give.
  diff_mode:
    description: Tells what changed, or would change.
    support: full
    details: Secrets are never shown; the diff only says that one is there or is another one.
  idempotent:
    description: Changes nothing when everything is as declared.
    support: full
""" + EXECUTION

    INFO: str = r"""
options: {}
attributes:
  check_mode:
    description: Can predict what it would do without doing it.
    support: full
    details: The module only reads.
  diff_mode:
    description: Tells what changed, or would change.
    support: N/A
    details: The module only reads.
  idempotent:
    description: Changes nothing when everything is as declared.
    support: N/A
    details: The module only reads.
""" + EXECUTION
