# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries for one server: what a declaration means there, in the options of the modules, and where it was declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..core.errors import FleetgateError, refuse
from ..core.module import argument_problems
from ..core.plan import Desired
from ..core.resource import Resource
from ..core.system import System

# how many objects one run may remove from a server
MAX_REMOVALS = 20


@dataclass(frozen=True)
class Entry:
    """One object: its kind, its options, and the words that lead to it in a message (with the separator at the end)."""

    kind: str
    options: Mapping[str, Any]
    where: str


@dataclass
class Entries:
    """All entries for one server, and by kind the scopes in which they are complete."""

    entries: list[Entry] = field(default_factory=list)
    scopes: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, kind: str, options: Mapping[str, Any], where: str) -> None:
        self.entries.append(Entry(kind, options, where))

    def set_option(self, kind: str, key: str, name: str, option: str, value: Any, where: str) -> None:
        """Set one option of the entry of an object, which gets an entry if it has none."""
        for number, entry in enumerate(self.entries):
            if entry.kind == kind and entry.options[key] == name:
                self.entries[number] = replace(entry, options={**entry.options, option: value})
                return
        self.add(kind, {key: name, option: value}, where)

    def complete(self, kind: str, **scope: str) -> None:
        """Entries of a kind within this scope that nobody declares are to be removed."""
        scopes = self.scopes.setdefault(kind, [])
        if scope not in scopes:
            scopes.append(scope)

    def desired(self, system: System, connection: Mapping[str, Any]) -> list[Desired]:
        """The entries as the engine takes them; all that is wrong with them by themselves is refused together."""
        kinds: dict[str, Resource] = {resource.name: resource for resource in system.resources}
        specs = {name: kinds[name].spec() for name in {entry.kind for entry in self.entries}}
        problems, typed = [], []
        for entry in self.entries:
            # entries of the ACL are made of rights, which are typed already
            found = [] if entry.kind == "acl" else argument_problems(specs[entry.kind], dict(entry.options))
            if found:
                problems += [f"{entry.where.rstrip('.')}: {problem}" for problem in found]
            else:
                checked = ArgumentSpecValidator(specs[entry.kind]).validate(entry.options)
                typed.append((kinds[entry.kind], checked.validated_parameters, entry.where))
        try:
            desired = system.desired(connection, typed, self.scopes)
        except FleetgateError as error:
            problems += error.problems
        refuse(problems)
        return desired


def typed_options(options: Any, spec: Mapping[str, Any], variable: str) -> dict[str, Any]:
    """The options in a variable with the types of their specification; all problems are reported together."""
    if not isinstance(options or {}, Mapping):
        refuse([f"{variable}: must be a dictionary of options"])
    given = dict(options or {})
    refuse([f"{variable}: {problem}" for problem in argument_problems(dict(spec), given)])
    return dict(ArgumentSpecValidator(dict(spec)).validate(given).validated_parameters)


def connection_of(system: System, options: Any, variable: str, shell: Any = None) -> dict[str, Any]:
    """The typed connection options of a system; `shell` runs scripts on the host, for systems that are reached by it."""
    connection = typed_options(options, system.connection, variable)
    return {**connection, "shell": shell} if shell and connection.get("connection") == "shell" else connection
