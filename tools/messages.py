"""Writes the guide of messages from the sources: each message that a person can see, or a part of one, by what it is about.

`python -m tools.messages` writes the page, which a unit test compares with the sources.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/docsite/rst/guide_messages.rst"
SOURCES = ROOT / "plugins"
LABEL = "ansible_collections.fleetgate.proxmox.docsite"

# a title, the guide about it, and the files whose messages are about it
TOPICS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "The declaration",
        "guide_wire",
        (
            "module_utils/fleet/accounts.py",
            "module_utils/fleet/compiler.py",
            "module_utils/fleet/declaration.py",
            "module_utils/fleet/entries.py",
            "module_utils/fleet/host.py",
            "module_utils/fleet/until.py",
            "plugin_utils/in_process.py",
            "plugin_utils/wire.py",
        ),
    ),
    ("The emergency account", "guide_wire", ("module_utils/fleet/emergency.py",)),
    ("What is no longer declared", "guide_wire", ("module_utils/fleet/keep.py", "module_utils/fleet/undeclared.py")),
    (
        "Identity providers",
        "guide_identity_providers",
        (
            "module_utils/core/oidc.py",
            "module_utils/fleet/host_secrets.py",
            "module_utils/fleet/provider.py",
            "module_utils/fleet/providers.py",
            "module_utils/oidc/info.py",
        ),
    ),
    (
        "Sign-ons",
        "guide_prove",
        (
            "module_utils/fleet/login.py",
            "module_utils/fleet/prove*.py",
            "module_utils/fleet/sign_on.py",
            "module_utils/oidc/login.py",
            "plugin_utils/proof_report.py",
            "plugin_utils/prove.py",
        ),
    ),
    (
        "Connections, credentials and files",
        "guide_troubleshooting",
        (
            "module_utils/core/client.py",
            "module_utils/core/errors.py",
            "module_utils/core/hosts.py",
            "module_utils/core/secret*.py",
            "module_utils/core/transport.py",
            "module_utils/authentik/client.py",
            "module_utils/pocketid/client.py",
            "module_utils/proxmox/client.py",
            "module_utils/proxmox/shell.py",
            "module_utils/pulse/addresses.py",
            "module_utils/pulse/client.py",
            "plugin_utils/environment.py",
            "plugin_utils/inventory_files.py",
            "plugin_utils/sealed.py",
        ),
    ),
    ("bootstrap", "guide_automation_token", ("module_utils/fleet/bootstrap.py", "plugin_utils/bootstrap.py")),
    ("adopt", "guide_adopt", ("module_utils/fleet/adopt*.py", "plugin_utils/adopt*.py")),
    (
        "monitor",
        "guide_monitoring",
        ("module_utils/fleet/monitor*.py", "module_utils/fleet/*pulse*.py", "plugin_utils/monitor.py"),
    ),
    (
        "offboard",
        "guide_offboarding",
        (
            "module_utils/fleet/leaving.py",
            "module_utils/fleet/offboard*.py",
            "module_utils/fleet/products.py",
            "module_utils/*/offboarding.py",
            "plugin_utils/offboard.py",
        ),
    ),
    ("rotate", "guide_rotate", ("module_utils/fleet/rotat*.py", "plugin_utils/rotate.py")),
    ("unwire", "guide_unwire", ("module_utils/fleet/unwire*.py", "plugin_utils/unwire.py")),
    (
        "report",
        "guide_report",
        (
            "module_utils/fleet/report*.py",
            "module_utils/fleet/review/*.py",
            "plugin_utils/report*.py",
            "plugin_utils/review*.py",
        ),
    ),
    ("The record of runs", "guide_record", ("module_utils/core/record.py",)),
    ("Options of modules", "guide_troubleshooting", ("module_utils/core/*.py",)),
    (
        "Objects of Proxmox VE and Proxmox Backup Server",
        "guide_tokens",
        ("module_utils/proxmox/*.py", "module_utils/pve/*.py", "module_utils/pbs/*.py"),
    ),
    (
        "Objects of Pocket ID and authentik",
        "guide_identity_providers",
        ("module_utils/pocketid/*.py", "module_utils/authentik/*.py"),
    ),
    ("Objects of Pulse", "guide_monitoring", ("module_utils/pulse/*.py",)),
    # what none of the topics above names
    ("Other messages of playbooks", "guide_troubleshooting", ("module_utils/**/*.py", "plugin_utils/*.py")),
)
# what nobody sees as a message: texts of the documentation, and the page of the access review
OTHER = ("plugin_utils/documentation.py", "plugin_utils/review_page.py")
# texts with fewer words are parts of a sentence
WORDS = 4

HEAD = f"""\
..
  Copyright (c) 2026 the fleetgate.proxmox authors
  GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later
  Written by tools/messages.py

.. _{LABEL}.guide_messages:

Messages
========

This page has the messages of the collection, and parts of them, by what they are about, so that they can be found by searching. ``…`` stands for names
and values. A message names what is wrong, where, and what to do;
:ref:`{LABEL}.guide_troubleshooting` begins with what you see.
"""


def messages(path: Path) -> list[str]:
    """The texts of a file that are long enough to be a message, in their order, with … for what is inserted."""
    tree = ast.parse(path.read_text())
    skipped = set(_docstrings(tree))
    found: list[tuple[int, int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            text = node.value
        else:
            continue
        if sum(any(map(str.isalpha, word)) for word in text.split()) >= WORDS and "\n" not in text:
            found.append((node.lineno, node.col_offset, text.strip(" ,;")))
    return list(dict.fromkeys(text for _line, _column, text in sorted(found)))


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            first = node.body[0]
            assert isinstance(first, ast.Expr)
            yield id(first.value)


def by_topic() -> Iterator[tuple[str, str, list[str]]]:
    """Each topic with its guide and messages; a file belongs to the first topic that names it."""
    taken: set[Path] = {SOURCES / name for name in OTHER}
    for title, guide, patterns in TOPICS:
        files = [path for pattern in patterns for path in sorted(SOURCES.glob(pattern)) if path not in taken]
        taken |= set(files)
        yield title, guide, list(dict.fromkeys(text for path in files for text in messages(path)))


def page() -> str:
    """The whole guide."""
    parts = [HEAD]
    for title, guide, texts in by_topic():
        if texts:
            lines = [title, "-" * len(title), "", f"See :ref:`{LABEL}.{guide}`.", ""]
            parts.append("\n".join([*lines, *(f"- ``{text}``" for text in texts)]) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
