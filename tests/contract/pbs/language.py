"""The notation of facts: cases of steps, and expected responses.

`{n}` stands for a unique name. An expected response is a value, a type, a pattern, a predicate, or a dict
of these for the keys that matter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.simulators.directory import EXAMPLE

ROOT_PASSWORD = "correct horse"
BOB = "bob@pbs", "password of bob"
USERS, ACL, OPENID, LDAP = "/access/users", "/access/acl", "/config/access/openid", "/config/access/ldap"
CA = "/etc/ssl/example-ca.pem"
BIND = {"bind-dn": f"cn=proxmox,{EXAMPLE}", "password": "a-bind-password"}
USER, TOKEN, REALM = f"{USERS}/{{n}}@pbs", f"{USERS}/{{n}}@pbs/token/t", f"{OPENID}/{{n}}"
AD, AD_BODY = "/config/access/ad", {"realm": "{n}", "server1": "dc1.example.org", **BIND}
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
ABSENT, ANY = object(), object()

PATTERN = "value does not match the regex pattern"
UNKNOWN = "schema does not allow additional properties"
MISMATCH = "detected modified configuration - file changed by other user? Try again."
NEW = {"userid": "{n}@pbs"}
MADE = (f"POST {USERS}", {**NEW, "comment": "c", "email": "a@example.org"})
REALM_BODY = {"realm": "{n}", "issuer-url": "https://idp.example.org", "client-id": "pbs", "client-key": "secret"}
REALM_MADE = (f"POST {OPENID}", REALM_BODY)
LDAP_BODY = {"realm": "{n}", "server1": "ldap.example.org", "base-dn": EXAMPLE, "user-attr": "uid"}


class Raw(NamedTuple):
    """A request body as it goes over the wire, with its content type."""

    kind: str
    data: str


class Step(NamedTuple):
    """One request of a case and the expected response: the text of an error, or the data of a success."""

    request: str
    body: Any = None
    status: int = 200
    answer: Any = ANY


def case(section: str, name: str, *steps: tuple, version: str | None = None) -> Any:
    """A fact of one section of the contract. With `version` it applies to a simulator of that release."""
    return pytest.param(steps, version, id=f"{section} {name}{f' in {version}' if version else ''}")


def grant(auth_id: str, path: str, role: str, **more: Any) -> tuple:
    """The step that adds an ACL row, or removes it with delete=True."""
    return f"PUT {ACL}", {"path": path, "role": role, "auth-id": auth_id, **more}


def has(**row: Any) -> Callable[[list], bool]:
    return lambda rows: any(fits(each, row) for each in rows)


def lacks(**row: Any) -> Callable[[list], bool]:
    return lambda rows: not any(fits(each, row) for each in rows)


def fits(data: dict, row: dict) -> bool:
    return all(key not in data if value is ABSENT else key in data and data[key] == value for key, value in row.items())


def invalid(name: str, reason: str) -> str:
    return f"parameter verification failed - '{name}': {reason}"


def not_defined(value: str) -> str:
    return f"value '{value}' is not defined in the enumeration."


def too_short(limit: int) -> str:
    return f"value must be at least {limit} characters long"


def too_long(limit: int) -> str:
    return f"value may only be {limit} characters long"
