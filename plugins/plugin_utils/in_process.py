# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one action class: it runs a module's own function in the worker process of the control node.

That saves the start of an interpreter for each task: a loop of fifty tasks takes seconds instead of half a minute.
Each module has an action file of its own (and not a redirect), so that module_defaults groups work and the libraries
are imported once, before ansible forks its workers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError, AnsibleFileNotFound
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_text
from ansible.plugins.action import ActionBase

from ..module_utils.core.errors import FleetgateError
from ..module_utils.core.hosts import in_url
from ..module_utils.core.module import Definition
from ..module_utils.core.record import append, prepare
from ..module_utils.core.secret_file import vault_at_hand
from .inventory_files import exposed_secret_files
from .record import line_of
from .vault import Vault


class InProcessAction(ActionBase):
    """Runs `module` in process, or as an ordinary module where the task asks for that (async, or the variable
    `fleetgate_execute_on` with the value `target`). The result is the same."""

    _supports_check_mode = True
    _supports_diff = True
    _supports_async = True

    module: Definition
    # the file of the record, where the run is recorded
    _record: str | None = None

    def run(self, tmp: str | None = None, task_vars: Any = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, variables)
        try:
            result.update(self.answer(variables))
            if self._record:
                append(self._record, line_of(self._task, result, variables))
        except FleetgateError as error:
            result.update(error.as_result())
        return result

    def answer(self, task_vars: Any) -> dict[str, Any]:
        """The result of the task."""
        folder = self._templar.template(task_vars.get("fleetgate_record"))
        self._record = prepare(str(folder)) if folder else None
        result: dict[str, Any] = {}
        where = self._templar.template(task_vars.get("fleetgate_execute_on", "controller"))
        if where not in ("controller", "target"):
            raise AnsibleActionFail(f"fleetgate_execute_on: '{where}' must be controller or target")
        with self._environment():
            args = self._arguments(task_vars)
            if self._task.async_val or where == "target":
                wrap_async = self._task.async_val and not self._connection.has_native_async
                result.update(self._execute_module(module_args=args, task_vars=task_vars, wrap_async=wrap_async))
                if not wrap_async:
                    self._remove_tmp_path(self._connection._shell.tmpdir)
            elif exposed := exposed_secret_files(args, task_vars.get("ansible_inventory_sources") or ()):
                result.update(failed=True, msg="; ".join(exposed), problems=exposed)
            else:
                result.update(self._in_process(args))
                if not self._returns_invocation(task_vars):
                    result.pop("invocation", None)
        return result

    def _arguments(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """The arguments of the module."""
        return self._with_files(self._with_address(self._task.args, task_vars))

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """The `environment` of the task, which an ordinary module would find around it."""
        variables: dict[str, Any] = {}
        before = dict(os.environ)
        self._compute_environment_string(variables)
        os.environ.update({name: str(value) for name, value in variables.items()})
        try:
            yield
        finally:
            os.environ.clear()
            os.environ.update(before)

    def _in_process(self, args: dict[str, Any]) -> dict[str, Any]:
        with vault_at_hand(Vault(self._loader)):
            return self.module.run_task(_as_json(args), self._task.check_mode, shell=self._run_on_host)

    def _returns_invocation(self, task_vars: dict[str, Any]) -> bool:
        """Whether results have the arguments of the task: from ansible-core 2.21 on only where that is asked for."""
        setting = "INJECT_INVOCATION"
        known = setting in C.config.get_configuration_definitions()
        return not known or bool(C.config.get_config_value(setting, variables=task_vars))

    def _run_on_host(self, script: str) -> tuple[str, str]:
        """Run a script over the connection that ansible has to the host; returns what it says on stdout and stderr.

        The script goes to the stdin of a shell, and with no_log what it says stays out of the output of -vvv.
        """
        context = self._connection._play_context
        before, context.no_log = context.no_log, True
        try:
            done = self._low_level_execute_command("/bin/sh", in_data=script.encode())
            return done["stdout"], done["stderr"]
        except AnsibleError as error:
            context.no_log = before
            return "", self._why_unreachable() or str(error)
        finally:
            context.no_log = before

    def _why_unreachable(self) -> str:
        """With no_log ansible does not report why it cannot connect, so it tries once more with nothing to hide."""
        try:
            return str(self._low_level_execute_command("true")["stderr"])
        except AnsibleError as error:
            return str(error)

    def _with_address(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The arguments, with the inventory host as address of the server where none is given in any way."""
        place, host = self.module.address, task_vars["inventory_hostname"]
        if not place.option or args.get(place.option) or host in C.LOCALHOST:
            return args
        if place.environment_first:
            named = ArgumentSpecValidator({place.option: self.module.argument_spec[place.option]}).validate({})
            if named.validated_parameters[place.option]:
                return {**args, **named.validated_parameters}
        address = self._templar.template(task_vars.get("ansible_host", host))
        return {**args, place.option: place.form.format(host=in_url(address))}

    def _with_files(self, args: dict[str, Any]) -> dict[str, Any]:
        """The arguments, with files to send found where ansible looks for files: in a role, beside the playbook."""
        located = dict(args)
        for within, options in self.module.uploads.items():
            if within and isinstance(args.get(within), list):
                located[within] = [
                    self._located(entry, options) if isinstance(entry, dict) else entry for entry in args[within]
                ]
            elif not within:
                located = self._located(located, options)
        return located

    def _located(self, entry: dict[str, Any], options: Iterable[str]) -> dict[str, Any]:
        located = dict(entry)
        for option in options:
            if entry.get(option):
                # the module reports a file that cannot be read, in the same words wherever it runs
                with suppress(AnsibleFileNotFound):
                    located[option] = self._find_needle("files", entry[option])
        return located


def _as_json(value: Any) -> Any:
    """A value as ansible hands it to an ordinary module: as JSON, which has no dates, sets and bytes, and only text for keys.

    Nor has it the tags that ansible-core 2.19 adds to text, which make it slow to copy, as validators do.
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {str.__str__(to_text(name)): _as_json(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_as_json(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    return to_text(value) if isinstance(value, bytes) else value
