# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules: an argument_spec and a function, run by `main()` on a host or by the action plugin in process."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from .errors import FleetgateError
from .secrets import LONGEST_SENTENCE, cut, every_form, excerpt, secret_values, secrets_of_task


@dataclass(frozen=True)
class Address:
    """The connection option that defaults to the inventory host, and the `form` of its value.

    With `environment_first` the environment variable of the option takes precedence over the inventory host. Without it the
    variable is used only for localhost, because otherwise it would direct a whole fleet to one server.
    """

    option: str = ""
    form: str = "{host}"
    environment_first: bool = False


@dataclass(frozen=True)
class Definition:
    """A module: its options, and the function that returns a result for valid options and check mode.

    The values of `secret` and `secrets` in a result were requested by the task and are not masked.
    """

    argument_spec: dict[str, Any]
    run: Callable[[dict[str, Any], bool], dict[str, Any]]
    address: Address = Address()
    # options with paths of files to upload, by the list option that contains them ("" for none)
    uploads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    # returns secrets in options that the argument_spec cannot describe, because they depend on other options
    hidden: Callable[[dict[str, Any]], Iterable[str]] = lambda params: ()

    def main(self) -> None:
        """Run as an ordinary module."""
        module = _Module(argument_spec=self.argument_spec, supports_check_mode=True)
        secrets = module.no_log_values | self.secrets_in(module.params)
        result = self.answer(module.params, module.check_mode, secrets)
        module.no_log_values.update(every_form(secrets) - asked_for(result))
        module.no_log_values.difference_update(asked_for(result))
        if result.get("failed"):
            module.fail_json(**result)
        module.exit_json(**result)

    def secrets_in(self, params: dict[str, Any]) -> set[str]:
        """Return the values of all secret options, even if options are invalid."""
        return secret_values(self.argument_spec, params) | set(self.hidden(params))

    def run_task(self, args: dict[str, Any], check_mode: bool, **more: Any) -> dict[str, Any]:
        """Return the result of a task with these arguments. Invalid arguments are all reported, and nothing is done.

        `more` is passed to the function of the module along with the options.
        """
        secrets = self.secrets_in(args)
        with secrets_of_task(every_form(secrets)):
            problems = argument_problems(self.argument_spec, args)
        if not problems:
            checked = ArgumentSpecValidator(self.argument_spec).validate(args)
            problems = checked.error_messages
        if problems:
            return refusal(problems, secrets)
        return self.answer(checked.validated_parameters, check_mode, checked._no_log_values | secrets, **more)

    def answer(self, params: dict[str, Any], check_mode: bool, secrets: set[str], **more: Any) -> dict[str, Any]:
        """Return the result of a task with valid options, with its `secrets` masked."""
        hidden = every_form(secrets)
        with secrets_of_task(hidden):
            result = self.execute({**params, **more}, check_mode)
        return self.finish(result, params, hidden)

    def execute(self, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        """Run the module. This is the only place where exceptions become results."""
        try:
            return self.run(params, check_mode)
        except FleetgateError as error:
            return error.as_result()
        except Exception as error:  # pylint: disable=broad-exception-caught
            # its message may contain secrets, so only its type and traceback are reported
            trace = "".join(traceback.format_tb(error.__traceback__))
            return {
                "failed": True,
                "msg": f"this is a bug in fleetgate.proxmox, please report it: {type(error).__name__}",
                "trace": trace,
            }

    def finish(self, result: dict[str, Any], params: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
        """Add the invocation to a result, and mask all secrets except those that the task requested."""
        kept: dict[str, Any] = {key: result[key] for key in ("secret", "secrets") if key in result}
        invocation = {"module_args": params}
        return {**_sentences_cut(remove_values({**result, "invocation": invocation}, hidden)), **kept}


def refusal(problems: list[str], secrets: set[str]) -> dict[str, Any]:
    """Return the result for invalid options. Its invocation has no options, because a secret may be in the wrong one."""
    result = {"failed": True, "changed": False, "msg": "; ".join(problems), "problems": problems}
    result["invocation"] = {"module_args": {}}
    return _sentences_cut(remove_values(result, every_form(secrets)))


def _sentences_cut(result: dict[str, Any]) -> dict[str, Any]:
    """Shorten the messages of a result."""
    if "problems" in result:
        problems = [cut(problem, LONGEST_SENTENCE) for problem in result["problems"]]
        return {**result, "problems": problems, "msg": "; ".join(problems)}
    return result


def asked_for(result: dict[str, Any]) -> set[str]:
    """Return the secrets that a result contains because the task requested them."""
    return {value for value in (result.get("secret"), *result.get("secrets", {}).values()) if value}


def argument_problems(argument_spec: dict[str, Any], params: dict[str, Any], where: str = "") -> list[str]:
    """Return all problems with the options of a task, each with its location: `users[3].email: ...`.

    Ansible stops at the first problem, does not report the list entry that it is in, fails on some values of a wrong type
    and converts others unexpectedly, such as a list to text or true to the number 1.
    """
    given, options = _given(params), {}
    problems = [f"{where}unknown option {excerpt(name)}" for name in given if not isinstance(name, str)]
    for name, option in argument_spec.items():
        spellings = [spelling for spelling in (name, *option.get("aliases", ())) if spelling in given]
        misfit = next(
            (f"{spelling}{rule}" for spelling in spellings for rule in [_misfit(option, given[spelling])] if rule), None
        )
        # without suboptions, which are checked entry by entry below
        options[name] = {
            key: value for key, value in option.items() if key not in ("options", "required" if misfit else "")
        }
        if misfit:
            problems.append(f"{where}{misfit}")
            given = {spelling: value for spelling, value in given.items() if spelling not in spellings}
    given = {name: value for name, value in given.items() if isinstance(name, str)}
    checked = ArgumentSpecValidator(options).validate(given)
    problems += [f"{where}{excerpt(_reword(problem))}" for problem in checked.error_messages]
    for name, option in argument_spec.items():
        value = checked.validated_parameters.get(name) if "options" in option else None
        if isinstance(value, dict):
            problems += argument_problems(option["options"], value, f"{where}{name}: ")
        elif isinstance(value, list):
            for index, entry in enumerate(value):
                problems += argument_problems(option["options"], entry, f"{where}{name}[{index}]: ")
    return problems


_CONTAINERS = {dict: "a dictionary", list: "a list", tuple: "a list", set: "a set"}


def _misfit(option: dict[str, Any], value: Any) -> str | None:
    """Return what is wrong with the type of a value, to follow the name of the option; None if nothing is.

    The value is not quoted, because it may contain a secret.
    """
    wanted, kind = option.get("type", "str"), _kind_of(value)
    if value is None or wanted == "raw":
        return None
    if wanted == "list":
        if isinstance(value, list):
            entries = (
                (index, _misfit({"type": option.get("elements", "raw")}, entry)) for index, entry in enumerate(value)
            )
            missing = [index for index, entry in enumerate(value) if entry is None]
            if missing:
                return f"[{missing[0]}]: must not be null"
            return next((f"[{index}]{rule}" for index, rule in entries if rule), None)
        if option.get("elements") == "dict":
            return f": must be a list of dictionaries, and not {kind}"
        return f": must be a list, and not {kind}" if isinstance(value, (dict, set, bool)) else None
    if wanted == "dict":
        # filters may turn a dictionary into JSON text
        fits = isinstance(value, dict) or (isinstance(value, str) and value.startswith("{"))
        return None if fits else f": must be a dictionary, and not {kind}"
    if wanted == "int":
        return None if _is_whole(value) else f": must be a whole number, and not {kind}"
    return f": must be {_WORDS.get(wanted, 'text')}, and not {kind}" if type(value) in _CONTAINERS else None


_WORDS = {"bool": "true or false", "path": "a path"}


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, float):
        return "a number with a fraction" if math.isfinite(value) else "a number without an end"
    return next(
        (word for kind, word in _CONTAINERS.items() if isinstance(value, kind)),
        "a number" if isinstance(value, int) else "text",
    )


def _is_whole(value: Any) -> bool:
    """Whether a value is a whole number, or text that represents one."""
    if isinstance(value, (bool, *_CONTAINERS)):
        return False
    try:
        return isinstance(value, int) or float(value).is_integer()
    except (TypeError, ValueError):
        return False


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """Return options without unset ones and without those that ansible adds."""
    return {
        name: value for name, value in options.items() if value is not None and not str(name).startswith("_ansible_")
    }


def _reword(problem: str) -> str:
    """Complete the message of ansible for an unknown option, which has no verb."""
    unknown, separator, known = problem.partition(". Supported parameters include: ")
    return f"unknown option {unknown}; known are {known.rstrip('.')}" if separator else problem


class _Module(AnsibleModule):
    """AnsibleModule that reports all problems with its options, and the location of each."""

    params: dict[str, Any]
    _problems: list[str] = []

    def _load_params(self) -> None:
        super()._load_params()
        self._secrets = secret_values(self.argument_spec, self.params)
        with secrets_of_task(every_form(self._secrets)):
            self._problems = argument_problems(self.argument_spec, self.params)
        if self._problems:
            # ansible would fail on them, and must not log them
            self.params = {name: value for name, value in self.params.items() if name.startswith("_ansible_")}

    def fail_json(self, msg: str, **result: Any) -> None:
        if self._problems:
            result = refusal(self._problems, self._secrets)
            msg = result.pop("msg")
        super().fail_json(msg, **result)
