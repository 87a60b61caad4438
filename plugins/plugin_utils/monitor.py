# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action class of `monitor_host`: it passes on variables of the host and what tasks returned, and compares all hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..module_utils.core.errors import FleetgateError
from ..module_utils.core.hosts import in_url
from ..module_utils.fleet.known_pulse import pulse_as_read
from .sealed import unseal
from .wire import NOTHING_WRITTEN, HostAction, refusal, refusals, registered

# where the tasks of the role register what they return
PULSE, HOST, IDENTITY = "__fleetgate_pulse", "__fleetgate_monitor", "__fleetgate_monitor_identity"
ENTRY = "__fleetgate_monitor_entry"
# Pulse takes 30 requests a minute that are no reads; in a larger play its own report on a connection is enough
SIGN_INS = 20


class MonitorAction(HostAction):
    """`monitor_host`, for the inventory host of the task."""

    declared = ("api", "monitoring", "pulse", "pulse_node", "domain", "keep")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        stage = self._task.args.get("stage")
        if stage == "review":
            self._problems = []
            in_run = task_vars["ansible_play_hosts_all"]
            others = [name for name in self._left_out(task_vars) if name not in in_run]
            return {**_review(task_vars), "others": others}
        with pulse_as_read(task_vars.get(PULSE) if stage == "preflight" else None):
            result = super().answer(task_vars)
        if stage == "identity" and not result.get("failed"):
            # the entries are set up one after the other, so hosts whose entry does not change are left out of that
            result["changes_entry"] = task_vars[HOST]["changes_entry"] or bool(result["secrets"])
        # a fault of Pulse is one of every host, and is reported by each
        if stage == "pulse" and result.get("failed"):
            return {"changed": False, "problems": result.get("problems") or [result["msg"]]}
        if stage == "confirm" and result.get("failed"):
            result["refused"] = {entry["host"]: result["msg"] for entry in _written(task_vars)}
        return result

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        preflight = task_vars.get(HOST) or {}
        if arguments.get("rotates"):
            arguments["rotate"] = self._variable(task_vars, "rotate")
        if arguments["stage"] in ("identity", "entry") and "entry" not in preflight:
            raise FleetgateError(preflight.get("msg") or "its preflight did not run")
        if arguments["stage"] in ("identity", "entry"):
            arguments.update({option: preflight[option] for option in ("regenerate", "rotation", "with_stand_in")})
        if arguments["stage"] == "entry":
            arguments["entry"] = preflight["entry"]
            arguments["secret"] = unseal(task_vars[IDENTITY]["secrets"].get("token", ""))
        elif arguments["stage"] == "confirm":
            arguments["entries"] = list(_written(task_vars))
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


def _written(task_vars: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entries in Pulse that this run has written, with the secrets of their tokens."""
    for name in task_vars["ansible_play_hosts"]:
        done = registered(task_vars, name, ENTRY)
        if done.get("changed"):
            secret = unseal(done.get("secrets", {}).get("token", ""))
            yield {
                "host": name,
                "options": registered(task_vars, name, HOST)["entry"],
                "secret": secret,
                "took": done["took"],
            }


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
