# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity provider in the access review of a fleet: its people, its groups, and who may use its clients. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..core.errors import FleetgateError
from ..core.module import Definition
from ..core.plan import ServerState
from .compiler import naming
from .declaration import Declaration, declaration
from .hidden import hidden
from .provider import SPEC as PROVIDER_SPEC
from .provider import run as run_provider
from .providers import PROVIDERS, Provider
from .review.facts import People

SPEC: dict[str, dict[str, Any]] = {
    **{name: PROVIDER_SPEC[name] for name in ("idp", "realm", "users", "groups", "members", "keep")},
    "stage": {"type": "str", "choices": ["preflight", "report"], "required": True},
    "report": {"type": "raw"},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["stage"] == "report":
        raise FleetgateError("stage: report is done by the action plugin on the control node")
    try:
        found = run_provider({**params, "stage": "preflight"}, True)
    except FleetgateError as error:
        found = error.as_result()
    result: dict[str, Any] = {
        "changed": False,
        **{name: found[name] for name in ("issuer", "scopes", "members", "claims") if name in found},
    }
    problems = list(found.get("problems", ()))
    if not problems:
        try:
            result["people"] = _people(params, found["members"]).to_result()
        except FleetgateError as error:
            problems = error.problems
    return {**result, "problems": problems}


def _people(params: Mapping[str, Any], members: Mapping[str, Iterable[str]]) -> People:
    provider = PROVIDERS[params["idp"]["type"]]
    declared = declaration(params["users"] or [], params["groups"] or [], params["realm"])
    names = [group.name for group in declared.groups if group.present]
    if provider.system is None:
        known = {name: members[name] for name in names if name in members}
        return People(provider.title, groups=_named(declared, known))
    connection = provider.connection(params["idp"])
    client = provider.system.client(connection, True)
    with client.understanding():
        server = ServerState(client, provider.system.kinds)
        users = _accounts(declared, provider, server)
        found = server.actual("group", {(name,) for name in names})
        groups = {name: found[name,].values["users"] if (name,) in found else () for name in names}
        return People(provider.title, users, _named(declared, groups), provider.restricted(server))


def _accounts(declared: Declaration, provider: Provider, server: ServerState) -> dict[str, bool] | None:
    """Whether each person is disabled. None where users of the realm cannot be traced back to persons."""
    name_in_realm = naming(declared)
    try:
        return {_local(name_in_realm(name)): disabled for name, disabled in provider.accounts(server).items()}
    except FleetgateError:
        return None


def _named(declared: Declaration, groups: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The members by the names that they have on servers; groups are left out where these are not known."""
    name_in_realm = naming(declared)
    try:
        return {group: tuple(_local(name_in_realm(name)) for name in names) for group, names in groups.items()}
    except FleetgateError:
        return {}


def _local(userid: str) -> str:
    """The name of a user without the realm, which hosts may call otherwise."""
    return userid.rpartition("@")[0]


REVIEW_PROVIDER = Definition(SPEC, run, hidden=hidden)
