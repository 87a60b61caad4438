"""The page of an access review follows WCAG 2.2 AA: as it is written, and as a browser renders it where there is one."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from importlib.resources import files

import pytest

from tests.support.accessibility import RULES, problems
from tests.support.large_review import large_review
from tests.support.sample import ALL

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--window-size=1700,1200",
)
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]


@pytest.fixture(scope="module")
def written():
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils import review, review_page

    return review_page.as_html(review.review_of(*large_review(24, 8), "2026-11-28T12:00:00Z", {}))


def test_page_breaks_no_rule(written):
    assert problems(written) == {}


# by rule, what of the page is replaced by what
BROKEN = {
    "language": ('<html lang="en">', "<html>"),
    "title": ("<title>Access review</title>", "<title></title>"),
    "zoom": ("width=device-width", "width=device-width, user-scalable=no"),
    "landmarks": ("<footer>", '<footer role="note">'),
    "headings": ('<h2 id="summary-title">Summary</h2>', '<h4 id="summary-title">Summary</h4>'),
    "skip link": ('<a class="skip" href="#findings-title">Skip to the findings</a>', ""),
    "links": ('<a href="#matrix-title">', '<a href="#nowhere">'),
    "labels": ('<label for="principal">Person, group or token</label>', "<span>Person, group or token</span>"),
    "buttons": ('<button type="reset">Clear the filter</button>', '<button type="reset"></button>'),
    "tables": ('<th scope="col">Path</th>', "<th>Path</th>"),
    "identifiers": ('id="shown"', 'id="created"'),
    "references": ('<label for="path">Path</label>', '<label for="paths">Path</label>'),
    "regions": ('<nav aria-label="Sections">', "<nav>"),
    "scrolling": (
        'aria-label="List of hosts, can be scrolled" tabindex="0"',
        'aria-label="List of hosts, can be scrolled"',
    ),
    "focus order": ('<input id="host"', '<input tabindex="3" id="host"'),
    "alternatives": ("<main>", '<main><img src="logo.png">'),
    "focus style": ("outline: 3px solid var(--focus)", "outline: none"),
    "themes": ("--muted: #4d5661", "--muted: #8d96a1"),
}
# further ways to break a rule
MORE = [
    ("headings", "<h1>Access review</h1>", "<h2>Access review</h2>"),
    ("tables", "<caption>Roles and paths by principal and hosts</caption>", ""),
    ("buttons", '<button type="reset">', "<button>"),
    ("focus order", '<input id="host"', '<input autofocus id="host"'),
    # a colour of the dark theme, one that is used with a surface of its own, and one beside the themes
    ("themes", "--muted: #b3bcc7", "--muted: #5a626b"),
    ("themes", "--high: #a1121f", "--high: #e06a74"),
    ("themes", ".muted { color: var(--muted); }", ".muted { color: #999999; }"),
    ("themes", "--line: #7d8793", "--line: #d0d6de"),
    ("themes", "--focus: #8ec5ff", "--focus: #2a3540"),
]


@pytest.mark.parametrize(("rule", "old", "new"), [*((name, *change) for name, change in BROKEN.items()), *MORE])
def test_every_rule_finds_a_page_that_breaks_it(written, rule, old, new):
    assert written.count(old) == 1
    assert rule in problems(written.replace(old, new)), problems(written.replace(old, new))


def test_every_rule_is_broken_once():
    assert set(BROKEN) == set(RULES)


def test_buttons_of_the_script_are_buttons(written):
    """Keys and screen readers know them."""
    assert written.count('make("button"') == written.count('make("button", { type: "button"') > 0
    assert len(re.findall(r'"click"', written)) == 1 and 'name === "onclick"' in written


# -- in a browser ------------------------------------------------------------------------------------------------------


def rendered(page, folder):
    """The page after its scripts have run."""
    file = folder / "page.html"
    file.write_text(page, encoding="utf-8")
    arguments = (*FLAGS, f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom")
    done = subprocess.run(
        [str(BROWSER), *arguments, file.as_uri()], capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout


def examined(page, folder, dark):
    """The page as a browser renders it, and what axe-core finds in it."""
    axe = files("axe_core_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    options = json.dumps({"runOnly": STANDARDS})
    run = f"""
      const wait = () => document.documentElement.dataset.ready ? axe.run(document, {options}).then(show) : setTimeout(wait, 20);
      const show = (found) => {{
        const output = document.createElement("script");
        output.type = "text/x-axe";
        const passed = Object.fromEntries(found.passes.map((rule) => [rule.id, rule.nodes.length]));
        output.textContent = JSON.stringify([passed, found.violations]);
        document.body.append(output);
      }};
      wait();
    """
    # the policy of the page allows its own script only
    open_page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
    if dark:
        open_page = open_page.replace("@media screen and (prefers-color-scheme: dark)", "@media all")
    open_page = open_page.replace("</body>", f"<script>{axe}</script><script>{run}</script></body>")
    dom = rendered(open_page, folder)
    result = re.search(r'<script type="text/x-axe">(.*?)</script>', dom, re.DOTALL)
    assert result, dom[-2000:]
    return dom, json.loads(html.unescape(result[1]) if "&quot;" in result[1] else result[1])


def nodes(found):
    return [(one["id"], node["html"], node.get("failureSummary", "")) for one in found for node in one["nodes"]]


@pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")
# a browser takes seconds; the colours of both themes are compared above as well
@pytest.mark.parametrize("dark", [False, *([True] if ALL else [])], ids=lambda dark: "dark" if dark else "light")
def test_rendered_page_breaks_no_rule_of_axe(written, tmp_path, dark):
    dom, (passed, violations) = examined(written, tmp_path, dark)
    assert nodes(violations) == [] and len(passed) > 25 and passed["color-contrast"] > 100
    if not dark:
        page = re.sub(r"<script>.*?</script>|<script type=\"text/x-axe\">.*?</script>", "", dom, flags=re.DOTALL)
        assert problems(page) == {}
        assert page.count("<td") > 100


@pytest.mark.skipif(BROWSER is None or not ALL, reason="no Chromium or Chrome is installed, or not all tests are run")
def test_axe_finds_a_page_that_breaks_its_rules(written, tmp_path):
    broken = written.replace('make("th", { scope }, content)', 'make("th", { scope, role: "nothing" }, content)')
    broken = broken.replace("--muted: #4d5661", "--muted: #9aa3ad").replace('<label for="host">Host</label>', "Host")
    _dom, (_passed, violations) = examined(broken, tmp_path, False)
    assert {"aria-roles", "color-contrast", "label"} <= {one["id"] for one in violations}
