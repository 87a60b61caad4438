# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `unwire_host` and `unwire_provider`, which pass on variables and results of the run, and print the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.utils.display import Display

from ..module_utils.core.errors import FleetgateError
from .wire import NOTHING_WRITTEN, HostAction, ProviderAction, hosts_of_two_products, refusals, registered

# where the preflights of the hosts are registered
HOST = "__fleetgate_unwire"


class UnwireHostAction(HostAction):
    """`unwire_host`, for the inventory host of the task."""

    declared = ("api", "realm", "client", "names", "domain", "idp", "unwire")

    def _apply(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> None:
        preflight = task_vars.get(HOST) or {}
        if "wiring" not in preflight:
            raise FleetgateError(preflight.get("msg") or "its preflight did not run")


class UnwireProviderAction(ProviderAction):
    """`unwire_provider`, once for all hosts of the play."""

    declared = ("idp", "realm", "users", "groups")
    preflight = HOST

    def answer(self, task_vars: Any) -> dict[str, Any]:
        result = super().answer(task_vars)
        if self._task.args.get("stage") == "preflight":
            for line in _lines(result, task_vars):
                Display().display(line)
            refused = [name for name in task_vars["ansible_play_hosts"] if "wiring" not in self._found(task_vars, name)]
            if refused or result.get("failed"):
                problems = list(result.get("problems") or [result["msg"]]) if result.get("failed") else []
                own = {name: self._preflight_of(task_vars, name) for name in task_vars["ansible_play_hosts"]}
                result.update(failed=True, problems=problems, refused=refusals(problems, own, NOTHING_WRITTEN))
                result.setdefault("msg", "nothing was written, because the preflight found problems")
        return result

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if arguments["stage"] == "preflight":
            self._problems += hosts_of_two_products(task_vars["groups"])
        found = {name: self._found(task_vars, name) for name in task_vars["ansible_play_hosts_all"]}
        running = task_vars["ansible_play_hosts"]
        arguments["hosts"] = [
            {**one["wiring"], "host": name, "done": name in running} for name, one in found.items() if "wiring" in one
        ]
        used = {client_id for host in arguments["hosts"] for client_id in host["clients"]}
        arguments["left_out"] = [name for name in self._left_out(task_vars) if "wiring" not in found.get(name, {})]
        arguments["outside"] = self._outside(task_vars, used, arguments["left_out"])
        return {option: value for option, value in arguments.items() if value is not None}

    def _found(self, task_vars: dict[str, Any], name: str) -> dict[str, Any]:
        return registered(task_vars, name, HOST)


def _lines(result: Mapping[str, Any], task_vars: dict[str, Any]) -> Iterator[str]:
    """Everything that is removed, in order."""
    found = {name: registered(task_vars, name, HOST) for name in task_vars["ansible_play_hosts"]}
    results = {**found, "identity provider": result}
    for name, one in results.items():
        if one.get("removes"):
            yield f"{name}: to be removed:"
            yield from (f"  {removed}" for removed in one["removes"])
    if all(one.get("removes") == [] for one in results.values()):
        yield "nothing is to be removed"
