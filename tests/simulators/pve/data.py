"""What differs between the versions, as data."""

from __future__ import annotations

import json
from pathlib import Path

NEWEST = "9.2"


def load(name: str, version: str) -> dict:
    """`name`.json for `version`; every other version is a JSON merge patch (RFC 7386) onto the newest."""
    versions = json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
    newest = versions[NEWEST]
    return newest if version == NEWEST else _merged(newest, versions[version])


def _merged(target: object, patch: object) -> object:
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value)
    return merged
