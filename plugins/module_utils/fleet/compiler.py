# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the declaration of a fleet to typed entries: what one host is to have, and what clients the hosts need together.

A group of the identity provider becomes `GROUP-REALM` where the product has groups. Elsewhere each member gets the rights of
the group. Both are created before anybody signs in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, TypeVar

from ..core.errors import FleetgateError, refuse, suggestion
from ..core.fields import Kind
from ..core.hosts import DOMAIN, WEB_NAME, in_url, split_port, without_brackets
from ..proxmox.realm import CLAIM_OF_TODAY
from .declaration import Declaration, Group, Holder, Person, Place, Right, declaration
from .entries import Entries
from .products import PRODUCTS, Product, Server

# options of realms that people write, and that mean the name of the realm for the modules
_NAME_OF_REALM = "name"


# -- one host ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issuer:
    """How realms find the identity provider: the issuer, in which {client_id} or {slug} may stand for those of a client.

    `of` takes the options of the client as they are declared.
    """

    form: str
    scopes: tuple[str, ...] = ("email", "profile")

    def of(self, client: Mapping[str, Any]) -> str:
        return self.form.replace("{client_id}", client["id"]).replace("{slug}", slug(client))

    def is_used_by(self, realm: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> bool:
        """Whether a realm has this issuer; `known` has the options of clients by ID."""
        client_id = str(realm["client_id"])
        issuer = self.of(known.get(client_id, {"id": client_id}))
        return str(realm["issuer_url"]).rstrip("/") == issuer.rstrip("/")


def slug(client: Mapping[str, Any]) -> str:
    """The slug of the application of a client. By default that is its id: authentik takes fewer characters for a slug."""
    declared = str(client.get("slug") or "")
    return declared or "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in client["id"]
    )


def declaration_for(product: Product, users: Any, groups: Any, realm: Any, place: Place) -> Declaration:
    """The declaration, whose realm must have a name that the product accepts: names of groups and users are made of it."""
    declared = declaration(users, groups, realm, place)
    name = str(declared.realm["name"])
    problem = option_rule(product, "realm", "realm").problem(name)
    refuse([f"fleetgate_realm.name: '{name}' {problem}"] if problem else [])
    return declared


def host_entries(
    product: Product,
    declared: Declaration,
    place: Place,
    members: Mapping[str, Iterable[str]],
    realm: Mapping[str, Any],
) -> Entries:
    """Everything that one host is to have. `members` has the user names of each group at the identity provider."""
    entries = Entries()
    access = _by_group if product.has_groups else _by_member
    access(product, declared, place, members, entries)
    entries.add("realm", realm, "fleetgate_realm.")
    return entries


def realm_entry(
    product: Product,
    declared: Declaration,
    issuer: Issuer,
    client: Mapping[str, Any],
    secret: str,
    check_connection: bool,
) -> dict[str, Any]:
    """The options of the realm: those that are declared, and the defaults of the product."""
    # an option without a value is one that is not declared, such as what a template leaves empty
    options = {
        option: value
        for option, value in declared.realm.items()
        if option not in product.not_in_realm and value is not None and (option, value) != ("username_claim", "")
    }
    name = options.pop(_NAME_OF_REALM)
    known = {option for one in PRODUCTS.values() for option in _realm_options(one)}
    refuse(
        [
            f"fleetgate_realm: unknown option {option}{suggestion(option, known - set(DECIDED_FOR_REALMS))}"
            for option in options
            if option not in _realm_options(product)
        ]
        + [
            f"fleetgate_realm: {option} cannot be declared here, because wire decides it"
            for option in DECIDED_FOR_REALMS
            if option in options
        ]
    )
    scopes = options.get("scopes") or list(issuer.scopes)
    scopes = scopes.split() if isinstance(scopes, str) else scopes
    return {
        **product.realm_defaults,
        "check_connection": True,
        **options,
        **({} if check_connection else {"check_connection": False}),
        "realm": name,
        "client_id": client["id"],
        "issuer_url": issuer.of(client),
        "scopes": [scope for scope in scopes if scope not in product.not_in_scopes],
        **({"client_key": secret} if secret else {}),
    }


DECIDED_FOR_REALMS = ("realm", "client_id", "client_key", "issuer_url", "state", "append", "remove")


def _realm_options(product: Product) -> set[str]:
    realm = next(resource for resource in product.system.resources if resource.name == "realm")
    return set(realm.spec())


