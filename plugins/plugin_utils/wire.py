# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of the modules for whole fleets: they pass variables of hosts to the module, and encrypt its secrets.

The roles have one task for each stage, without arguments for what users declare: a variable that cannot be evaluated is then
reported by its name, together with everything else that is wrong, instead of ending the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ..module_utils.core.errors import FleetgateError
from ..module_utils.core.hosts import API_HOST
from ..module_utils.fleet.host import ending_warning
from ..module_utils.fleet.keep import PROVIDER as KEPT_PROVIDER
from ..module_utils.fleet.keep import kept_names
from ..module_utils.fleet.products import PRODUCTS, product_of
from .environment import secrets_of_hosts
from .in_process import InProcessAction
from .sealed import seal, unseal

# where the tasks of the roles register what they return
HOST, PROVIDER, PROVIDER_DONE = "__fleetgate_host", "__fleetgate_idp", "__fleetgate_idp_done"
NOTHING_WRITTEN = "did not write anything"
# stands for the hosts of the fleet that the inventory of a slice does not have
OUTSIDE_SLICE = "hosts outside of this slice"
# options of clients that name files to send
_FILES = ("logo", "dark_logo", "icon")

# every variable that users set, of all roles
VARIABLES = (
    "adopt",
    "api",
    "bootstrap",
    "client",
    "client_secrets",
    "domain",
    "emergency",
    "execute_on",
    "groups",
    "idp",
    "issuer",
    "keep",
    "members",
    "monitoring",
    "names",
    "person",
    "privileges",
    "prove",
    "pulse",
    "pulse_node",
    "realm",
    "record",
    "report",
    "rotate",
    "scopes",
    "slice",
    "token_file",
    "undeclared",
    "unwire",
    "users",
)


