# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action classes of `adopt_host` and `adopt_provider`: they pass on what the tasks returned, and write the files at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible.utils.display import Display

from ..module_utils.core.errors import FleetgateError
from ..module_utils.fleet.adopt import OPTIONS, VARIABLE
from ..module_utils.fleet.emergency import OPTIONS as EMERGENCY
from ..module_utils.fleet.entries import typed_options
from ..module_utils.fleet.keep import PROVIDER as KEPT_PROVIDER
from ..module_utils.fleet.known_pulse import pulse_as_read
from ..module_utils.fleet.products import product_of
from ..module_utils.fleet.providers import PROVIDERS
from ..module_utils.pulse.system import PULSE as PULSE_SYSTEM
from .adopted_files import VAULT, AdoptedFiles, Secret
from .monitor import PULSE, pulse_of_inventory
from .report_files import write
from .sealed import unseal
from .vault import Vault
from .wire import HostAction, ProviderAction, hosts_of_two_products, left_out, plain, refusal, refusals, registered

# where the tasks of the role register what they return
PROVIDER, HOST = "__fleetgate_adopt_idp", "__fleetgate_adopt"
DECLARED, COMPARED = "__fleetgate_adopt_declared", "__fleetgate_adopt_compared"
PROVIDER_COMPARED = "__fleetgate_adopt_idp_compared"
# what the hosts returned before a stage of the provider, and the key that it has where nothing was refused
_BEFORE = {"declare": (HOST, "existing"), "compare": (COMPARED, "wiring")}
NOTHING_WRITTEN = "did not write any file"


class AdoptHostAction(HostAction):
    """`adopt_host`, for the inventory host of the task."""

    declared = ("api", "names", "domain", "pulse", "adopt")

    def answer(self, task_vars: Any) -> dict[str, Any]:
        with pulse_as_read(task_vars.get(PULSE)):
            return super().answer(task_vars)

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        name, provider = str(task_vars["inventory_hostname"]), plain(task_vars.get(PROVIDER) or {})
        if arguments["stage"] == "compare":
            found = plain(task_vars[DECLARED])
            own = found["hosts"][name]
            arguments |= {option: found[option] for option in ("users", "groups", "issuer", "scopes", "members")}
            arguments |= {option.removeprefix("fleetgate_"): value for option, value in own.items()}
            arguments["pulse"] = arguments.get("pulse") or pulse_of_inventory(task_vars)
        elif provider.get("problems"):
            raise FleetgateError("the identity provider could not be read")
        else:
            arguments |= {option: provider[option] for option in ("issuer", "scopes")}
            arguments["clients"] = provider["provided"]["clients"]
        return super()._completed(arguments, task_vars)


