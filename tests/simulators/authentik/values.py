"""Values in requests: what each may be, in the words of the server's serializers (Django REST framework)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import Invalid

UNITS = {
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "seconds": 1.0,
    "minutes": 60.0,
    "hours": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
}
REQUIRED = object()
Check = Callable[[Any, Any], Any]  # state and value to the stored value; raises Invalid with a list


@dataclass(frozen=True)
class Field:
    """`default` is filled in by the server, REQUIRED means none. `since` and `until` are versions.

    `check_of_patch` replaces `check` in a PATCH, in which the fields of nested objects are not required either.
    """

    name: str
    check: Check
    default: Any = REQUIRED
    nullable: bool = False
    since: tuple[int, int] = (0, 0)
    until: tuple[int, int] = (9999, 0)
    check_of_patch: Check | None = None

    def exists_in(self, version: tuple[int, ...]) -> bool:
        return self.since <= version < self.until


def read_body(state: Any, fields: list[Field], body: Any, partial: bool, creates: bool) -> dict[str, Any]:
    """The values of a body; unknown fields are dropped silently."""
    if not isinstance(body, dict):
        raise Invalid({"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(body).__name__}."]})
    values, wrong = {}, {}
    for field in fields:
        if field.name not in body:
            if field.default is REQUIRED and not partial:
                wrong[field.name] = ["This field is required."]
            elif creates and field.default is not REQUIRED:
                values[field.name] = field.default() if callable(field.default) else field.default
            continue
        value = body[field.name]
        try:
            if value is None and not field.nullable:
                raise Invalid(["This field may not be null."])
            check = field.check_of_patch if partial and field.check_of_patch else field.check
            values[field.name] = None if value is None else check(state, value)
        except Invalid as problem:
            wrong[field.name] = problem.body
    if wrong:
        raise Invalid(wrong)
    return values


def text(blank: bool = True, longest: int = 0, pattern: str = "", message: str = "") -> Check:
    def check(_state: Any, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise Invalid(["Not a valid string."])
        content = str(value).strip()
        if not content and not blank:
            raise Invalid(["This field may not be blank."])
        if longest and len(content) > longest:
            raise Invalid([f"Ensure this field has no more than {longest} characters."])
        if content and pattern and not re.fullmatch(pattern, content):
            raise Invalid([message])
        return content

    return check


def choice(*values: str) -> Check:
    def check(_state: Any, value: Any) -> str:
        if value not in values:
            raise Invalid([f'"{value}" is not a valid choice.'])
        return str(value)

    return check


def choices(*values: str) -> Check:
    def check(state: Any, value: Any) -> list[str]:
        if not isinstance(value, list):
            raise Invalid([f'Expected a list of items but got type "{type(value).__name__}".'])
        if not value:
            raise Invalid(["This list may not be empty."])
        wrong = {
            str(index): [f'"{entry}" is not a valid choice.']
            for index, entry in enumerate(value)
            if entry not in values
        }
        if wrong:
            raise Invalid(wrong)
        return list(value)

    return check


def flag(_state: Any, value: Any) -> bool:
    if value not in (True, False):
        raise Invalid(["Must be a valid boolean."])
    return bool(value)


def number(least: int = -(2**31), most: int = 2**31 - 1) -> Check:
    def check(_state: Any, value: Any) -> int:
        try:
            integer = int(str(value))
        except ValueError:
            raise Invalid(["A valid integer is required."]) from None
        if integer < least:
            raise Invalid([f"Ensure this value is greater than or equal to {least}."])
        if integer > most:
            raise Invalid([f"Ensure this value is less than or equal to {most}."])
        return integer

    return check


def mapping(_state: Any, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Invalid(["Value must be a dictionary, and not have any duplicate keys."])
    return value


def duration(_state: Any, value: Any) -> Any:
    if seconds(str(value)) is None:
        raise Invalid([f"{value} is not in the correct format of 'hours=3;minutes=1'."])
    return value


def seconds(value: str) -> float | None:
    """The length of a time span; None if no part of it is valid."""
    parts = re.findall(r"(?:^|;)(\w+)=([0-9.]+)", value)
    known = [UNITS[unit] * float(count) for unit, count in parts if unit in UNITS]
    return sum(known) if known else None


def url(_state: Any, value: Any) -> Any:
    if value and not re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", str(value)):
        raise Invalid(["Enter a valid URL."])
    return value


def one_of(kind: str) -> Check:
    """The primary key of an existing object."""
    numbers = kind in ("user", "provider")

    def check(state: Any, value: Any) -> Any:
        if numbers and (isinstance(value, bool) or not isinstance(value, int)):
            raise Invalid([f"Incorrect type. Expected pk value, received {type(value).__name__}."])
        if not numbers:
            try:
                value = str(uuid.UUID(str(value)))
            except ValueError:
                raise Invalid([f"\u201c{value}\u201d is not a valid UUID."]) from None
        if state.get(kind, value) is None:
            raise Invalid([f'Invalid pk "{value}" - object does not exist.'])
        return value

    return check


def many_of(kind: str) -> Check:
    check_key = one_of(kind)

    def check(state: Any, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Invalid([f'Expected a list of items but got type "{type(value).__name__}".'])
        return list(dict.fromkeys(check_key(state, key) for key in value))

    return check


def redirects(version: tuple[int, ...], partial: bool = False) -> Check:
    """The list of redirect URIs, which have a type since 2026.5."""

    def check(_state: Any, value: Any) -> list[dict[str, str]]:
        if not isinstance(value, list):
            raise Invalid({"non_field_errors": [f'Expected a list of items but got type "{type(value).__name__}".']})
        kept: list[dict[str, Any]] = []
        wrong: list[Any] = []
        for entry in value:
            fields = [Field("matching_mode", choice("strict", "regex")), Field("url", text(blank=False))]
            if version >= (2026, 5):
                fields.append(Field("redirect_uri_type", choice("authorization", "logout"), "authorization"))
            try:
                kept.append(read_body(None, fields, entry, partial, True))
                wrong.append({})
            except Invalid as problem:
                wrong.append(problem.body)
        if any(wrong):
            raise Invalid(wrong)
        for entry in kept:
            if entry.get("matching_mode") == "regex":
                try:
                    re.compile(entry["url"])
                except re.error:
                    raise Invalid([f"Invalid Regex Pattern: {entry['url']}"]) from None
        return kept

    return check
