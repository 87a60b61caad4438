# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Applications of authentik, each with its OAuth2 provider as a single object (core/applications, providers/oauth2).

Options omitted on creation get the defaults of the admin interface and not those of the API, which
sets no signing key, scope or grant type, so that the tokens of such a provider are unusable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import Field, Flag, Names, Text
from ..core.oidc import secret_is_right
from ..core.plan import GENERATED
from ..core.resource import Actual, Guard, Probe, Reference, Step
from .icon import ICON, ICON_IS_A_FIELD, name_of, uploaded_name
from .resource import AuthentikResource, named

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Change
    from .client import AuthentikClient

_UNITS = {
    "microseconds": 1e-6,
    "milliseconds": 1e-3,
    "seconds": 1,
    "minutes": 60,
    "hours": 3600,
    "days": 86400,
    "weeks": 604800,
}
_DURATION = rf"({'|'.join(_UNITS)})=[0-9]+(\.[0-9]+)?"


@dataclass(frozen=True)
class Duration(Text):
    """A time span such as hours=1;minutes=30. The server keeps the text, but spans are compared by their length."""

    pattern: str = f"{_DURATION}(;{_DURATION})*"
    rule: str = "must be a time span such as 'minutes=5' or 'hours=1;minutes=30'"

    def same(self, value: Any, other: Any) -> bool:
        return value == other or _seconds(value) == _seconds(other)


def _seconds(text: str) -> float:
    return sum(_UNITS.get(unit, 0) * float(number) for unit, number in re.findall(r"(\w+)=([0-9.]+)", text))


@dataclass(frozen=True)
class Pattern(Text):
    """A regular expression that must match a whole URI."""

    def problem(self, value: Any) -> str | None:
        try:
            re.compile(value)
        except re.error as error:
            return f"is not a valid regular expression ({error})"
        return super().problem(value)


_URI = Text(
    pattern=r"(?!(?i:javascript|data|vbscript):)[A-Za-z][A-Za-z0-9+.-]*://\S+",
    rule="must be a URL with its scheme, such as https://pve1.example.org:8006",
)
_URL = Text(
    pattern=r"[a-z][a-z0-9+.-]*://\S+", rule="must be a URL such as https://pve1.example.org:8006, or blank://blank"
)
_NAME = Text(longest=255)
_GRANTS = (
    "authorization_code",
    "implicit",
    "hybrid",
    "refresh_token",
    "client_credentials",
    "password",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
)
_RESERVED = ("authorize", "token", "device", "userinfo", "introspect", "revoke")

_APPLICATION = (
    named("slug", Text(pattern=r"[-a-zA-Z0-9_]+", rule="may only have letters, digits, '-' and '_'"), needed=True),
    named("name", Text(), needed=True),
    named("group"),
    named("meta_launch_url", _URL),
    named("open_in_new_tab", Flag()),
    named("meta_icon"),
    named("meta_description"),
    named("meta_publisher"),
    named("meta_hide", Flag(), since=(2026, 5)),
    named("policy_engine_mode", Text(choices=("any", "all")), default="any"),
)
_PROVIDER = (
    named("client_id", Text(pattern=r"[\x21-\x7e]+", rule="may only have printable ASCII characters", longest=255)),
    named(
        "client_secret",
        Text(pattern=r"[\x21-\x7e]+", rule="may only have printable ASCII characters", longest=255),
        secret=True,
    ),
    named("client_type", Text(choices=("confidential", "public")), default="confidential"),
    named("grant_types", Names(Text(choices=_GRANTS))),
    named("redirect_uris", Names(_URI)),
    named("redirect_uri_patterns", Names(Pattern())),
    named("logout_redirect_uris", Names(_URI), since=(2026, 5)),
    named("authorization_flow", _NAME, needed=True),
    named("invalidation_flow", _NAME, needed=True),
    named("authentication_flow", _NAME),
    named("signing_key", Text(), needed=True),
    named("encryption_key", Text()),
    named("property_mappings", Names(), needed=True),
    named(
        "sub_mode",
        Text(choices=("hashed_user_id", "user_id", "user_uuid", "user_username", "user_email", "user_upn")),
        default="hashed_user_id",
    ),
    named("issuer_mode", Text(choices=("per_provider", "global")), default="per_provider"),
    named("include_claims_in_id_token", Flag(), default=True),
    named("access_code_validity", Duration(), default="minutes=1"),
    named("access_token_validity", Duration(), default="hours=1"),
    named("refresh_token_validity", Duration(), default="days=30"),
    named("refresh_token_threshold", Duration(), default="seconds=0", since=(2025, 10)),
    named("logout_uri", _URL, since=(2025, 10)),
    named("logout_method", Text(choices=("backchannel", "frontchannel")), default="backchannel", since=(2025, 10)),
)