class AdoptProviderAction(ProviderAction):
    """`adopt_provider`, once for all hosts of the play."""

    declared = ("idp", "adopt")
    kept_at = KEPT_PROVIDER

    def answer(self, task_vars: Any) -> dict[str, Any]:
        stage = self._task.args.get("stage")
        if stage == "write":
            return self._write(task_vars)
        result = super().answer(task_vars)
        if result.get("failed") and stage != "read":
            result["refused"] = self._messages(result, task_vars)
        return result

    def _completed(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        stage, hosts = arguments["stage"], list(task_vars["ansible_play_hosts"])
        if stage == "read":
            self._problems += hosts_of_two_products(task_vars["groups"])
        elif stage == "declare":
            self._check_hosts(task_vars)
            arguments["existing"] = {name: registered(task_vars, name, HOST)["existing"] for name in hosts}
            arguments["provided"] = plain(task_vars[PROVIDER])["provided"]
        else:
            self._check_hosts(task_vars)
            found = plain(task_vars[DECLARED])
            arguments |= {option: found[option] for option in ("users", "groups", "members", "keep")}
            arguments["realm"] = found["hosts"][hosts[0]]["fleetgate_realm"]
            arguments["hosts"] = [self._wiring(name, registered(task_vars, name, COMPARED)) for name in hosts]
            arguments["left_out"] = left_out(task_vars)
        return arguments

    def _check_hosts(self, task_vars: dict[str, Any]) -> None:
        """Nothing is done unless the tasks before succeeded on all hosts."""
        of_hosts = (self._preflight_of(task_vars, name) for name in task_vars["ansible_play_hosts"])
        if self._preflight_problems(task_vars) or any(of_hosts):
            raise FleetgateError("nothing was written, because problems were found")

    def _preflight_problems(self, task_vars: dict[str, Any]) -> list[str]:
        return list(plain(task_vars.get(PROVIDER) or {}).get("problems") or [])

    def _preflight_of(self, task_vars: dict[str, Any], name: str) -> list[str]:
        variable, key = _BEFORE[self._task.args["stage"]]
        return refusal(registered(task_vars, name, variable), key)

    def _messages(self, result: Mapping[str, Any], task_vars: dict[str, Any]) -> dict[str, str]:
        general = self._preflight_problems(task_vars)
        own = {name: [] if general else self._preflight_of(task_vars, name) for name in task_vars["ansible_play_hosts"]}
        if not (general or any(own.values())):
            general = list(result.get("problems") or [result["msg"]])
        return refusals(general, own, NOTHING_WRITTEN)

    # -- files -------------------------------------------------------------------------------------------------

    def _write(self, task_vars: dict[str, Any]) -> dict[str, Any]:
        """Write the files that do not exist yet; a file with another content is refused before that."""
        try:
            self._problems: list[str] = []
            options = typed_options(self._variable(task_vars, "adopt"), OPTIONS, VARIABLE)
            found = _Found(task_vars, self._variable(task_vars, "idp"))
            adopted = AdoptedFiles(found.fleet(), found.people(), found.hosts(), found.addresses(), found.keep())
            vault = Vault(self._loader)
            texts = dict(adopted.files)
            if adopted.vault:
                texts[VAULT] = _encrypted(adopted, vault, options)
            folder = Path(options["directory"])
            missing = {
                name: text for name, text in texts.items() if not _is_written(folder / name, text, adopted, vault)
            }
            if not self._task.check_mode:
                for name, text in missing.items():
                    (folder / name).parent.mkdir(parents=True, exist_ok=True)
                    write(str(folder / name), text, f"{VARIABLE}.directory")
                    (folder / name).chmod(0o600 if name == VAULT else 0o644)
        except OSError as error:
            return FleetgateError(f"{VARIABLE}.directory: {error.strerror}: {error.filename}").as_result()
        except FleetgateError as error:
            return error.as_result()
        for line in _lines(folder, missing, found, self._task.check_mode):
            Display().display(line)
        return {"changed": bool(missing), "files": sorted(missing), "diff": list(_diff(folder, missing))}


class _Found:
    """What the tasks of the run returned."""

    def __init__(self, task_vars: dict[str, Any], idp: Mapping[str, Any]) -> None:
        self._task_vars = task_vars
        self._idp = idp
        self._names: list[str] = list(task_vars["ansible_play_hosts"])
        self._declared = plain(task_vars[DECLARED])
        self.notes: list[str] = self._declared["notes"]
        self.left_out = left_out(task_vars)

    def fleet(self) -> dict[str, Any]:
        provider = PROVIDERS[self._idp["type"]]
        spec = provider.system.connection if provider.system else {}
        variables = {"fleetgate_idp": _with_secrets(self._idp, spec)}
        if pulse := self._variables(self._names[0]).get("fleetgate_pulse"):
            variables["fleetgate_pulse"] = _with_secrets(plain(pulse), PULSE_SYSTEM.connection)
        return variables

    def people(self) -> dict[str, Any]:
        return {f"fleetgate_{kind}": self._declared[kind] for kind in ("users", "groups")}

    def hosts(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The variables of each host, by the group that it is in."""
        hosts: dict[str, dict[str, dict[str, Any]]] = {}
        for name in self._names:
            product = product_of(self._task_vars["hostvars"][name]["group_names"])
            if product:
                hosts.setdefault(product.name, {})[name] = self._of_host(name, product.system.connection)
        for name in self._task_vars["groups"].get("pulse", ()):
            api = plain(self._variables(name).get("fleetgate_api") or {})
            hosts.setdefault("pulse", {})[name] = {"fleetgate_api": _with_secrets(api, PULSE_SYSTEM.connection)}
        return hosts

    def _of_host(self, name: str, connection: Mapping[str, Any]) -> dict[str, Any]:
        given, adopted = self._variables(name), self._declared["hosts"][name]
        secret = unseal(registered(self._task_vars, name, HOST).get("secrets", {}).get("realm", ""))
        client = dict(adopted.get("fleetgate_client") or {})
        if client and secret and not PROVIDERS[self._idp["type"]].system:
            client["secret"] = Secret(secret)
        names = [*plain(given.get("fleetgate_names") or []), *adopted.get("fleetgate_names", [])]
        emergency = plain(given.get("fleetgate_emergency"))
        variables = {
            "fleetgate_api": _with_secrets(plain(given.get("fleetgate_api") or {}), connection),
            "fleetgate_realm": adopted["fleetgate_realm"],
            "fleetgate_client": client,
            "fleetgate_names": list(dict.fromkeys(names)),
            "fleetgate_domain": plain(given.get("fleetgate_domain")),
            "fleetgate_emergency": _with_secrets(emergency, EMERGENCY) if isinstance(emergency, dict) else emergency,
            **registered(self._task_vars, name, COMPARED)["variables"],
        }
        return {option: value for option, value in variables.items() if value not in (None, {}, [], "")}

    def addresses(self) -> dict[str, str]:
        """The addresses of the hosts whose name is none."""
        names = [*self._names, *self._task_vars["groups"].get("pulse", ())]
        found = {name: str(self._variables(name).get("ansible_host") or name) for name in names}
        return {name: address for name, address in found.items() if address != name}

    def keep(self) -> dict[str, list[str]]:
        """What is left alone, by host and at the identity provider."""
        found = {KEPT_PROVIDER: plain(self._task_vars[PROVIDER_COMPARED])["keep"]}
        found |= {name: registered(self._task_vars, name, COMPARED)["keep"] for name in self._names}
        return {name: list(names) for name, names in found.items() if names}

    def _variables(self, name: str) -> Mapping[str, Any]:
        variables: Mapping[str, Any] = self._task_vars["hostvars"][name]
        return variables


def _with_secrets(options: Mapping[str, Any], spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Connection options, whose secrets are to be in the vault."""
    return {
        option: Secret(str(value)) if spec.get(option, {}).get("no_log") and value else value
        for option, value in options.items()
    }


def _encrypted(adopted: AdoptedFiles, vault: Vault, options: Mapping[str, Any]) -> str:
    encrypted = vault.encrypt(adopted.vault_text(), options["vault_id"])
    if encrypted is None:
        raise FleetgateError(
            f"{VARIABLE}.vault_id: no password is known for '{options['vault_id']}', with which {VAULT} is to be encrypted; run"
            " ansible-playbook with --ask-vault-pass, --vault-password-file or --vault-id"
        )
    return encrypted


def _is_written(path: Path, text: str, adopted: AdoptedFiles, vault: Vault) -> bool:
    """Whether a file exists with this content; another content is that of somebody, and refused."""
    if not path.exists():
        return False
    existing = path.read_text("utf-8", "replace")
    if path.match(f"*/{VAULT}"):
        clear = vault.decrypt(existing.strip()) or ""
        existing, text = clear, adopted.vault_text()
    if existing != text:
        raise FleetgateError(
            f"{VARIABLE}.directory: '{path}' exists with another content than would be written; move it away, or choose another"
            " directory"
        )
    return True


def _diff(folder: Path, missing: Mapping[str, str]) -> Iterator[dict[str, str]]:
    for name, text in missing.items():
        shown = "(encrypted)\n" if name == VAULT else text
        yield {"before": "", "after": shown, "before_header": str(folder / name), "after_header": str(folder / name)}


def _lines(folder: Path, missing: Mapping[str, str], found: _Found, check_mode: bool) -> Iterator[str]:
    """What was written, what is left alone, and how to go on."""
    verb = "would write" if check_mode else "wrote"
    yield f"{verb} {', '.join(missing)} in {folder}" if missing else f"{folder} has everything already"
    for place, names in found.keep().items():
        yield f"{'identity provider' if place == KEPT_PROVIDER else place}: left alone, because the variables cannot describe it:"
        yield from (f"  {name}" for name in names)
    yield from found.notes
    if found.left_out:
        yield f"not read, and therefore not in the inventory: {', '.join(found.left_out)}"
    yield f"continue with: ansible-playbook fleetgate.proxmox.wire -i {folder / 'inventory.yml'} --ask-vault-pass --check --diff"
