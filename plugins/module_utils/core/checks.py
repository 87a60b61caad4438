# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of a proof that people can sign in, and their results."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

OK, FAILED, SKIPPED = "ok", "failed", "skipped"


@dataclass(frozen=True)
class Check:
    """One check: `name` is its kind, `about` the object or address that it is about, `detail` what was seen.

    A failed check has a `problem`, which says what is wrong and where, and the `remedy` if the problem does not have it.
    A skipped check says why in `detail`.
    """

    name: str
    about: str = ""
    status: str = OK
    problem: str = ""
    remedy: str = ""
    detail: str = ""

    @property
    def message(self) -> str:
        """The problem together with its remedy."""
        return "; ".join(part for part in (self.problem, self.remedy) if part)

    def to_result(self) -> dict[str, str]:
        return {
            "name": self.name,
            "about": self.about,
            "status": self.status,
            "problem": self.problem,
            "remedy": self.remedy,
            "detail": self.detail,
        }


def failed(name: str, problem: str, remedy: str = "", about: str = "") -> Check:
    return Check(name, about, FAILED, problem, remedy)


def skipped(name: str, why: str, about: str = "") -> Check:
    return Check(name, about, SKIPPED, detail=why)


def failures(name: str, problems: Iterable[str], about: str = "") -> list[Check]:
    """A failed check for each problem, whose sentence has the remedy; without problems one that passed."""
    return [failed(name, problem, about=about) for problem in problems] or [Check(name, about)]


def as_results(checks: Iterable[Check]) -> list[dict[str, Any]]:
    return [check.to_result() for check in checks]


def problems_of(checks: Iterable[Check]) -> list[str]:
    """The messages of the failed checks, each once."""
    return list(dict.fromkeys(check.message for check in checks if check.status == FAILED))
