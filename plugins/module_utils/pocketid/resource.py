# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Common behaviour of Pocket ID resources: updates replace the whole object, and links use ids."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Flag, Mapping, Text
from ..core.resource import Guard, Reference, Resource, Step

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PocketIdClient


@dataclass(frozen=True)
class Nullable(Text):
    """Text that is unset by null; the server rejects an empty string."""

    def encode(self, value: Any) -> Any:
        return value or None


# What the server accepts as an e-mail address: no consecutive dots, and a domain with a dot that ends in letters.
_ATOM = r"[^@\s.,:;<>()\[\]\\\"]+"
EMAIL = rf"{_ATOM}(\.{_ATOM})*@([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]([\w-]*[^\W\d_])?"

# Claims that the server generates itself (2.14.0, custom claims).
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
    """Whether the entry of a change allows locking the caller out; pruned objects have no entry."""
    return bool(change.entry.get(ALLOW_LOCKOUT.option))


@dataclass(frozen=True)
class Claims(Mapping):
    """Custom claims: texts by name. The server issues a JSON text as JSON, so values other than text are encoded as JSON."""

    def decode(self, wire: Any) -> dict[str, str]:
        return {row["key"]: row["value"] for row in wire}

    def encode(self, value: Any) -> Any:
        return [{"key": key, "value": text} for key, text in value.items()]

    def problem(self, value: Any) -> str | None:
        for key, text in value.items():
            if key in RESERVED_CLAIMS or not key:
                return f"'{key}' is a claim that the server generates itself; choose another name"
            if text == "":
                return f"'{key}' must not be empty; leave it out to remove the claim"
        return None


class PocketIdResource(Resource):
    """`response_only` are the fields of a response that a request must not contain.

    `linked` are options that have requests of their own, `not_from_directory` those that Pocket ID manages even for an
    object from an LDAP directory.
    """

    response_only: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    not_from_directory: tuple[str, ...] = ()

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Compose Unicode text as the server does (NFC)."""
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

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        return super().problems(entry) + [
            Problem(
                "custom_claims", f"'{name}' is given more than once, as a number and as text or in two forms of Unicode"
            )
            for name in entry.get("repeated_claims") or ()
        ]

    def decode_with(self, raw: dict[str, Any], **read: Any) -> Actual:
        """Decode an object some of whose fields are replaced by `read`."""
        return replace(super().decode({**raw, **read}), raw=raw)

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if not actual:
            # options that an old server does not know are empty on it
            values = {
                option: value for option, value in values.items() if self.differs_from_absent(server, option, value)
            }
        if actual and self.from_directory(server.client, actual):
            problems += [
                Problem(option, "is managed by the LDAP directory, which would revert the change; change it there")
                for option in values
                if option not in self.not_from_directory
            ]
        return values, problems

    def differs_from_absent(self, server: ServerState, option: str, value: Any) -> bool:
        field = self.field(option)
        return not field.since or server.client.version >= field.since or value != field.absent

    def from_directory(self, client: PocketIdClient, actual: Actual) -> bool:
        """Whether an LDAP directory manages an object. With LDAP disabled, its former objects are ordinary ones."""
        return bool(actual.raw.get("ldapId")) and client.has_directory

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        return [
            f"{change.label}: is managed by the LDAP directory, which would recreate it; remove it there"
            for change in changes
            if change.resource is self and change.removes and self.kept_by_directory(server.client, change.existing)
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
            # a PUT replaces the object, so undeclared fields are sent with their current values
            kept = {name: value for name, value in change.existing.raw.items() if name not in self.response_only}
            changed = ", ".join(sorted(option for option in change.values if option not in self.linked))
            steps.insert(
                0, Step("PUT", self.item_path(change.key), f"{change.label}: {changed}", body={**kept, **body})
            )
        guard = self.guard(change)
        # guard only the first request: those that follow change the object themselves
        return [replace(steps[0], guard=guard), *steps[1:]] if guard else steps

    def guard(self, change: Change) -> Guard | None:
        """The options that the requests for an object replace as a whole: its lists, and everything in its body."""
        actual = change.existing.values
        links = [option for option in self.linked if option in actual and option in change.values]
        own = [option for option in actual if option not in self.linked] if self.request_body(change) else []
        # an update of the body may replace a list as well
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
        """The body also carries fields that are not options and that may have changed on the server."""
        carried = [
            {
                name: value
                for name, value in actual.raw.items()
                if name not in self.response_only and name != "credentials"
            }
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

    def links(self, change: Change, server: ServerState) -> list[Step]:
        """Requests for what is not part of the object's own body."""
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
