# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity provider of a fleet that is taken over, and the declaration of the fleet. Nothing is written to a server.

- `read`: users, groups and clients.
- `declare`: the variables, from what the provider and all hosts have; and what wire would change of people.
- `compare`: what wire would change of clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.plan import ServerState
from .adopt import VARIABLE
from .adoption import Adoption, Existing, Provided
from .hidden import hidden
from .keep import names_in
from .provider import SPEC as PROVIDER_SPEC
from .provider import provider_of
from .provider import run as run_provider
from .providers import Provider
from .undeclared import REPORT

SPEC: dict[str, dict[str, Any]] = {
    **{
        name: PROVIDER_SPEC[name]
        for name in ("idp", "realm", "users", "groups", "members", "hosts", "left_out", "keep")
    },
    "stage": {"type": "str", "choices": ["read", "declare", "compare", "write"], "required": True},
    "adopt": {"type": "raw"},
    "provided": {"type": "dict", "default": {}},
    "existing": {"type": "dict", "default": {}},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    stages = {"read": _read, "declare": _declare, "compare": _compare}
    if params["stage"] not in stages:
        raise FleetgateError(f"stage: {params['stage']} is done by the action plugin on the control node")
    return stages[params["stage"]](params, provider_of(params["idp"]))


def _read(params: dict[str, Any], provider: Provider) -> dict[str, Any]:
    found = _preflight(params, {"name": "adopt"}, [], [])
    provided = _provided(params, provider) if provider.system else Provided()
    return {"changed": False, **{name: found[name] for name in ("issuer", "scopes")}, "provided": provided.to_result()}


def _provided(params: Mapping[str, Any], provider: Provider) -> Provided:
    connection = provider.connection(params["idp"])
    client = provider.managed_system.client(connection, True)
    with client.understanding():
        state = ServerState(client, provider.managed_system.kinds)
        return Provided(
            {name: provider.existing_user(user.values) for (name,), user in state.actual("user", None).items()},
            {name: provider.existing_group(group.values) for (name,), group in state.actual("group", None).items()},
            provider.existing_clients(state),
        )


def _declare(params: dict[str, Any], provider: Provider) -> dict[str, Any]:
    hosts = {name: Existing.of(found) for name, found in params["existing"].items()}
    if not any(host.realm for host in hosts.values()):
        refuse(
            [
                f"{VARIABLE}: no host has an OpenID realm whose issuer is that of {provider.title}, so there is nothing to take"
                " over; declare users and groups, and run the playbook wire"
            ]
        )
    adoption = Adoption(Provided(**params["provided"]), hosts, managed=provider.system is not None)
    users, groups = adoption.users(), adoption.groups()
    variables = {name: adoption.host(name) for name in hosts}
    realm = next(iter(variables.values()))["fleetgate_realm"]
    found = _preflight(params, realm, users, groups)
    return {
        "changed": False,
        **{name: found[name] for name in ("issuer", "scopes", "members")},
        "users": users,
        "groups": groups,
        "hosts": variables,
        "keep": names_in(found.get("diff") or {}),
        "notes": adoption.left_out(),
    }


def _preflight(params: Mapping[str, Any], realm: Any, users: list[Any], groups: list[Any]) -> dict[str, Any]:
    declared = {"realm": realm, "users": users, "groups": groups, "keep": [], "members": {}}
    found = run_provider({**params, **declared, "stage": "preflight"}, True)
    refuse(list(found.get("problems", ())))
    return found


def _compare(params: dict[str, Any], provider: Provider) -> dict[str, Any]:
    found = _wired(params, params["keep"])
    keep = [*params["keep"], *names_in(found["diff"]), *(one["label"] for one in found.get("undeclared", ()))]
    keep = list(dict.fromkeys(keep))
    left = _wired(params, keep)
    refuse([f"wire would still change {provider.title}: {step['reason']}" for step in left["plan"]])
    refuse(
        [f"wire would still change {host}, whose realm has another secret than its client" for host in left["pending"]]
    )
    return {"changed": False, "keep": keep}


def _wired(params: Mapping[str, Any], keep: list[str]) -> dict[str, Any]:
    return run_provider({**params, "stage": "apply", "outside": {}, "undeclared": REPORT, "keep": keep}, True)


ADOPT_PROVIDER = Definition(SPEC, run, hidden=hidden)