class FleetAction(InProcessAction):
    """Takes options that the task does not give from the variables of the host, `fleetgate_OPTION`."""

    # connections of the host are those of the API, and files are sent from the control node
    _supports_async = False

    declared: tuple[str, ...] = ()
    # the key of `fleetgate_keep`, by default the inventory host
    kept_at = ""

    def answer(self, task_vars: Any) -> dict[str, Any]:
        self._problems: list[str] = []
        try:
            result = super().answer(task_vars)
        except FleetgateError as error:
            result = error.as_result()
        # it would be all variables of people once more, on every host
        result.pop("invocation", None)
        if "secrets" in result:
            result["secrets"] = {name: seal(secret) for name, secret in result["secrets"].items()}
        return result

    def _arguments(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        given = {option: plain(value) for option, value in self._task.args.items()}
        declared = {option: self._variable(task_vars, option) for option in self.declared if option not in given}
        if "keep" in declared:
            declared["keep"] = self._kept(declared["keep"], task_vars)
        arguments = self._completed({**declared, **given}, task_vars)
        if self._problems:
            raise FleetgateError(*dict.fromkeys(self._problems))
        return arguments

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The arguments together with what other tasks of the run returned."""
        return arguments

    def _variable(self, task_vars: dict[str, Any], option: str) -> Any:
        """The value of a variable of this host, None where it is not defined."""
        name = f"fleetgate_{option}"
        if name not in task_vars:
            return None
        try:
            return plain(self._templar.template(task_vars[name]))
        except AnsibleError as error:
            self._problems.append(f"{name}: {error.message}")
            return None

    def _is_slice(self, task_vars: dict[str, Any]) -> bool:
        """Whether the inventory of this run has only some of the hosts of the fleet (`fleetgate_slice`)."""
        declared = self._variable(task_vars, "slice")
        try:
            return declared not in (None, "") and boolean(declared)
        except TypeError:
            self._problems.append(f"fleetgate_slice: '{declared}' must be true or false")
            return False

    def _left_out(self, task_vars: dict[str, Any]) -> list[str]:
        """The hosts of the fleet that are not in this run, or that failed in it, in words."""
        return [*left_out(task_vars), *([OUTSIDE_SLICE] if self._is_slice(task_vars) else ())]

    def _kept(self, declared: Any, task_vars: dict[str, Any]) -> list[str]:
        """What is left alone at the server of this task."""
        try:
            return kept_names(declared, self.kept_at or str(task_vars["inventory_hostname"]))
        except FleetgateError as error:
            self._problems += error.problems
            return []

    def _misspelt(self, task_vars: dict[str, Any]) -> list[str]:
        """Warnings for variables that no role has, and that look like one of them."""
        known = {f"fleetgate_{name}" for name in VARIABLES}
        unknown = [name for name in task_vars if name.startswith("fleetgate_") and name not in known]
        close = ((name, get_close_matches(name, known, 1, 0.85)) for name in sorted(unknown))
        return [
            f"{name} is not a variable of this collection; did you mean {found[0]}?" for name, found in close if found
        ]


class HostAction(FleetAction):
    """`wire_host`, for the inventory host of the task."""

    declared: tuple[str, ...] = (
        *("api", "realm", "users", "groups", "client", "names", "domain", "issuer", "scopes", "members"),
        "undeclared",
        "emergency",
        "keep",
    )

    def answer(self, task_vars: Any) -> dict[str, Any]:
        result = super().answer(task_vars)
        warnings = self._misspelt(task_vars) if self._task.args.get("stage", "preflight") == "preflight" else []
        # what ends in the whole fleet is reported once, with the identity provider
        known = plain((task_vars.get(PROVIDER) or {}).get("ending") or ())
        warnings += ending_warning(name for name in result.get("ending", ()) if name not in known)
        if warnings:
            result["warnings"] = [*warnings, *result.get("warnings", ())]
        return result

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        provider = plain(task_vars.get(PROVIDER) or {})
        for option in ("issuer", "scopes", "members"):
            if option in self.declared and arguments.get(option) is None and provider:
                # an issuer that is empty is that of a provider that was refused
                arguments[option] = provider.get(option, "" if option == "issuer" else None)
        if "claims" in self.module.argument_spec:
            arguments.setdefault("claims", provider.get("claims"))
        if arguments.get("stage") == "apply":
            self._apply(arguments, task_vars)
        return {
            **{option: value for option, value in arguments.items() if value is not None},
            "host": self._place(arguments, task_vars),
            "api": self._with_host(arguments.get("api"), task_vars),
        }

    def _place(self, arguments: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The inventory host, and of a large inventory only the names that a right may mean.

        A slice does not have all names of the fleet, so there a name that is not known is not misspelt.
        """
        place = {"name": str(task_vars["inventory_hostname"]), "groups": list(task_vars["group_names"])}
        if self._is_slice(task_vars):
            return place
        declared = repr((arguments.get("users"), arguments.get("groups")))
        known = [one for one in (*task_vars["groups"], *task_vars["groups"]["all"]) if one in declared]
        return {**place, "known": known}

    def _apply(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> None:
        """What the preflight of this host and the identity provider returned."""
        preflight = plain(task_vars.get(HOST) or {})
        if preflight and "wiring" not in preflight:
            raise FleetgateError(*(preflight.get("problems") or [preflight.get("msg") or "its preflight failed"]))
        wiring = preflight.get("wiring")
        if wiring:
            arguments["client"] = wiring["client"]
        client_id = (arguments.get("client") or {}).get("id")
        provider = plain(task_vars.get(PROVIDER_DONE) or {})
        by_hand, secrets = self._variable(task_vars, "client_secrets") or {}, provider.get("secrets") or {}
        if client_id in by_hand:
            arguments["client_secret"] = by_hand[client_id]
        elif client_id in secrets and task_vars["inventory_hostname"] not in provider.get("own_secret", ()):
            arguments["client_secret"] = unseal(secrets[client_id])

    def _with_host(self, api: Any, task_vars: dict[str, Any]) -> Any:
        """The connection options, with the address of the inventory host and the secret of its token where none is given."""
        api = self._with_own_secret(api, task_vars)
        host = task_vars["inventory_hostname"]
        if not isinstance(api or {}, dict) or (api or {}).get("api_host") or host in C.LOCALHOST:
            return api
        address = str(self._templar.template(task_vars.get("ansible_host", host)))
        if "ansible_host" in task_vars and API_HOST.problem(address):
            self._problems.append(f"ansible_host: '{address}' {API_HOST.problem(address)}")
        return {**(api or {}), "api_host": address}

    def _with_own_secret(self, api: Any, task_vars: dict[str, Any]) -> Any:
        """The connection options, with the secret that the environment has for this host alone.

        A runner such as AWX gives secrets as environment variables, and has one credential for all hosts of a product.
        """
        product = product_of(list(task_vars["group_names"]))
        if product is None or not isinstance(api or {}, dict) or (api or {}).get("api_token_secret"):
            return api
        host = str(task_vars["inventory_hostname"])
        try:
            secret = secrets_of_hosts(product).get(host)
        except FleetgateError as error:
            self._problems.append(str(error))
            secret = None
        return {**(api or {}), "api_token_secret": secret} if secret else api


class ProviderAction(FleetAction):
    """`wire_provider`, once for all hosts of the play."""

    declared: tuple[str, ...] = ("idp", "realm", "users", "groups", "members", "undeclared", "keep")
    kept_at = KEPT_PROVIDER
    # where the preflights of the hosts are registered
    preflight = HOST
    # the stages before which nothing is written
    refuses_at: tuple[str, ...] = ("apply", "register", "secrets")
    # those of them that must see all hosts of the fleet
    needs_all: tuple[str, ...] = ("apply", "register")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        result = super().answer(task_vars)
        if result.get("failed") and self._task.args.get("stage") in self.refuses_at:
            result["refused"] = self._messages(result, task_vars)
        return result

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        if arguments["stage"] == "preflight":
            self._problems += hosts_of_two_products(task_vars["groups"])
        elif arguments["stage"] == "prune":
            arguments["left_out"] = self._left_out(task_vars)
            arguments["removals"] = plain((task_vars.get(PROVIDER_DONE) or {}).get("removals") or [])
        else:
            hosts = self._checked_hosts(task_vars)
            if arguments["stage"] in self.needs_all and self._is_slice(task_vars):
                raise FleetgateError(
                    "fleetgate_slice: this run has only some hosts of the fleet, so it must not set up users and clients;"
                    " run the playbook wire_provider once for all hosts, and wire_hosts in the slices"
                )
            arguments["hosts"] = [self._wiring(name, found) for name, found in hosts.items()]
            used = {host["client"]["id"] for host in arguments["hosts"]}
            arguments["left_out"] = self._left_out(task_vars)
            arguments["outside"] = self._outside(task_vars, used, arguments["left_out"])
            if arguments["stage"] == "secrets":
                arguments["people_differ"] = bool((task_vars.get(PROVIDER) or {}).get("plan"))
            if arguments.get("members") is None:
                arguments["members"] = plain((task_vars.get(PROVIDER) or {}).get("members"))
        return {option: value for option, value in arguments.items() if value is not None}

    def _checked_hosts(self, task_vars: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """What the preflights of the hosts of the play returned, none of which may have found a problem."""
        hosts = {name: registered(task_vars, name, HOST) for name in task_vars["ansible_play_hosts"]}
        if self._preflight_problems(task_vars) or any(self._preflight_of(task_vars, name) for name in hosts):
            raise FleetgateError("nothing was written, because the preflight found problems")
        return hosts

    def _wiring(self, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
        wiring, secrets = found["wiring"], found.get("secrets") or {}
        client = self._located(wiring["client"], _FILES)
        if "client" in secrets:
            client["secret"] = unseal(secrets["client"])
        return {**wiring, "host": name, "client": client, "secret": unseal(secrets.get("realm", ""))}

    def _outside(self, task_vars: dict[str, Any], used: Iterable[str], names: Iterable[str]) -> dict[str, list[str]]:
        """The hosts with these names by client: they are not in this run, or were left out of it because they do not answer.

        A host whose client is not known or cannot be evaluated may have any of those that are `used`.
        """
        outside: dict[str, list[str]] = {}
        for name in names:
            for client_id in self._clients_of(name, used, task_vars):
                outside.setdefault(client_id, []).append(name)
        return outside

    @staticmethod
    def _clients_of(name: str, used: Iterable[str], task_vars: dict[str, Any]) -> list[str]:
        if name == OUTSIDE_SLICE:
            return list(used)
        try:
            client = task_vars["hostvars"][name].get("fleetgate_client")
            return [str(client["id"])] if client and client.get("id") else []
        except (AnsibleError, AttributeError):
            return list(used)

    def _preflight_problems(self, task_vars: dict[str, Any]) -> list[str]:
        return list(plain((task_vars.get(PROVIDER) or {}).get("problems") or []))

    def _preflight_of(self, task_vars: dict[str, Any], name: str) -> list[str]:
        """The problems that the preflight of a host found."""
        return refusal(registered(task_vars, name, self.preflight), "wiring")

    @staticmethod
    def _problems_of_client(task_vars: dict[str, Any], name: str, of_clients: Mapping[str, list[str]]) -> list[str]:
        return of_clients.get(registered(task_vars, name, HOST)["wiring"]["client"]["id"], [])

    def _messages(self, result: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, str]:
        """Why nothing was written, by host: each with its own problems, and the first with those of the provider as well."""
        hosts = list(task_vars["ansible_play_hosts"])
        of_provider = self._preflight_problems(task_vars)
        own = {name: self._preflight_of(task_vars, name) for name in hosts}
        of_clients = result.get("of_clients") or {}
        if of_clients:
            own = {name: list(self._problems_of_client(task_vars, name, of_clients)) for name in hosts}
        if not (of_provider or any(own.values())):
            of_provider = list(result.get("problems") or [result["msg"]])
        return refusals(of_provider, own, "was only carried out in part" if result.get("done") else NOTHING_WRITTEN)


def left_out(task_vars: dict[str, Any]) -> list[str]:
    """The hosts of the inventory that are not in this run, or that failed in it."""
    hosts = dict.fromkeys(name for product in PRODUCTS for name in task_vars["groups"].get(product, ()))
    return [name for name in hosts if name not in task_vars["ansible_play_hosts"]]


def hosts_of_two_products(groups: Mapping[str, list[str]]) -> list[str]:
    names = {name: product for product in PRODUCTS for name in groups.get(product, ())}
    return [
        f"{name} is in the groups {product} and {names[name]}; give a machine that runs both one inventory host for each,"
        " with the same ansible_host"
        for product in PRODUCTS
        for name in groups.get(product, ())
        if names[name] != product
    ]


def registered(task_vars: dict[str, Any], host: str, name: str) -> dict[str, Any]:
    """What a task registered on a host."""
    found: dict[str, Any] = plain(task_vars["hostvars"].raw_get(host).get(name) or {})
    return found


def refusals(general: list[str], own: Mapping[str, Iterable[str]], outcome: str) -> dict[str, str]:
    """Why no host went on, by host: its own problems, and for the first host those of none in particular (`general`) as well.

    The message of a host without any names those that have some; `outcome` says what this run did.
    """
    problems = {name: [problem for problem in found if problem not in general] for name, found in own.items()}
    for name in list(problems)[:1]:
        problems[name] = [*general, *problems[name]]
    refused = ", ".join(name for name, found in problems.items() if found)
    others = f"this run {outcome}, because of the problems that are reported for {refused}"
    return {name: "; ".join(dict.fromkeys(found)) or others for name, found in problems.items()}


def refusal(preflight: Mapping[str, Any], key: str) -> list[str]:
    """The problems in the result of a preflight, which has this key where there are none."""
    if key in preflight:
        return []
    return list(preflight.get("problems") or [preflight.get("msg") or "its preflight did not run"])


def plain(value: Any) -> Any:
    """A value in containers of python. Those of ansible bring all variables along, and validators copy what they are given."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [plain(item) for item in value]
    return value
