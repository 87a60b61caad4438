# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An access review as files: JSON, CSV, Markdown, JUnit XML and SARIF, and the HTML page of `review_page`."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ..module_utils.fleet.review.rules import HIGH, HOST_RULES, LOW, MEDIUM, NOT_READ, PROVIDER_RULES, RULES, at_least
from .report_files import Case, junit, named, write
from .review import FORMAT, PROVIDER, Found, Review, Row
from .review_page import as_html

_COLUMNS = (
    *("host", "product", "principal", "kind", "path", "role", "privileges", "propagate", "how", "status"),
    *("declared_in", "note", "differs_since"),
)
_LEVELS = {HIGH: "error", MEDIUM: "warning", LOW: "note"}
# by which GitHub sorts security alerts
_SCORES = {HIGH: "8.0", MEDIUM: "5.0", LOW: "2.0"}


def as_json(review: Review, _fail_on: str | None) -> str:
    data = {
        "report": FORMAT,
        "created": review.created,
        "summary": review.summary(),
        "subjects": [{**vars(subject), "problems": list(subject.problems)} for subject in review.subjects],
        "findings": [_finding(found) for found in review.found],
        "access": [_row(row) for row in review.rows],
        "unseen": [{"what": sentence, "hosts": list(hosts)} for sentence, hosts in review.unseen],
        "first_reported": [[*key, since] for key, since in sorted(review.dates.items())],
    }
    return json.dumps(data, indent=1) + "\n"


def _finding(found: Found) -> dict[str, Any]:
    rule = RULES[found.finding.rule]
    return {
        "severity": rule.severity,
        "rule": rule.id,
        "title": rule.title,
        "about": found.finding.about,
        "detail": found.finding.detail,
        "remedy": rule.remedy,
        "first_reported": found.since,
        "hosts": list(found.hosts),
    }


def _row(row: Row) -> dict[str, Any]:
    access = row.access
    return {
        "principal": access.principal,
        "kind": access.kind,
        "path": access.path,
        "role": access.role,
        "privileges": list(access.privileges),
        "propagate": access.propagate,
        "how": access.via,
        "status": access.status,
        "declared_in": access.where,
        "note": access.note,
        "differs_since": row.since,
        "hosts": list(row.hosts),
    }


def as_csv(review: Review, _fail_on: str | None) -> str:
    """A line for each principal, path and role on each host."""
    text = io.StringIO()
    lines = csv.DictWriter(text, _COLUMNS, lineterminator="\r\n")
    lines.writeheader()
    products = {subject.name: subject.product for subject in review.subjects}
    for row in review.rows:
        plain = {**_row(row), "privileges": " ".join(row.access.privileges), "propagate": int(row.access.propagate)}
        plain.pop("hosts")
        for host in row.hosts:
            cells = {**plain, "host": host, "product": products[host]}
            lines.writerow({name: _no_formula(str(cell)) for name, cell in cells.items()})
    return text.getvalue()