# matching mode and type of the entries in the server's single list, by option
_REDIRECTS = {
    "redirect_uris": ("strict", "authorization"),
    "redirect_uri_patterns": ("regex", "authorization"),
    "logout_redirect_uris": ("strict", "logout"),
}
# the component of OAuth2 providers, the only type that this module manages
_OAUTH2 = "ak-provider-oauth2-form"
# kinds of the objects that options refer to by name
_NAMING = {
    "authorization_flow": "flow",
    "invalidation_flow": "flow",
    "authentication_flow": "flow",
    "signing_key": "key pair",
    "encryption_key": "key pair",
    "property_mappings": "scope mapping",
}
# before this version every provider allows every grant
_GRANT_TYPES = (2026, 5)
# the first version that supports a grant, where it was added later
_GRANT_SINCE = {"urn:ietf:params:oauth:grant-type:token-exchange": (2026, 8)}
# the version from which slugs may be longer, and the limit before
_LONG_SLUGS, _SHORT_SLUG = (2025, 12), 50
# the defaults of the admin interface for a new application
_DEFAULTS = {
    "authorization_flow": "default-provider-authorization-implicit-consent",
    "invalidation_flow": "default-provider-invalidation-flow",
    "signing_key": "authentik Self-signed Certificate",
    "property_mappings": ["openid", "email", "profile"],
    "grant_types": ["authorization_code"],
}


