"""Application configuration, API keys, version and health."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from . import rules, views
from .call import Call, Need, route
from .errors import ApiError, Wrong
from .lists import Listing
from .state import ApiKey, now, random_text

CONFIGURATION, KEYS = "/api/application-configuration", "/api/api-keys"
KEY_LISTING = Listing(
    sortable={
        "name": lambda key: key.name,
        "expiresAt": lambda key: key.expires,
        "lastUsedAt": lambda key: key.last_used,
        "createdAt": lambda key: int(key.created.timestamp()),
    }
)


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


def _one_of(*words: str) -> rules.Rule:
    return rules.fits(lambda value: value in words, "oneof")


@dataclass(frozen=True)
class Setting:
    """A key of the configuration: its default, whether it is public, and its checks, since 2.14 and before."""

    default: str = ""
    public: bool = False
    needed: bool = False
    checks: tuple[rules.Rule, ...] = ()
    checks_214: tuple[rules.Rule, ...] = ()

    def field(self, name: str, version: tuple[int, ...]) -> rules.Field:
        strict = version >= (2, 14)
        needed = self.needed and (strict or name not in NEEDED_SINCE_214)
        checks = (*((rules.required,) if needed else ()), *self.checks, *(self.checks_214 if strict else ()))
        return rules.Field(name, rules.TEXT, checks, optional=not needed, composed=name == "appName")


BOOLEAN = Setting(
    "false",
    needed=True,
    checks_214=(rules.fits(("true", "false").__contains__, message="must be either true or false"),),
)
PUBLIC_BOOLEAN = replace(BOOLEAN, public=True)
JSON_LIST = Setting("[]", checks=(rules.fits(_is_json, message="must be JSON"),))
NEEDED_SINCE_214 = ("smtpSkipCertVerify", "ldapSkipCertVerify", "ldapSoftDeleteUsers")
SETTINGS = {
    "appName": Setting("Pocket ID", True, True, (rules.at_most(30),)),
    "sessionDuration": Setting(
        "60", needed=True, checks_214=(rules.fits(re.compile(r"[+-]?\d+").fullmatch, message="must be an integer"),)
    ),
    "homePageUrl": Setting("/settings/account", True, True),
    "emailsVerified": BOOLEAN,
    "accentColor": Setting("default", True),
    "disableAnimations": PUBLIC_BOOLEAN,
    "allowOwnAccountEdit": replace(PUBLIC_BOOLEAN, default="true"),
    "allowUserSignups": Setting("disabled", True, True, (_one_of("disabled", "withToken", "open"),)),
    "signupDefaultUserGroupIDs": JSON_LIST,
    "signupDefaultCustomClaims": JSON_LIST,
    "requireUserEmail": replace(PUBLIC_BOOLEAN, default="true"),
    "smtpHost": Setting(),
    "smtpPort": Setting(),
    "smtpFrom": Setting(checks=(rules.email,)),
    "smtpUser": Setting(),
    "smtpPassword": Setting(),
    "smtpTls": Setting("none", needed=True, checks=(_one_of("none", "starttls", "tls"),)),
    "smtpSkipCertVerify": BOOLEAN,
    "emailLoginNotificationEnabled": BOOLEAN,
    "emailOneTimeAccessAsUnauthenticatedEnabled": PUBLIC_BOOLEAN,
    "emailOneTimeAccessAsAdminEnabled": PUBLIC_BOOLEAN,
    "emailApiKeyExpirationEnabled": BOOLEAN,
    "emailVerificationEnabled": PUBLIC_BOOLEAN,
    "ldapEnabled": PUBLIC_BOOLEAN,
    **{name: Setting() for name in ("ldapUrl", "ldapBindDn", "ldapBindPassword", "ldapBase")},
    "ldapUserSearchFilter": Setting("(objectClass=person)"),
    "ldapUserGroupSearchFilter": Setting("(objectClass=groupOfNames)"),
    "ldapSkipCertVerify": BOOLEAN,
    **{
        f"ldapAttributeUser{name}": Setting()
        for name in ("UniqueIdentifier", "Username", "Email", "FirstName", "LastName")
    },
    "ldapAttributeUserDisplayName": Setting("cn"),
    "ldapAttributeUserProfilePicture": Setting(),
    "ldapAttributeGroupMember": Setting("member"),
    "ldapAttributeGroupUniqueIdentifier": Setting(),
    "ldapAttributeGroupName": Setting(),
    "ldapAdminGroupName": Setting(),
    "ldapSoftDeleteUsers": replace(BOOLEAN, default="true"),
    "webauthnUserVerification": Setting("required", needed=True, checks=(_one_of("required", "preferred"),)),
    "webauthnAllowSyncedPasskeys": replace(BOOLEAN, default="true"),
    "webauthnAuthenticatorAttachment": Setting(
        "any", needed=True, checks=(_one_of("any", "platform", "cross-platform"),)
    ),
    "cimdUrlAllowlist": JSON_LIST,
}
# settings that were added later or, up to 1.16, had another name
SINCE = {
    "ldapAdminGroupName": (2, 0),
    "homePageUrl": (2, 2),
    "emailVerificationEnabled": (2, 2),
    "webauthnUserVerification": (2, 13),
    "webauthnAllowSyncedPasskeys": (2, 13),
    "webauthnAuthenticatorAttachment": (2, 13),
    "cimdUrlAllowlist": (2, 13),
}
DEFAULTS = {name: setting.default for name, setting in SETTINGS.items()}


@route("GET", CONFIGURATION, Need.NOBODY)
def get_public_configuration(call: Call) -> tuple[int, Any]:
    public = [row for row in _rows(call) if SETTINGS[row["key"]].public]
    return 200, [{name: row[name] for name in ("key", "type", "value")} for row in public] + [
        {"key": "uiConfigDisabled", "type": "boolean", "value": "false"},
        {"key": "tracingEnabled", "type": "", "value": "false"},
    ]


@route("GET", f"{CONFIGURATION}/all")
def get_configuration(call: Call) -> tuple[int, Any]:
    return 200, _rows(call)


@route("PUT", CONFIGURATION)
def set_configuration(call: Call) -> tuple[int, Any]:
    """Set the whole configuration: omitted and empty settings are reset to their defaults."""
    known = {name: setting for name, setting in SETTINGS.items() if call.since(*SINCE.get(name, (2, 0)))}
    values = call.body(tuple(setting.field(name, call.version) for name, setting in known.items()))
    call.state.configuration.update({name: value or DEFAULTS[name] for name, value in values.items()})
    return 200, _rows(call)


@route("GET", KEYS, Need.USER)
def list_keys(call: Call) -> tuple[int, Any]:
    own = [key for key in call.state.keys.values() if key.owner == call.caller.id]
    return 200, KEY_LISTING.page(own, call.request.args, views.api_key)


@route("POST", KEYS, Need.SESSION)
def create_key(call: Call) -> tuple[int, Any]:
    values = call.body(rules.API_KEY)
    key = ApiKey(call.caller.id, random_text(32), values["name"], values["description"], _future(values["expiresAt"]))
    call.state.keys[key.id] = key
    view = {**views.api_key(key), "createdAt": views.in_full(key.created), "expiresAt": views.in_full(key.expires)}
    return 201, {"apiKey": view, "token": key.token}


@route("POST", f"{KEYS}/<key_id>/renew", Need.SESSION)
def renew_key(call: Call, key_id: str) -> tuple[int, Any]:
    expires = _future(call.body(rules.RENEWAL)["expiresAt"])
    key = _own_key(call, key_id)
    if key.expires > now():
        raise ApiError(409, "api_key_not_expired", "API key is not expired yet")
    key.expires, key.token = expires, random_text(32)
    return 200, {"apiKey": {**views.api_key(key), "expiresAt": views.in_full(expires)}, "token": key.token}


@route("DELETE", f"{KEYS}/<key_id>", Need.USER)
def delete_key(call: Call, key_id: str) -> tuple[int, Any]:
    if key_id in call.state.keys or call.since(2, 13):
        del call.state.keys[_own_key(call, key_id).id]
    return 204, None


@route("GET", "/api/version/current", Need.USER, since=(2, 3))
def current_version(call: Call) -> tuple[int, Any]:
    return 200, {"currentVersion": ".".join(map(str, call.version))}


@route("GET", "/api/version/latest", Need.NOBODY)
def latest_version(_call: Call) -> tuple[int, Any]:
    """The latest published version, which is unknown here."""
    return 200, {"latestVersion": ""}


@route("GET", "/healthz", Need.NOBODY)
def health(_call: Call) -> tuple[int, Any]:
    return 204, None


def _rows(call: Call) -> list[dict[str, Any]]:
    """The settings; the server always returns a wrong type and visibility."""
    return [
        {"key": name, "type": "", "value": value, "isPublic": False}
        for name, value in call.state.configuration.items()
        if call.since(*SINCE.get(name, (1, 0)))
    ]


def _future(moment: Any) -> Any:
    if moment <= now():
        wrong = Wrong("expiresAt", "invalid_value", "must be in the future")
        raise ApiError(400, "invalid_api_key_expiration", "API key expiration time must be in the future", [wrong])
    return moment


def _own_key(call: Call, key_id: str) -> ApiKey:
    key = call.state.keys.get(key_id)
    if key is None or key.owner != call.caller.id:
        raise ApiError(404, "api_key_not_found", "API key not found")
    return key
