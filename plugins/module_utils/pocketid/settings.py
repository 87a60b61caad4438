# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The application configuration of Pocket ID (2.14.0, appconfig): texts by name, all of which an update replaces."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Mapping, Names, Text
from ..core.resource import Guard, Reference, Step
from .resource import EMAIL, PocketIdResource

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PocketIdClient

PASSWORDS = {"smtp_password": "smtpPassword", "ldap_bind_password": "ldapBindPassword"}
GROUPS = "signupDefaultUserGroupIDs"
APART = {**{wire: option for option, wire in PASSWORDS.items()}, GROUPS: "signup_default_groups"}

# The default that an empty value selects, where that is not empty itself.
DEFAULTS = {
    "appName": "Pocket ID",
    "sessionDuration": "60",
    "homePageUrl": "/settings/account",
    "accentColor": "default",
    "allowUserSignups": "disabled",
    "signupDefaultCustomClaims": "[]",
    "smtpTls": "none",
    "ldapUserSearchFilter": "(objectClass=person)",
    "ldapUserGroupSearchFilter": "(objectClass=groupOfNames)",
    "ldapAttributeUserDisplayName": "cn",
    "ldapAttributeGroupMember": "member",
    "webauthnUserVerification": "required",
    "webauthnAuthenticatorAttachment": "any",
    "cimdUrlAllowlist": "[]",
    **dict.fromkeys(
        ("allowOwnAccountEdit", "requireUserEmail", "ldapSoftDeleteUsers", "webauthnAllowSyncedPasskeys"), "true"
    ),
    **dict.fromkeys(
        (
            "emailsVerified",
            "disableAnimations",
            "smtpSkipCertVerify",
            "emailLoginNotificationEnabled",
            "emailOneTimeAccessAsUnauthenticatedEnabled",
            "emailOneTimeAccessAsAdminEnabled",
            "emailApiKeyExpirationEnabled",
            "emailVerificationEnabled",
            "ldapEnabled",
            "ldapSkipCertVerify",
        ),
        "false",
    ),
}


_JSON_LIST = Text(pattern=r"\[.*\]", rule="must be a list", free=True)
# Settings that the server validates; it accepts any value for others.
_RULES = {
    "appName": Text(longest=30),
    "sessionDuration": Text(pattern=r"[+-]?[0-9]+", rule="must be a whole number of minutes"),
    "allowUserSignups": Text(pattern="disabled|withToken|open", rule="must be one of disabled, withToken, open"),
    "smtpFrom": Text(pattern=EMAIL, rule="is not an e-mail address"),
    "smtpTls": Text(pattern="none|starttls|tls", rule="must be one of none, starttls, tls"),
    "signupDefaultCustomClaims": _JSON_LIST,
    "cimdUrlAllowlist": _JSON_LIST,
    "webauthnUserVerification": Text(pattern="required|preferred", rule="must be one of required, preferred"),
    "webauthnAuthenticatorAttachment": Text(
        pattern="any|platform|cross-platform", rule="must be one of any, platform, cross-platform"
    ),
}


class Settings(PocketIdResource):
    name = "settings"
    plural = "settings"
    collection = ("api", "application-configuration")
    fields = (
        Field("settings", Mapping()),
        Field("signup_default_groups", Names(), wire=GROUPS),
        *(Field(option, Text(free=True), wire=wire, secret=True) for option, wire in PASSWORDS.items()),
    )

    def spec(self) -> dict[str, Any]:
        spec = super().spec()
        # exactly one such object exists
        return {
            option: definition for option, definition in spec.items() if option not in ("append", "remove", "state")
        }

    def label(self, key: tuple[str, ...]) -> str:
        return "settings"

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        entry = super().normalise({**entry, "state": "present"})
        if entry["settings"] is not None:
            entry["settings"] = {name: _as_text(name, value) for name, value in entry["settings"].items()}
        return entry

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        return [
            *super().problems(entry),
            *(
                Problem("settings", f"'{name}' has an option of its own; use {APART[name]}")
                for name in entry["settings"] or ()
                if name in APART
            ),
            *(
                Problem("settings", f"{name}: '{value}' {broken}")
                for name, value in (entry["settings"] or {}).items()
                if name in _RULES and (broken := _RULES[name].problem(value))
            ),
        ]

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        raw = {row["key"]: row["value"] for row in server.client.read(*self.collection, "all")}
        yield {**raw, "groups": [_name_of(server.client, group) for group in json.loads(raw[GROUPS] or "[]")]}

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        return next(map(self.decode, self.read(server, None)))

    def unchanged(self, planned: Actual, now: Actual, options: tuple[str, ...]) -> bool:
        return planned.raw == now.raw

    def decode(self, raw: dict[str, Any]) -> Actual:
        plain = {name: value for name, value in raw.items() if name not in (*APART, "groups")}
        return self.decode_with(raw, settings=plain, **{GROUPS: raw["groups"]})

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("group", (name,)) for name in values.get("signup_default_groups") or ()]

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        actual_settings = actual.values["settings"] if actual else {}
        wanted, problems = entry["settings"] or {}, []
        unknown = [name for name in wanted if name not in actual_settings]
        problems += [
            Problem(
                "settings", f"'{name}' is unknown to {server.client.title}; it has {', '.join(sorted(actual_settings))}"
            )
            for name in unknown
        ]
        # undeclared settings are kept
        whole = {**entry, "settings": {**actual_settings, **wanted}} if not unknown else {**entry, "settings": None}
        values, broken = super().compare(server, whole, actual)
        if values and server.client.settings.get("uiConfigDisabled") == "true":
            problems.append(
                Problem(
                    "settings", "are controlled by the server's environment (UI_CONFIG_DISABLED); change them there"
                )
            )
        return values, problems + broken

    def difference(
        self, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Reduce the difference to the settings that change."""
        was, will_be = super().difference(before, after)
        if was and will_be and "settings" in will_be:
            changed = [name for name, value in will_be["settings"].items() if was["settings"][name] != value]
            was["settings"], will_be["settings"] = (
                {name: side["settings"][name] for name in changed} for side in (was, will_be)
            )
        return was, will_be

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        raw = {name: value for name, value in change.existing.raw.items() if name != "groups"}
        body = {**raw, **change.values.get("settings", {})}
        body.update({PASSWORDS[option]: change.values[option] for option in PASSWORDS if option in change.values})
        groups = change.values.get("signup_default_groups")
        if groups is not None:
            body[GROUPS] = json.dumps([server.actual("group")[(name,)].raw["id"] for name in dict.fromkeys(groups)])
        names = [option for option in change.values if option != "settings"]
        _was, will_be = change.difference()
        names += (will_be or {}).get("settings", ())
        guard = Guard(self.name, change.key)
        return [Step("PUT", self.collection, f"settings: {', '.join(sorted(names))}", body=body, guard=guard)]


def _as_text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return DEFAULTS.get(name, "") if value in ("", None) else str(value)


def _name_of(client: PocketIdClient, group: str) -> str:
    """Return the name of a group by its id, or the id, which the settings keep after the group is removed."""
    try:
        return str(client.read("api", "user-groups", group)["name"])
    except FleetgateError as error:
        if error.status != 404:
            raise
        return group


def current(client: PocketIdClient) -> dict[str, str]:
    """Return the settings by name, without passwords."""
    rows = client.read("api", "application-configuration", "all")
    return {row["key"]: row["value"] for row in rows if row["key"] not in PASSWORDS.values()}
