# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The access review of a fleet, from what the tasks returned: rows of access and findings, each with its hosts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..module_utils.core.errors import FleetgateError
from ..module_utils.fleet.review.facts import MISSING, UNDECLARED, Access, Facts, People, access_on
from ..module_utils.fleet.review.rules import (
    NOT_READ,
    RULES,
    SEVERITIES,
    Finding,
    Host,
    at_least,
    findings_at,
    findings_on,
)
from .report_files import named

PROVIDER = "identity provider"
FORMAT = "fleetgate.proxmox.report"
# an older report has dates under these names: host, and what is reported of it
Key = tuple[str, ...]


@dataclass(frozen=True)
class Subject:
    """A host of the review, or the identity provider. One that could not be read has `problems`.

    `also` are the inventory hosts that are further nodes of the same cluster, or the same server.
    """

    name: str
    product: str = ""
    server: str = ""
    caller: str = ""
    problems: tuple[str, ...] = ()
    also: tuple[str, ...] = ()

    @property
    def read_from(self) -> str:
        return f"{self.server} (also {named(self.also)})" if self.also else self.server


@dataclass(frozen=True)
class Row:
    """Access that these hosts have alike; `since` is when it was first reported to differ from the declaration, if it does."""

    access: Access
    since: str
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """A finding that these hosts have alike, and when it was first reported."""

    finding: Finding
    since: str
    hosts: tuple[str, ...]

    @property
    def severity(self) -> str:
        return RULES[self.finding.rule].severity

    @property
    def message(self) -> str:
        return f"{self.finding.about}: {self.finding.detail}"


@dataclass
class Review:
    """Everything that a report shows. `dates` has when each difference was first reported, also of hosts outside of this run."""

    created: str
    subjects: list[Subject]
    rows: list[Row]
    found: list[Found]
    unseen: list[tuple[str, tuple[str, ...]]]
    dates: dict[Key, str] = field(default_factory=dict)

    @property
    def hosts(self) -> list[Subject]:
        return [subject for subject in self.subjects if subject.name != PROVIDER]

    def with_severity(self, severity: str) -> list[Found]:
        return [found for found in self.found if found.severity == severity]

    def summary(self) -> dict[str, int]:
        """The number of findings by severity; one that several hosts have alike counts once."""
        return {severity: len(self.with_severity(severity)) for severity in SEVERITIES}

    def refused(self, fail_on: str | None) -> dict[str, str]:
        """The findings by host from this severity on. The first host also has those of the identity provider."""
        refused: dict[str, list[str]] = {subject.name: [] for subject in self.hosts}
        first = next(iter(refused), None)
        for found in self.found if fail_on else ():
            if fail_on and at_least(found.severity, fail_on):
                rule = RULES[found.finding.rule]
                message = f"{found.severity}: {rule.title}: {found.message}; {rule.remedy}"
                for host in found.hosts:
                    refused.get(first or "" if host == PROVIDER else host, []).append(message)
        return {host: "; ".join(messages) for host, messages in refused.items() if messages}

    def lines(self) -> Iterator[str]:
        """For people: the findings by severity, each rule with its remedy, and what could not be seen."""
        counts = ", ".join(f"{count} {severity}" for severity, count in self.summary().items())
        unread = sum(bool(subject.problems) for subject in self.subjects)
        yield f"access review of {len(self.hosts)} host(s): {counts}{f'; {unread} not read' if unread else ''}"
        rule = ""
        for found in self.found:
            if found.finding.rule != rule:
                rule = found.finding.rule
                yield f"  {found.severity.upper():6}  {RULES[rule].title}; remedy: {RULES[rule].remedy}"
            yield f"          {found.message} ({named(found.hosts)})"
        for sentence, hosts in self.unseen:
            yield f"  not seen  {sentence} ({named(hosts)})"


