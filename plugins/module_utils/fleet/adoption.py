# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the state of a fleet to the variables that declare it: the compiler in the other direction.

What a group of the identity provider may do is read from the group of the realm where the product has groups. Elsewhere it is
inferred: a group has a right on a host if all of its members have it there, and it has several.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .products import PRODUCTS

# path, role, and whether it applies below the path
Granted = tuple[str, str, bool]


@dataclass(frozen=True)
class Provided:
    """The identity provider: options of users, of groups (with `members`) and of clients, by name and client ID."""

    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    clients: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def to_result(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class Existing:
    """One host: its realm, "" where it has none of the provider, and everything that belongs to it.

    `options` are those of the realm that wire would not set by itself, `claim` is the one that names users. `uris` are the
    redirect URIs that wire computes, `port` is that of the web interface. `groups` are without the name of the realm.
    `rows` are ACL entries: path, kind, principal (a group without the name of the realm), role, propagate.
    """

    product: str
    realm: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    claim: str = ""
    client_id: str = ""
    has_key: bool = False
    port: int = 0
    uris: tuple[str, ...] = ()
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    rows: tuple[tuple[str, str, str, str, bool], ...] = ()

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Existing:
        return cls(**{**found, "rows": tuple(tuple(row) for row in found["rows"])})

    def to_result(self) -> dict[str, Any]:
        return dict(vars(self))


class Adoption:
    """The variables of a fleet. `hosts` has what was read, by inventory host; `managed` says whether the provider was read."""

    def __init__(self, provided: Provided, hosts: Mapping[str, Existing], managed: bool) -> None:
        self._hosts = hosts
        self._provided = provided if managed else _from_hosts(hosts)
        self._managed = managed
        self._by_email = {
            str(options["email"]): name for name, options in self._provided.users.items() if options.get("email")
        }
        self._groups = self._adopted_groups()
        self._group_rights, self._person_rights = self._rights()

    # -- people ------------------------------------------------------------------------------------------------

    def users(self) -> list[dict[str, Any]]:
        """Members of the adopted groups, and whoever has rights without a group."""
        names = dict.fromkeys(
            name for group in self._groups for name in self._members(group) if name in self._provided.users
        )
        names |= dict.fromkeys(self._person_rights)
        return [
            {**self._provided.users[name], **self._declared_rights(self._person_rights, name)} for name in sorted(names)
        ]

    def groups(self) -> list[dict[str, Any]]:
        return [
            {**self._provided.groups[name], "rights": {}, **self._declared_rights(self._group_rights, name)}
            for name in self._groups
        ]

    def left_out(self) -> list[str]:
        """Groups that a client names and that cannot be declared, as sentences."""
        named = {name for host in self._hosts.values() for name in self._client(host).get("allowed_groups", ())}
        return [
            f"group {name} of the identity provider is not declared, because not every product can have a group of that name"
            for name in sorted(named - set(self._groups))
        ]

    def _adopted_groups(self) -> list[str]:
        """The groups that a host or a client of the fleet has, and that every product can have."""
        used = {name for host in self._hosts.values() for name in host.groups}
        used |= {name for host in self._hosts.values() for name in self._client(host).get("allowed_groups", ())}
        products = {host.product for host in self._hosts.values()}
        rules = [product.group_name for product in PRODUCTS.values() if product.name in products and product.has_groups]
        return sorted(
            name for name in used if name in self._provided.groups and not any(rule.problem(name) for rule in rules)
        )

    def _members(self, group: str) -> tuple[str, ...]:
        return tuple(self._provided.groups[group].get("members") or ())

    def _person(self, host: Existing, userid: str) -> str | None:
        """The user of the provider that a user of the realm is."""
        local = userid.rpartition("@")[0]
        if host.claim == "preferred_username":
            return local if local in self._provided.users else None
        return self._by_email.get(local) if host.claim == "email" else None

    # -- rights ------------------------------------------------------------------------------------------------

    def _rights(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What groups and persons have: by name, product and right the hosts."""
        groups: dict[str, Any] = {}
        persons: dict[str, Any] = {}
        for name, host in self._hosts.items():
            covered: set[tuple[str, Granted]] = set()
            if PRODUCTS[host.product].has_groups:
                of_groups = self._by_group(host)
            else:
                of_groups = self._inferred(host)
                covered = {(member, right) for group, right in of_groups for member in self._members(group)}
            for group, right in of_groups:
                groups.setdefault(group, {}).setdefault(host.product, {}).setdefault(right, []).append(name)
            for person, right in self._direct(host):
                if (person, right) not in covered:
                    persons.setdefault(person, {}).setdefault(host.product, {}).setdefault(right, []).append(name)
        return groups, persons

    def _by_group(self, host: Existing) -> list[tuple[str, Granted]]:
        return [
            (subject, (path, role, propagates))
            for path, kind, subject, role, propagates in host.rows
            if kind == "group" and subject in self._groups
        ]

    def _direct(self, host: Existing) -> Iterator[tuple[str, Granted]]:
        for path, kind, subject, role, propagates in host.rows:
            person = self._person(host, subject) if kind == "user" and subject in host.users else None
            if person:
                yield person, (path, role, propagates)

    def _inferred(self, host: Existing) -> list[tuple[str, Granted]]:
        """The largest groups first, as long as they explain somebody's right who has it through none yet.

        The right of a single member may well be its own; declared for the group, others would get it with the membership.
        """
        holders: dict[Granted, set[str]] = {}
        for person, right in self._direct(host):
            holders.setdefault(right, set()).add(person)
        found = []
        for right, persons in holders.items():
            left = set(persons)
            for group in sorted(self._groups, key=lambda name: (-len(self._members(name)), name)):
                members = set(self._members(group))
                if len(members) > 1 and members <= persons and members & left:
                    found.append((group, right))
                    left -= members
        return found

    def _declared_rights(self, rights: Mapping[str, Any], name: str) -> dict[str, Any]:
        if name not in rights:
            return {}
        return {"rights": {product: list(self._entries(product, found)) for product, found in rights[name].items()}}

    def _entries(self, product: str, rights: Mapping[Granted, list[str]]) -> Iterator[dict[str, Any]]:
        """The rights on a product: roles on the same path and hosts together. All hosts of the product are not named."""
        everywhere = [name for name, host in self._hosts.items() if host.product == product]
        together: dict[tuple[str, bool, tuple[str, ...]], list[str]] = {}
        for (path, role, propagates), hosts in sorted(rights.items()):
            together.setdefault((path, propagates, tuple(hosts)), []).append(role)
        for (path, propagates, names), roles in together.items():
            yield {
                "path": path,
                "roles": roles,
                **({} if propagates else {"propagate": False}),
                **({} if list(names) == everywhere else {"hosts": list(names)}),
            }

    # -- hosts -------------------------------------------------------------------------------------------------

    def host(self, name: str) -> dict[str, Any]:
        """The variables of a host. A host without a realm gets the name of the one that most hosts have."""
        host = self._hosts[name]
        if not host.realm:
            realms = [other.realm for other in self._hosts.values() if other.realm]
            return {"fleetgate_realm": {"name": max(realms, key=realms.count)}}
        client, names = self._declared_client(host)
        return {
            "fleetgate_realm": {"name": host.realm, **host.options},
            "fleetgate_client": client,
            **({"fleetgate_names": names} if names else {}),
        }

    def _client(self, host: Existing) -> Mapping[str, Any]:
        return self._provided.clients.get(host.client_id, {})

    def _declared_client(self, host: Existing) -> tuple[dict[str, Any], list[str]]:
        """The client of a host, and the names that its redirect URIs have beside those that wire computes."""
        if host.client_id not in self._provided.clients:
            return {"id": host.client_id, **({} if host.has_key else {"is_public": True})}, []
        options = dict(self._client(host))
        sharing = [other for other in self._hosts.values() if other.client_id == host.client_id]
        known = {uri for other in sharing for uri in other.uris}
        further = [uri for uri in options.pop("callback_urls", ()) if uri not in known]
        names = {uri: _name_in(uri, host.port) for uri in further} if len(sharing) == 1 else {}
        rest = [uri for uri in further if not names.get(uri)]
        return {**options, **({"callback_urls": rest} if rest else {})}, [name for name in names.values() if name]


def _from_hosts(hosts: Mapping[str, Existing]) -> Provided:
    """What hosts know of an identity provider that cannot be read. Members of groups are left to it."""
    users = {}
    for host in hosts.values():
        holders = {subject for _path, kind, subject, _role, _propagates in host.rows if kind == "user"}
        for userid in sorted(holders & host.users.keys()):
            known, name = host.users[userid], userid.rpartition("@")[0]
            options = {"first_name": known.get("firstname"), "last_name": known.get("lastname")}
            options["email"] = name if host.claim == "email" else known.get("email")
            users[name] = {"username": name, **{option: value for option, value in options.items() if value}}
    groups = {name: {"name": name} for host in hosts.values() for name in host.groups}
    return Provided(users, groups)


def _name_in(uri: str, port: int) -> str:
    """The name that a redirect URI is computed from; "" where it is none of a web interface."""
    parts = urlsplit(uri)
    if parts.scheme != "https" or parts.path or parts.query or parts.fragment or not parts.hostname or "*" in uri:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    given = parts.port or 443
    return host if given == port and ":" not in parts.hostname else f"{host}:{given}"
