# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity providers, one object each: the issuer, the scopes, and what people and clients are in the words of its API.

The declaration is in the words of Pocket ID. So the kind of the provider can be changed without anything else: what both have
goes by one name, what only Pocket ID has is left out, and what only the other has is an option of its modules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ..authentik.account import AuthentikAccount
from ..authentik.application import Application
from ..authentik.group import Group as AuthentikGroup
from ..authentik.offboarding import AuthentikOffboarding
from ..authentik.system import AUTHENTIK
from ..authentik.user import User as AuthentikUser
from ..core.errors import FleetgateError
from ..core.plan import Desired, ServerState
from ..core.resource import Actual, Resource
from ..core.system import System
from ..oidc.login import Account
from ..oidc.offboarding import Offboarding
from ..pocketid.account import PocketIdAccount
from ..pocketid.group import Group as PocketIdGroup
from ..pocketid.offboarding import PocketIdOffboarding
from ..pocketid.oidc_client import OidcClient
from ..pocketid.system import POCKETID
from ..pocketid.user import User as PocketIdUser
from .compiler import Client, slug
from .declaration import Declaration, Group, Holder
from .entries import Entries, connection_of
from .secret_stores import AuthentikSecrets, PocketIdSecrets, SecretStore
from .undeclared import Report, applications_at_authentik, clients_at_pocketid, is_disabled

Translation = Mapping[str, Callable[[Any], tuple[str, Any]]]


@dataclass(frozen=True)
class Registered:
    """A client that exists at a provider. `removal` has the options of the entry that removes it, `blocker` says why that cannot be."""

    kind: str
    removal: Mapping[str, Any]
    name: str
    redirect_uris: tuple[str, ...]
    blocker: str = ""


