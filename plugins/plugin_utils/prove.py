# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `prove_host` and `prove_provider`, which pass on variables and results of the run, and the report."""

from __future__ import annotations

from typing import Any

from ansible.utils.display import Display

from ..module_utils.core.errors import FleetgateError
from ..module_utils.fleet.entries import typed_options
from ..module_utils.fleet.prove import OPTIONS
from .proof_report import Report, Subject
from .sealed import unseal
from .wire import PROVIDER, HostAction, ProviderAction, plain, registered

# where the tasks of the role register what they return
PROOF, CLIENTS = "__fleetgate_proof", "__fleetgate_proof_clients"


class ProveHostAction(HostAction):
    """`prove_host`, for the inventory host of the task."""

    declared = (*(option for option in HostAction.declared if option != "undeclared"), "idp", "prove")

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        provider = plain(task_vars.get(PROVIDER) or {})
        session = (provider.get("secrets") or {}).get("session", "")
        return {
            **super()._completed(arguments, task_vars),
            "session": unseal(session),
            "not_signed_in": provider.get("not_signed_in", ""),
        }


class ProveProviderAction(ProviderAction):
    """`prove_provider`, once for all hosts of the play."""

    declared = ("idp", "realm", "users", "groups", "members", "keep", "prove")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        if self._task.args.get("stage") == "report":
            return self._report(task_vars)
        return super().answer(task_vars)

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if arguments["stage"] == "preflight":
            return super()._completed(arguments, task_vars)
        found = {name: registered(task_vars, name, PROOF) for name in task_vars["ansible_play_hosts"]}
        reached = {name: one for name, one in found.items() if "wiring" in one}
        if not reached:
            raise FleetgateError("the clients cannot be checked, because no host could be read")
        arguments["hosts"] = [self._wiring(name, one) for name, one in reached.items()]
        arguments["left_out"] = [*self._left_out(task_vars), *(name for name in found if name not in reached)]
        used = {host["client"]["id"] for host in arguments["hosts"]}
        arguments["outside"] = self._outside(task_vars, used, arguments["left_out"])
        if arguments.get("members") is None:
            arguments["members"] = plain((task_vars.get(PROVIDER) or {}).get("members"))
        return {option: value for option, value in arguments.items() if value is not None}

    def _report(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Print what was found, and write it to files on request."""
        self._problems: list[str] = []
        try:
            declared = self._variable(task_vars, "prove")
            options = {} if self._problems else typed_options(declared, OPTIONS, "fleetgate_prove")
            report = _report_of(task_vars)
            for line in report.lines():
                Display().display(line)
            report.write(options.get("json"), options.get("junit"))
        except FleetgateError as error:
            return error.as_result()
        return {"changed": False, "refused": report.refused(), "summary": report.summary()}


def _report_of(task_vars: dict[str, Any]) -> Report:
    provider = [plain(task_vars.get(name) or {}) for name in (PROVIDER, CLIENTS)]
    subjects = [Subject.of("identity provider", *provider)]
    for name in task_vars["ansible_play_hosts_all"]:
        subjects.append(Subject.of(name, registered(task_vars, name, PROOF)))
    return Report(subjects)
