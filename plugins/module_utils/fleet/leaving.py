# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""People whose access ends at the identity provider: by the playbook offboard, or because they are declared absent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..core.checks import Check, failures, skipped
from ..core.errors import FleetgateError
from ..core.plan import Plan, ServerState, add_diff, apply_plan
from ..oidc.offboarding import Offboarding, Removal
from .declaration import Declaration
from .providers import Provider

# the name of checks about what stays valid for a while
REMAINING = "remaining"


def places_of(declared: Declaration, person: str, members: Mapping[str, Iterable[str]]) -> list[str]:
    """Where the declaration still has somebody in a group, and what to change."""
    places = [
        f"remove {person} from {group.where}.members"
        for group in declared.groups
        if group.present and person in (group.members or ())
    ]
    return places + [
        f"remove {person} from fleetgate_members[{name}]" for name, names in members.items() if person in names
    ]


def leaving_at(provider: Provider, client: Any, person: str) -> Offboarding | None:
    """The person at a provider that is managed."""
    if provider.offboarding is None:
        return None
    with client.understanding():
        return provider.offboarding(client, person)


def by_hand(provider: Provider, idp: Mapping[str, Any], person: str) -> str:
    """What people have to do at a provider that is not managed."""
    return (
        f"disable {person} at {idp[provider.address]} by hand, end the sessions and tokens there, and remove the memberships: the"
        f" collection manages nothing at this provider, and until then {person} can sign in, which creates the user again on hosts"
        " whose realm has autocreate"
    )


@dataclass
class Done:
    """The requests of a task so far, which an error has as well."""

    plan: list[dict[str, Any]] = field(default_factory=list)
    diff: dict[str, dict[str, Any]] = field(default_factory=lambda: {"before": {}, "after": {}})

    def add(self, result: Mapping[str, Any]) -> None:
        self.plan += result["plan"]
        add_diff(self.diff, result["diff"])

    @contextmanager
    def kept_by_errors(self) -> Iterator[None]:
        try:
            yield
        except FleetgateError as error:
            diff = {part: dict(objects) for part, objects in self.diff.items()}
            add_diff(diff, error.diff or {})
            error.done, error.diff = [*self.plan, *error.done], diff
            raise


class Ended:
    """What has been ended of one person at the provider."""

    def __init__(self, leaving: Offboarding, provider: Provider, check_mode: bool, done: Done) -> None:
        self._leaving, self._provider, self._check_mode, self._done = leaving, provider, check_mode, done
        self.removed: list[str] = []

    def remove_before(self) -> None:
        """Remove what can only be removed while the user is enabled."""
        self._remove(self._leaving.removals_before())

    def disabled(self, plan: Iterable[Mapping[str, Any]]) -> None:
        """Note the requests that disabled the user."""
        label = f"user {self._leaving.person}: "
        self.removed += [step["reason"] for step in plan if step["reason"].startswith(label)]

    def remove_after(self, left: Collection[str] = ()) -> None:
        """Remove the rest, but for the memberships in groups that the person has left already."""
        self._remove(self._leaving.removals_after(left))

    def _remove(self, removals: list[Removal]) -> None:
        steps = [removal.step for removal in removals]
        self._done.diff["before"].update({removal.label: dict(removal.values) for removal in removals})
        self.removed += [step.reason for step in steps]
        if self._check_mode:
            self._done.plan += [step.to_diff() for step in steps]
            return
        state = ServerState(self._leaving.client, self._provider.managed_system.kinds)
        with self._done.kept_by_errors():
            apply_plan(Plan(steps=steps), state, self._done.plan)

    def checks(self) -> list[Check]:
        """The state of the provider, and what it answers to a request in the name of the person."""
        person = self._leaving.person
        name = "to be ended" if self._check_mode else "ended"
        checks = [Check(name, person, detail=reason) for reason in self.removed]
        if not (self._check_mode and self.removed):
            again = type(self._leaving)(self._leaving.client, person)
            left = [removal.step.reason for removal in again.removals_after()]
            checks += failures(
                "disabled, without memberships",
                [f"{again.client.title} did not keep the change: {reason}; run this playbook again" for reason in left],
                person,
            )
            checks += self._leaving.requests()
        checks += [skipped("not seen", note, person) for note in dict.fromkeys(self._leaving.notes)]
        if self.removed:
            checks += [skipped(REMAINING, text, person) for text in self._leaving.remaining()]
        return checks
