# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a module is: an argument_spec and a function, run by `main()` on a host or by the action plugin in process."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field
from typing import Callable, Iterable

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from .errors import FleetgateError


@dataclass(frozen=True)
class Address:
    """The connection option that the inventory host stands for when it is left out, and how its value is made of the host.

    With `environment_first` the variable of the environment that the option falls back to goes before the inventory host.
    Without it that variable counts where there is no inventory host but localhost, or it would send a whole fleet to one server.
    """

    option: str = ""
    form: str = "{host}"
    environment_first: bool = False


@dataclass(frozen=True)
class Definition:
    """A module: its options, and the function from valid options and check mode to a result.

    Values under the keys `secret` and `secrets` of a result were asked for, and are the only ones left unmasked.
    """

    argument_spec: dict
    run: Callable[[dict, bool], dict]
    address: Address = Address()
    # options that name files to send, by the list option that they are in ("" for none)
    uploads: dict = field(default_factory=dict)
    # the secrets in options that the argument_spec cannot describe, because they depend on others
    hidden: Callable[[dict], Iterable[str]] = lambda params: ()

    def main(self):
        """Run as an ordinary module."""
        module = _Module(argument_spec=self.argument_spec, supports_check_mode=True)
        hidden = module.no_log_values
        hidden.update(self.hidden(module.params))
        result = self.finish(self.execute(module.params, module.check_mode), module.params, hidden)
        hidden.difference_update(asked_for(result))
        if result.get("failed"):
            module.fail_json(**result)
        module.exit_json(**result)

    def execute(self, params, check_mode):
        """The one boundary: whatever happens becomes a result."""
        try:
            return self.run(params, check_mode)
        except FleetgateError as error:
            return error.as_result()
        except Exception as error:  # pylint: disable=broad-exception-caught
            # its text may hold anything, secrets too, so only its kind and its place are told
            trace = "".join(traceback.format_tb(error.__traceback__))
            return {
                "failed": True,
                "msg": f"this is a fault of fleetgate.proxmox, please report it: {type(error).__name__}",
                "trace": trace,
            }

    def finish(self, result, params, hidden):
        """A result with every secret masked but those that were asked for, and with the invocation that it answers."""
        kept = {key: result[key] for key in ("secret", "secrets") if key in result}
        # an unknown option may be a secret whose name is misspelt
        invocation = {"module_args": _known(self.argument_spec, params)}
        return {**remove_values({**result, "invocation": invocation}, hidden), **kept}


def asked_for(result):
    """The secrets in a result, which are there because the task asked for them."""
    return {value for value in (result.get("secret"), *result.get("secrets", {}).values()) if value}


def argument_problems(argument_spec, params, way=""):
    """Everything wrong with the options of a task, each with the way to it: `users[3].email: ...`.

    Ansible itself stops at the first problem and does not say in which entry of a list it is.
    """
    flat = {
        name: {key: value for key, value in option.items() if key != "options"}
        for name, option in argument_spec.items()
    }
    problems = [
        f"{way}{_reword(problem)}" for problem in ArgumentSpecValidator(flat).validate(_given(params)).error_messages
    ]
    for name, option in argument_spec.items():
        given = params.get(name)
        if "options" not in option:
            continue
        if isinstance(given, dict):
            problems += argument_problems(option["options"], given, f"{way}{name}: ")
        for index, entry in enumerate(given if isinstance(given, list) else ()):
            where = f"{way}{name}[{index}]: "
            problems += (
                argument_problems(option["options"], entry, where)
                if isinstance(entry, dict)
                else [f"{where}must be a dictionary"]
            )
    return problems


def _known(argument_spec, params):
    """The options that there are, in entries of lists as well."""
    known = {}
    for name, value in params.items():
        options = argument_spec.get(name, {}).get("options")
        if isinstance(value, dict) and options:
            value = _known(options, value)
        elif isinstance(value, list) and options:
            value = [_known(options, entry) if isinstance(entry, dict) else entry for entry in value]
        if name in argument_spec:
            known[name] = value
    return known


def _given(options):
    """Options without those that ansible has filled in with nothing."""
    return {name: value for name, value in options.items() if value is not None}


def _reword(problem):
    """Ansible names an unknown option and all known ones in a sentence without a verb."""
    unknown, separator, known = problem.partition(". Supported parameters include: ")
    return f"unknown option {unknown}; known are {known.rstrip('.')}" if separator else problem


class _Module(AnsibleModule):
    """AnsibleModule that reports all problems of its options, and with the way to each."""

    def fail_json(self, msg, **result):
        checked = getattr(self, "validation_result", None)
        if checked is not None and checked.error_messages:
            problems = argument_problems(self.argument_spec, self.params) or checked.error_messages
            msg, result = "; ".join(problems), {
                "problems": problems,
                "invocation": {"module_args": _known(self.argument_spec, self.params)},
            }
        super().fail_json(msg, **result)
