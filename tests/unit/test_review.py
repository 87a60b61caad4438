"""The files of an access review: hostile names, accessibility of the page, and its size for a large fleet."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

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


class Page(HTMLParser):
    """Every element with its attributes, parents and text."""

    VOID = ("meta", "input", "br", "link", "img")

    def __init__(self, text):
        super().__init__()
        self.elements, self._open = [], []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        element = {"tag": tag, "text": "", "parents": [one["tag"] for one in self._open], **dict(attrs)}
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag):
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data):
        for element in self._open:
            element["text"] += data

    def all(self, *tags):
        return [element for element in self.elements if element["tag"] in tags]


@pytest.fixture(scope="module")
def page(hostile):
    return Page(hostile[1]["html"])


# -- names that want to be more than names -----------------------------------------------------------------------------


def test_names_cannot_inject_anything_into_the_page(hostile, page):
    data, script = page.all("script")
    assert data["type"] == "application/json"
    shown = json.loads(data["text"])
    assert all(any(name in text for text in shown["texts"]) for name in HOSTILE)
    assert data["text"].isascii() and not re.search("[<>&]", data["text"])
    policy = next(one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy")
    (style,) = page.all("style")
    for name, element in (("style", style), ("script", script)):
        digest = base64.b64encode(hashlib.sha256(element["text"].encode()).digest()).decode()
        assert f"{name}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|setHTML", script["text"]
    )
    assert not any(name.startswith("on") or name == "style" for one in page.elements for name in one)


def test_page_needs_no_network(page):
    assert page.all("link", "img", "iframe", "object", "video", "base") == []
    assert all("src" not in one and one.get("href", "#").startswith("#") for one in page.elements)
    assert "url(" not in page.all("style")[0]["text"] and "@import" not in page.all("style")[0]["text"]


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


# -- accessibility (WCAG 2.2 AA, as far as it can be read from the page) -----------------------------------------------


def test_page_has_a_language_a_title_landmarks_and_ordered_headings(page):
    assert page.all("html")[0]["lang"] == "en" and page.all("title")[0]["text"].strip()
    for landmark in ("header", "main", "footer", "nav"):
        assert len(page.all(landmark)) == 1
    levels = [int(one["tag"][1]) for one in page.all("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1 and all(after - before <= 1 for before, after in zip(levels, levels[1:]))
    # findings have headings of level 3 in a section whose heading has level 2
    assert 'make("h3"' in page.all("script")[1]["text"] and 'make("h4"' not in page.all("script")[1]["text"]
    assert page.all("a")[0]["class"] == "skip" and page.elements.index(page.all("a")[0]) < page.elements.index(
        page.all("header")[0]
    )


def test_every_control_table_and_region_has_a_name(page):
    ids = [one["id"] for one in page.elements if "id" in one]
    assert len(ids) == len(set(ids))
    labels = {one["for"] for one in page.all("label") if one["text"].strip()}
    assert all(one["id"] in labels for one in page.all("input", "select"))
    assert all(one["text"].strip() and one["type"] for one in page.all("button"))
    for one in page.elements:
        assert all(name in ids for name in one.get("aria-labelledby", "").split())
        assert one.get("href", "#")[1:] in ("", *ids)
        if one.get("role") in ("region", "group", "search") or one["tag"] in ("section", "nav"):
            assert one.get("aria-labelledby") or one.get("aria-label"), one
        # whoever can scroll it with a mouse must be able to with keys
        assert "scroll" not in one.get("class", "") or one["tabindex"] == "0"
        assert one.get("tabindex", "0") in ("0", "-1")
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(one["scope"] in ("col", "row") for one in page.all("th"))
    # buttons of the script are buttons, which keys and screen readers know
    script = page.all("script")[1]["text"]
    assert script.count('make("button"') == script.count('make("button", { type: "button"')
    assert len(re.findall(r'"click"', script)) == 1 and 'name === "onclick"' in script


def colours(style, dark):
    root, in_dark = re.findall(r":root \{(.*?)\}", style, re.DOTALL)
    found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", root))
    return {**found, **dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", in_dark))} if dark else found


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one, other):
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TEXT = [(text, surface) for text in ("text", "muted", "link") for surface in ("page", "surface")]
TEXT += [("text", "control"), ("muted", "control")] + [(name, f"{name}-surface") for name in ("high", "medium", "low")]
# borders of controls and the ring of the focus need less
SHAPES = [(shape, surface) for shape in ("line", "focus") for surface in ("page", "surface")]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_contrast(page, dark):
    style = page.all("style")[0]["text"]
    known = colours(style, dark)
    assert set(known) == {*sum(TEXT + SHAPES, ()), "grid"}
    assert [
        (pair, least)
        for pairs, least in ((TEXT, 4.5), (SHAPES, 3))
        for pair in pairs
        if contrast(*(known[one] for one in pair)) < least
    ] == []
    # all colours are variables, and the dark ones are for screens only
    assert not re.search(r"#[0-9a-f]{3,8}\b", re.sub(r":root \{.*?\}", "", style, flags=re.DOTALL))
    assert (
        "@media screen and (prefers-color-scheme: dark)" in style
        and ":focus-visible" in style
        and "@media print" in style
    )


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
