# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `rotate_host` and `rotate_provider`, which pass on variables and results of the run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError
from ansible.utils.path import unfrackpath

from ..module_utils.core.secret_file import kept_secret, vault_at_hand
from ..module_utils.fleet.products import PRODUCTS
from ..module_utils.fleet.rotation import AUTOMATION
from .bootstrap import BootstrapAction, default_token_file
from .monitor import HOST as MONITORED
from .sealed import unseal
from .vault import Vault
from .wire import HOST, HostAction, ProviderAction, plain, refusal, registered

# where the tasks of the role register what they return
BEGUN, ROTATED, FINISHED, RESTORED = (
    f"__fleetgate_rotate_{name}" for name in ("begun", "applied", "finished", "restored")
)
TOKEN, REVIEW = "__fleetgate_rotate_token", "__fleetgate_rotate_review"
# what the preflights register, each with a key that results without a problem have
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
            client = registered(task_vars, str(task_vars["inventory_hostname"]), HOST)["wiring"]["client"]
            sealed = plain((task_vars.get(BEGUN) or {}).get("secrets") or {})
            completed.update(client=client, client_secret=unseal(sealed.get(f"{secret} {client['id']}", "")))
        # in one run with wire, the identity provider has returned more
        return {option: value for option, value in completed.items() if option in self.module.argument_spec}


class RotateProviderAction(ProviderAction):
    """`rotate_provider`, once for all hosts of the play."""

    declared = ("idp", "rotate")
    refuses_at = ("begin",)

    def answer(self, task_vars: Any) -> dict[str, Any]:
        if self._task.args.get("stage") == "report":
            return {"changed": False, "refused": _problems(task_vars)}
        return super().answer(task_vars)

    def _preflight_of(self, task_vars: dict[str, Any], name: str) -> list[str]:
        found = {task: registered(task_vars, name, task) for task in _PREFLIGHTS}
        return [problem for task, key in _PREFLIGHTS.items() for problem in refusal(found[task], key)]

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        arguments["hosts"] = [
            self._wiring(name, found) for name, found in self._checked_hosts(task_vars).items() if found["wiring"]
        ]
        if arguments["stage"] == "begin":
            used = {host["client"]["id"] for host in arguments["hosts"]}
            arguments["outside"] = self._outside(task_vars, used, self._left_out(task_vars))
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

    def answer(self, task_vars: Any) -> dict[str, Any]:
        self._problems = []
        if self._task.args.get("stage") == "review":
            return self._review(task_vars)
        order = self._variable(task_vars, "rotate")
        if isinstance(order, Mapping) and AUTOMATION not in (order.get("what") or ()):
            return {"changed": False, "due": False, "identity": []}
        return super().answer(task_vars)

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        completed = super()._completed(arguments, task_vars)
        completed.pop("ticket", None)
        if arguments["stage"] == "apply":
            copies = registered(task_vars, completed["host"], REVIEW).get("copies", {})
            completed["files"] = copies.get(completed["host"], [])
        return completed

    def _review(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Which hosts replace the secret, one node of each cluster, and the files that have the same secret."""
        due: dict[tuple[str, ...], list[str]] = {}
        found = {name: registered(task_vars, name, TOKEN) for name in task_vars["ansible_play_hosts"]}
        for name, token in found.items():
            if token.get("due"):
                due.setdefault(tuple(token["identity"]), []).append(name)
        pending = [max(names, key=lambda name: bool(found[name]["unfinished"])) for names in due.values()]
        holders = self._holders(task_vars) if pending else {}
        copies = {}
        for name in pending:
            own = os.path.realpath(found[name]["token_file"])
            files = next((files for files in holders.values() if own in files), set())
            copies[name] = sorted(files - {own})
        return {"changed": False, "pending": pending, "copies": copies}

    def _holders(self, task_vars: dict[str, Any]) -> dict[tuple[str, str], set[str]]:
        """The files of all hosts, also of those that are not in the run, by product and secret."""
        holders: dict[tuple[str, str], set[str]] = {}
        with vault_at_hand(Vault(self._loader)):
            for product in PRODUCTS:
                for name in task_vars["groups"].get(product, ()):
                    variables = task_vars["hostvars"][name]
                    default = default_token_file(variables.get("inventory_dir"), name)
                    try:
                        path = unfrackpath(str(variables.get("fleetgate_token_file") or default))
                    except AnsibleError:
                        # a host outside of this run, with a variable that cannot be evaluated
                        continue
                    if secret := kept_secret(path)[0]:
                        holders.setdefault((product, secret), set()).add(path)
        return holders


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
