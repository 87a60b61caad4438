"""The differences between the versions, as data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NEWEST = "9.2"


def load(name: str, version: str) -> dict[str, Any]:
    """`name`.json for `version`; the other versions are JSON merge patches (RFC 7386) to the newest."""
    versions = json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
    data: dict[str, Any] = versions[NEWEST]
    return data if version == NEWEST else _merged(data, versions[version])


def _merged(target: object, patch: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merged(merged.get(key), value) if isinstance(value, dict) else value
    return merged
