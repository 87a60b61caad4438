"""The schema of request bodies: a table of fields per object type, and the parser.

Parsing has two steps with different errors: a body that does not match the types is `invalid_request_body`, a
value that breaks a rule is `validation_failed` with every broken field, in the order of the table (Pocket ID 2.14.0 and
2.13.0, observed).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .callback import storable
from .errors import Wrong, invalid, invalid_body

JSON_TYPE = re.compile(r"application/(json|[^;]+\+json)\s*(;.*)?", re.I)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
GO_DURATION = re.compile(r"([+-]?)((?:\d+(?:\.\d*)?(?:h|m|s|ms|us|ns))+)")
UNITS = {"h": 3600, "m": 60, "s": 1, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
USERNAME = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9_.@-]*[a-zA-Z0-9])?")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Broken(NamedTuple):
    """A violated rule; `place` is the position within the value."""

    code: str
    message: str
    place: str = ""


Rule = Callable[[Any], Broken | None]


class Misfit(Exception):
    """A JSON value of the wrong type."""


@dataclass(frozen=True)
class Kind:
    """A type of JSON value; a missing value becomes `zero`, and so does null unless `reads_null`."""

    zero: Any
    read: Callable[[Any], Any]
    reads_null: bool = False


@dataclass(frozen=True)
class Field:
    """A field of a body. The rules of an `optional` field do not apply to its zero value; the first violated one is reported."""

    name: str
    kind: Kind
    rules: tuple[Rule, ...] = ()
    optional: bool = True
    composed: bool = False
    since: tuple[int, int] = (2, 0)

    def wrong(self, value: Any) -> Wrong | None:
        if self.optional and value == self.kind.zero:
            return None
        for rule in self.rules:
            broken = rule(value)
            if broken:
                return Wrong(self.name + broken.place, broken.code, broken.message)
        return None


def of_type(kind: type) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        # true and false are numbers in Python, but not in JSON
        if not isinstance(value, kind) or isinstance(value, bool) and kind is not bool:
            raise Misfit
        return value

    return read


def moment(value: Any) -> datetime:
    if not isinstance(value, str) or not RFC3339.fullmatch(value):
        raise Misfit
    return datetime.fromisoformat(value)


def seconds(value: Any) -> float:
    """A duration: whole seconds as a number, or a string like `1h30m`; an empty string is none."""
    if value == "":
        return 0.0
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(int(value))
    match = GO_DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise Misfit
    parts = re.findall(r"([\d.]+)(h|ms|us|ns|m|s)", match[2])
    return sum(float(number) * UNITS[unit] for number, unit in parts) * (-1 if match[1] == "-" else 1)


def listed(read: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
    def read_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Misfit
        return [read(entry) for entry in value]

    return read_all


def objects(fields: tuple[Field, ...]) -> Callable[[Any], list[dict[str, Any]]]:
    return listed(lambda value: fitted(value, fields))


TEXT, MAYBE_TEXT = Kind("", of_type(str)), Kind(None, of_type(str))
FLAG, WHOLE = Kind(False, of_type(bool)), Kind(0, of_type(int))
TEXTS, MOMENT, SECONDS = Kind(None, listed(of_type(str))), Kind(None, moment), Kind(0.0, seconds, reads_null=True)


def required(value: Any) -> Broken | None:
    return Broken("required", "is required") if value in ("", None) else None


def at_least(least: int) -> Rule:
    broken = Broken("too_short", f"must be at least {least} characters long")
    return lambda value: broken if len(value) < least else None


def at_most(most: int) -> Rule:
    broken = Broken("too_long", f"must be at most {most} characters long")
    return lambda value: broken if len(value) > most else None


def fits(test: Callable[[Any], Any], code: str = "invalid_format", message: str = "is invalid") -> Rule:
    return lambda value: None if test(value) else Broken(code, message)


def each(test: Callable[[Any], Any], code: str) -> Rule:
    """A rule for the elements of a list; the first that violates it is reported with its index."""

    def rule(values: list[Any]) -> Broken | None:
        wrong = (index for index, value in enumerate(values) if not test(value))
        return next((Broken(code, "is invalid", f"[{index}]") for index in wrong), None)

    return rule


def is_url(value: str) -> bool:
    parts = urlsplit(value)
    return bool(parts.scheme and (parts.netloc or parts.fragment or not parts.path.startswith("/") and parts.path))


email = fits(EMAIL.fullmatch, message="must be a valid email address")
url = fits(is_url, message="must be a valid URL")
token_minutes = fits(lambda value: 0 < value <= 525600, "token_duration")
life = fits(lambda value: 1 < value <= 31 * 86400, "ttl")
callbacks = each(storable, "callback_url_pattern")

IDENTITY = (
    Field("issuer", TEXT),
    Field("subject", TEXT),
    Field("audience", TEXT),
    Field("jwks", TEXT),
    Field("replayProtection", FLAG, since=(2, 10)),
)
CREDENTIALS = (Field("federatedIdentities", Kind(None, objects(IDENTITY))),)
CLIENT_UPDATE = (
    Field("name", TEXT, (required, at_most(50)), optional=False, composed=True),
    Field("description", TEXT, (at_most(150),), composed=True, since=(2, 10)),
    Field("callbackURLs", TEXTS, (callbacks,)),
    Field("logoutCallbackURLs", TEXTS, (callbacks,)),
    *(
        Field(name, FLAG, since=since)
        for name, since in {
            "isPublic": (2, 0),
            "pkceEnabled": (2, 0),
            "requiresReauthentication": (2, 0),
            "requiresPushedAuthorizationRequests": (2, 9),
            "skipConsent": (2, 10),
        }.items()
    ),
    Field("credentials", Kind({}, lambda value: fitted(value, CREDENTIALS))),
    Field("launchURL", MAYBE_TEXT, (url,)),
    Field("hasLogo", FLAG),
    Field("hasDarkLogo", FLAG),
    Field("logoUrl", MAYBE_TEXT),
    Field("darkLogoUrl", MAYBE_TEXT),
    Field("isGroupRestricted", FLAG),
    Field("accessTokenDurationMinutes", WHOLE, (token_minutes,), since=(2, 13)),
    Field("refreshTokenDurationMinutes", WHOLE, (token_minutes,), since=(2, 13)),
)
CLIENT = (
    *CLIENT_UPDATE,
    Field("id", TEXT, (fits(re.compile(r"[a-zA-Z0-9._-]+").fullmatch, "client_id"), at_least(2), at_most(128))),
)
SECRET = (
    Field("secret", TEXT, (at_least(16), fits(re.compile(r"[ -~]*").fullmatch, "printascii"))),
    Field("expiresAt", MOMENT),
)
GROUP = (
    Field("friendlyName", TEXT, (required, at_least(2), at_most(50)), optional=False, composed=True),
    Field("name", TEXT, (required, at_least(2), at_most(255)), optional=False, composed=True),
)
USER = (
    Field("id", TEXT, (fits(UUID.fullmatch, "uuid"),), since=(2, 12)),
    Field(
        "username",
        TEXT,
        (required, fits(USERNAME.fullmatch, message="has a character that it must not have"), at_least(1), at_most(50)),
        optional=False,
        composed=True,
    ),
    Field("email", MAYBE_TEXT, (email,), composed=True),
    Field("emailVerified", FLAG, since=(2, 2)),
    Field("firstName", TEXT, (at_most(50),), composed=True),
    Field("lastName", TEXT, (at_most(50),), composed=True),
    Field("displayName", TEXT, (at_most(100),), composed=True),
    Field("isAdmin", FLAG),
    Field("locale", MAYBE_TEXT),
    Field("disabled", FLAG),
    Field("userGroupIds", TEXTS),
)
# What the first releases of version 2 demanded of a user besides, by the version that demands it no more.
STRICTER_USER: dict[tuple[int, int], dict[str, Rule]] = {
    (2, 4): {"firstName": required, "displayName": required},
    (2, 5): {"username": at_least(2)},
}
SCIM = (
    Field("endpoint", TEXT, (required, url), optional=False),
    Field("token", TEXT),
    Field("oidcClientId", TEXT, (required,), optional=False),
)
CLAIM = (
    Field("key", TEXT, (required,), optional=False, composed=True),
    Field("value", TEXT, (required,), optional=False, composed=True),
)
API_KEY = (
    Field("name", TEXT, (required, at_least(3), at_most(50)), optional=False, composed=True),
    Field("description", MAYBE_TEXT, composed=True),
    Field("expiresAt", MOMENT, (required,), optional=False),
)
RENEWAL = API_KEY[2:]
ONE_TIME = (Field("ttl", SECONDS, (life,)), Field("userId", TEXT))
STEP = (Field("step", TEXT),)


def user_of(version: tuple[int, ...]) -> tuple[Field, ...]:
    """The fields of a user, with the rules that a version has."""
    stricter = {name: rule for until, rules in STRICTER_USER.items() if version < until for name, rule in rules.items()}
    return tuple(
        replace(field, rules=(*field.rules, stricter[field.name]), optional=False) if field.name in stricter else field
        for field in USER
    )


def ids(name: str) -> tuple[Field, ...]:
    """A body that is only a list of ids, which is required but may be empty."""
    return (Field(name, TEXTS, (required,), optional=False),)


def fitted(value: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    """The values of a JSON object by field; keys are matched case-insensitively, unknown ones are ignored."""
    if value is not None and not isinstance(value, dict):
        raise Misfit
    given = {key.lower(): content for key, content in (value or {}).items()}
    values = {}
    for field in fields:
        kind, key = field.kind, field.name.lower()
        is_zero = key not in given or given[key] is None and not kind.reads_null
        values[field.name] = kind.zero if is_zero else kind.read(given[key])
    return values


def parsed(body: bytes, content_type: str | None) -> Any:
    """The first JSON value of a body; the rest is ignored. A `content_type` of None is not checked."""
    if content_type is not None and not JSON_TYPE.fullmatch(content_type.strip()):
        raise invalid_body()
    try:
        return json.JSONDecoder().raw_decode(body.decode().lstrip())[0]
    except ValueError as error:
        raise invalid_body() from error


def checked(values: dict[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    """`values` in composed form (NFC) if the field requires it; refused if a rule is violated."""
    broken = [wrong for field in fields if (wrong := field.wrong(values[field.name]))]
    if broken:
        raise invalid(*broken)
    return {
        field.name: (
            unicodedata.normalize("NFC", values[field.name])
            if field.composed and values[field.name]
            else values[field.name]
        )
        for field in fields
    }


def read_object(value: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
    try:
        return checked(fitted(value, fields), fields)
    except Misfit as error:
        raise invalid_body() from error


def read_list(value: Any, fields: tuple[Field, ...]) -> list[dict[str, Any]]:
    """A body that is a list. All types are checked first, then the first element that violates a rule is reported."""
    try:
        return [checked(row, fields) for row in objects(fields)([] if value is None else value)]
    except Misfit as error:
        raise invalid_body() from error
