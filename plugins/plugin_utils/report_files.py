# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files of reports on the control node, and JUnit XML, which continuous integration shows."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from ..module_utils.core.errors import FleetgateError

# characters that XML 1.0 cannot have
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One test case: it passed unless it has a `failure` (with `details`), or says why it was `skipped`."""

    name: str
    failure: str = ""
    details: str = ""
    skipped: str = ""


def junit(name: str, suites: Mapping[str, Sequence[Case]]) -> str:
    """JUnit XML with these test suites."""
    root = ElementTree.Element("testsuites", name=name)
    for title, cases in suites.items():
        suite = ElementTree.SubElement(root, "testsuite", name=_text(title), tests=str(len(cases)))
        suite.set("failures", str(sum(bool(case.failure) for case in cases)))
        suite.set("skipped", str(sum(bool(case.skipped) for case in cases)))
        for case in cases:
            element = ElementTree.SubElement(suite, "testcase", classname=_text(title), name=_text(case.name))
            if case.failure:
                failure = ElementTree.SubElement(element, "failure", message=_text(case.failure))
                failure.text = _text(case.details)
            elif case.skipped:
                ElementTree.SubElement(element, "skipped", message=_text(case.skipped))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def write(path: str, text: str, option: str) -> None:
    """Write a report; `option` is the variable that names the file. Whoever reads it finds the old or the new one, and never a part."""
    try:
        target = Path(path).resolve()
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            # what cannot be encoded comes from a server, and must not keep the report from being written
            (target if target.exists() and not target.is_file() else draft).write_text(text, "utf-8", "replace")
            if draft.exists():
                if target.exists():
                    shutil.copymode(target, draft)
                draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise FleetgateError(f"{option}: '{path}' cannot be written ({error.strerror})") from error


def named(names: Iterable[str], most: int = 5) -> str:
    """Names on one line, of many only the first."""
    listed = list(names)
    more = len(listed) - most
    return ", ".join(listed) if more <= 0 else f"{', '.join(listed[:most])} and {more} more"
