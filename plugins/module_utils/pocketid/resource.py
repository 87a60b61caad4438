# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the resources of Pocket ID have in common: updates replace the whole object, and links go by id."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError
from ..core.fields import Field, Flag, Mapping, Text
from ..core.resource import Guard, Reference, Resource, Step

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PocketIdClient


@dataclass(frozen=True)
class Nullable(Text):
    """Text that is not set when it is null; the server refuses an empty one."""

    def encode(self, value: Any) -> Any:
        return value or None


# What the server takes for an e-mail address: no dots in a row, and a domain with a dot that ends in letters.
_ATOM = r"[^@\s.,:;<>()\[\]\\\"]+"
EMAIL = rf"{_ATOM}(\.{_ATOM})*@([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]([\w-]*[^\W\d_])?"

# Claims that the server makes itself (2.14.0, custom claims).
RESERVED_CLAIMS = frozenset(
    [
        "given_name",
        "family_name",
        "name",
        "email",
        "email_verified",
        "preferred_username",
        "display_name",
        "groups",
        "type",
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "azp",
        "client_id",
        "nbf",
        "jti",
    ]
)


ALLOW_LOCKOUT = Field("allow_lockout", Flag(), task_only=True)


def consents(change: Change) -> bool:
    """Whether the entry of a change says that it may lock the caller out; what is only in a scope has no entry."""
    return bool(change.entry.get(ALLOW_LOCKOUT.option))


@dataclass(frozen=True)
class Claims(Mapping):
    """Custom claims: texts by name. The server tells those that are JSON as JSON, so anything else is given as JSON."""

    def decode(self, wire: Any) -> Actual:
        return {row["key"]: row["value"] for row in wire}

    def encode(self, value: Any) -> Any:
        return [{"key": key, "value": text} for key, text in value.items()]

    def problem(self, value: Any) -> str | None:
        for key, text in value.items():
            if key in RESERVED_CLAIMS or not key:
                return f"'{key}' is a claim that the server makes itself"
            if text == "":
                return f"'{key}' must not be empty; leave it out to take the claim away"
        return None


class PocketIdResource(Resource):
    """`told` are the fields of an answer that are no fields of a request.

    `linked` are options that requests of their own are for, `not_from_directory` those that stay with Pocket ID for an
    object that comes from an LDAP directory.
    """

    told: tuple = ()
    linked: tuple = ()
    not_from_directory: tuple = ()

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The server keeps text in the composed form of Unicode."""
        claims = entry.get("custom_claims")
        if claims is not None:
            names = [_composed(str(key)) for key in claims]
            repeated = sorted({name for name in names if names.count(name) > 1})
            entry = {
                **entry,
                "custom_claims": {str(key): _as_text(value) for key, value in claims.items()},
                "repeated_claims": repeated,
            }
        return {option: _composed(value) for option, value in entry.items()}

    def problems(self, entry: dict[str, Any]) -> list[tuple[str, str]]:
        return super().problems(entry) + [
            ("custom_claims", f"'{name}' is given more than once, as a number and as text or in two forms of Unicode")
            for name in entry.get("repeated_claims") or ()
        ]

    def found_with(self, raw: dict[str, Any], **read: Any) -> Actual:
        """An object of which some fields are read in other ways than the server tells them."""
        return replace(super().decode({**raw, **read}), raw=raw)

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        values, problems = super().compare(server, entry, actual)
        if not actual:
            # what an old server does not know is empty there
            values = {
                option: value for option, value in values.items() if self.differs_from_nothing(server, option, value)
            }
        if actual and self.from_directory(server.client, actual):
            problems += [
                (option, "comes from the LDAP directory, which would put it back; change it there")
                for option in values
                if option not in self.not_from_directory
            ]
        return values, problems

    def differs_from_nothing(self, server: ServerState, option: str, value: Any) -> bool:
        one = self.field(option)
        return not one.since or server.client.version >= one.since or value != one.absent

    def from_directory(self, client: PocketIdClient, actual: Actual) -> bool:
        """Whether an LDAP directory is the master of an object. Where LDAP is switched off, what came from it is like any."""
        return bool(actual.raw.get("ldapId")) and client.has_directory

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        return [
            f"{change.label}: comes from the LDAP directory, which would bring it back; remove it there"
            for change in changes
            if change.resource is self and change.removes and self.kept_by_directory(server.client, change.found)
        ]

    def kept_by_directory(self, client: PocketIdClient, actual: Actual) -> bool:
        return self.from_directory(client, actual)

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, Reference(self.name, key))

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        reference = Reference(self.name, change.key)
        if change.removes:
            return [Step("DELETE", self.item_path(change.key), f"{change.label} is declared absent")]
        body = self.request_body(change)
        if change.creates:
            return [
                Step("POST", self.collection, f"{change.label} is missing", body=body, provides=reference),
                *self.links(change, server),
            ]
        steps = self.links(change, server)
        if body:
            # a PUT replaces the object, so what is not named in the task is sent as the server has it
            kept = {name: value for name, value in change.found.raw.items() if name not in self.told}
            changed = ", ".join(sorted(option for option in change.values if option not in self.linked))
            steps.insert(
                0, Step("PUT", self.item_path(change.key), f"{change.label}: {changed}", body={**kept, **body})
            )
        guard = self.guard(change)
        # one look before the first request: those that follow it at once change the object themselves
        return [replace(steps[0], guard=guard), *steps[1:]] if guard else steps

    def guard(self, change: Change) -> Guard | None:
        """The options that requests for an object replace as a whole: its lists, and with its own body all of that."""
        actual = change.found.values
        links = [option for option in self.linked if option in actual and option in change.values]
        own = [option for option in actual if option not in self.linked] if self.request_body(change) else []
        # an update of the body may replace a list along with it
        along = [option for option in self.linked if option in actual] if own else []
        options = tuple(dict.fromkeys([*own, *links, *along]))
        return Guard(self.name, change.key, options) if options else None

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        try:
            raw = server.client.read(*self.collection, self.in_path(server.actual(self.name)[key].raw["id"]))
        except FleetgateError as error:
            if error.status != 404:
                raise
            return None
        return self.decode(raw)

    def unchanged(self, planned: Actual, now: Actual, options: tuple[str, ...]) -> bool:
        """With the body go fields that are no options, which the server has in a newer version."""
        carried = [
            {name: value for name, value in actual.raw.items() if name not in self.told and name != "credentials"}
            for actual in (planned, now)
        ]
        with_body = any(option not in self.linked for option in options)
        return super().unchanged(planned, now, options) and not (with_body and carried[0] != carried[1])

    @staticmethod
    def in_path(object_id: str) -> str:
        """The id of an object as part of a path."""
        return object_id

    def request_body(self, change: Change) -> dict[str, Any]:
        own = {option: value for option, value in change.values.items() if option not in self.linked}
        return super().request_body(replace(change, values=own))

    def links(self, change: Change, server: ServerState) -> list:
        """Requests for what is no part of the object's own body."""
        return []

    def claims_step(self, change: Change, owner: str) -> list[Step]:
        """The request that replaces the custom claims of a user or group."""
        claims = change.values.get("custom_claims")
        if claims is None or (change.creates and not claims):
            return []
        path = ("api", "custom-claims", owner, Reference(self.name, change.key))
        return [Step("PUT", path, f"{change.label}: custom_claims", body=Claims().encode(claims))]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _composed(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {_composed(key): _composed(text) for key, text in value.items()}
    return [_composed(element) for element in value] if isinstance(value, list) else value