def _by_group(
    product: Product, declared: Declaration, place: Place, _members: Mapping[str, Iterable[str]], entries: Entries
) -> None:
    """Groups with their rights. The rights of a person or group, where declared, are all that it has."""
    refuse(
        [
            f"{group.where}: '{group.name}' {product.group_name.problem(group.name)}"
            for group in declared.groups
            if product.group_name.problem(group.name)
        ]
    )
    name_in_realm = naming(declared)
    for group in declared.groups:
        groupid = f"{group.name}-{declared.realm['name']}"
        comment = group.options.get("friendly_name") or group.name
        _add_principal(product, entries, group, place, "group", {"groupid": groupid, "comment": comment})
    for person in declared.users:
        if not person.present or rights_on(person, product) is not None:
            userid = name_in_realm(person.name)
            _add_principal(product, entries, person, place, "user", {"userid": userid, **person.profile})


def _add_principal(
    product: Product, entries: Entries, holder: Holder, place: Place, kind: str, options: dict[str, Any]
) -> None:
    """Add a person or group itself, its ACL entries, and that these are all that it has."""
    key = "groupid" if kind == "group" else "userid"
    name, where = options[key], f"{holder.where}."
    if not holder.present:
        entries.add(kind, {key: name, "state": "absent"}, where)
        return
    rights = rights_on(holder, product)
    if rights is None:
        return
    granted = [right for right in rights if right.applies(place)]
    if granted:
        entries.add(kind, options, where)
    for right in granted:
        entries.add("acl", _acl(right, f"{kind}s", name), f"{holder.where}.rights.{product.name}.")
    entries.complete("acl", subject=name)


def _by_member(
    product: Product, declared: Declaration, place: Place, members: Mapping[str, Iterable[str]], entries: Entries
) -> None:
    """Each member of a group with the rights of the group.

    The rights of a person who is declared or a member are all that it has, and nobody else of the realm has any on a path
    that a group has rights on, so whoever leaves a group loses its rights, whatever they were.
    """
    name_in_realm = naming(declared)
    people = {person.name: person for person in declared.users}
    absent = [person for person in declared.users if not person.present]
    users: dict[str, tuple[dict[str, Any], str]] = {}
    rows: dict[tuple[str, str, str], tuple[bool, str]] = {}
    for holder, usernames in _holders(declared, members):
        rights = rights_on(holder, product)
        if rights is None:
            continue
        where = f"{holder.where}.rights.{product.name}."
        granted = [right for right in rights if right.applies(place)]
        if isinstance(holder, Group):
            for right in granted:
                entries.complete("acl", path=right.path, realm=declared.realm["name"])
        for username in usernames:
            if username in people and not people[username].present:
                continue
            userid = name_in_realm(username)
            why = option_rule(product, "user", "userid").problem(userid)
            if why and username not in people and username not in _declared_members(holder):
                entries.warnings.append(
                    f"{userid} {why}; this member of {holder.name} at the identity provider gets no rights on {place.name}"
                )
                continue
            entries.complete("acl", subject=userid)
            if granted:
                person = people.get(username)
                options = {"userid": userid, **(person.profile if person else {})}
                users.setdefault(userid, (options, f"{(person or holder).where}."))
            for right in granted:
                for role in right.roles:
                    # two groups may give the same role; the one that reaches further counts
                    key = right.path, role, userid
                    reaches, _where = rows.get(key, (False, where))
                    rows[key] = reaches or right.propagate is not False, where
    for options, where in users.values():
        entries.add("user", options, where)
    for person in absent:
        entries.add("user", {"userid": name_in_realm(person.name), "state": "absent"}, f"{person.where}.")
    for (path, role, userid), (propagate, where) in rows.items():
        entries.add("acl", {"path": path, "roles": [role], "users": [userid], "propagate": propagate}, where)


def _holders(declared: Declaration, members: Mapping[str, Iterable[str]]) -> Iterable[tuple[Holder, tuple[str, ...]]]:
    """Who has rights, and the user names that it stands for."""
    for group in declared.groups:
        yield group, tuple(members_of(group, members)) if group.present else ()
    for person in declared.users:
        yield person, (person.name,) if person.present else ()


def members_of(group: Group, members: Mapping[str, Iterable[str]]) -> Iterable[str]:
    """The user names in a group: as the identity provider has them, or else as they are declared."""
    return members.get(group.name, group.members or ())


