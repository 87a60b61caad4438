# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one error type of the collection."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any


class FleetgateError(Exception):
    """What stops a task: one or more problems, each a sentence that says what is wrong, where, and what to do.

    An error from a server also carries the request it answered (`verb`, `path`) and its `status`. Neither headers nor
    bodies are kept, because they hold secrets. `done` has the steps of a plan that were carried out before, `secrets` the
    one-time secrets that they gave and that were asked for. `no_answer` tells a server that is out of reach,
    `conflict` that somebody else changed the object after it was read. `diff` has what was to be changed.
    """

    def __init__(
        self,
        *problems: str,
        verb: str | None = None,
        path: str | None = None,
        status: int | None = None,
        no_answer: bool = False,
        conflict: bool = False,
    ) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)
        self.verb = verb
        self.path = path
        self.status = status
        self.no_answer = no_answer
        self.conflict = conflict
        self.done: list[dict[str, Any]] = []
        self.secrets: dict[str, str] = {}
        self.diff: dict[str, dict[str, Any]] = {}

    def as_result(self) -> dict[str, Any]:
        """The error as keys of a task result."""
        result = {"failed": True, "changed": bool(self.done), "msg": str(self), "problems": self.problems}
        if self.done:
            result.update(done=self.done, diff=self.diff)
        if self.secrets:
            result["secrets"] = self.secrets
        if self.verb:
            result["request"] = {
                "verb": self.verb,
                "path": self.path,
                "status": self.status,
                "no_answer": self.no_answer,
            }
        return result


def refuse(problems: list[str]) -> None:
    """Raise one error for all `problems`, without repetitions; does nothing if there are none."""
    if problems:
        raise FleetgateError(*dict.fromkeys(problems))


def suggestion(name: str, known: Iterable[str], listed: bool = True) -> str:
    """The end of a sentence about an unknown name: the one that was probably meant, or else (`listed`) those that exist."""
    names = sorted(known)
    given = str(name)
    close = [other for other in names if other.casefold() == given.casefold()] or get_close_matches(given, names, 1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(names)}" if listed else ""
