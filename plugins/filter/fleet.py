# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared state of a fleet as entries for the modules; see plugin_utils/fleet.py and its like."""

from __future__ import annotations

from functools import wraps

from ansible.errors import AnsibleFilterError

from ..module_utils.core.client import in_url
from ..module_utils.core.errors import FleetgateError
from ..plugin_utils import authentik, fleet


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
            **{
                name: _as_filter_error(getattr(fleet, name))
                for name in ("redirect_uris", "issuer", "clients", "people", "pve_access", "pbs_access")
            },
            "authentik_applications": _as_filter_error(authentik.applications),
            "authentik_people": _as_filter_error(authentik.people),
            "in_url": in_url,
        }
