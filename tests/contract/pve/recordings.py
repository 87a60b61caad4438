"""The recorded responses of the product, and their comparison.

Strings like `<ticket>` in a recorded body stand for values that are new every time; lists have no order.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

TRANSCRIPTS = sorted(Path(__file__).parents[1].joinpath("transcripts").glob("pve-*.jsonl"))

PLACEHOLDERS = {
    "<ticket>": r"PVE:[^:]+:[0-9A-F]{8}::[A-Za-z0-9+/=]+",
    "<csrf-token>": r"[0-9A-F]{8}:[A-Za-z0-9+/=]+",
    "<token-secret-uuid>": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "<sha1-digest>": r"[0-9a-f]{40}",
    "<tls-fingerprint>": r"([0-9A-F]{2}:){31}[0-9A-F]{2}",
    "<pid>": r"[0-9A-F]{8}",
    "<pstart>": r"[0-9A-F]{8}",
    "<starttime>": r"[0-9A-F]{8}",
    "<code-challenge>": r"[\w-]{43}",
    "<nonce>": r"[\w-]{22}",
    "<column>": r"\d+",
    '<url-encoded {"csrf_token":"<random>","realm":"<realm>"}>': (
        r"%7B%22csrf_token%22%3A%22[\w-]{22}%22%2C%22realm%22%3A%22\w+%22%7D"
    ),
}
PLACEHOLDER = re.compile(f"({'|'.join(map(re.escape, PLACEHOLDERS))})")
HASH_ORDERED = ("content",)  # comma lists in no order, like the lists


def cases(transcript: Path) -> list[dict]:
    lines = [json.loads(line) for line in transcript.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["case"] != "_meta"]


def same(recorded: object, actual: object, key: str = "") -> bool:
    if isinstance(recorded, dict):
        return (
            isinstance(actual, dict)
            and recorded.keys() == actual.keys()
            and all(same(value, actual[name], name) for name, value in recorded.items())
        )
    if isinstance(recorded, list):
        return isinstance(actual, list) and same_unordered(recorded, actual)
    if recorded == "<epoch-integer>":
        return isinstance(actual, int) and actual > 10**9
    if key in HASH_ORDERED and isinstance(recorded, str):
        return isinstance(actual, str) and sorted(recorded.split(",")) == sorted(actual.split(","))
    if isinstance(recorded, str) and PLACEHOLDER.search(recorded):
        pattern = "".join(PLACEHOLDERS.get(part, re.escape(part)) for part in PLACEHOLDER.split(recorded))
        return isinstance(actual, str) and bool(re.fullmatch(pattern, actual))
    return type(recorded) is type(actual) and recorded == actual


def same_unordered(recorded: list, actual: list) -> bool:
    left = list(actual)
    for entry in recorded:
        match = next((index for index, other in enumerate(left) if same(entry, other)), None)
        if match is None:
            return False
        del left[match]
    return not left
