"""The files of an access review: hostile names, and the size of the page for a large fleet."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from xml.etree import ElementTree

import pytest

from tests.support.accessibility import Page
from tests.support.large_review import large_review

CREATED = "2026-11-28T12:00:00Z"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=alert(1)>",
    "=cmd|' /C calc'!A1",
    "a|b`*_[x](javascript:alert(1))",
    "line\nbreak\u2028\x00\ud800",
    "&lt;b&gt;",
    "@DATA@ @POLICY@",
]


def files_of(provider, hosts, fail_on=None):
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils import review, review_files

    made = review.review_of(provider, hosts, CREATED, {})
    return made, {name: render(made, fail_on) for name, render in review_files.FILES.items()}


def renamed(value, names):
    """The results of tasks with other names in them."""
    if isinstance(value, dict):
        return {renamed(key, names): renamed(one, names) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [renamed(one, names) for one in value]
    return re.sub(r"person00(\d)", lambda found: names[int(found[1])], value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def hostile():
    return files_of(*renamed(large_review(24, 8), HOSTILE), fail_on="high")


@pytest.fixture(scope="module")
def page(hostile):
    return Page(hostile[1]["html"])


# -- names that want to be more than names -----------------------------------------------------------------------------


def test_names_cannot_inject_anything_into_the_page(hostile, page):
    data, script = page.all("script")
    assert data["type"] == "application/json"
    shown = json.loads(data.text)
    assert all(any(name in text for text in shown["texts"]) for name in HOSTILE)
    assert data.text.isascii() and not re.search("[<>&]", data.text)
    policy = next(one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    (style,) = page.all("style")
    for name, element in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|setHTML", script.text
    )
    assert not any(name.startswith("on") or name == "style" for one in page.elements for name in one)


def test_page_needs_no_network(page):
    assert page.all("link", "img", "iframe", "object", "video", "base") == []
    assert all("src" not in one and one.get("href", "#").startswith("#") for one in page.elements)
    assert "url(" not in page.all("style")[0].text and "@import" not in page.all("style")[0].text


def test_names_stay_text_in_the_other_files(hostile):
    made, files = hostile
    lines = list(csv.DictReader(io.StringIO(files["csv"], newline="")))
    assert sum(len(row.hosts) for row in made.rows) == len(lines)
    assert not any(cell[:1] in tuple("=+-@\t\r") for line in lines for cell in line.values())
    rows = [line for line in files["markdown"].splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {5, 6, 10}
    assert not re.search(r"<(script|img|!--)", files["markdown"])
    assert ElementTree.fromstring(files["junit"]).tag == "testsuites"
    for name in ("json", "sarif"):
        assert HOSTILE[0] in repr(json.loads(files[name]))


def test_sarif_and_junit_have_every_finding(hostile):
    made, files = hostile
    (run,) = json.loads(files["sarif"])["runs"]
    assert len(run["results"]) == sum(len(found.hosts) for found in made.found)
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert len({one["partialFingerprints"]["fleetgate/v1"] for one in run["results"]}) == len(run["results"])
    failures = {
        case.get("name").partition(":")[0]
        for case in ElementTree.fromstring(files["junit"]).iter("testcase")
        if len(case)
    }
    assert failures == {"high"}


# -- a large fleet -----------------------------------------------------------------------------------------------------


def test_page_of_a_thousand_hosts_and_two_hundred_people_is_small(figure):
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils import review, review_page

    made = review.review_of(*large_review(), CREATED, {})
    size = len(review_page.as_html(made).encode())
    figure(f"{size / 1e6:.2f} MB for {sum(len(row.hosts) for row in made.rows)} rows on 1,000 hosts")
    assert size < 5_000_000
    data = review_page.page_data(made)
    sets = [int.from_bytes(base64.b64decode(one), "little").bit_count() for one in data["sets"]]
    assert sum(sets[row[-1]] for row in data["rows"]) == sum(len(row.hosts) for row in made.rows)
