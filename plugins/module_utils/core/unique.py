# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Values besides keys that must be unique on a server: conflicts, and the order in which they can be reassigned."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .resource import Actual, Change, Resource


def conflicts_over(resource: Resource, option: str, changes: list[Change], holders: Iterable[Actual]) -> list[str]:
    """Return the problems with changes that set a unique option to a value of another object or change.

    `holders` are the objects on the server with these values.
    """
    own = {change.key: change for change in changes if change.resource is resource}
    takers: dict[Any, Change] = {}
    problems = []
    for change in own.values():
        value = None if change.removes else change.values.get(option)
        if value and takers.setdefault(value, change) is not change:
            problems.append(f"{change.label}: {option}: '{value}' is also declared for {takers[value].label}")
    for holder in holders:
        key, value = resource.key_of(holder.values), holder.values[option]
        taker, release = takers.get(value), own.get(key)
        if taker is None or taker.key == key:
            continue
        if release is None or not (release.removes or option in release.values):
            problems.append(
                f"{taker.label}: {option}: '{value}' is already used by {resource.label(key)}, but must be unique"
            )
        elif release.removes:
            problems.append(
                f"{taker.label}: {option}: '{value}' is used by {release.label}, which is only removed after other changes;"
                " remove it in an earlier task"
            )
    waiting = _in_a_circle(list(own.values()), option)
    if waiting:
        labels = ", ".join(change.label for change in waiting)
        problems.append(
            f"{labels}: {option}: the values would be exchanged, but the server does not accept a duplicate even for a"
            " moment; set another value for one of them first"
        )
    return problems


def released_first(changes: list[Change], option: str) -> list[Change]:
    """Order changes so that each unique value is released before another object gets it."""
    ordered: list[Change] = []
    waiting = list(changes)
    while waiting:
        held = {change.found.values[option] for change in waiting if change.found and option in change.values}
        ready = [change for change in waiting if change.values.get(option) not in held - {"", None}]
        if not ready:
            return ordered + waiting
        ordered += ready
        waiting = [change for change in waiting if change not in ready]
    return ordered


def _in_a_circle(changes: list[Change], option: str) -> list[Change]:
    """Return the changes that wait for each other to release a value."""
    moving = [change for change in changes if change.found and not change.removes and option in change.values]
    waiting = moving
    while True:
        held = {change.existing.values[option] for change in waiting} - {"", None}
        left = [change for change in waiting if change.values[option] in held]
        if len(left) == len(waiting):
            return left
        waiting = left
