# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files that ansible takes for an inventory: where a folder is one, it makes hosts of the lines of every file in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ansible.inventory.manager import IGNORED

READ_AS_HOSTS = (
    "is in a folder that is an inventory, so Ansible would make hosts of its lines and print the secret as the name of a host;"
    " let the name end in .txt, or keep the file outside of the folder"
)


def is_read_as_inventory(path: str, sources: Iterable[str]) -> bool:
    """Whether ansible would read a file as a part of one of the folders that are inventories."""
    for source in sources:
        inside = os.path.relpath(os.path.realpath(path), os.path.realpath(source))
        parts = inside.split(os.sep)
        if os.path.isdir(source) and parts[0] != os.pardir and not any(IGNORED.search(part.encode()) for part in parts):
            return True
    return False


def exposed_secret_files(args: Mapping[str, Any], sources: Iterable[str]) -> list[str]:
    """What is wrong with the secret_file of a task, or of the entries in its lists: a secret must not become a host's name."""
    given = [("", args)]
    for option, value in args.items():
        entries = value if isinstance(value, list) else ()
        given += [(f"{option}[{index}].", entry) for index, entry in enumerate(entries) if isinstance(entry, dict)]
    return [
        f"{where}secret_file: '{entry['secret_file']}' {READ_AS_HOSTS}"
        for where, entry in given
        if entry.get("secret_file") and is_read_as_inventory(str(entry["secret_file"]), sources)
    ]
