"""Search filters of LDAP (RFC 4515), as far as directories without a schema can evaluate them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

Entry = Mapping[str, Sequence[str]]
Filter = Callable[[Entry], bool]

ITEM = re.compile(r"(?P<name>[A-Za-z0-9;.-]+)(?P<operator>>=|<=|~=|=)(?P<value>[^()]*)")
ESCAPED = re.compile(r"(?:\\[0-9A-Fa-f]{2})+")


class FilterError(Exception):
    """An invalid filter."""


def parse(text: str) -> Filter:
    """Parse a filter."""
    found, rest = _filter(text)
    if rest:
        raise FilterError(f"there is something after the end of the filter: {rest}")
    return found


def _filter(text: str) -> tuple[Filter, str]:
    """Parse the filter at the start of a text, and return it with the rest."""
    if not text.startswith("("):
        raise FilterError(f"a filter begins with a parenthesis: {text}")
    kind = text[1:2]
    if kind in ("&", "|"):
        parts, rest = _filters(text[2:])
        combine = all if kind == "&" else any
        return (lambda entry: combine(part(entry) for part in parts)), _closed(rest)
    if kind == "!":
        inner, rest = _filter(text[2:])
        return (lambda entry: not inner(entry)), _closed(rest)
    item = ITEM.match(text, 1)
    if item is None:
        raise FilterError(f"not a comparison: {text}")
    return _comparison(**item.groupdict()), _closed(text[item.end() :])


def _filters(text: str) -> tuple[list[Filter], str]:
    found = []
    while text.startswith("("):
        part, text = _filter(text)
        found.append(part)
    return found, text


def _closed(text: str) -> str:
    if not text.startswith(")"):
        raise FilterError(f"a parenthesis is not closed: {text}")
    return text[1:]


def _comparison(name: str, operator: str, value: str) -> Filter:
    """Compare values case-insensitively, as directories do with strings."""
    if operator in (">=", "<="):
        limit = _unescaped(value).lower()
        fits = limit.__le__ if operator == ">=" else limit.__ge__
        return lambda entry: any(fits(value.lower()) for value in _values(entry, name))
    # a star matches anything, and alone the presence of the attribute
    pattern = re.compile(".*".join(re.escape(_unescaped(part)) for part in value.split("*")), re.I | re.S)
    return lambda entry: any(pattern.fullmatch(value) for value in _values(entry, name))


def _unescaped(value: str) -> str:
    return ESCAPED.sub(lambda found: bytes.fromhex(found[0].replace("\\", "")).decode("utf-8", "replace"), value)


def _values(entry: Entry, name: str) -> Sequence[str]:
    return next((values for attribute, values in entry.items() if attribute.lower() == name.lower()), ())