def _no_formula(cell: str) -> str:
    """Spreadsheets run cells that begin with these characters."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def as_markdown(review: Review, _fail_on: str | None) -> str:
    return "\n".join(_markdown(review)) + "\n"


def _markdown(review: Review) -> Iterator[str]:
    counts = ", ".join(f"{count} {severity}" for severity, count in review.summary().items())
    yield from (f"# Access review of {len(review.hosts)} host(s)", "", f"{review.created}. Findings: {counts}.", "")
    yield from ("## What this report cannot see", "")
    yield from [f"- {_plain(sentence)} ({_plain(named(hosts))})" for sentence, hosts in review.unseen] or [
        "Nothing is known to be hidden."
    ]
    yield from ("", "## Findings", "")
    for rule in RULES.values():
        found = [one for one in review.found if one.finding.rule == rule.id]
        if found:
            yield from (f"### {rule.severity.title()}: {rule.title}", "", f"Remedy: {rule.remedy}.", "")
            yield from _table(
                ("About", "Detail", "Hosts", "First reported"),
                ((one.finding.about, one.finding.detail, named(one.hosts), one.since) for one in found),
            )
    yield from ("## Hosts", "")
    yield from _table(
        ("Host", "Product", "Read from", "Read as", "Problems"),
        ((one.name, one.product, one.read_from, one.caller, "; ".join(one.problems)) for one in review.subjects),
    )
    yield from ("## Access", "")
    yield from _table(
        ("Principal", "Kind", "Path", "Role", "How", "Status", "Note", "Differs since", "Hosts"),
        (
            (
                *(row.access.principal, row.access.kind, row.access.path, row.access.role, row.access.via),
                *(" in ".join(filter(None, (row.access.status, row.access.where))), row.access.note, row.since),
                named(row.hosts),
            )
            for row in review.rows
        ),
    )


def _table(heads: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for line in lines:
        yield f"| {' | '.join(map(_plain, line))} |"
    yield ""


def _plain(text: str) -> str:
    """Text without a meaning in Markdown or HTML."""
    one_line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#!~])", r"\\\1", one_line)


def as_junit(review: Review, fail_on: str | None) -> str:
    """A test suite for each host and the provider, a test case for each rule. Findings below `fail_on` do not fail."""
    by_place: dict[tuple[str, str], list[Found]] = {}
    for found in review.found:
        for host in found.hosts:
            by_place.setdefault((host, found.finding.rule), []).append(found)
    suites = {}
    for subject in review.subjects:
        rules = PROVIDER_RULES if subject.name == PROVIDER else HOST_RULES
        suites[subject.name] = [
            _case(rule.title, rule.severity, rule.remedy, by_place.get((subject.name, rule.id), []), fail_on)
            for rule in (NOT_READ, *(() if subject.problems else rules))
        ]
    return junit(FORMAT, suites)


def _case(title: str, severity: str, remedy: str, found: list[Found], fail_on: str | None) -> Case:
    name = f"{severity}: {title}"
    if not found or (fail_on and not at_least(severity, fail_on)):
        return Case(name)
    return Case(
        name, named(one.message for one in found), "\n".join([*(one.message for one in found), f"remedy: {remedy}"])
    )


def as_sarif(review: Review, _fail_on: str | None) -> str:
    """SARIF 2.1.0 with a result for each finding on each host. Hosts are logical locations, because findings are not in files."""
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "help": {"text": rule.remedy},
            "defaultConfiguration": {"level": _LEVELS[rule.severity]},
            "properties": {"security-severity": _SCORES[rule.severity], "tags": ["security"]},
        }
        for rule in RULES.values()
    ]
    numbers = {rule: number for number, rule in enumerate(RULES)}
    results = [
        {
            "ruleId": found.finding.rule,
            "ruleIndex": numbers[found.finding.rule],
            "level": _LEVELS[found.severity],
            "message": {"text": f"{host}: {found.message}; {RULES[found.finding.rule].remedy}"},
            "locations": [
                {
                    "logicalLocations": [
                        {"name": found.finding.about, "fullyQualifiedName": f"{host}/{found.finding.about}"}
                    ]
                }
            ],
            "partialFingerprints": {"fleetgate/v1": _fingerprint(host, found)},
        }
        for found in review.found
        for host in found.hosts
    ]
    driver = {"name": FORMAT, "informationUri": "https://github.com/fleetgate/fleetgate.proxmox", "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=1) + "\n"


def _fingerprint(host: str, found: Found) -> str:
    of = json.dumps([host, found.finding.rule, found.finding.about, found.finding.detail])
    return hashlib.sha256(of.encode()).hexdigest()[:32]


FILES: dict[str, Callable[[Review, str | None], str]] = {
    "html": as_html,
    "json": as_json,
    "csv": as_csv,
    "markdown": as_markdown,
    "junit": as_junit,
    "sarif": as_sarif,
}


def write_files(review: Review, options: dict[str, Any]) -> None:
    """Write the files that `fleetgate_report` names. JSON comes last, because the next report takes the dates from it."""
    for name in sorted(FILES, key="json".__eq__):
        if options.get(name):
            write(options[name], FILES[name](review, options.get("fail_on")), f"fleetgate_report.{name}")
