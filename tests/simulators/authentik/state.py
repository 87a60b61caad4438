"""The state of an authentik server: rows by object type, with the field names of the API and the links of its database."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

Row = dict[str, Any]
ALPHANUMERIC = string.ascii_letters + string.digits
KEY_KINDS: dict[str, Callable[[], Key]] = {
    "rsa": lambda: RSAKey.generate_key(2048),
    "ec": lambda: ECKey.generate_key("P-256"),
    "ed25519": lambda: OKPKey.generate_key("Ed25519"),
}


def random_text(length: int) -> str:
    return "".join(secrets.choice(ALPHANUMERIC) for _each in range(length))


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@dataclass
class Session:
    """A browser session: its user, and its current flow."""

    user: int | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    since: datetime = field(default_factory=now)
    flow: str | None = None
    stage: int = 0
    pending: str = ""
    # target of the authorization flow
    then: str = ""
    consent_token: str = ""
    csrf_token: str = ""


@dataclass
class Grant:
    """An authorization code, with the parameters of its request."""

    user: int
    provider: int
    scopes: list[str]
    query: dict[str, str]
    session: Session
    expires: datetime


class State:
    """The whole state: `rows` by object type and primary key, in the order of creation."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[Any, Row]] = {}
        self.keys: dict[str, Key] = {}
        self.passwords: dict[int, str] = {}
        self.sessions: dict[str, Session] = {}
        self.codes: dict[str, Grant] = {}
        self.access_tokens: dict[str, Grant] = {}
        # names in the cached application list, by user and page
        self.listed: dict[tuple[int, int], list[str]] = {}
        # uploaded files by name
        self.files: dict[str, bytes] = {}
        self.secret = random_text(50)
        self._numbers: dict[str, int] = {}

    def all(self, kind: str) -> list[Row]:
        return list(self.rows.get(kind, {}).values())

    def get(self, kind: str, pk: Any) -> Row | None:
        return self.rows.get(kind, {}).get(pk)

    def row(self, kind: str, pk: Any) -> Row:
        """A row that exists, such as the target of a link."""
        return self.rows[kind][pk]

    def find(self, kind: str, **values: Any) -> Row | None:
        return next((row for row in self.all(kind) if all(row[name] == value for name, value in values.items())), None)

    def add(self, kind: str, row: Row) -> Row:
        if kind in ("provider", "user"):
            self._numbers[kind] = self._numbers.get(kind, 0) + 1
            row["pk"] = self._numbers[kind]
        else:
            row["pk"] = str(uuid.uuid4())
        self.rows.setdefault(kind, {})[row["pk"]] = row
        return row

    # -- membership and access ---------------------------------------------------------------------------------

    def groups_of(self, user: int) -> list[Row]:
        """The groups of which a user is a direct member."""
        return [group for group in self.all("group") if user in group["users"]]

    def all_groups_of(self, user: int) -> set[str]:
        """The groups of a user, and all of their parents."""
        groups: set[str] = set()
        waiting = [group["pk"] for group in self.groups_of(user)]
        while waiting:
            pk = waiting.pop()
            if pk not in groups:
                groups.add(pk)
                waiting += self.row("group", pk)["parents"]
        return groups

    def is_superuser(self, user: int) -> bool:
        return any(self.row("group", pk)["is_superuser"] for pk in self.all_groups_of(user))

    def roles_of(self, user: int) -> list[Row]:
        """The roles of a user: its own, and those of all its groups."""
        groups = self.all_groups_of(user)
        given = {role for pk in groups for role in self.row("group", pk)["roles"]}
        return [role for role in self.all("role") if role["pk"] in given or user in role["users"]]

    def permissions_of(self, user: int) -> set[str]:
        """The permissions of a user for all objects."""
        return {permission for role in self.roles_of(user) for permission in role["permissions"]}

    def objects_of(self, user: int, permission: str) -> set[str]:
        """The primary keys of the objects for which a user has a permission."""
        return {key for role in self.roles_of(user) for name, key in role["objects"] if name == permission}

    def application_of(self, provider: int) -> Row | None:
        return self.find("application", provider=provider)

    def admits(self, application: Row, user: int) -> bool:
        """The policy engine: without enabled bindings every user is admitted (authentik/policies/engine.py)."""
        bindings = [
            binding for binding in self.all("binding") if binding["target"] == application["pk"] and binding["enabled"]
        ]
        if not bindings:
            return True
        groups = self.all_groups_of(user)
        static = [
            (binding["user"] == user if binding["user"] else binding["group"] in groups) != binding["negate"]
            for binding in bindings
            if not binding["policy"]
        ]
        # expressions are not evaluated here: only "return True" passes
        results = [
            (self.row("policy", binding["policy"])["expression"].strip() == "return True") != binding["negate"]
            for binding in bindings
            if binding["policy"]
        ]
        every = all if application["policy_engine_mode"] == "all" else any
        if static:
            results.append(every(static))
        return every(results)

    # -- cascading deletion -----------------------------------------------------------------------------------

    def remove(self, kind: str, pk: Any) -> None:
        del self.rows[kind][pk]
        removed = getattr(self, f"_without_{kind}", None)
        if removed:
            removed(pk)

    def _drop(self, kind: str, name: str, value: Any) -> None:
        for row in self.all(kind):
            if row[name] == value:
                self.remove(kind, row["pk"])

    def _clear(self, kind: str, name: str, value: Any) -> None:
        for row in self.all(kind):
            if isinstance(row[name], list):
                row[name] = [entry for entry in row[name] if entry != value]
            elif row[name] == value:
                row[name] = None

    def _without_provider(self, pk: int) -> None:
        self._clear("application", "provider", pk)

    def _without_application(self, pk: str) -> None:
        self._drop("binding", "target", pk)

    def _without_group(self, pk: str) -> None:
        self._drop("binding", "group", pk)
        self._clear("group", "parents", pk)

    def _without_user(self, pk: int) -> None:
        self._drop("binding", "user", pk)
        self._drop("token", "user", pk)
        self._clear("group", "users", pk)
        self._clear("role", "users", pk)

    def _without_role(self, pk: str) -> None:
        self._clear("group", "roles", pk)

    def _without_policy(self, pk: str) -> None:
        self._drop("binding", "policy", pk)

    def _without_flow(self, pk: str) -> None:
        self._drop("provider", "authorization_flow", pk)
        for name in ("invalidation_flow", "authentication_flow"):
            self._clear("provider", name, pk)

    def _without_key(self, pk: str) -> None:
        for name in ("signing_key", "encryption_key"):
            self._clear("provider", name, pk)

    def _without_mapping(self, pk: str) -> None:
        self._clear("provider", "property_mappings", pk)

    # -- values ------------------------------------------------------------------------------------------------

    def uid(self, user: Row) -> str:
        return sha256(user["uuid"].encode()).hexdigest()

    def lasting(self, minutes: int = 30) -> str:
        return stamp(now() + timedelta(minutes=minutes))
