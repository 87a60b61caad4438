# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Systems: the products, each with the modules that follow from its resources."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import FleetgateError, refuse
from .module import Address, Definition
from .plan import Desired, ServerState, converge
from .resource import fields_spec, rule_violations

if TYPE_CHECKING:
    from .client import Client
    from .errors import Problem
    from .fields import Field
    from .resource import Resource


# the number of objects that a run may remove
LIMIT = {"max_removals": {"type": "int", "default": 20}}


class System:
    """A product: its connection, and its resources in order of dependency.

    `lookups` are read-only resources, `apart` resources with a module of their own that are not part of the state.
    `facts` are other readable values: by name, a function that returns the value for a client.
    `permissions` returns effective permissions by ID for the state of a server and IDs.
    `questions` are facts with options: by name, a table of fields and a function that returns the value for a client and options.
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
        """Return a client for the connection options. Items of a loop share it, and thus its login and connection."""
        shell = params.get("shell") if params.get("connection") == "shell" else None
        known = (check_mode, shell, *(params[option] for option in self.connection))
        if known not in self._clients:
            self._clients[known] = self.connect(dict(params), check_mode)
        return self._clients[known]

    def module_for(self, name: str) -> Definition:
        """Return the module for a single object of a kind."""
        resource = next(kind for kind in (*self.resources, *self.apart) if kind.name == name)

        def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
            scopes = {name: params["exclusive"]} if resource.many else {}
            result, objects, secrets = self._converge(params, check_mode, [(resource, params, "")], scopes)
            result[name] = objects[name] if resource.many else next(iter(objects[name]), {})
            if any("/" in owner for owner in secrets):
                # an object with several secrets returns each under its name
                return {**result, "secrets": {owner.rpartition("/")[2]: secret for owner, secret in secrets.items()}}
            return {**result, "secret": next(iter(secrets.values()))} if secrets else result

        spec = {
            **self.connection,
            **resource.spec(),
            **({"exclusive": _scopes_spec(resource), **LIMIT} if resource.many else {}),
        }
        return Definition(spec, run, self.address, {"": resource.uploads})

    def state(self) -> Definition:
        """Return the module for the whole state of a server."""

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
        """Return the module that reads. Its lists are valid input of the state module, which then changes nothing."""
        resources = {resource.plural: resource for resource in (*self.resources, *self.lookups)}
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
                if warnings := _omissions(client, [resources[name] for name in resources if name in params["gather"]]):
                    result["warnings"] = warnings
                for subject in params["gather"]:
                    if subject in resources:
                        secrets = params.get("show_secrets", False)
                        result[subject] = _listed(server, resources[subject], filters.get(subject), secrets)
                    else:
                        result[subject] = self.facts[subject](client)
                if self.permissions and params.get("permissions_of"):
                    result["permissions"] = self.permissions(server, params["permissions_of"])
                return {**result, **self._answers(client, params)}

        spec: dict[str, dict[str, Any]] = {
            "gather": {"type": "list", "elements": "str", "choices": choices, "default": choices},
            "filters": {
                "type": "dict",
                "options": {name: _scopes_spec(resource) for name, resource in resources.items()},
            },
        }
        if self.permissions:
            spec["permissions_of"] = {"type": "list", "elements": "str"}
        if any(resource.returns_secrets for resource in resources.values()):
            spec["show_secrets"] = {"type": "bool", "default": False, "no_log": False}
        for name, (fields, _answer) in self.questions.items():
            needed = [field.option for field in fields if field.needed]
            spec[name] = {"type": "list", "elements": "dict", "options": fields_spec(fields, needed), "no_log": False}
        return Definition({**self.connection, **spec}, run, self.address)

    def _answers(self, client: Any, params: dict[str, Any]) -> dict[str, list[Any]]:
        """Return the answers to the questions that are asked, by name."""
        answers = {}
        for name, (fields, answer) in self.questions.items():
            questions = params[name] or ()
            refuse(
                [
                    problem.at(f"{name}[{index}].")
                    for index, question in enumerate(questions)
                    for problem in rule_violations(fields, question)
                ]
            )
            if questions:
                answers[name] = [answer(client, question) for question in questions]
        return answers

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
        """All readable resources."""
        return (*self.resources, *self.apart, *self.lookups)

    def desired(
        self, params: Mapping[str, Any], entries: list[tuple[Resource, dict[str, Any], str]], scopes: dict[str, Any]
    ) -> list[Desired]:
        """Return the desired state of typed `entries`, each with its resource and location; all problems are refused together."""
        declared = [
            Desired(resource, resource.normalise({name: options.get(name) for name in resource.spec()}), where)
            for resource, options, where in entries
        ]
        broken = [(entry, problem) for entry in declared for problem in entry.resource.problems(entry.entry)]
        if broken:
            broken = self._not_on_server(params, broken)
        problems = [problem.at(entry.where) for entry, problem in broken]
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

    def _not_on_server(
        self, params: Mapping[str, Any], broken: list[tuple[Desired, Problem]]
    ) -> list[tuple[Desired, Problem]]:
        """Leave out rules that existing objects on the server break as well: they were created by other means, and may stay."""
        try:
            client = self.client(params, True)
            server = ServerState(client, self.kinds)
            with client.understanding():
                return [
                    (entry, problem)
                    for entry, problem in broken
                    if not server.has(entry.resource, entry.entry, problem.option)
                ]
        except FleetgateError:
            return broken


def _omissions(client: Any, resources: list[Resource]) -> list[str]:
    """Return a message for each resource of which the server may hide objects from the caller."""
    required = [
        (resource.audit_permission, f"without it {resource.plural} may be left out")
        for resource in resources
        if resource.audit_permission
    ]
    missing: list[str] = client.missing_permissions(required)
    return missing


def _listed(
    server: ServerState, resource: Resource, scopes: list[dict[str, Any]] | None, secrets: bool
) -> list[dict[str, Any]]:
    """Return the objects of a resource, restricted to `scopes` if any are given."""
    return [
        resource.to_result(actual.values, secrets)
        for key, actual in server.actual(resource.name, None).items()
        if not scopes or resource.in_scope(scopes, key)
    ]


def _scope_problems(resource: Resource, scope: dict[str, Any], where: str) -> list[str]:
    given = {option: value for option, value in scope.items() if value is not None}
    if not given:
        return [f"{where}: must have at least one of {', '.join(scope)}"]
    # an empty condition would make the scope wider than intended
    empty = [f"{where}.{option}: must not be empty" for option, value in given.items() if not value]
    return empty + [problem.at(f"{where}.") for problem in rule_violations(resource.scope, given)]


def _scopes_spec(resource: Resource) -> dict[str, Any]:
    return {"type": "list", "elements": "dict", "options": fields_spec(resource.scope), "no_log": False}
