# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action class of `monitor_host`: it passes on variables of the host and what tasks returned, and compares all hosts."""

from __future__ import annotations

from typing import Any

from ..module_utils.core.errors import FleetgateError
from ..module_utils.core.hosts import in_url
from ..module_utils.fleet.monitor import pulse_as_read
from .sealed import unseal
from .wire import NOTHING_WRITTEN, HostAction, refusal, refusals

# where the tasks of the role register what they return
PULSE, HOST, IDENTITY = "__fleetgate_pulse", "__fleetgate_monitor", "__fleetgate_monitor_identity"
# Pulse takes 30 requests a minute that are no reads; in a larger play its own report on a connection is enough
SIGN_INS = 20


class MonitorAction(HostAction):
    """`monitor_host`, for the inventory host of the task."""

    declared = ("api", "monitoring", "pulse", "pulse_node", "domain", "keep")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        stage = self._task.args.get("stage")
        if stage == "review":
            return _review(task_vars)
        with pulse_as_read(task_vars.get(PULSE) if stage == "preflight" else None):
            result = super().answer(task_vars)
        if stage == "identity" and not result.get("failed"):
            # the entries are set up one after the other, so hosts whose entry does not change are left out of that
            result["changes_entry"] = task_vars[HOST]["changes_entry"] or bool(result["secrets"])
        if stage == "pulse" and result.get("failed"):
            # a fault of Pulse is one of every host, and is reported by each
            return {"changed": False, "problems": result.get("problems") or [result["msg"]]}
        return result

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        preflight = task_vars.get(HOST) or {}
        if arguments.get("rotates"):
            arguments["rotate"] = self._variable(task_vars, "rotate")
        if arguments["stage"] in ("identity", "entry") and "entry" not in preflight:
            raise FleetgateError(preflight.get("msg") or "its preflight did not run")
        if arguments["stage"] == "identity":
            arguments["regenerate"] = preflight["regenerate"]
        elif arguments["stage"] == "entry":
            arguments["entry"] = preflight["entry"]
            arguments["secret"] = unseal(task_vars[IDENTITY]["secrets"].get("token", ""))
        completed = {
            **arguments,
            "host": str(task_vars["inventory_hostname"]),
            "api": self._with_host(arguments.get("api"), task_vars),
            "pulse": arguments.get("pulse") or pulse_of_inventory(task_vars),
            "sign_in": len(task_vars["ansible_play_hosts"]) <= SIGN_INS,
        }
        return {option: value for option, value in completed.items() if value is not None}


def pulse_of_inventory(task_vars: dict[str, Any]) -> dict[str, Any] | None:
    """The connection to the first host of the group pulse."""
    hosts = task_vars["groups"].get("pulse")
    if not hosts:
        return None
    variables = task_vars["hostvars"][hosts[0]]
    address = in_url(str(variables.get("ansible_host") or hosts[0]))
    return {"url": f"https://{address}:7655", **(variables.get("fleetgate_api") or {})}


def _review(task_vars: dict[str, Any]) -> dict[str, Any]:
    """Why hosts are refused, all if any is, and which have something to be done: of several that are one server the first."""
    problems: dict[str, list[str]] = {}
    pending: dict[tuple[str, ...], str] = {}
    for name in task_vars["ansible_play_hosts"]:
        found = task_vars["hostvars"].raw_get(name).get(HOST) or {}
        problems[name] = refusal(found, "identity")
        if found.get("pending"):
            pending.setdefault(tuple(found["identity"]), name)
    refused = refusals([], problems, NOTHING_WRITTEN) if any(problems.values()) else {}
    return {"changed": False, "refused": refused, "pending": list(pending.values())}
