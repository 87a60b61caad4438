"""A sample of long series of tries: all of them take too long for every run of the tests."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")

# `make proof` sets it
ALL = os.environ.get("FLEETGATE_PROOF") == "all"


def from_the_middle(count: int) -> list[int]:
    """The numbers of requests, of which those in the middle of a run tell most."""
    return sorted(range(count), key=lambda number: abs(number - count // 2))


def sample(tries: Iterable[T], every: int) -> Iterator[T]:
    """Every so many of the tries, always the same ones; all of them for `make proof`."""
    for number, attempt in enumerate(tries):
        if ALL or number % every == 0:
            yield attempt