class Provider:
    """One kind of identity provider.

    - `name`: the `type` of `fleetgate_idp`; `title` names it in sentences.
    - `address`: the option of `fleetgate_idp` that must be given.
    - `system`: the engine's description of its API, None where nothing is created there.
    - `scopes`: what realms request that declare no scopes.
    - `scope_of_claim`: the scope that a claim comes with, as far as that is known.
    - `knows_its_claims`: whether a claim is certain not to come without that scope.
    - `resources`: its kinds of users, groups and clients.
    - `account`: how a person signs in there, None where that is not known.
    - `secret_store`: how the secrets of clients are replaced, None where they are managed elsewhere.
    - `disabled`: the options of a user with which nobody can sign in.
    - `offboarding`: how the access of a person is ended there, None where people do it by hand.
    - `compares_redirect_uris`: whether the token endpoint accepts a secret only together with a registered redirect URI.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    address: ClassVar[str] = "url"
    system: ClassVar[System | None] = None
    scopes: ClassVar[tuple[str, ...]] = ("email", "profile")
    scope_of_claim: ClassVar[Mapping[str, str]] = {}
    knows_its_claims: ClassVar[bool] = True
    resources: ClassVar[Mapping[str, Resource]] = {}
    account: ClassVar[type[PocketIdAccount] | type[AuthentikAccount] | None] = None
    secret_store: ClassVar[type[SecretStore] | None] = None
    disabled: ClassVar[Mapping[str, Any]] = {}
    offboarding: ClassVar[type[Offboarding] | None] = None
    compares_redirect_uris: ClassVar[bool] = False

    @property
    def managed_system(self) -> System:
        """The system, for a provider at which users and clients are created."""
        if self.system is None:
            raise RuntimeError(f"nothing is created at {self.title}")
        return self.system

    def issuer(self, idp: Mapping[str, Any]) -> str:
        """The issuer, with {client_id} or {slug} where each client has an issuer of its own."""
        return str(idp.get("issuer") or str(idp["url"]).rstrip("/") + self.issuer_path)

    issuer_path: ClassVar[str] = ""

    def missing(self, idp: Mapping[str, Any]) -> list[str]:
        """What `fleetgate_idp` lacks."""
        return [] if idp.get(self.address) else [f"fleetgate_idp.{self.address} must be given"]

    def connection(self, idp: Mapping[str, Any]) -> dict[str, Any]:
        """The typed connection options of its modules in `fleetgate_idp`."""
        given = {option: value for option, value in idp.items() if option not in ("type", "issuer")}
        return connection_of(self.managed_system, given, "fleetgate_idp")

    def default_scopes(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """The scopes of realms that declare none; `document` is the discovery document, if there is one already."""
        return self.scopes

    def sign_in(self, idp: Mapping[str, Any], person: str, password: str, session: str = "") -> Account:
        """A person who is signed in with a password, or continues the session of another account object."""
        if self.account is None or self.system is None:
            raise FleetgateError(f"how a person signs in at {self.title} is not known to the collection")
        return self.account(self.connection(idp), person, password, session)

    def secrets_of_clients(self, idp: Mapping[str, Any], read_only: bool) -> SecretStore:
        """The provider as the store of the secrets of clients."""
        if self.secret_store is None:
            raise FleetgateError(
                f"fleetgate_rotate.what: clients cannot be rotated, because at {self.title} their secrets are managed elsewhere;"
                " change the secret there and in fleetgate_client.secret, and run the playbook wire"
            )
        return self.secret_store(self.managed_system, self.connection(idp), read_only)

    # -- people ------------------------------------------------------------------------------------------------

    def add_people(self, declared: Declaration, entries: Entries) -> None:
        """Add users and groups, without their rights on Proxmox. Whoever is declared absent is only changed where the user exists."""
        for person in declared.users:
            if person.is_absent:
                continue
            options = self.user(person.options)
            entries.add("user", {**options, **self.disabled} if person.ended else options, f"{person.where}.")
        for group in declared.groups:
            entries.add("group", self.group(group), f"{group.where}.")

    def user(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return dict(options)

    def group(self, group: Group) -> dict[str, Any]:
        return {**group.options, **({} if group.members is None else {"users": list(group.members)})}

    def foreign_options(self, declared: Declaration) -> list[str]:
        """Options of people that only other providers have, and that this one cannot leave out in silence."""
        return [
            f"{holder.where}: {option} is not an option of {self.title}, which fleetgate_idp.type says"
            for holders, kind in ((declared.users, "user"), (declared.groups, "group"))
            for holder in holders
            for option in self._foreign(holder, kind)
        ]

    def _foreign(self, holder: Holder, kind: str) -> Iterable[str]:
        known = self.resources[kind].spec() if kind in self.resources else holder.options
        return [option for option in holder.options if option not in known]

    def foreign_client_options(self, options: Mapping[str, Any]) -> list[str]:
        known = self.resources["client"].spec() if "client" in self.resources else options
        return [
            f"fleetgate_client: {option} is not an option of {self.title}, which fleetgate_idp.type says"
            for option in options
            if option not in known
        ]

    def members(self, objects: Mapping[str, list[dict[str, Any]]], declared: Declaration) -> dict[str, list[str]]:
        """The user names in each declared group, from the objects that the plan leads to."""
        return {group["name"]: group["users"] for group in objects.get("group", ())}

    def accounts(self, server: ServerState) -> dict[str, bool]:
        """Whether each user of the provider is disabled."""
        return {key[0]: is_disabled(user.values) for key, user in server.actual("user").items()}

    # -- clients -----------------------------------------------------------------------------------------------

    def restricted(self, server: ServerState) -> dict[str, bool]:
        """Whether only members of groups may use each client of the provider."""
        return {}

    def restricts_clients(self) -> bool:
        """Whether access to clients is restricted at this provider."""
        return self.system is not None

    def add_clients(
        self, clients: Iterable[Client], outside: Mapping[str, list[str]], entries: Entries, with_secrets: bool = True
    ) -> None:
        """Add clients; `outside` has the hosts by client that are not in this run and use it too.

        `with_secrets` says whether the plan returns the secret of each, and creates one where none works.
        """

    def clients_problems(self, clients: Iterable[Client], secrets: Mapping[str, str]) -> list[str]:
        """What is wrong with clients before anything is written."""
        return []

    def secrets(self, clients: Iterable[Client], returned: Mapping[str, str]) -> dict[str, str]:
        """The secret of each confidential client, from what the plan returned."""
        return {client.id: returned[client.id] for client in clients if client.id in returned}

    def warnings(self, objects: Mapping[str, list[dict[str, Any]]], declared: Declaration) -> list[str]:
        """What keeps people from signing in or from having their rights, in the objects that a plan leads to."""
        return []

    @staticmethod
    def undeclared(
        server: ServerState, desired: Iterable[Desired], objects: Mapping[str, list[dict[str, Any]]], complete: bool
    ) -> Report:
        """What exists of the fleet's clients and is not declared."""
        return Report()

    def registered(self, server: ServerState, client_ids: Iterable[str]) -> dict[str, Registered]:
        """The clients that exist, by ID, and those with these IDs even where the list does not have them."""
        return {}

    def label(self, client: Client) -> str:
        """What a client is called in a diff."""
        return f"client {client.id}"

    # -- what exists, as it would be declared ------------------------------------------------------------------

    def existing_user(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return _declared_as(self.resources["user"], values, ("groups",))

    def existing_group(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a group, with `members`."""
        return {**_declared_as(self.resources["group"], values, ("users",)), "members": sorted(values["users"])}

    def existing_clients(self, server: ServerState) -> dict[str, dict[str, Any]]:
        """The options of each client, by ID, with the groups that may use it."""
        return {}


def _declared_as(resource: Resource, values: Mapping[str, Any], left_out: Iterable[str] = ()) -> dict[str, Any]:
    """The options of an existing object that differ from the defaults, without secrets."""
    shown = resource.to_result(dict(values))
    return {
        option: value
        for option, value in shown.items()
        if option not in left_out and value != resource.field(option).absent and value is not None
    }


class PocketId(Provider):
    """Pocket ID is one issuer, without a slash at its end, and has a scope for groups."""

    name = "pocketid"
    title = "Pocket ID"
    system = POCKETID
    undeclared = staticmethod(clients_at_pocketid)
    scopes = ("email", "profile", "groups")
    scope_of_claim = {"groups": "groups", "preferred_username": "profile", "email": "email"}
    resources = {"user": PocketIdUser(), "group": PocketIdGroup(), "client": OidcClient()}
    account = PocketIdAccount
    secret_store = PocketIdSecrets
    disabled = {"disabled": True}
    offboarding = PocketIdOffboarding

    def existing_user(self, values: Mapping[str, Any]) -> dict[str, Any]:
        options = super().existing_user(values)
        # Pocket ID makes it of the other two
        if options.get("display_name") == f"{values['first_name']} {values['last_name']}".strip():
            del options["display_name"]
        return options

    def existing_clients(self, server: ServerState) -> dict[str, dict[str, Any]]:
        found = {}
        for (client_id,), client in server.actual("client", None).items():
            is_restricted = bool(client.values["is_group_restricted"])
            # groups of a client that everybody may use have no effect
            options = _declared_as(
                self.resources["client"], client.values, () if is_restricted else ("allowed_groups",)
            )
            found[client_id] = {**options, "is_group_restricted": is_restricted}
        return found

    def restricted(self, server: ServerState) -> dict[str, bool]:
        return {key[0]: bool(client.values["is_group_restricted"]) for key, client in server.actual("client").items()}

    def add_clients(
        self, clients: Iterable[Client], outside: Mapping[str, list[str]], entries: Entries, with_secrets: bool = True
    ) -> None:
        """Realms return their secret to those who manage them, so nothing has to be stored: what works is kept."""
        for client in clients:
            options = {**client.options, "append": client.append}
            if with_secrets and not client.is_public:
                options.update(
                    return_secret=True,
                    secret_candidates=client.known_secrets,
                    # up to 2.13 a new secret replaces the old one, which a host that is not in this run may have
                    replace_secret=not outside.get(client.id),
                    # secrets that an interrupted run left are those that no host has, if all hosts are in this run
                    secret_candidates_complete=not outside.get(client.id),
                )
            entries.add("client", options, f"{client.where}.")

    def registered(self, server: ServerState, client_ids: Iterable[str]) -> dict[str, Registered]:
        resource = server.resources["client"]
        return {
            listed["id"]: Registered(
                "client",
                {"id": listed["id"], "state": "absent"},
                resource.label((listed["id"],)),
                tuple(listed["callbackURLs"]),
                "it registered itself" if resource.built_in(Actual({}, listed)) else "",
            )
            for listed in server.client.read_all(*resource.collection, sort="createdAt")
        }

    def clients_problems(self, clients: Iterable[Client], secrets: Mapping[str, str]) -> list[str]:
        return [
            f"{client.where}.requires_pushed_authorization_requests: must not be true, because PVE and PBS do not send any"
            for client in clients
            if client.options.get("requires_pushed_authorization_requests")
        ]

    def warnings(self, objects: Mapping[str, list[dict[str, Any]]], declared: Declaration) -> list[str]:
        return [
            f"fleetgate_client[{client['id']}]: requires_pushed_authorization_requests is on, and PVE and PBS do not send any, so"
            " nobody can sign in; set it to false"
            for client in objects.get("client", ())
            if client.get("requires_pushed_authorization_requests")
        ]


def _ancestors(name: str, parents: Mapping[str, Iterable[str]]) -> list[str]:
    """The parents of a group, their parents and so on; each once."""
    found = [*parents.get(name, ())]
    for ancestor in found:
        found += [parent for parent in parents.get(ancestor, ()) if parent not in (name, *found)]
    return found


class Authentik(Provider):
    """authentik has an issuer for each application, and the groups come with the scope profile."""

    name = "authentik"
    title = "authentik"
    system = AUTHENTIK
    undeclared = staticmethod(applications_at_authentik)
    issuer_path = "/application/o/{slug}/"
    scope_of_claim = {"groups": "profile", "preferred_username": "profile", "email": "email"}
    resources = {"user": AuthentikUser(), "group": AuthentikGroup(), "client": Application()}
    account = AuthentikAccount
    secret_store = AuthentikSecrets
    disabled = {"is_active": False}
    offboarding = AuthentikOffboarding
    # it would also store the first redirect URI that the authorization endpoint sees, if it has none
    compares_redirect_uris = True

    _client: ClassVar[Translation] = {
        "callback_urls": lambda urls: ("redirect_uris", urls),
        "logout_callback_urls": lambda urls: ("logout_redirect_uris", urls),
        "description": lambda text: ("meta_description", text),
        "launch_url": lambda url: ("meta_launch_url", url),
        "logo": lambda path: ("icon", path) if path else ("meta_icon", ""),
        "secret": lambda secret: ("client_secret", secret),
        "is_public": lambda public: ("client_type", "public" if public else "confidential"),
        "access_token_duration_minutes": lambda minutes: ("access_token_validity", f"minutes={minutes}"),
        "refresh_token_duration_minutes": lambda minutes: ("refresh_token_validity", f"minutes={minutes}"),
    }
    _user: ClassVar[Translation] = {
        "disabled": lambda disabled: ("is_active", not disabled),
        "display_name": lambda name: ("name", name),
    }
    # what PVE and PBS need, whoever made the provider; an encrypted token they cannot read
    _needed: ClassVar[Mapping[str, Any]] = {
        "grant_types": ["authorization_code"],
        "property_mappings": ["openid", "email", "profile"],
        "include_claims_in_id_token": True,
        "encryption_key": "",
        "repair_signing_key": True,
    }

    def restricted(self, server: ServerState) -> dict[str, bool]:
        """An application without an enabled binding is open to everybody."""
        applications = server.actual("application", None)
        bound = {slug for (slug, *_holder), binding in server.actual("binding").items() if binding.values["enabled"]}
        return {str(one.values["client_id"]): slug in bound for (slug,), one in applications.items()}

    def existing_clients(self, server: ServerState) -> dict[str, dict[str, Any]]:
        """What the administrator chose for all applications stays as it is: flows, keys and mappings are not declared."""
        kept = ("authentication_flow", "authorization_flow", "invalidation_flow", "signing_key", *self._needed)
        bound: dict[str, list[str]] = {}
        for (slug_of_app, group, *_others), binding in server.actual("binding").items():
            bound.setdefault(slug_of_app, [])
            if group and binding.values["enabled"] and not binding.values["negate"]:
                bound[slug_of_app].append(group)
        found = {}
        for (name,), application in server.actual("application", None).items():
            client_id = str(application.values["client_id"] or "")
            if client_id and not application.raw["foreign"]:
                options = _declared_as(
                    self.resources["client"], application.values, ("client_id", "redirect_uris", "slug", *kept)
                )
                found[client_id] = {
                    "id": client_id,
                    **({} if name == slug({"id": client_id}) else {"slug": name}),
                    **options,
                    "callback_urls": sorted(application.values["redirect_uris"]),
                    "is_group_restricted": name in bound,
                    **({"allowed_groups": sorted(bound[name])} if bound.get(name) else {}),
                }
        return found

    def user(self, options: Mapping[str, Any]) -> dict[str, Any]:
        full_name = " ".join(options[part] for part in ("first_name", "last_name") if options.get(part))
        named = {"name": full_name} if full_name else {}
        return {**named, **_translated(options, self._user, AuthentikUser(), PocketIdUser())}

    def group(self, group: Group) -> dict[str, Any]:
        return _translated(super().group(group), {}, AuthentikGroup(), PocketIdGroup())

    def foreign_options(self, declared: Declaration) -> list[str]:
        """What only Pocket ID has is left out."""
        return []

    def foreign_client_options(self, options: Mapping[str, Any]) -> list[str]:
        return []

    def add_clients(
        self, clients: Iterable[Client], outside: Mapping[str, list[str]], entries: Entries, with_secrets: bool = True
    ) -> None:
        """An application for each client, bound to the groups that may use it."""
        for client in clients:
            application = _translated(client.options, self._client, Application(), OidcClient())
            added = [option for option in ("grant_types", "property_mappings") if option not in application]
            options = {
                **self._needed,
                **application,
                "slug": client.slug,
                "client_id": client.id,
                # a run for some of the hosts must not take away what the others need
                "append": ["redirect_uris", *added],
            }
            if with_secrets and self._has_secret(application):
                options["return_secret"] = True
            entries.add("application", options, f"{client.where}.")
            if client.options.get("is_group_restricted") is not False:
                for group in client.options.get("allowed_groups") or ():
                    entries.add(
                        "binding", {"application": client.slug, "group": group}, f"{client.where}.allowed_groups."
                    )

    def registered(self, server: ServerState, client_ids: Iterable[str]) -> dict[str, Registered]:
        """An interrupted removal may have left a provider without an application, which no list has."""
        resource = server.resources["application"]
        by_slug = {slug({"id": client_id}): client_id for client_id in client_ids}
        return {
            str(actual.values["client_id"] or by_slug.get(key[0], key[0])): Registered(
                "application",
                {"slug": key[0], "state": "absent"},
                resource.label(key),
                (*actual.values["redirect_uris"], *actual.values["redirect_uri_patterns"]),
                actual.raw["foreign"] or "",
            )
            for key, actual in server.actual("application", {(name,) for name in by_slug}).items()
        }

    @staticmethod
    def _has_secret(application: Mapping[str, Any]) -> bool:
        return bool(application.get("client_type", "confidential") == "confidential")

    def clients_problems(self, clients: Iterable[Client], secrets: Mapping[str, str]) -> list[str]:
        problems = []
        for client in clients:
            problems += [
                f"{client.where}.callback_urls: '{url}' has a pattern as Pocket ID has them; list each URL, or use redirect_uri_patterns"
                for url in client.redirect_uris
                if "*" in url
            ]
            if client.options.get("issuer_mode") == "global":
                problems.append(
                    f"{client.where}.issuer_mode: 'global' cannot be used by PVE and PBS, because authentik has no discovery document at that issuer"
                )
        return problems

    def warnings(self, objects: Mapping[str, list[dict[str, Any]]], declared: Declaration) -> list[str]:
        """The claim has the direct groups of a person, although an application lets members of child groups in."""
        with_rights = {group.name: group for group in declared.groups if group.present and group.rights}
        parents = {group["name"]: group.get("parents") or () for group in objects.get("group", ())}
        return [
            f"{with_rights[ancestor].where}: members of its child group {name} get none of its rights, because authentik"
            f" sends direct groups only; declare rights for {name} as well"
            for name in parents
            for ancestor in _ancestors(name, parents)
            if ancestor in with_rights and name not in with_rights
        ]

    def secrets(self, clients: Iterable[Client], returned: Mapping[str, str]) -> dict[str, str]:
        return {client.id: returned[client.slug] for client in clients if client.slug in returned}

    def label(self, client: Client) -> str:
        return f"application {client.slug}"


class Oidc(Provider):
    """Any issuer. Nothing is created there: clients, their secrets and memberships are managed elsewhere."""

    name = "oidc"
    title = "the issuer"
    address = "issuer"
    # by OpenID Connect Core; who manages the provider may have decided otherwise
    scope_of_claim = {"preferred_username": "profile", "email": "email"}
    knows_its_claims = False

    def default_scopes(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        return (*self.scopes, *(("groups",) if "groups" in (document.get("scopes_supported") or ()) else ()))

    def members(self, objects: Mapping[str, list[dict[str, Any]]], declared: Declaration) -> dict[str, list[str]]:
        return {
            group.name: list(group.members) for group in declared.groups if group.present and group.members is not None
        }

    def clients_problems(self, clients: Iterable[Client], secrets: Mapping[str, str]) -> list[str]:
        without = [client.id for client in clients if not client.is_public and client.id not in secrets]
        if not without:
            return []
        return [
            f"fleetgate_client.secret must be given for {', '.join(without)}, as the identity provider has it;"
            " for a client without a secret declare is_public"
        ]

    def secrets(self, clients: Iterable[Client], returned: Mapping[str, str]) -> dict[str, str]:
        """Those that realms have already, and those that are declared."""
        known = {client.id: client.known_secrets[-1] for client in clients if client.known_secrets}
        declared = {client.id: client.options["secret"] for client in clients if client.options.get("secret")}
        return {**known, **declared}


def _translated(
    entry: Mapping[str, Any], words: Translation, resource: Resource, elsewhere: Resource
) -> dict[str, Any]:
    """An entry in the words of another provider. What is an option of neither stays, so that it is refused and not overlooked."""
    ours, theirs = resource.spec(), elsewhere.spec()
    translated = {}
    for option, value in entry.items():
        if option in words:
            name, value = words[option](value)
            translated[name] = value
        elif option in ours or option not in theirs:
            translated[option] = value
    return translated


PROVIDERS: dict[str, Provider] = {provider.name: provider for provider in (PocketId(), Authentik(), Oidc())}
