# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Systems: what PVE, PBS, Pocket ID and the others have in common, which is the three modules each of them offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import FleetgateError, refuse
from .module import Address, Definition
from .plan import Desired, ServerState, converge
from .resource import fields_spec, rule_violations

if TYPE_CHECKING:
    from .client import Client
    from .fields import Field
    from .resource import Resource


# how many objects one run may remove
LIMIT = {"max_removals": {"type": "int", "default": 20}}


class System:
    """One product: how to connect to it, and its resources in the order in which they depend on each other.

    `lookups` are resources that are only read, `apart` those with a module of their own that are no part of the state.
    `facts` are things to read that are no resources: a function from client to value for each name.
    `permissions` tells what users and others may do: a function from world and ids to permissions by id.
    `questions` are such that take options: a table of fields and a function from client and options, for each name.
    """

    def __init__(
        self,
        connection: dict[str, Any],
        address: Address,
        connect: Callable[[dict[str, Any], bool], Client],
        resources: tuple[Resource, ...],
        facts: dict[str, Callable[[Any], Any]],
        lookups: tuple[Resource, ...] = (),
        permissions: Callable[[ServerState, list[str]], dict[str, Any]] | None = None,
        apart: tuple[Resource, ...] = (),
        questions: dict[str, tuple[tuple[Field, ...], Callable[[Any, dict[str, Any]], Any]]] | None = None,
    ) -> None:
        self.connection = connection
        self.address = address
        self.connect = connect
        self.resources = resources
        self.lookups = lookups
        self.apart = apart
        self.questions = questions or {}
        self.facts = facts
        self.permissions = permissions
        self._clients: dict[tuple[Any, ...], Client] = {}

    def client(self, params: Mapping[str, Any], check_mode: bool) -> Any:
        """A client for the connection options. Items of a loop share it, and with it one sign-in and one connection."""
        shell = params.get("shell") if params.get("connection") == "shell" else None
        known = (check_mode, shell, *(params[option] for option in self.connection))
        if known not in self._clients:
            self._clients[known] = self.connect(dict(params), check_mode)
        return self._clients[known]

    def one(self, name: str) -> Definition:
        """The module for one object of a kind."""
        resource = next(kind for kind in (*self.resources, *self.apart) if kind.name == name)

        def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
            scopes = {name: params["exclusive"]} if resource.many else {}
            result, objects, secrets = self._converge(params, check_mode, [(resource, params, "")], scopes)
            there = objects[name]
            result[name] = there if resource.many else next(iter(there), {})
            if any("/" in owner for owner in secrets):
                # of several that an object has, each is told under its name
                return {**result, "secrets": {owner.rpartition("/")[2]: secret for owner, secret in secrets.items()}}
            return {**result, "secret": next(iter(secrets.values()))} if secrets else result

        spec = {
            **self.connection,
            **resource.spec(),
            **({"exclusive": _scopes_spec(resource), **LIMIT} if resource.many else {}),
        }
        return Definition(spec, run, self.address, {"": resource.uploads})

    def state(self) -> Definition:
        """The module for the whole state of a server, in one task."""

        def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
            entries = [
                (resource, options, f"{resource.plural}[{index}].")
                for resource in self.resources
                for index, options in enumerate(params[resource.plural] or ())
            ]
            scopes = {resource.name: (params["exclusive"] or {}).get(resource.plural) for resource in self.resources}
            result, objects, secrets = self._converge(params, check_mode, entries, scopes)
            result.update(
                {resource.plural: objects[resource.name] for resource in self.resources if resource.name in objects}
            )
            return {**result, **({"secrets": secrets} if secrets else {})}

        spec = {
            resource.plural: {"type": "list", "elements": "dict", "options": resource.spec(), "no_log": False}
            for resource in self.resources
        }
        spec["exclusive"] = {
            "type": "dict",
            "options": {resource.plural: _scopes_spec(resource) for resource in self.resources},
        }
        return Definition(
            {**self.connection, **spec, **LIMIT},
            run,
            self.address,
            {resource.plural: resource.uploads for resource in self.resources},
        )

    def info(self) -> Definition:
        """The module that reads; its lists can be given to the state module, and change nothing there."""
        resources = {one.plural: one for one in (*self.resources, *self.lookups)}
        choices = [*resources, *self.facts]

        def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
            filters = {name: scopes for name, scopes in (params["filters"] or {}).items() if scopes}
            refuse(
                [
                    problem
                    for name, scopes in filters.items()
                    for index, scope in enumerate(scopes)
                    for problem in _scope_problems(resources[name], scope, f"filters.{name}[{index}]")
                ]
            )
            client = self.client(params, check_mode)
            with client.understanding():
                server = ServerState(client, resources.values())
                result: dict[str, Any] = {"changed": False}
                partly = [one for name, one in resources.items() if name in params["gather"] and one.audit_permission]
                missing = client.missing_permissions(
                    [(one.audit_permission, f"without it {one.plural} may be left out") for one in partly]
                )
                if missing:
                    result["warnings"] = missing
                for subject in params["gather"]:
                    if subject in resources:
                        resource, scopes = resources[subject], filters.get(subject)
                        result[subject] = [
                            resource.to_result(one.values, params.get("show_secrets", False))
                            for key, one in server.actual(resource.name, None).items()
                            if not scopes or resource.in_scope(scopes, key)
                        ]
                    else:
                        result[subject] = self.facts[subject](client)
                if self.permissions and params.get("permissions_of"):
                    result["permissions"] = self.permissions(server, params["permissions_of"])
                for name, (fields, answer) in self.questions.items():
                    asked = params[name] or ()
                    refuse(
                        [
                            f"{name}[{index}].{option}: {rule}"
                            for index, one in enumerate(asked)
                            for option, rule in rule_violations(fields, one)
                        ]
                    )
                    if asked:
                        result[name] = [answer(client, one) for one in asked]
                return result

        spec: dict[str, dict[str, Any]] = {
            "gather": {"type": "list", "elements": "str", "choices": choices, "default": choices},
            "filters": {"type": "dict", "options": {name: _scopes_spec(one) for name, one in resources.items()}},
        }
        if self.permissions:
            spec["permissions_of"] = {"type": "list", "elements": "str"}
        if any(one.returns_secrets for one in resources.values()):
            spec["show_secrets"] = {"type": "bool", "default": False, "no_log": False}
        for name, (fields, _answer) in self.questions.items():
            needed = [one.option for one in fields if one.needed]
            spec[name] = {"type": "list", "elements": "dict", "options": fields_spec(fields, needed), "no_log": False}
        return Definition({**self.connection, **spec}, run, self.address)

    def _converge(
        self,
        params: dict[str, Any],
        check_mode: bool,
        entries: list[tuple[Resource, dict[str, Any], str]],
        scopes: dict[str, Any],
    ) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]], dict[str, str]]:
        desired = self.desired(params, entries, scopes)
        return converge(
            self.client(params, check_mode),
            self.kinds,
            desired,
            {name: wanted for name, wanted in scopes.items() if wanted},
            check_mode,
            params.get("max_removals"),
        )

    @property
    def kinds(self) -> tuple[Resource, ...]:
        """All resources that can be read."""
        return (*self.resources, *self.apart, *self.lookups)

    def desired(
        self, params: Mapping[str, Any], entries: list[tuple[Resource, dict[str, Any], str]], scopes: dict[str, Any]
    ) -> list[Desired]:
        """What typed `entries` declare, each with its resource and the words that lead to it; all problems are refused together."""
        declared = [
            Desired(resource, resource.normalise({name: options.get(name) for name in resource.spec()}), where)
            for resource, options, where in entries
        ]
        broken = [(entry, option, rule) for entry in declared for option, rule in entry.resource.problems(entry.entry)]
        if broken:
            broken = self._not_there(params, broken)
        problems = [f"{entry.where}{option}: {rule}" for entry, option, rule in broken]
        by_kind = {kind.name: [entry.entry for entry in declared if entry.resource is kind] for kind in self.resources}
        for resource in self.resources:
            problems += resource.conflicts(by_kind)
            for index, scope in enumerate(scopes.get(resource.name) or ()):
                where = (
                    f"exclusive[{index}]"
                    if len(entries) == 1 and not entries[0][2]
                    else f"exclusive.{resource.plural}[{index}]"
                )
                problems += _scope_problems(resource, scope, where)
        refuse(problems)
        return declared

    def _not_there(
        self, params: Mapping[str, Any], broken: list[tuple[Desired, str, str]]
    ) -> list[tuple[Desired, str, str]]:
        """Broken rules without those that objects on the server break as well: they were made by others, and may stay."""
        try:
            client = self.client(params, True)
            server = ServerState(client, self.kinds)
            with client.understanding():
                return [each for each in broken if not server.has(each[0].resource, each[0].entry, each[1])]
        except FleetgateError:
            return broken


def _scope_problems(resource: Resource, scope: dict[str, Any], where: str) -> list[str]:
    given = {option: value for option, value in scope.items() if value is not None}
    if not given:
        return [f"{where}: must name at least one of {', '.join(scope)}"]
    # a condition that came out empty would make the scope wider than it was meant
    empty = [f"{where}.{option}: must not be empty" for option, value in given.items() if not value]
    return empty + [f"{where}.{option}: {rule}" for option, rule in rule_violations(resource.scope, given)]


def _scopes_spec(resource: Resource) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "options": fields_spec(resource.scope), "no_log": False}