def _declared_members(holder: Holder) -> tuple[str, ...]:
    return holder.members or () if isinstance(holder, Group) else ()


def rights_on(holder: Holder, product: Product) -> tuple[Right, ...] | None:
    """The declared rights, or None where nothing is declared, which leaves alone what exists."""
    return (holder.rights or {}).get(product.name)


def _acl(right: Right, option: str, subject: str) -> dict[str, Any]:
    propagate = {} if right.propagate is None else {"propagate": right.propagate}
    return {"path": right.path, "roles": list(right.roles), **propagate, option: [subject]}


def option_rule(product: Product, kind: str, option: str) -> Kind:
    """The rule for the values of an option of a kind of object."""
    resource = next(resource for resource in product.system.resources if resource.name == kind)
    return resource.field(option).kind


def username_claim(declared: Declaration) -> str:
    """The claim that user names are taken from, by the name that providers have for it."""
    claim = declared.realm.get("username_claim") or "preferred_username"
    return CLAIM_OF_TODAY.get(claim, claim)


def naming(declared: Declaration) -> Callable[[str], str]:
    """The user ID on PVE and PBS of a user of the identity provider; only some claims determine it before the first sign-on."""
    claim = username_claim(declared)
    realm = declared.realm["name"]
    emails = {person.name: person.options.get("email") for person in declared.users}

    def name_in_realm(username: str) -> str:
        if known := declared.claims.get(username, {}).get(claim):
            return f"{known}@{realm}"
        if claim == "preferred_username":
            return f"{username}@{realm}"
        if claim == "email" and emails.get(username):
            return f"{emails[username]}@{realm}"
        why = (
            f"{username} has no declared email"
            if claim == "email"
            else "its values are only known to the identity provider"
        )
        raise FleetgateError(
            f"fleetgate_realm.username_claim: with '{claim}' {username} cannot be given rights before the first sign-on"
            f" ({why}); use preferred_username"
        )

    return name_in_realm


# -- the addresses of a host ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Addresses:
    """The URLs that people may reach a web interface by, which are what it sends as redirect URI.

    `certain` come from what is declared or reported, `likely` are further ones that cost nothing to register.
    """

    certain: tuple[str, ...]
    likely: tuple[str, ...]

    @property
    def all(self) -> list[str]:
        return list(dict.fromkeys([*self.certain, *self.likely]))


def addresses(
    product: Product, place: Place, server: Server, address: str, port: int, names: Any, domain: Any
) -> Addresses:
    """The URLs of a web interface: by its nodes, the address of the API, and the names that are declared."""
    names = [names] if isinstance(names, str) else names
    if not (isinstance(names, list) and all(isinstance(name, (str, int, float)) for name in names)):
        refuse(["fleetgate_names: must be a list of names; unable to convert to list"])
    # a name without a letter is what a template leaves empty
    names, domain = [str(name) for name in names if name != ""], str(domain)
    problems = [f"fleetgate_names: '{name}' {WEB_NAME.problem(name)}" for name in names if WEB_NAME.problem(name)]
    if DOMAIN.problem(domain):
        problems.append(f"fleetgate_domain: '{domain}' {DOMAIN.problem(domain)}")
    refuse(problems)
    known = [*server.nodes, address, *names]
    certain = origins(known, port, domain)
    # people do not use the way that the API is reached by, such as a tunnel
    likely = origins(known, product.port, domain) if port != product.port else []
    if product.is_one_host and _is_address(address) and not WEB_NAME.problem(place.name):
        for one in dict.fromkeys((port, product.port)):
            likely += origins([place.name], one, domain)
    return Addresses(tuple(certain), tuple(likely))


def origins(names: Iterable[str], port: int, domain: str = "") -> list[str]:
    """The URL for each name, and for a name without a dot that in the domain too. A name with a port is that of a proxy.

    No path, no slash at the end, and no port 443: that is what browsers send.
    """
    found = []
    for name in names:
        host, given = split_port(name)
        if given is not None:
            found.append(_origin(host, given))
            continue
        found.append(_origin(name, port))
        if domain and "." not in name and ":" not in name:
            found.append(_origin(f"{name}.{domain}", port))
    return list(dict.fromkeys(found))


def _origin(host: str, port: int) -> str:
    host = in_url(host.lower())
    return f"https://{host}" if port == 443 else f"https://{host}:{port}"


