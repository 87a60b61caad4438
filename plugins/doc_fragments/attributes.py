# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

# how modules run is the same for all of them
EXECUTION = r"""
notes:
  - Requests go through the proxy that C(HTTPS_PROXY), C(HTTP_PROXY) or C(ALL_PROXY) names, in the environment or in that of the task,
    but for the hosts that C(NO_PROXY) lists.
"""


class ModuleDocFragment:
    """What every module can do."""

    DOCUMENTATION = r"""
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
  action_group:
    description: Options for all modules of a group can be set once, with C(module_defaults).
    support: full
    membership:
      - fleetgate.proxmox.all
""" + EXECUTION

    INFO = r"""
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
  action_group:
    description: Options for all modules of a group can be set once, with C(module_defaults).
    support: full
    membership:
      - fleetgate.proxmox.all
""" + EXECUTION
