"""The guides of messages and of troubleshooting have what the collection says."""

from __future__ import annotations

import re

from tests.support.ansible import ROOT
from tools.messages import PAGE, page


def test_guide_of_messages_is_that_of_the_sources():
    assert PAGE.read_text() == page(), "run python -m tools.messages"


def test_messages_in_the_guide_of_troubleshooting_exist():
    """The first column of its tables quotes parts of messages."""
    text = (ROOT / "docs/docsite/rst/guide_troubleshooting.rst").read_text()
    seen = re.findall(r"^   \* - (.*(?:\n       .*)*)", text, re.M)
    quoted = [part for cell in seen for part in re.findall(r"``([^`]+ [^`]+)``", cell)]
    known = PAGE.read_text()
    assert len(quoted) > 30 and [part for part in quoted if part not in known] == []
