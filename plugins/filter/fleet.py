# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the role monitoring computes; see plugin_utils/monitoring.py."""

from __future__ import annotations

from functools import wraps

from ansible.errors import AnsibleFilterError

from ..module_utils.core.client import in_url
from ..module_utils.core.errors import FleetgateError
from ..plugin_utils import monitoring


def _as_filter_error(function):
    """What is wrong with the declared state stops the task with a plain sentence."""

    @wraps(function)
    def filtered(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except FleetgateError as error:
            raise AnsibleFilterError(str(error)) from error

    return filtered


class FilterModule:
    def filters(self):
        return {
            "monitoring_identity": _as_filter_error(monitoring.monitoring_identity),
            "node_addresses": monitoring.node_addresses,
            "in_url": in_url,
        }
