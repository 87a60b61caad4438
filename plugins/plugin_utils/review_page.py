# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An access review as one HTML page: review_page.html, and the data of the review in it.

The data is small where hosts are alike: every text is in it once, and a row has a bitmap of its hosts. The page builds its elements
from text only, and its content security policy allows no script and no style but its own, so names cannot inject anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..module_utils.fleet.review.rules import RULES
from .review import PROVIDER, Review

_TEMPLATE = Path(__file__).with_name("review_page.html")
_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'"
)


class _Table:
    """Numbers for values, in the order in which they come."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def __getitem__(self, value: Any) -> int:
        return self._numbers.setdefault(value, len(self._numbers))

    @property
    def values(self) -> list[Any]:
        return list(self._numbers)


def as_html(review: Review, _fail_on: str | None = None) -> str:
    text = _TEMPLATE.read_text(encoding="utf-8")
    hashes = {name: _hash(_content(text, name)) for name in ("style", "script")}
    # what ends an element or begins a comment is not in JSON then, and no character that is not in ASCII
    data = json.dumps(page_data(review), separators=(",", ":"))
    for character in "<>&":
        data = data.replace(character, f"\\u{ord(character):04x}")
    return text.replace("@POLICY@", _POLICY.format(**hashes)).replace("@DATA@", data)


def _content(text: str, element: str) -> str:
    found = re.search(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
    if found is None:
        raise RuntimeError(f"{_TEMPLATE.name} has no element {element}")
    return found[1]


def _hash(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def page_data(review: Review) -> dict[str, Any]:
    """The data of a page. Rows and findings have the numbers of texts in `texts` and of sets of hosts in `sets`."""
    texts, sets = _Table(), _Table()
    places = {subject.name: number for number, subject in enumerate(review.subjects)}

    def bitmap(hosts: Iterable[str]) -> int:
        octets = bytearray((len(places) + 7) // 8)
        for host in hosts:
            octets[places[host] // 8] |= 1 << (places[host] % 8)
        return sets[base64.b64encode(octets).decode()]

    rows = []
    for row in review.rows:
        one = row.access
        shown = (
            one.principal,
            one.kind,
            one.path,
            one.role,
            " ".join(one.privileges),
            one.via,
            one.status,
            one.where,
            one.note,
        )
        rows.append([*(texts[text] for text in (*shown, row.since)), int(one.propagate), bitmap(row.hosts)])
    found = [
        [
            *(texts[text] for text in (one.finding.rule, one.finding.about, one.finding.detail, one.since)),
            bitmap(one.hosts),
        ]
        for one in review.found
    ]
    return {
        "created": review.created,
        "provider": PROVIDER,
        "subjects": [
            [one.name, one.product, one.read_from, one.caller, "; ".join(one.problems)] for one in review.subjects
        ],
        "rules": [[rule.id, rule.severity, rule.title, rule.remedy] for rule in RULES.values()],
        "rows": rows,
        "found": found,
        "unseen": [[sentence, bitmap(hosts)] for sentence, hosts in review.unseen],
        "texts": texts.values,
        "sets": sets.values,
    }
