# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OIDC clients of Pocket ID (2.14.0, oidc_controller), with their allowed groups, logos and secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Flag, Kind, Names, Number, Picture, Text
from ..core.resource import Probe, Reference, Step, fields_spec, rule_violations
from .client import in_path
from .client_secrets import SECRET_OPTIONS, secret_problems, secret_steps, work_on_secrets
from .images import same_picture
from .resource import Nullable, PocketIdResource

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PocketIdClient

_MINUTES = Number(1, 525600)


@dataclass(frozen=True)
class Callback(Text):
    """A callback URL, in which * may stand for parts of it."""

    # the server parses HOST:PORT as a scheme and its rest, which then matches nothing that a browser sends
    pattern: str = r"\*|(?!(?i:javascript|data):)[A-Za-z*][A-Za-z0-9+.*-]*:(?![0-9]+(/|$)).+"
    rule: str = "must be a URL with its scheme, such as https://pve1.example.org:8006, or a pattern of such a URL"

    def problem(self, value: Any) -> str | None:
        broken = super().problem(value)
        if broken or not value:
            return broken
        address, _separator, _query = value.partition("#")[0].partition("?")
        port = re.match(r"[^:/]+://(?:[^/@]*@)?(?:\[[^\]]*\]|[^/:]*):([0-9]+)", address)
        if port and int(port[1]) > 65535:
            return "has a port above 65535"
        if re.search(r"[(){}\s]|%(?![0-9A-Fa-f]{2})|(?<!\*)\+|\\$", address.partition(":")[2]):
            return "has a character that Pocket ID rejects in a callback URL ((, ), {, }, + or a single %)"
        return None


_CALLBACK = Callback()
_URL = Text(pattern=r"https?://.+", rule="must be an http or https URL")
_REPLAY_PROTECTION = (2, 10)
_IDENTITY = (
    Field("issuer", _URL, needed=True),
    Field("subject"),
    Field("audience"),
    Field("jwks", _URL),
    Field("replay_protection", Flag(), wire="replayProtection", since=_REPLAY_PROTECTION),
)
_SELF_REGISTERED = "registered itself from its metadata document (type cimd), which defines it"
# the value of the parameter "light" for each logo
_LOGOS = {"logo": "true", "dark_logo": "false"}


@dataclass(frozen=True)
class Identities(Kind):
    """Identities of other issuers that authenticate the client instead of a secret; their order is irrelevant."""

    empty = ()

    def spec(self) -> dict[str, Any]:
        return {"type": "list", "elements": "dict", "options": fields_spec(_IDENTITY, ("issuer",))}

    def decode(self, wire: Any) -> list[dict[str, Any]]:
        return self.whole([{field.option: field.decode(identity) for field in _IDENTITY} for identity in wire])

    def encode(self, value: Any) -> Any:
        return [{field.name: identity[field.option] for field in _IDENTITY} for identity in value]

    def whole(self, value: Any) -> list[dict[str, Any]]:
        """Sort identities and complete them with the fields that they omit, since the server treats omitted and empty alike."""
        whole = [
            {
                field.option: (field.absent if identity.get(field.option) is None else identity[field.option])
                for field in _IDENTITY
            }
            for identity in value
        ]
        return sorted(whole, key=lambda identity: sorted((option, str(value)) for option, value in identity.items()))

    def problem(self, value: Any) -> str | None:
        broken = [
            problem.at(f"[{index}].")
            for index, identity in enumerate(value)
            for problem in rule_violations(_IDENTITY, identity)
        ]
        return ", ".join(broken) or None


_LOGO = Picture(
    # the server limits the whole request to 2 MiB, to which the upload adds a little
    largest=2 * 1024 * 1024 - 1024,
    endings=("jpg", "jpeg", "png", "svg", "ico", "gif", "webp", "avif", "heic"),
)


