# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `rotate_host` and `rotate_provider`, which pass on variables and results of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.utils.path import unfrackpath

from ..module_utils.fleet.products import PRODUCTS
from ..module_utils.fleet.rotation import AUTOMATION
from .bootstrap import BootstrapAction
from .monitor import HOST as MONITORED
from .sealed import unseal
from .wire import HOST, HostAction, ProviderAction, left_out, plain, refusal, registered

# where the tasks of the role register what they return
BEGUN, ROTATED, FINISHED, RESTORED = (
    f"__fleetgate_rotate_{name}" for name in ("begun", "applied", "finished", "restored")
)
TOKEN, REPLACED = "__fleetgate_rotate_token", "__fleetgate_rotate_replaced"
# what each preflight registers, and a key that it has where there is no problem
_PREFLIGHTS = {HOST: "wiring", TOKEN: "due", MONITORED: "pending"}
_SECRET_OF_STAGE = {"apply": "target", "rollback": "previous"}


class RotateHostAction(HostAction):
    """`rotate_host`, for the inventory host of the task."""

    declared = ("rotate", "api", "realm", "client", "client_secrets", "names", "domain")

    def _apply(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> None:
        """The secret that the identity provider has for the client of this host."""

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        completed = super()._completed(arguments, task_vars)
        if (secret := _SECRET_OF_STAGE.get(arguments["stage"])) is not None:
            # of the nodes of a cluster each has the client of the first
            client = registered(task_vars, str(task_vars["inventory_hostname"]), HOST)["wiring"]["client"]
            sealed = plain((task_vars.get(BEGUN) or {}).get("secrets") or {})
            completed.update(client=client, client_secret=unseal(sealed.get(f"{secret} {client['id']}", "")))
        return completed


class RotateProviderAction(ProviderAction):
    """`rotate_provider`, once for all hosts of the play."""

    declared = ("idp", "rotate")
    refuses_at = "begin"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        if self._task.args.get("stage") == "report":
            return {"changed": False, "refused": _problems(task_vars)}
        return super().run(tmp, task_vars)

    def _preflight_of(self, task_vars: dict[str, Any], name: str) -> list[str]:
        found = {task: registered(task_vars, name, task) for task in _PREFLIGHTS}
        return [problem for task, key in _PREFLIGHTS.items() for problem in refusal(found[task], key)]

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments["hosts"] = [
            self._wiring(name, found) for name, found in self._checked_hosts(task_vars).items() if found["wiring"]
        ]
        if arguments["stage"] == "begin":
            used = {host["client"]["id"] for host in arguments["hosts"]}
            arguments["outside"] = self._outside(task_vars, used, left_out(task_vars))
        else:
            begun = plain(task_vars.get(BEGUN) or {})
            arguments["rotations"] = [
                {**rotation, **self._secrets(begun, rotation["id"])} for rotation in begun.get("rotations", ())
            ]
            arguments["failed_hosts"] = [
                name for name in begun.get("pending", ()) if "plan" not in registered(task_vars, name, ROTATED)
            ]
        return {option: value for option, value in arguments.items() if value is not None}

    @staticmethod
    def _secrets(begun: dict[str, Any], client_id: str) -> dict[str, str]:
        sealed = begun.get("secrets") or {}
        return {name: unseal(sealed.get(f"{name} {client_id}", "")) for name in _SECRET_OF_STAGE.values()}


class RotateTokenAction(BootstrapAction):
    """`rotate_token`, for the inventory host of the task."""

    declared = (*BootstrapAction.declared, "rotate")
    playbook = "rotate"

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        if self._task.args.get("stage") == "review":
            return _review(task_vars)
        self._problems = []
        order = self._variable(task_vars, "rotate")
        if isinstance(order, Mapping) and AUTOMATION not in (order.get("what") or ()):
            return {"changed": False, "due": False, "identity": []}
        return super().run(tmp, task_vars)

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        completed = super()._completed(arguments, task_vars)
        completed.pop("ticket", None)
        return {**completed, "files": self._files(task_vars)}

    def _files(self, task_vars: dict[str, Any]) -> dict[str, str]:
        """The files of the secrets of all hosts with this product, also of those that are not in the run."""
        product = next(name for name in PRODUCTS if name in task_vars["group_names"])
        files = {}
        for name in task_vars["groups"][product]:
            variables = task_vars["hostvars"][name]
            default = f"{variables.get('inventory_dir')}/secrets/{name}.token.txt"
            files[name] = unfrackpath(str(variables.get("fleetgate_token_file") or default), follow=False)
        return files


def _review(task_vars: dict[str, Any]) -> dict[str, Any]:
    """Which hosts replace the secret: one node of each cluster, the one on which that was begun."""
    due: dict[tuple[str, ...], list[str]] = {}
    for name in task_vars["ansible_play_hosts"]:
        found = registered(task_vars, name, TOKEN)
        if found.get("due"):
            due.setdefault(tuple(found["identity"]), []).append(name)
    pending = [
        max(names, key=lambda name: bool(registered(task_vars, name, TOKEN)["unfinished"])) for names in due.values()
    ]
    return {"changed": False, "pending": pending}


def _problems(task_vars: dict[str, Any]) -> dict[str, str]:
    """What went wrong, by host."""
    begun, finished = (plain(task_vars.get(name) or {}) for name in (BEGUN, FINISHED))
    found: dict[str, list[str]] = {}
    for name in task_vars["ansible_play_hosts"]:
        problems = [
            text for task in (ROTATED, RESTORED) for text in registered(task_vars, name, task).get("problems", ())
        ]
        problems += [done["refused"][name] for done in (begun, finished) if name in done.get("refused", ())]
        # what concerns no client in particular concerns all hosts
        problems += finished.get("problems", ())
        found[name] = problems
    return {name: "; ".join(dict.fromkeys(problems)) for name, problems in found.items() if problems}
