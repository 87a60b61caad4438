# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action class of `bootstrap_host`: it passes on the variables of the host, and what other tasks of the run returned."""

from __future__ import annotations

from typing import Any

from ansible.utils.path import unfrackpath

from ..module_utils.core.errors import FleetgateError
from ..module_utils.fleet.products import PRODUCTS, product_of
from .inventory_files import READ_AS_HOSTS, is_read_as_inventory
from .sealed import unseal
from .wire import HostAction, registered

# where the tasks of the role register what they return
HOST, REVIEW = "__fleetgate_bootstrap", "__fleetgate_bootstrap_review"


def default_token_file(inventory_dir: Any, host: str) -> str:
    """The default of fleetgate_token_file, as the roles have it."""
    return f"{inventory_dir}/secrets/{host}.token.txt"


class BootstrapAction(HostAction):
    """`bootstrap_host`, for the inventory host of the task."""

    declared: tuple[str, ...] = ("api", "bootstrap", "token_file", "privileges")
    playbook = "bootstrap"

    def answer(self, task_vars: Any) -> dict[str, Any]:
        if self._templar.template(task_vars.get("fleetgate_execute_on")) == "target":
            why = f"{self.playbook} runs on the control node, where it stores the secret of the token"
            advice = "set controller for this playbook, or create the token by hand"
            return FleetgateError(f"fleetgate_execute_on: {why}; {advice}").as_result()
        return super().answer(task_vars)

    def _arguments(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        if self._task.args.get("stage") != "review":
            return super()._arguments(task_vars)
        found = {name: registered(task_vars, name, HOST) for name in task_vars["ansible_play_hosts"]}
        return {**self._task.args, "hosts": {name: host for name, host in found.items() if "identity" in host}}

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        name = str(task_vars["inventory_hostname"])
        product = product_of(list(task_vars["group_names"]))
        if product is None:
            self._problems.append(
                f"{name} must be in one of the inventory groups {' and '.join(PRODUCTS)}; give a machine that runs both products"
                " one inventory host for each, with the same ansible_host"
            )
        else:
            arguments["product"] = product.name
        completed = {
            **arguments,
            "host": name,
            "api": self._with_host(arguments.get("api"), task_vars),
            "token_file": self._token_file(arguments.get("token_file"), name, task_vars),
            "ticket": unseal(registered(task_vars, name, HOST).get("secrets", {}).get("ticket", "")),
        }
        if arguments["stage"] == "copy":
            first = registered(task_vars, name, REVIEW).get("copies", {}).get(name)
            completed["source"] = registered(task_vars, first, HOST)["token_file"] if first else None
        return {option: value for option, value in completed.items() if value is not None}

    def _token_file(self, path: Any, host: str, task_vars: dict[str, Any]) -> Any:
        """The full path of the file for the secret, which must be one that stays, and that Ansible does not read as hosts."""
        if not isinstance(path, str):
            return path
        # without a file it is undefined, empty or None, which may have become text
        directory = str(task_vars.get("inventory_dir") or "")
        if directory in ("", "None") and path in [default_token_file(none, host) for none in ("", "None")]:
            self._problems.append(
                f"fleetgate_token_file: {host} comes from no file, so there is no inventory_dir, and the secret would be stored in"
                f" {path}; give fleetgate_token_file as a path that persists"
            )
        if is_read_as_inventory(path, task_vars.get("ansible_inventory_sources") or ()):
            self._problems.append(f"fleetgate_token_file: '{path}' {READ_AS_HOSTS}")
        return unfrackpath(path, follow=False)
