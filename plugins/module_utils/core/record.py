# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of what was planned and sent: one line of JSON for each task, chained to the line before by its hash.

Whoever changes, removes or inserts a line breaks the chain at that place. Lines that are cut off at the end leave the chain
intact, so the hash of the last line is to be kept elsewhere.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from typing import IO, Any

from .errors import FleetgateError, refuse
from .module import Definition

NAME = "record.jsonl"
_BEGIN = "0" * 64


def prepare(folder: str) -> str:
    """The file of a record, which can be written."""
    path = os.path.join(os.path.expanduser(folder), NAME)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "ab", opener=_private):
            return path
    except OSError as error:
        raise FleetgateError(f"fleetgate_record: '{path}' cannot be written: {error.strerror}") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def append(path: str, entry: Mapping[str, Any]) -> None:
    """Add a line. Processes of a run, and other runs, wait for each other."""
    with open(path, "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        line = {**entry, "previous": _last_hash(file, path)}
        line["hash"] = _hash_of(line)
        file.seek(0, os.SEEK_END)
        file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _last_hash(file: IO[bytes], path: str) -> str:
    """The hash of the last line; long lines are read in steps."""
    end = file.seek(0, os.SEEK_END)
    size = 4096
    while end:
        file.seek(max(end - size, 0))
        lines = file.read().splitlines(keepends=True)
        if len(lines) > 1 or size >= end:
            return str(_parsed(lines[-1], path, "its last line")["hash"])
        size *= 4
    return _BEGIN


def _parsed(line: bytes, path: str, place: str) -> dict[str, Any]:
    try:
        found = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        found = None
    if not (isinstance(found, dict) and isinstance(found.get("hash"), str)):
        raise FleetgateError(f"{path}: {place} is not a line of a record; move the file away to begin another record")
    return found


def _hash_of(line: Mapping[str, Any]) -> str:
    content = {name: value for name, value in line.items() if name != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "contains": {"type": "list", "elements": "str", "default": []},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Verify the chain of a record."""
    path = os.path.join(params["path"], NAME)
    previous, hashes, times = _BEGIN, set(), []
    try:
        with open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            for number, content in enumerate(file, 1):
                line = _parsed(content, path, f"line {number}")
                if line["previous"] != previous or line["hash"] != _hash_of(line):
                    refuse([f"{path}: line {number} was changed, or lines before it were removed or inserted"])
                previous = line["hash"]
                hashes.add(previous)
                times.append(line["time"])
    except OSError as error:
        raise FleetgateError(f"path: '{path}' cannot be read: {error.strerror}") from None
    refuse(
        [
            f"contains: {path} has no line with the hash {wanted}, so lines were removed at its end"
            for wanted in params["contains"]
            if wanted not in hashes
        ]
    )
    first, last = (times[0], times[-1]) if times else (None, None)
    return {"changed": False, "lines": len(times), "first": first, "last": last, "hash": previous if times else None}


INFO = Definition(SPEC, run)
