# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The result of a proof: lines for the terminal, and JSON and JUnit files on the control node."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..module_utils.core.checks import FAILED, OK, SKIPPED, Check
from .report_files import Case, junit, write

# subjects of which all lines are printed
_FEW = 20


@dataclass
class Subject:
    """A host, or the identity provider: its checks, and who the person became there."""

    name: str
    checks: list[Check] = field(default_factory=list)
    sign_on: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, *results: Mapping[str, Any], part: str = "proof") -> Subject:
        """From the results of tasks; one that has no checks did not come that far."""
        subject = cls(name)
        for result in results:
            subject.checks += [Check(**check) for check in result.get("checks", ())]
            subject.sign_on = result.get("sign_on") or subject.sign_on
            if "checks" not in result:
                problems = result.get("problems") or [result.get("msg") or f"this part of the {part} did not run"]
                subject.checks += [Check(part, name, FAILED, str(problem)) for problem in problems]
        return subject

    def with_status(self, status: str) -> list[Check]:
        return [check for check in self.checks if check.status == status]


@dataclass
class Report:
    """All subjects of a run, the identity provider first."""

    subjects: list[Subject]

    def summary(self) -> dict[str, dict[str, int]]:
        """The number of checks by subject and status."""
        return {
            subject.name: {status: len(subject.with_status(status)) for status in (OK, FAILED, SKIPPED)}
            for subject in self.subjects
        }

    def refused(self) -> dict[str, str]:
        """The problems by host. The first host also has those of the identity provider."""
        provider, *hosts = self.subjects
        found = {host.name: [check.message for check in host.with_status(FAILED)] for host in hosts}
        if hosts:
            first = hosts[0].name
            found[first] = [*(check.message for check in provider.with_status(FAILED)), *found[first]]
        return {name: "; ".join(dict.fromkeys(problems)) for name, problems in found.items() if problems}

    def lines(self) -> Iterator[str]:
        """For people: each kind of check that passed on one line, each problem with its remedy.

        In a large fleet a host without a problem is one line.
        """
        for subject in self.subjects:
            counts = ", ".join(
                f"{len(found)} {status}" for status in (OK, FAILED, SKIPPED) if (found := subject.with_status(status))
            )
            yield f"{subject.name}: {counts}"
            passed: dict[str, list[str]] = {}
            shows_all = len(self.subjects) <= _FEW or subject.with_status(FAILED)
            for check in subject.with_status(OK) if shows_all else ():
                passed.setdefault(check.name, []).append(check.detail)
            for name, details in passed.items():
                seen = "; ".join(dict.fromkeys(filter(None, details)))
                yield f"  ok       {name}{f' ({len(details)})' if len(details) > 1 else ''}{f': {seen}' if seen else ''}"
            for check in subject.with_status(SKIPPED) if shows_all else ():
                yield f"  skipped  {_titled(check)}: {check.detail}"
            for check in subject.with_status(FAILED):
                yield f"  FAILED   {_titled(check)}: {check.problem}"
                if check.remedy:
                    yield f"           remedy: {check.remedy}"

    def write(self, json_path: str | None, junit_path: str | None) -> None:
        if json_path:
            write(json_path, json.dumps(self.to_data(), indent=2) + "\n", "fleetgate_prove.json")
        if junit_path:
            write(junit_path, self.to_junit(), "fleetgate_prove.junit")

    def to_data(self) -> dict[str, Any]:
        return {
            "passed": not any(subject.with_status(FAILED) for subject in self.subjects),
            "subjects": [
                {
                    "name": subject.name,
                    "checks": [check.to_result() for check in subject.checks],
                    "sign_on": dict(subject.sign_on),
                }
                for subject in self.subjects
            ],
        }

    def to_junit(self) -> str:
        """A test suite for each subject, a test case for each check."""
        suites = {subject.name: [_case(check) for check in subject.checks] for subject in self.subjects}
        return junit("fleetgate.proxmox.prove", suites)


def _case(check: Check) -> Case:
    if check.status == FAILED:
        return Case(_titled(check), check.problem, check.message)
    return Case(_titled(check), skipped=check.detail if check.status == SKIPPED else "")


def _titled(check: Check) -> str:
    return f"{check.name} {check.about}".strip()