class Application(AuthentikResource):
    """Actual.raw has the `application`, its `provider` and whether that is `attached`; each part may be missing.

    `file` is the name of an uploaded icon. `foreign` is the reason why the provider must not be changed, usually
    that it is not an OAuth2 provider: the server lists proxy providers among them.
    The provider is named after the slug, so that a provider left behind by an interrupted run is found again.
    """

    name = "application"
    plural = "applications"
    key = ("slug",)
    collection = ("core", "applications")
    uploads = ("icon",)
    fields = (
        *_APPLICATION,
        *_PROVIDER,
        Field("icon", ICON, task_only=True),
        Field("return_secret", Flag(), task_only=True),
        Field("repair_signing_key", Flag(), task_only=True),
    )

    # -- declared entries --------------------------------------------------------------------------------------

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if entry["slug"] in _RESERVED:
            problems.append(Problem("slug", f"'{entry['slug']}' is reserved by authentik for its own pages"))
        if entry["client_type"] == "public" and (entry["client_secret"] or entry["return_secret"]):
            problems.append(Problem("client_secret", "must not be set for a public client"))
        problems += [
            Problem(option, "must not be empty")
            for option in ("grant_types", "client_id", "client_secret", "icon")
            if entry[option] in ("", [])
        ]
        if entry["icon"] and entry["meta_icon"] is not None:
            problems.append(Problem("icon", "and meta_icon are mutually exclusive; remove one of them"))
        return problems

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        for option, kind in _NAMING.items():
            yield from (Reference(kind, (name,)) for name in _names(values.get(option)))

    # -- the server --------------------------------------------------------------------------------------------

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Every application with its provider. Only the endpoint of a single application is neither filtered nor cached."""
        client = server.client
        applications = {
            application["slug"]: application
            for application in client.read_all(*self.collection, superuser_full_list="true")
        }
        # bindings may name applications that the list hides from the caller, because its access is denied
        hidden = {slug for slug in server.names(self.name) or () if slug not in applications}
        for slug in list(applications) if keys is None else hidden | {slug for (slug,) in keys}:
            applications[slug] = client.read_or_none(*self.collection, slug)
        providers = {provider["pk"]: provider for provider in client.read_all("providers", "oauth2")}
        left = {provider["name"]: provider for provider in providers.values() if not _assigned(provider)}
        for slug, application in applications.items():
            attached = application and application["provider"]
            provider = providers.get(attached) if attached else left.get(slug)
            foreign = self._foreign(application, provider) if attached else None
            if provider and not attached:
                provider = self._orphaned_provider(client, provider)
            if application or provider:
                icon = (application or {}).get("meta_icon") or ""
                uploaded = uploaded_name(slug, icon, client.version)
                yield {
                    "id": application and application["pk"],
                    "slug": slug,
                    "application": ({**application, "meta_icon": uploaded} if uploaded else application),
                    "file": icon if uploaded else None,
                    "provider": provider and not foreign and _with_names(server, provider),
                    "attached": attached,
                    "foreign": foreign,
                }

    @staticmethod
    def _orphaned_provider(client: AuthentikClient, provider: dict[str, Any]) -> dict[str, Any] | None:
        """Return a provider without an application if it is known to be an OAuth2 provider."""
        pks = {
            candidate["pk"]
            for candidate in client.providers_named(provider["name"])
            if candidate["component"] == _OAUTH2
        }
        return provider if provider["pk"] in pks else None

    @staticmethod
    def _foreign(application: dict[str, Any], provider: dict[str, Any] | None) -> str | None:
        """Return why the provider of an application must not be changed, or None."""
        slug, component = application["slug"], (application.get("provider_obj") or {}).get("component", "")
        if component != _OAUTH2:
            kind = component.removeprefix("ak-provider-").removesuffix("-form")
            return (
                f"'{slug}' has a provider of type {kind}, but only OAuth2 providers are supported; use another slug"
                " or replace that provider"
            )
        if not provider:
            return (
                f"'{slug}' has a provider that the token may not see; grant its user the permission"
                " authentik_providers_oauth2.view_oauth2provider"
            )
        return None

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        """An application with the current state of its provider, which holds the lists that are replaced."""
        planned = server.actual(self.name)[key].raw
        provider = server.client.read_or_none(*self._provider(planned))
        return provider and self.decode({**planned, "provider": _with_names(server, provider)})

    def unchanged(self, planned: Actual, now: Actual, options: tuple[str, ...]) -> bool:
        """The list of redirect URIs also holds logout patterns, for which no option exists."""
        kept = [actual.raw["provider"]["as_sent"] for actual in (planned, now)]
        same = kept[0] == kept[1] or not set(options) & set(_REDIRECTS)
        return super().unchanged(planned, now, options) and same

    def decode(self, raw: dict[str, Any]) -> Actual:
        values = {field.option: field.decode(raw["application"] or {}) for field in _APPLICATION}
        # a detached provider is treated as missing and repaired as a whole
        provider = raw["provider"] if raw["attached"] and raw["provider"] else {}
        values.update({field.option: field.decode(provider) for field in _PROVIDER})
        return Actual({**values, "slug": raw["slug"]}, raw)

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        if actual and actual.raw["foreign"]:
            values, _problems = super().compare(server, entry, actual)
            return values, [Problem("slug", actual.raw["foreign"])] if values else []
        client = server.client
        wanted, problems = self._with_defaults(server, entry, actual)
        values, broken = super().compare(server, wanted, actual)
        after = {**(actual.values if actual else {}), **values}
        problems += [*broken, *self._unsuitable(client, entry, actual, values, after)]
        problems += self._unusable_keys(server, entry, values, actual)
        if entry["icon"] and "meta_icon" in values and not client.keeps_files:
            problems.append(Problem("icon", "cannot be uploaded, because the server has no file storage mounted"))
        provider = actual.raw["provider"] if actual else None
        if entry["return_secret"] and provider and not (entry["client_secret"] or provider.get("client_secret")):
            problems.append(Problem("client_secret", "must be given, because the server does not return it"))
        return values, problems

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        """Search for other users of the names, and try a secret that the server does not return."""
        if actual and actual.raw["foreign"]:
            return Probe(values)
        probe = Probe(values, self._taken(server.client, entry, values, actual))
        provider = actual.raw["provider"] if actual else None
        if actual and provider and "client_secret" not in provider:
            probe = self._try_unreadable_secret(server.client, entry, probe, {**actual.values, **values})
        if entry["return_secret"]:
            known = entry["client_secret"] or (provider["client_secret"] if provider else GENERATED)
            probe.secrets = {entry["slug"]: known}
        return probe

    def _with_defaults(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Return an entry with the values that it implies for a new or incomplete provider, and which of these do not exist."""
        problems, wanted = [], entry
        if entry["icon"]:
            wanted = {**wanted, "meta_icon": name_of(entry["slug"], entry["icon"])}
        if not (actual and actual.raw["attached"]):
            defaults = {**_DEFAULTS, "client_id": entry["slug"]}
            chosen = {option: value for option, value in defaults.items() if wanted[option] is None}
            wanted = {**wanted, **chosen}
            problems = [
                Problem(reference, f"must be given, because the default {kind} '{name}' does not exist")
                for reference, kind in _NAMING.items()
                for name in _names(chosen.get(reference))
                if (name,) not in server.actual(kind)
            ]
        elif entry["repair_signing_key"] and entry["signing_key"] is None and not self._has_rsa_key(server, actual):
            wanted = {**wanted, "signing_key": _DEFAULTS["signing_key"]}
        if server.client.version < _GRANT_TYPES:
            wanted = {**wanted, "grant_types": None}
        return wanted, problems

    def _unsuitable(
        self,
        client: AuthentikClient,
        entry: dict[str, Any],
        actual: Actual | None,
        values: dict[str, Any],
        after: dict[str, Any],
    ) -> list[Problem]:
        """Return the problems with values that this server does not support, or that leave an unusable application."""
        problems = [
            Problem("grant_types", f"'{grant}' {too_old}")
            for grant in values.get("grant_types", ())
            if (too_old := version_problem(client, _GRANT_SINCE.get(grant, ())))
        ]
        if client.version < _LONG_SLUGS and len(entry["slug"]) > _SHORT_SLUG and not actual:
            why = f"is longer than {_SHORT_SLUG} characters, which {version_problem(client, _LONG_SLUGS)}"
            problems.append(Problem("slug", f"'{entry['slug']}' {why}"))
        if not after.get("name"):
            problems.append(Problem("name", f"is required to create {self.label(self.key_of(entry))}"))
        if not (after.get("redirect_uris") or after.get("redirect_uri_patterns")):
            why = (
                "must not be empty, because authentik would adopt the URI of the first request, even if unauthenticated"
            )
            problems.append(Problem("redirect_uris", why))
        return problems

    @staticmethod
    def _type_of_key(server: ServerState, name: str) -> str | None:
        pair = server.actual("key pair").get((name,)) if name else None
        return str(pair.values["key_type"]) if pair else None

    def _unusable_keys(
        self, server: ServerState, entry: dict[str, Any], values: dict[str, Any], actual: Actual | None
    ) -> list[Problem]:
        """Problems with keys that PVE and PBS cannot use: those about to be set, and a signing key that would be kept."""
        problems = [
            Problem(
                option,
                f"'{values[option]}' has a key of type {kind}; PVE and PBS verify RS256, which requires an RSA key",
            )
            for option in ("signing_key", "encryption_key")
            for kind in [self._type_of_key(server, values.get(option, ""))]
            if kind not in (None, "rsa")
        ]
        if (
            entry["signing_key"] is None
            and actual
            and not ("signing_key" in values or self._has_rsa_key(server, actual))
        ):
            name = actual.values["signing_key"]
            has = f"'{name}' of the existing provider is not an RSA key" if name else "the existing provider has none"
            advice = f"set a key such as '{_DEFAULTS['signing_key']}', or repair_signing_key=true"
            problems.append(Problem("signing_key", f"{has}, which PVE and PBS require to verify RS256; {advice}"))
        return problems

    def _has_rsa_key(self, server: ServerState, actual: Actual) -> bool:
        """Whether an existing provider signs with an RSA key, as far as is known."""
        name = actual.values["signing_key"]
        return bool(name) and self._type_of_key(server, name) in (None, "rsa")

    @staticmethod
    def _taken(
        client: AuthentikClient, entry: dict[str, Any], values: dict[str, Any], actual: Actual | None
    ) -> list[Problem]:
        """Problems with a client id or provider name that another provider of any type already has."""
        problems, provider = [], actual and actual.raw["provider"]
        own = provider["pk"] if provider else None
        client_id, name = values.get("client_id"), None if provider else entry["slug"]
        if client_id:
            problems += [
                Problem("client_id", f"'{client_id}' is already the client id of {_owner(other)}; choose another")
                for other in client.read_all("providers", "oauth2", client_id=client_id)
                if other["client_id"] == client_id and other["pk"] != own
            ]
        if name:
            named_so = [
                *client.providers_named(name),
                *(other for other in client.read_all("providers", "oauth2", name=name) if other["name"] == name),
            ]
            problems += [
                Problem(
                    "slug",
                    f"'{name}' is already the name of {_owner(other)}, and the provider of an application is named after its"
                    " slug; rename that provider, or grant the permission authentik_core.view_provider where it was left"
                    " behind by an interrupted run",
                )
                for other in named_so[:1]
            ]
        return problems

    def _try_unreadable_secret(
        self, client: AuthentikClient, entry: dict[str, Any], probe: Probe, after: dict[str, Any]
    ) -> Probe:
        """Check the secret at the token endpoint, which also requires a redirect URI of the client."""
        secret = entry["client_secret"]
        if not secret or entry["client_type"] == "public":
            return probe
        values = {option: value for option, value in probe.values.items() if option != "client_secret"}
        if not after["redirect_uris"]:
            why = "cannot be compared, because the server does not return it and no redirect_uris are set"
            return Probe(values, [*probe.problems, Problem("client_secret", why)])
        endpoint, uri = f"{client.url}/application/o/token/", min(after["redirect_uris"])
        if not secret_is_right(client, endpoint, after["client_id"], secret, uri):
            values["client_secret"] = secret
        return Probe(values, probe.problems)

    def deletion_blockers(self, entry: dict[str, Any], actual: Actual) -> list[Problem]:
        return [Problem("slug", actual.raw["foreign"])] if actual.raw["foreign"] else []

    def built_in(self, actual: Actual) -> bool:
        """Protect applications with providers of other types from pruning."""
        return bool(actual.raw["foreign"])

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse a client id used by two applications; it defaults to the slug."""
        owners: dict[str, Change] = {}
        problems = []
        for change in changes:
            client_id = change.values.get("client_id") if change.resource is self and not change.removes else None
            if client_id and owners.setdefault(client_id, change) is not change:
                problems.append(
                    f"client_id: '{client_id}' is declared for {owners[client_id].label} and {change.label}; each provider"
                    " requires its own"
                )
        return problems

    # -- requests ----------------------------------------------------------------------------------------------

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, *key)

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        raw = change.found.raw if change.found else dict.fromkeys(("application", "provider", "attached", "file"))
        if change.removes:
            reason = f"{change.label} is declared absent"
            application = [Step("DELETE", self.item_path(change.key), reason)] if raw["application"] else []
            provider = [Step("DELETE", self._provider(raw), f"{reason}, and its provider")] if raw["provider"] else []
            return [*application, *provider, *self._without_file(raw, f"{reason}, and its icon", server.client)]
        return [*self._provider_steps(change, raw), *self._application_steps(change, raw, server.client)]

    def _without_file(self, raw: dict[str, Any], reason: str, client: AuthentikClient) -> list[Step]:
        """Remove the uploaded file unless something else uses it as its icon. Up to 2025.10 all files are kept."""
        if not raw["file"] or client.version < ICON_IS_A_FIELD:
            return []
        users = {user["pk"] for user in client.read("admin", "file", "used_by", name=raw["file"])}
        if users - {raw["application"]["pk"]}:
            return []
        return [Step("DELETE", ("admin", "file"), reason, body={"name": raw["file"]})]

    def _provider_steps(self, change: Change, raw: dict[str, Any]) -> list[Step]:
        body = self._body(change, _PROVIDER)
        uris = [option for option in _REDIRECTS if body.pop(option, None) is not None]
        if uris:
            kept = [
                redirect for redirect in (raw["provider"] or {}).get("as_sent", ()) if _option_of(redirect) not in uris
            ]
            body["redirect_uris"] = kept + [
                _redirect(option, uri) for option in uris for uri in dict.fromkeys(change.values[option])
            ]
        if not raw["provider"]:
            made = Reference("provider", change.key)
            body = {"name": change.key[0], **body}
            return [Step("POST", ("providers", "oauth2"), f"{change.label} has no provider", body=body, provides=made)]
        if not body:
            return []
        # lists are replaced, and the list of redirect URIs holds several options
        lists = [
            field.option
            for field in _PROVIDER
            if field.is_set and (field.option in change.values or uris and field.option in _REDIRECTS)
        ]
        guard = Guard(self.name, change.key, tuple(lists)) if lists and raw["attached"] else None
        return [
            Step("PATCH", self._provider(raw), f"{change.label}: {_listed(change, _PROVIDER)}", body=body, guard=guard)
        ]

    def _application_steps(self, change: Change, raw: dict[str, Any], client: AuthentikClient) -> list[Step]:
        body = self._body(change, _APPLICATION)
        steps, last = self._icon_steps(change, raw, client, body.get("meta_icon"))
        if client.version < ICON_IS_A_FIELD:
            body.pop("meta_icon", None)
        if not raw["application"]:
            made = Reference(self.name, change.key)
            body = {**body, "slug": change.key[0]}
            steps.append(Step("POST", self.collection, f"{change.label} is missing", body=body, provides=made))
        elif body:
            steps.append(
                Step("PATCH", self.item_path(change.key), f"{change.label}: {_listed(change, _APPLICATION)}", body=body)
            )
        return [*steps, *last]

    def _icon_steps(
        self, change: Change, raw: dict[str, Any], client: AuthentikClient, icon: str | None
    ) -> tuple[list[Step], list[Step]]:
        """The requests before and after that for the application, which from 2025.12 on refers to its icon by name."""
        if icon is None:
            return [], []
        item, file, reason = (self.item_path(change.key), change.entry.get("icon"), f"{change.label}: icon")
        if client.version < ICON_IS_A_FIELD:
            if file:
                return [], [Step("POST", (*item, "set_icon"), reason, body={"name": icon}, upload=file)]
            return [], [Step("POST", (*item, "set_icon_url"), reason, body={"url": icon})]
        upload = Step("POST", ("admin", "file"), reason, body={"name": icon}, upload=file)
        former = self._without_file(raw, f"{change.label}: its former icon", client)
        return [upload] if file and not client.has_file(icon) else [], former

    def last_steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        """Attach providers after the bindings exist, because without bindings everybody may use the application."""
        return [
            Step(
                "PATCH",
                self.item_path(change.key),
                f"{change.label}: its provider",
                body={
                    "provider": (
                        change.found.raw["provider"]["pk"]
                        if change.found and change.found.raw["provider"]
                        else Reference("provider", change.key)
                    )
                },
            )
            for change in changes
            if not (change.found and change.found.raw["attached"])
        ]

    def _provider(self, raw: dict[str, Any]) -> tuple[Any, ...]:
        return ("providers", "oauth2", raw["provider"]["pk"])

    def _body(self, change: Change, table: tuple[Field, ...]) -> dict[str, Any]:
        """The values of a change that belong to a table, with references in place of names."""
        body = {}
        for field in table:
            value = change.values.get(field.option)
            if value is None or (value in ("", []) and change.creates):
                continue
            if field.option in _NAMING:
                named_ones = [Reference(_NAMING[field.option], (name,)) for name in _names(value)]
                body[field.name] = named_ones if field.is_set else next(iter(named_ones), None)
            else:
                body[field.name] = field.kind.encode(field.effective(value))
        return body


def _names(value: Any) -> Iterable[str]:
    """The names in an option that refers to one or several objects."""
    return ([value] if isinstance(value, str) else dict.fromkeys(value)) if value else []


def _listed(change: Change, table: tuple[Field, ...]) -> str:
    return ", ".join(sorted(field.option for field in table if field.option in change.values))


def _owner(provider: dict[str, Any]) -> str:
    """Describe a provider for messages."""
    application = _assigned(provider)
    return f"the provider {provider['name']}" + (f" of the application {application}" if application else "")


def _assigned(provider: dict[str, Any]) -> str | None:
    slug: str | None = provider["assigned_application_slug"] or provider["assigned_backchannel_application_slug"]
    return slug


def _with_names(server: ServerState, provider: dict[str, Any]) -> dict[str, Any]:
    """A provider with names for ids and a list per option of redirect URIs; `as_sent` is the server's single list."""
    translated = {**provider, "as_sent": provider["redirect_uris"]}
    for option, kind in _NAMING.items():
        names = {existing.raw["pk"]: key[0] for key, existing in server.actual(kind).items()}
        ids = provider.get(option)
        translated[option] = (
            [names.get(object_id, object_id) for object_id in ids] if isinstance(ids, list) else names.get(ids, ids)
        )
    for option in _REDIRECTS:
        translated[option] = [
            redirect["url"] for redirect in provider["redirect_uris"] if _option_of(redirect) == option
        ]
    return translated


def _option_of(redirect: dict[str, Any]) -> str | None:
    """The option that an entry of the server's list of redirect URIs belongs to; None for logout patterns."""
    shape = redirect["matching_mode"], redirect.get("redirect_uri_type", "authorization")
    return next((option for option, known in _REDIRECTS.items() if known == shape), None)


def _redirect(option: str, url: str) -> dict[str, str]:
    mode, kind = _REDIRECTS[option]
    # servers before 2026.5 have a single type and ignore this
    return {"matching_mode": mode, "url": url, "redirect_uri_type": kind}
