# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Off-boarding of a person at the identity provider, before the hosts: whoever can sign in is created again on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.checks import Check, as_results, failures, skipped
from ..core.errors import FleetgateError, refuse, suggestion
from ..core.module import Definition
from ..core.plan import Plan, ServerState, add_diff, apply_plan, converge
from ..oidc.offboarding import Offboarding, Removal
from .declaration import declaration
from .entries import Entries, connection_of
from .hidden import hidden
from .host import Problems, with_warnings
from .offboard import REMAINING, WHERE, is_declared_absent, person_problems, still_declared
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
    if provider.offboarding is None or provider.system is None:
        return None
    client = provider.system.client(_connection(provider, idp), check_mode)
    with client.understanding():
        return provider.offboarding(client, person)


def _connection(provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    return connection_of(provider.managed_system, provider.connection(idp), "fleetgate_idp")


def _disabled(provider: Provider, idp: Mapping[str, Any], leaving: Offboarding, check_mode: bool) -> dict[str, Any]:
    """Have nobody sign in as the person, and see that this is so."""
    entries = Entries()
    entries.add("user", leaving.options(), f"{WHERE}: ")
    desired = entries.desired(provider.managed_system, _connection(provider, idp))
    return converge(leaving.client, provider.managed_system.kinds, desired, {}, check_mode)[0]


def _apply(params: dict[str, Any], check_mode: bool, provider: Provider, idp: Mapping[str, Any]) -> dict[str, Any]:
    """End everything that the API of the provider can end, and see that it refuses the person."""
    person = params["person"]
    leaving = _leaving(provider, idp, person, check_mode)
    if leaving is None:
        text = _by_hand(provider, idp, person)
        return {"changed": False, "checks": as_results([skipped("by hand", text, person)]), **with_warnings([text])}
    if leaving.user is None:
        check = Check("no user", person, detail=f"{leaving.client.title} has no user {person}")
        return {"changed": False, "checks": as_results([check])}
    ended = _Ended(leaving, provider, check_mode)
    with leaving.client.understanding():
        refuse(leaving.blockers())
        ended.remove(leaving.removals_before())
        ended.disable(idp)
        ended.remove(leaving.removals_after())
        ended.prove()
    return ended.to_result()


def _by_hand(provider: Provider, idp: Mapping[str, Any], person: str) -> str:
    return (
        f"disable {person} at {idp[provider.address]} by hand, end the sessions and tokens there, and remove the memberships: the"
        f" collection manages nothing at this provider, and until then {person} can sign in, which creates the user again on hosts"
        " whose realm has autocreate"
    )


class _Ended:
    """What has been ended, which is also reported where a request fails."""

    def __init__(self, leaving: Offboarding, provider: Provider, check_mode: bool) -> None:
        self._leaving, self._provider, self._check_mode = leaving, provider, check_mode
        self._done: list[dict[str, Any]] = []
        self._diff: dict[str, dict[str, Any]] = {"before": {}, "after": {}}
        self._removed: list[str] = []
        self._checks: list[Check] = []

    def remove(self, removals: list[Removal]) -> None:
        steps = [removal.step for removal in removals]
        self._diff["before"].update({removal.label: dict(removal.values) for removal in removals})
        self._removed += [step.reason for step in steps]
        if self._check_mode:
            self._done += [step.to_diff() for step in steps]
            return
        client = self._leaving.client
        try:
            apply_plan(Plan(steps=steps), ServerState(client, self._provider.managed_system.kinds), self._done)
        except FleetgateError as error:
            error.done, error.diff = self._done, self._diff
            raise

    def disable(self, idp: Mapping[str, Any]) -> None:
        try:
            result = _disabled(self._provider, idp, self._leaving, self._check_mode)
        except FleetgateError as error:
            error.done = [*self._done, *error.done]
            raise
        self._done += result["plan"]
        add_diff(self._diff, result["diff"])
        self._removed += [step["reason"] for step in result["plan"]]

    def prove(self) -> None:
        """The state of the provider, and what it answers to a request in the name of the person."""
        person = self._leaving.person
        name = "to be ended" if self._check_mode else "ended"
        self._checks += [Check(name, person, detail=reason) for reason in self._removed]
        if not (self._check_mode and self._removed):
            again = type(self._leaving)(self._leaving.client, person)
            left = [removal.step.reason for removal in again.removals_after()]
            self._checks += failures(
                "disabled, without memberships",
                [f"{again.client.title} did not keep the change: {reason}; run this playbook again" for reason in left],
                person,
            )
            self._checks += self._leaving.requests()
        self._checks += [skipped("not seen", note, person) for note in dict.fromkeys(self._leaving.notes)]
        if self._removed:
            self._checks += [skipped(REMAINING, text, person) for text in self._leaving.remaining()]

    def to_result(self) -> dict[str, Any]:
        return {
            "changed": bool(self._done),
            "diff": self._diff,
            "plan": self._done,
            "removed": self._removed,
            "checks": as_results(self._checks),
        }


OFFBOARD_PROVIDER = Definition(SPEC, run, hidden=hidden)
