# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of authentik (core/tokens, intent api). Their keys stay readable, so none gets lost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Flag, Text
from ..core.plan import GENERATED
from ..core.resource import Guard, Probe, Reference, Step
from .lockout import ALLOW_LOCKOUT, consents
from .resource import AuthentikResource, named

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import AuthentikClient


class Token(AuthentikResource):
    name = "token"
    plural = "tokens"
    key = ("identifier",)
    collection = ("core", "tokens")
    immutable_remedy = "remove and recreate the token"
    fields = (
        named(
            "identifier",
            Text(pattern=r"[-a-zA-Z0-9_]+", rule="may only have letters, digits, '-' and '_'", longest=255),
            needed=True,
        ),
        named("user", immutable=True),
        named("description"),
        named("expiring", Flag(), default=True),
        named(
            "key",
            Text(pattern=r"[\x21-\x7e]+", rule="may only have printable ASCII characters", shortest=16, longest=255),
            write_only=True,
            secret=True,
        ),
        Field("return_secret", Flag(), task_only=True),
        ALLOW_LOCKOUT,
    )

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        empty = [Problem(option, "must not be empty") for option in ("user", "key") if entry[option] == ""]
        return super().problems(entry) + empty

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        if keys is None:
            return [
                token
                for token in map(_with_names, server.client.read_all(*self.collection))
                if token["intent"] == "api"
            ]
        answers = (server.client.read_or_none(*self.collection, identifier) for (identifier,) in keys)
        return [_with_names(answer) for answer in answers if answer]

    def with_names(self, server: ServerState, raw: dict[str, Any]) -> dict[str, Any]:
        return _with_names(raw)

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if actual is None:
            values.setdefault("user", server.client.myself["username"])
            problems += self._superuser_problems(server.client.myself, values)
        elif actual.raw["intent"] != "api":
            problems.append(
                Problem(
                    "identifier",
                    f"'{entry['identifier']}' is a token of intent {actual.raw['intent']}; take another name",
                )
            )
        return values, problems

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        """Compare the key, which is read apart from the token."""
        key = entry["key"] or GENERATED
        if actual and (entry["key"] or entry["return_secret"]):
            existing = server.client.read(*self.item_path(self.key_of(entry)), "view_key")["key"]
            key = entry["key"] or existing
            if key != existing:
                values = {**values, "key": key}
        return Probe(values, secrets={entry["identifier"]: key} if entry["return_secret"] else {})

    @staticmethod
    def _superuser_problems(me: Any, values: dict[str, Any]) -> list[Problem]:
        """Problems with values that the server silently ignores unless the caller is a superuser."""
        if me["is_superuser"]:
            return []
        problems = []
        if values["user"] != me["username"]:
            problems.append(
                Problem(
                    "user", f"requires superuser rights to create tokens of other users, which {me['username']} lacks"
                )
            )
        if values.get("expiring") is False:
            rule = (
                f"must be true, because {me['username']} lacks the superuser rights to create tokens that do not expire"
            )
            problems.append(Problem("expiring", rule))
        return problems

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to remove or replace the token that authenticates the task, unless allow_lockout is set."""
        me = server.client.myself["username"] if any(change.resource is self for change in changes) else ""
        return [
            f"{change.label}: this token authenticates the task and would stop working; set allow_lockout=true if that is"
            " intended"
            for change in changes
            if change.resource is self and change.found and change.found.values["user"] == me and not consents(change)
            if change.removes or "key" in change.values or change.values.get("expiring")
            if self._is_in_use(change, server.client)
        ]

    def _is_in_use(self, change: Change, client: AuthentikClient) -> bool:
        """Whether a token may be the one in use; the key of an expired token cannot be read."""
        try:
            shown = client.read_or_none(*self.item_path(change.key), "view_key")
        except FleetgateError as error:
            if error.status != 403:
                raise
            return True
        return bool(shown) and client.is_authorized_by(shown["key"])

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("user", (values["user"],))] if values.get("user") else []

    def built_in(self, actual: Actual) -> bool:
        # authentik marks its own tokens as managed; the bootstrap token is created with the server
        return bool(actual.raw["managed"]) or actual.values["identifier"] == "authentik-bootstrap-token"

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, *key)

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if change.removes:
            return super().steps_for(change, server)
        steps = []
        values = {**(change.found.values if change.found else {"expiring": True, "description": ""}), **change.values}
        # fields omitted from an update are reset to the caller or to the defaults of new tokens
        body = {
            "identifier": change.key[0],
            "intent": "api",
            "user": Reference("user", (values["user"],)),
            "description": values["description"],
            "expiring": values["expiring"],
        }
        own = sorted(option for option in change.values if option != "key")
        if change.creates:
            steps.append(Step("POST", self.collection, f"{change.label} is missing", body=body))
        elif own:
            reason, guard = f"{change.label}: {', '.join(own)}", Guard(self.name, change.key)
            steps.append(Step("PATCH", self.item_path(change.key), reason, body=body, guard=guard))
        if change.values.get("key"):
            body = {"key": change.values["key"]}
            steps.append(Step("POST", (*self.item_path(change.key), "set_key"), f"{change.label}: key", body=body))
        return steps


def _with_names(token: dict[str, Any]) -> dict[str, Any]:
    return {**token, "user": token["user_obj"]["username"]}
