# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared options of the role monitoring, with values of the types that are meant."""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils.core.errors import refuse

_MONITORING = {
    **{name: {"type": "bool"} for name in ("guest_agent", "backup_volumes", "pull_jobs")},
    **{name: {"type": "str"} for name in ("user", "token", "certificate")},
}


def monitoring(declared):
    known = {option: _MONITORING[option] for option in declared if option in _MONITORING}
    checked = ArgumentSpecValidator(known).validate({option: declared[option] for option in known})
    refuse([f"fleetgate_monitoring: {message}" for message in checked.error_messages])
    return {**declared, **{option: checked.validated_parameters[option] for option in known}}