class OidcClient(PocketIdResource):
    name = "client"
    plural = "clients"
    key = ("id",)
    collection = ("api", "oidc", "clients")
    uploads = tuple(_LOGOS)
    response_only = ("id", "hasLogo", "hasDarkLogo", "clientType", "pkceSupported", "allowedUserGroups")
    linked = ("allowed_groups", *_LOGOS, "secret", "secrets")
    fields = (
        Field(
            "id",
            Text(
                # the second form is the id of a client that registered itself
                pattern=r"[a-zA-Z0-9._-]{2,128}|https://\S+",
                rule="must have 2 to 128 letters, digits, '.', '_' and '-'",
            ),
        ),
        Field("name", Text(longest=50), needed=True),
        Field("description", Text(longest=150), since=(2, 10)),
        Field("callback_urls", Names(_CALLBACK), wire="callbackURLs"),
        Field("logout_callback_urls", Names(_CALLBACK), wire="logoutCallbackURLs"),
        Field("launch_url", Nullable(pattern=r"https?://.+", rule="must be an http or https URL"), wire="launchURL"),
        Field("is_public", Flag(), wire="isPublic"),
        Field("pkce_enabled", Flag(), wire="pkceEnabled"),
        Field("requires_reauthentication", Flag(), wire="requiresReauthentication"),
        Field(
            "requires_pushed_authorization_requests", Flag(), wire="requiresPushedAuthorizationRequests", since=(2, 9)
        ),
        Field("skip_consent", Flag(), wire="skipConsent", since=(2, 10)),
        Field("access_token_duration_minutes", _MINUTES, wire="accessTokenDurationMinutes", default=60, since=(2, 13)),
        Field(
            "refresh_token_duration_minutes", _MINUTES, wire="refreshTokenDurationMinutes", default=43200, since=(2, 13)
        ),
        Field("federated_identities", Identities(), wire="federatedIdentities", default=[]),
        Field("is_group_restricted", Flag(), wire="isGroupRestricted"),
        Field("allowed_groups", Names()),
        Field("logo", _LOGO, write_only=True),
        Field("dark_logo", _LOGO, write_only=True),
        *SECRET_OPTIONS,
    )

    # -- declared entries --------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        spec = super().spec()
        spec["id"]["required"] = False
        # only parts of it are secret; Ansible would hide the names as well
        spec["secrets"]["no_log"] = False
        return spec

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        entry = super().normalise(entry)
        restricted = entry["is_group_restricted"]
        if restricted is None and entry["allowed_groups"]:
            restricted = True
        identities = entry["federated_identities"]
        return {
            **entry,
            "federated_identities": (identities if identities is None else Identities().whole(identities)),
            "is_group_restricted": restricted,
            "pkce_enabled": True if entry["is_public"] else entry["pkce_enabled"],
        }

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if not (entry["id"] or entry["name"]):
            problems.append(Problem("id", "or name must be given"))
        return problems + secret_problems(entry)

    def identify(self, entry: dict[str, Any], server: ServerState) -> dict[str, Any]:
        """Find a client without a declared id by its name, which need not be unique on the server."""
        if entry["id"]:
            return entry
        ids = [
            client["id"]
            for client in server.client.read_all(*self.collection, sort="name", search=entry["name"])
            if client["name"] == entry["name"]
        ]
        if len(ids) > 1:
            return {**entry, "ambiguous": ids}
        return {**entry, "id": ids[0]} if ids else entry

    def key_of(self, entry: dict[str, Any]) -> tuple[str, ...]:
        return (entry["id"] or f"with the name {entry['name']}",)

    # -- the server --------------------------------------------------------------------------------------------

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Lists omit the allowed groups, so each client is read individually."""
        ids = server.names(self.name)
        if ids is None:
            ids = {client["id"] for client in server.client.read_all(*self.collection, sort="createdAt")}
        for client_id in sorted(ids):
            try:
                yield server.client.read(*self.collection, in_path(client_id))
            except FleetgateError as error:
                if error.status != 404:
                    raise

    def decode(self, raw: dict[str, Any]) -> Actual:
        return self.decode_with(
            raw,
            **{"allowed-groups": [group["name"] for group in raw.get("allowedUserGroups") or ()]},
            federatedIdentities=raw["credentials"].get("federatedIdentities"),
        )

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if entry.get("ambiguous"):
            problems.append(
                Problem(
                    "name", f"'{entry['name']}' matches several clients ({', '.join(entry['ambiguous'])}); set the id"
                )
            )
        if {**(actual.values if actual else {}), **values}.get("is_public") and entry["pkce_enabled"] is False:
            problems.append(Problem("pkce_enabled", "cannot be false, because the client is public"))
        if values and entry["is_group_restricted"] is False and entry["allowed_groups"]:
            problems.append(Problem("is_group_restricted", "is false, but allowed_groups is given; remove one of them"))
        protected = any(identity.get("replay_protection") for identity in values.get("federated_identities") or ())
        if protected and (too_old := version_problem(server.client, _REPLAY_PROTECTION)):
            problems.append(Problem("federated_identities", f"replay_protection {too_old}; leave it out"))
        values.pop("secret", None)
        values.pop("secrets", None)
        if not actual and (entry["id"] or "").startswith("https://"):
            problems.append(
                Problem("id", f"'{entry['id']}' is only possible for a client that registers itself; choose another id")
            )
        return values, problems

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        """Compare the logos, and try the secrets."""
        logos = {
            option: entry[option]
            for option in _LOGOS
            if actual and entry[option] is not None and self._logo_differs(server.client, entry, option, actual)
        }
        probe = work_on_secrets(server, self.key_of(entry), entry, actual)
        probe.values = {**values, **logos, **probe.values}
        if actual and probe.values and actual.raw.get("clientType") == "cimd":
            probe.problems.append(
                Problem("id", f"{_SELF_REGISTERED}, so it cannot be changed here; remove it from the declaration")
            )
        return probe

    def deletion_blockers(self, entry: dict[str, Any], actual: Actual) -> list[Problem]:
        return (
            [Problem("id", f"{_SELF_REGISTERED} and would register again")]
            if actual.raw.get("clientType") == "cimd"
            else []
        )

    def built_in(self, actual: Actual) -> bool:
        """Protect clients that registered themselves from pruning."""
        return actual.raw.get("clientType") == "cimd"

    def _logo_differs(self, client: PocketIdClient, entry: dict[str, Any], option: str, actual: Actual) -> bool:
        existing = actual.raw["hasLogo" if option == "logo" else "hasDarkLogo"]
        if not (existing and entry[option]):
            return bool(existing) != bool(entry[option])
        with open(entry[option], "rb") as source:
            return not same_picture(
                source.read(), client.read_bytes(*self.collection, actual.raw["id"], "logo", light=_LOGOS[option])
            )

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("group", (name,)) for name in values.get("allowed_groups") or ()]

    # -- requests ----------------------------------------------------------------------------------------------

    @staticmethod
    def in_path(object_id: str) -> str:
        return in_path(object_id)

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        if change.creates and not change.entry["id"]:
            body.pop("id", None)
        if "federatedIdentities" in body:
            body["credentials"] = {"federatedIdentities": body.pop("federatedIdentities")}
        return body

    def links(self, change: Change, server: ServerState) -> list[Step]:
        steps, item = [], self.item_path(change.key)
        groups = change.values.get("allowed_groups")
        existing = (
            {group["name"]: group["id"] for group in change.found.raw["allowedUserGroups"]} if change.found else {}
        )
        reason = f"{change.label}: allowed groups"
        if groups is None and existing and self.request_body(change):
            restricted = change.values.get("is_group_restricted", change.existing.values["is_group_restricted"])
            if not restricted:
                # every update of an unrestricted client makes the server forget its groups
                groups, reason = list(existing), f"{change.label}: keep the allowed groups"
        if groups or (groups is not None and not change.creates):
            ids = [existing.get(name) or Reference("group", (name,)) for name in dict.fromkeys(groups)]
            steps.append(Step("PUT", (*item, "allowed-user-groups"), reason, body={"userGroupIds": ids}))
        for option, light in _LOGOS.items():
            logo = change.values.get(option)
            if logo:
                steps.append(
                    Step("POST", (*item, "logo"), f"{change.label}: {option}", body={"light": light}, upload=logo)
                )
            elif logo is not None and not change.creates:
                steps.append(Step("DELETE", (*item, "logo"), f"{change.label}: {option}", body={"light": light}))
        return steps + secret_steps(change, item, server.client.dialect)