def _is_address(host: str) -> bool:
    try:
        ip_address(without_brackets(host))
    except ValueError:
        return False
    return True


# -- the clients of a fleet ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Listed:
    """A host of the inventory. `identity` is the same for all that are one server or nodes of one `cluster`."""

    host: str
    cluster: str
    identity: tuple[str, ...]


_Listed = TypeVar("_Listed", bound=Listed)


@dataclass(frozen=True)
class Wiring(Listed):
    """What the preflight of a host found out that the identity provider and other hosts have to know.

    `pending` says whether there is anything to do, `connects` whether a sign-on can begin (None: was not tried).
    """

    client: Mapping[str, Any]
    redirect_uris: tuple[str, ...]
    certain_uris: tuple[str, ...]
    secret: str = field(default="", repr=False)
    pending: bool = True
    connects: bool | None = None


@dataclass
class Client:
    """An OIDC client, as all hosts that use it declare it together."""

    id: str
    options: dict[str, Any]
    redirect_uris: list[str] = field(default_factory=list)
    certain_uris: list[str] = field(default_factory=list)
    hosts: list[str] = field(default_factory=list)
    # what only adds to what the provider has
    append: list[str] = field(default_factory=list)
    known_secrets: list[str] = field(default_factory=list, repr=False)

    @property
    def where(self) -> str:
        return f"fleetgate_client[{self.id}]"

    @property
    def slug(self) -> str:
        return slug(self.options)

    @property
    def is_public(self) -> bool:
        return bool(self.options.get("is_public"))


def leaders(hosts: Iterable[_Listed]) -> dict[str, _Listed]:
    """The host that each host is wired through: the first of those that are the same server or cluster."""
    first: dict[tuple[str, ...], _Listed] = {}
    return {host.host: first.setdefault(host.identity, host) for host in hosts}


def aliases(hosts: Iterable[Wiring]) -> list[str]:
    """Warnings for hosts of the inventory that are one server without being nodes of a cluster."""
    hosts = list(hosts)
    first = leaders(hosts)
    return [
        f"{first[host.host].host} and {host.host} are one server, which is set up under the first name only; remove the"
        " other from the inventory"
        for host in hosts
        if first[host.host] is not host and not host.cluster
    ]


def clients(hosts: Iterable[Wiring], declared: Declaration, members: Mapping[str, Iterable[str]]) -> list[Client]:
    """The OIDC clients of a fleet. Hosts with the same client id share it, and nodes of a cluster use that of the first of them.

    Unless a client says otherwise, only members of declared groups may use it.
    """
    hosts = list(hosts)
    first, problems = leaders(hosts), []
    shared: dict[str, Client] = {}
    for host in hosts:
        options = dict(first[host.host].client)
        client = shared.setdefault(options["id"], Client(options["id"], dict(options)))
        client.hosts.append(host.host)
        client.redirect_uris += [*(options.get("callback_urls") or ()), *host.redirect_uris]
        client.certain_uris += host.certain_uris
        client.known_secrets += [host.secret] if host.secret else []
        problems += [
            f"{client.where}: {client.hosts[0]} and {host.host} share this client and declare its {option} differently"
            for option in {**client.options, **options}
            if option != "callback_urls" and client.options.get(option) != options.get(option)
        ]
    allowed = [group.name for group in declared.groups if group.present]
    inside = {username for group in declared.groups if group.present for username in members_of(group, members)}
    for client in shared.values():
        client.options.setdefault("name", client.id)
        client.options["callback_urls"] = client.redirect_uris = list(dict.fromkeys(client.redirect_uris))
        client.certain_uris = list(dict.fromkeys(client.certain_uris))
        client.known_secrets = list(dict.fromkeys(client.known_secrets))
        # a run for some of the hosts must not take away what the others need
        client.append = ["callback_urls"]
        says_who = any(client.options.get(option) is not None for option in ("is_group_restricted", "allowed_groups"))
        if allowed and not says_who:
            client.options["allowed_groups"] = allowed
            client.append.append("allowed_groups")
            problems += [
                f"{person.where} has rights, but is in none of the declared groups that may use the client {client.id};"
                " add the person to a group, or set is_group_restricted in fleetgate_client"
                for person in declared.users
                if _has_rights(person) and person.name not in inside
            ]
    refuse(problems)
    return list(shared.values())


def _has_rights(person: Person) -> bool:
    return person.present and any(person.rights.values() if person.rights else ())
