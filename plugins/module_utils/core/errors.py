# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The error type of the collection."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple


class Problem(NamedTuple):
    """What is wrong with an option: `rule` completes a sentence that begins with the option."""

    option: str
    rule: str

    def at(self, where: str) -> str:
        """Return the message, with the location of the entry, such as "users[3].", before the option."""
        return f"{where}{self.option}: {self.rule}"


class FleetgateError(Exception):
    """One or more problems that stop a task. Each is a sentence with what is wrong, where, and what to do.

    An error of a server also has the request (`verb`, `path`) and its `status`. Headers and bodies are not kept, because
    they contain secrets. `no_answer` marks an unreachable server, `conflict` an object that another client changed after it
    was read. `done` has the steps of the plan that were applied before the error, `secrets` the one-time secrets that they
    returned to the task, and `diff` the planned changes.
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

    def __str__(self) -> str:
        return "; ".join(self.problems)

    def as_result(self) -> dict[str, Any]:
        """Return the error as a task result."""
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
    """Raise a single error for all `problems`, without duplicates; do nothing if there are none."""
    if problems:
        raise FleetgateError(*dict.fromkeys(problems))


def suggestion(name: str, known: Iterable[str], listed: bool = True) -> str:
    """Return the end of a message about an unknown name: a similar known name, or (`listed`) all known names."""
    names = sorted(known)
    given = str(name)
    close = [other for other in names if other.casefold() == given.casefold()] or get_close_matches(given, names, 1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(names)}" if listed else ""
