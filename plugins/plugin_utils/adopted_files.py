# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The files of a fleet that was taken over: an inventory, group and host variables, and a vault with the secrets.

A variable is in the file for the most hosts that all have the same value. Text of servers that Ansible would evaluate is tagged as
unsafe.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import yaml

INVENTORY, MAIN, KEEP, VAULT = (
    "inventory.yml",
    "group_vars/all/main.yml",
    "group_vars/all/keep.yml",
    "group_vars/all/vault.yml",
)
_ABOUT = {
    INVENTORY: "One host is one PVE cluster, reached through any of its nodes, or one PBS.",
    MAIN: "The identity provider, and who may do what.",
    KEEP: "What wire and monitor leave alone although it differs from the declaration. Remove a line to have it set as declared.",
}


@dataclass(frozen=True)
class Secret:
    """A value that belongs into the vault."""

    value: str


class _Unsafe(str):
    """Text that Ansible must not evaluate."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
        return super().increase_indent(flow, False)


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style="'"))


def text_of(data: Mapping[str, Any], about: str = "", short: bool = True) -> str:
    """Variables as YAML, `short` with what fits on a line in one."""
    parts = [
        yaml.dump(
            {name: value},
            Dumper=_Dumper,
            sort_keys=False,
            allow_unicode=True,
            width=150,
            default_flow_style=None if short and isinstance(value, (dict, list)) else False,
        )
        for name, value in data.items()
    ]
    return "".join([*([f"# {about}\n"] if about else []), "---\n", "\n".join(parts)])


class AdoptedFiles:
    """`fleet` and `people` have variables of the whole fleet, `hosts` those of each host by inventory group, `addresses` where hosts are."""

    def __init__(
        self,
        fleet: Mapping[str, Any],
        people: Mapping[str, Any],
        hosts: Mapping[str, Mapping[str, Mapping[str, Any]]],
        addresses: Mapping[str, str],
        keep: Mapping[str, list[str]],
    ) -> None:
        self._vault: dict[str, str] = {}
        everywhere, by_group, by_host = _shared(hosts)
        self._files = {
            INVENTORY: text_of({"all": {"children": _plain(_children(hosts, addresses))}}, _ABOUT[INVENTORY]),
            MAIN: self._variables("", {**fleet, **everywhere, **people}, _ABOUT[MAIN]),
            **{f"group_vars/{group}.yml": self._variables(group, own) for group, own in by_group.items() if own},
            **{f"host_vars/{host}.yml": self._variables(host, own) for host, own in by_host.items() if own},
        }
        if keep:
            self._files[KEEP] = text_of({"fleetgate_keep": _plain(keep)}, _ABOUT[KEEP], short=False)

    @property
    def files(self) -> dict[str, str]:
        """The text of each file but the vault, by its path."""
        return self._files

    @property
    def vault(self) -> dict[str, str]:
        """The variables of the vault."""
        return self._vault

    def vault_text(self) -> str:
        return text_of(_plain(self._vault))

    def _variables(self, scope: str, variables: Mapping[str, Any], about: str = "") -> str:
        return text_of({name: self._value(value, [scope, _short(name)]) for name, value in variables.items()}, about)

    def _value(self, value: Any, path: list[str]) -> Any:
        if isinstance(value, Secret):
            return f"{{{{ {self._name(path, value.value)} }}}}"
        if isinstance(value, Mapping):
            return {_plain(name): self._value(item, [*path, str(name)]) for name, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._value(item, path) for item in value]
        return _plain(value)

    def _name(self, path: Iterable[str], secret: str) -> str:
        """The variable of a secret; names that differ only in other characters are numbered."""
        name = "_".join(["vault", *(re.sub(r"\W", "_", part, flags=re.ASCII) for part in path if part)])
        number, chosen = 1, name
        while self._vault.setdefault(chosen, secret) != secret:
            number += 1
            chosen = f"{name}_{number}"
        return chosen


def _short(variable: str) -> str:
    """What a variable adds to the name of a secret; the options of `fleetgate_api` say enough by themselves."""
    name = variable.removeprefix("fleetgate_")
    return "" if name == "api" else name


def _plain(value: Any) -> Any:
    """Values of Python's own types, which YAML can represent."""
    if isinstance(value, Mapping):
        return {_plain(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return _Unsafe(value) if re.search(r"\{[{%#]", value) else "".join(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return value.isoformat() if isinstance(value, date) else value


def _shared(
    hosts: Mapping[str, Mapping[str, Mapping[str, Any]]],
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The variables that all hosts share, those that all hosts of a group share, and the rest by host."""
    everywhere = _common(own for of_group in hosts.values() for own in of_group.values())
    by_group, by_host = {}, {}
    for group, of_group in hosts.items():
        rest = {host: _without(own, everywhere) for host, own in of_group.items()}
        by_group[group] = _common(rest.values())
        by_host.update({host: _without(own, by_group[group]) for host, own in rest.items()})
    return everywhere, by_group, by_host


def _common(variables: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What all have with the same value."""
    first, *others = [*variables] or [{}]
    return {name: value for name, value in first.items() if all(name in one and one[name] == value for one in others)}


def _without(variables: Mapping[str, Any], shared: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in variables.items() if name not in shared}


def _children(hosts: Mapping[str, Iterable[str]], addresses: Mapping[str, str]) -> dict[str, Any]:
    return {
        group: {"hosts": {host: {"ansible_host": addresses[host]} if host in addresses else {} for host in of_group}}
        for group, of_group in hosts.items()
    }
