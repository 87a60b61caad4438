# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Off-boarding of a person at the identity provider, before the hosts: whoever can sign in is created again on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.checks import Check, as_results, skipped
from ..core.errors import FleetgateError, refuse, suggestion
from ..core.module import Definition
from ..core.plan import converge
from ..oidc.offboarding import Offboarding
from .declaration import declaration
from .entries import Entries
from .hidden import hidden
from .host import Problems, with_warnings
from .leaving import Done, Ended, by_hand, leaving_at
from .offboard import WHERE, is_declared_absent, person_problems, still_declared
from .provider import provider_of
from .providers import Provider

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "review", "apply", "report"], "required": True},
    "idp": {"type": "raw"},
    "realm": {"type": "raw"},
    "users": {"type": "raw"},
    "groups": {"type": "raw"},
    "members": {"type": "dict", "default": {}},
    "person": {"type": "str", "default": ""},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    stages = {"preflight": _preflight, "apply": _apply}
    if params["stage"] not in stages:
        raise FleetgateError(f"stage: {params['stage']} is done by the action plugin on the control node")
    idp = params["idp"]
    return stages[params["stage"]](params, check_mode, provider_of(idp), idp)


def _preflight(params: dict[str, Any], _check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """Find the person, and refuse what must not be ended. Nothing is written."""
    person = params["person"]
    problems = Problems([*provider.missing(idp), *person_problems(person)])
    declared = problems.of(declaration, params["users"] or [], params["groups"] or [], params["realm"])
    if problems or declared is None:
        raise problems.error()
    result: dict[str, Any] = {
        "changed": False,
        "known": is_declared_absent(declared, person),
        "claims": {},
        "similar": suggestion(person, [one.name for one in declared.users], listed=False),
        "title": provider.title,
    }
    refuse(still_declared(declared, person, params["members"]))
    leaving = _leaving(provider, idp, person, True)
    if leaving is None:
        return result
    with leaving.client.understanding():
        if leaving.user is None:
            similar = suggestion(person, leaving.names(), listed=False)
            return {**result, "similar": similar or result["similar"]}
        refuse(leaving.blockers())
        _disabled(provider, idp, leaving, True)
        return {**result, "known": True, "claims": leaving.claims()}


def _leaving(provider: Provider, idp: Mapping[str, Any], person: str, check_mode: bool) -> Offboarding | None:
    """The person at a provider that is managed."""
    if provider.system is None:
        return None
    return leaving_at(provider, provider.system.client(provider.connection(idp), check_mode), person)


def _disabled(provider: Provider, idp: Mapping[str, Any], leaving: Offboarding, check_mode: bool) -> dict[str, Any]:
    """Have nobody sign in as the person, and see that this is so."""
    entries = Entries()
    entries.add("user", leaving.options(), f"{WHERE}: ")
    desired = entries.desired(provider.managed_system, provider.connection(idp))
    return converge(leaving.client, provider.managed_system.kinds, desired, {}, check_mode)[0]


def _apply(params: dict[str, Any], check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """End everything that the API of the provider can end, and see that it refuses the person."""
    person = params["person"]
    leaving = _leaving(provider, idp, person, check_mode)
    if leaving is None:
        text = by_hand(provider, idp, person)
        return {"changed": False, "checks": as_results([skipped("by hand", text, person)]), **with_warnings([text])}
    if leaving.user is None:
        check = Check("no user", person, detail=f"{leaving.client.title} has no user {person}")
        return {"changed": False, "checks": as_results([check])}
    done = Done()
    ended = Ended(leaving, provider, check_mode, done)
    with leaving.client.understanding():
        refuse(leaving.blockers())
        ended.remove_before()
        with done.kept_by_errors():
            result = _disabled(provider, idp, leaving, check_mode)
        done.add(result)
        ended.disabled(result["plan"])
        ended.remove_after()
        checks = ended.checks()
    return {
        "changed": bool(done.plan),
        "diff": done.diff,
        "plan": done.plan,
        "removed": ended.removed,
        "checks": as_results(checks),
    }


OFFBOARD_PROVIDER = Definition(SPEC, run, hidden=hidden)