@dataclass
class _Making:
    """Collects what hosts have alike."""

    created: str
    known: Mapping[Key, str]
    dates: dict[Key, str] = field(default_factory=dict)
    subjects: list[Subject] = field(default_factory=list)
    rows: dict[tuple[Access, str], list[str]] = field(default_factory=dict)
    found: dict[tuple[Finding, str], list[str]] = field(default_factory=dict)
    unseen: dict[str, list[str]] = field(default_factory=dict)

    def since(self, name: str, *what: str, also: Iterable[str] = ()) -> str:
        """When this was first reported, of the host or of another node of its cluster."""
        known = (self.known[one, *what] for one in (name, *also) if (one, *what) in self.known)
        return self.dates.setdefault((name, *what), min(known, default=self.created))

    def add_findings(self, name: str, findings: Iterable[Finding], also: Iterable[str] = ()) -> None:
        for finding in findings:
            since = self.since(name, finding.rule, finding.about, finding.detail, also=also)
            self.found.setdefault((finding, since), []).append(name)

    def add_unread(self, name: str, problems: Iterable[str]) -> None:
        problems = tuple(problems)
        self.subjects.append(Subject(name, problems=problems))
        self.add_findings(name, [Finding(NOT_READ.id, name, problem) for problem in problems])

    def add_host(self, name: str, also: tuple[str, ...], facts: Facts, people: People) -> None:
        self.subjects.append(Subject(name, facts.product, facts.server, facts.caller, also=also))
        rows = access_on(facts, people)
        for row in rows:
            differs = row.status in (MISSING, UNDECLARED)
            what = (row.principal, row.path, row.role, row.via, row.status)
            since = self.since(name, *what, also=also) if differs else ""
            self.rows.setdefault((row, since), []).append(name)
        self.add_findings(name, findings_on(Host(facts, rows, people)), also)
        for sentence in facts.unseen:
            self.unseen.setdefault(sentence, []).append(name)

    def review(self) -> Review:
        read = {name for one in self.subjects if not one.problems for name in (one.name, *one.also)}
        # a host that is not in this run keeps its dates
        others = {key: since for key, since in self.known.items() if key[0] not in read}
        ranks = {rule: (SEVERITIES.index(known.severity), number) for number, (rule, known) in enumerate(RULES.items())}
        found = [Found(finding, since, tuple(hosts)) for (finding, since), hosts in self.found.items()]
        return Review(
            self.created,
            self.subjects,
            [Row(row, since, tuple(hosts)) for (row, since), hosts in sorted(self.rows.items())],
            sorted(found, key=lambda one: (ranks[one.finding.rule], one.finding, one.hosts)),
            [(sentence, tuple(hosts)) for sentence, hosts in self.unseen.items()],
            {**others, **self.dates},
        )


def review_of(
    provider: Mapping[str, Any], hosts: Mapping[str, Mapping[str, Any]], created: str, known: Mapping[Key, str]
) -> Review:
    """The review from the results of tasks: that of `report_provider`, and those of `report_host` by host.

    `known` are the dates in an older report.
    """
    making = _Making(created, known)
    problems = provider.get("problems") or ([] if "people" in provider else [_why(provider)])
    if problems:
        making.add_unread(PROVIDER, problems)
        people = People(PROVIDER)
    else:
        people = People.of(provider["people"])
        making.subjects.append(Subject(PROVIDER, people.title))
        making.add_findings(PROVIDER, findings_at(people))
        if people.users is None:
            why = f"{people.title}: persons and their state are not read, so tokens of those who left are not found"
            making.unseen[why] = [PROVIDER]
    for name, also in _servers(hosts).items():
        result = hosts[name]
        if "facts" in result:
            making.add_host(name, tuple(also), Facts.of(result["facts"]), people)
        else:
            making.add_unread(name, result.get("problems") or [_why(result)])
    return making.review()


def _servers(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """The first host of each server or cluster, with the others. What a host has that could not be read is not known."""
    firsts: dict[tuple[str, ...], str] = {}
    servers: dict[str, list[str]] = {}
    for name, result in hosts.items():
        first = firsts.setdefault(tuple(result["identity"]), name) if "identity" in result else name
        if first == name:
            servers[name] = []
        else:
            servers[first].append(name)
    return servers


def _why(result: Mapping[str, Any]) -> str:
    return str(result.get("msg") or "this part of the review did not run")


def known_dates(path: str | None) -> dict[Key, str]:
    """When each difference was first reported, from the report that this one replaces."""
    if not path or not Path(path).exists():
        return {}
    try:
        older = json.loads(Path(path).read_text(encoding="utf-8"))
        if older["report"] != FORMAT:
            raise ValueError
        return {tuple(map(str, key)): str(since) for *key, since in older["first_reported"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FleetgateError(
            f"fleetgate_report.json: '{path}' is not a report of this playbook, and would be overwritten; name another file, or remove it"
        ) from error
