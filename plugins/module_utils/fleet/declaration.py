# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared state of a fleet: the variables of people and groups, typed and validated once, with all problems together.

Surveys, extra variables and templates give the text "false" for a flag, and a text where a list has one element, so values
are converted as a module converts its options.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..authentik.application import Application
from ..authentik.group import Group as AuthentikGroup
from ..authentik.user import User as AuthentikUser
from ..core.errors import refuse, suggestion
from ..core.module import argument_problems
from ..core.secrets import excerpt
from ..pocketid.group import Group as PocketIdGroup
from ..pocketid.oidc_client import OidcClient
from ..pocketid.user import User as PocketIdUser
from .products import PRODUCTS
from .until import RULE, End, moment

Spec = Mapping[str, Mapping[str, Any]]

_NAMES = {"type": "list", "elements": "str"}
_UNTIL: Spec = {"until": {"type": "str"}}
RIGHT: Spec = {"path": {"type": "str"}, "roles": _NAMES, "propagate": {"type": "bool"}, "hosts": _NAMES, **_UNTIL}
USER: Spec = {**AuthentikUser().spec(), **PocketIdUser().spec(), "rights": {"type": "dict"}, **_UNTIL}
MEMBER: Spec = {"username": {"type": "str"}, **_UNTIL}
GROUP: Spec = {
    **AuthentikGroup().spec(),
    **PocketIdGroup().spec(),
    "rights": {"type": "dict"},
    # names, or entries of MEMBER
    "members": {"type": "list", "elements": "raw"},
}
CLIENT: Spec = {**Application().spec(), **OidcClient().spec()}
# what wire decides itself, and what would be another in every run
_NOT_OF_A_CLIENT = (
    "append",
    "remove",
    "repair_signing_key",
    "replace_secret",
    "return_secret",
    "secret_candidates",
    "secret_candidates_complete",
    "secret_max_age",
    "secret_overlap",
    "secrets",
    "state",
)


@dataclass(frozen=True)
class Place:
    """An inventory host: its name and groups, and all names of hosts and groups that the inventory has.

    The names are None where the inventory has only a part of the fleet.
    """

    name: str
    groups: tuple[str, ...] = ()
    known: frozenset[str] | None = frozenset()

    @classmethod
    def of(cls, host: Mapping[str, Any]) -> Place:
        """From the option `host` of a module, which the action plugin sets."""
        known = host.get("known")
        names = None if known is None else frozenset(known)
        return cls(str(host.get("name", "")), tuple(host.get("groups") or ()), names)


@dataclass(frozen=True)
class Right:
    """Roles on a path, on all servers or (`hosts`) on those with these names of hosts or groups."""

    path: str
    roles: tuple[str, ...]
    propagate: bool | None = None
    hosts: tuple[str, ...] | None = None

    def applies(self, place: Place) -> bool:
        return self.hosts is None or bool({place.name, *place.groups} & set(self.hosts))


@dataclass(frozen=True)
class Holder:
    """A person or a group. `rights` has a tuple for each product that rights are declared for; other rights are left alone.

    `options` are those of the identity provider, without the rights and members.
    """

    name: str
    where: str
    present: bool
    options: Mapping[str, Any]
    rights: Mapping[str, tuple[Right, ...]] | None


@dataclass(frozen=True)
class Person(Holder):
    """A declared user of the identity provider.

    A person whose time has `ended` is not present: nothing is left on Proxmox, and the user at the provider is disabled.
    `expire` is the end in seconds since 1970, 0 for none, None where nothing is declared about it.
    """

    ended: bool = False
    expire: int | None = None

    @property
    def is_absent(self) -> bool:
        """Whether the access of the person ends for good, because it is declared absent."""
        return not (self.present or self.ended)

    @property
    def profile(self) -> dict[str, Any]:
        """What PVE and PBS store of a person. Both would take it from the claims, but only when they create the user."""
        of_claims = {"email": "email", "firstname": "first_name", "lastname": "last_name"}
        known = {option: self.options.get(claim) for option, claim in of_claims.items()}
        # PBS refuses a name of one letter
        profile: dict[str, Any] = {option: value for option, value in known.items() if value and len(value) > 1}
        return profile if self.expire is None else {**profile, "expire": self.expire}


@dataclass(frozen=True)
class Group(Holder):
    """A declared group. Without `members` those at the identity provider are left alone."""

    members: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Declaration:
    """Everything that is declared of people, and the realm that they sign in through.

    `claims` has those that the identity provider sends of people, as far as they were read there.
    """

    users: tuple[Person, ...]
    groups: tuple[Group, ...]
    realm: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    ends: tuple[End, ...] = ()
    claims: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def holders(self) -> Iterator[Holder]:
        yield from self.groups
        yield from self.users


@dataclass
class _Reader:
    """Reads variables, and collects what is wrong with them. What has ended at the moment `now` counts as not declared."""

    now: datetime
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)

    def entries(self, declared: Any, variable: str, key: str, spec: Spec) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Each entry of a list: its name, where it is declared, and its typed options."""
        if not isinstance(declared, list):
            self.problems.append(f"{variable}: must be a list")
            return
        known: dict[str, Any] = {}
        for number, entry in enumerate(declared):
            if not (isinstance(entry, dict) and entry.get(key)):
                self.problems.append(f"{variable}[{number}]: {key} must be given")
                continue
            name, where = str(entry[key]), f"{variable}[{entry[key]}]"
            if known.setdefault(name, entry) != entry:
                self.problems.append(f"{where}: is declared twice with different options; keep one of the entries")
            yield name, where, self.typed(entry, spec, where)

    def typed(self, entry: Mapping[str, Any], spec: Spec, where: str) -> dict[str, Any]:
        """The options of an entry converted to their types; unknown ones are problems."""
        self.problems += [
            f"{where}: unknown option {option}{suggestion(option, spec)}" for option in entry if option not in spec
        ]
        known = {
            option: {part: spec[option][part] for part in ("type", "elements", "choices") if part in spec[option]}
            for option in entry
            if option in spec
        }
        given = {option: entry[option] for option in known}
        problems = argument_problems(known, given)
        self.problems += [f"{where}: {problem}" for problem in problems]
        return {} if problems else ArgumentSpecValidator(known).validate(given).validated_parameters

    def until(self, typed: Mapping[str, Any], where: str, what: str) -> datetime | None:
        """The declared end of something, None where there is none."""
        text = str(typed.get("until") or "")
        if not text:
            return None
        try:
            at = moment(text)
        except (ValueError, OverflowError):
            self.problems.append(f"{where}.until: '{excerpt(text)}' {RULE}")
            return None
        self.ends.append(End(what, text, at))
        return at

    def ended(self, at: datetime | None) -> bool:
        return at is not None and at <= self.now

    def members(self, declared: Any, where: str) -> tuple[str, ...] | None:
        """The names of the members whose time has not ended, None where members are not declared."""
        if declared is None:
            return None
        names = []
        for member in declared:
            if isinstance(member, dict):
                name = str(member.get("username") or "")
                typed = self.typed(member, MEMBER, f"{where}[{name}]")
                at = self.until(typed, f"{where}[{name}]", f"{where}[{name}]")
            else:
                name, at = str(member), None
                if isinstance(member, (list, tuple)):
                    self.problems.append(f"{where}: must have names, or entries with {' and '.join(MEMBER)}")
            if not name:
                self.problems.append(f"{where}: must not contain an empty name")
            if not self.ended(at):
                names.append(name)
        return tuple(names)

    def rights(self, declared: Any, where: str, place: Place | None) -> dict[str, tuple[Right, ...]]:
        """The rights by product."""
        products = " and ".join(PRODUCTS)
        if not isinstance(declared, dict):
            self.problems.append(f"{where}: must have lists for {products}")
            return {}
        self.problems += [
            f"{where}: '{name}' is none of {products}{suggestion(name, PRODUCTS, listed=False)}"
            for name in declared
            if name not in PRODUCTS
        ]
        return {
            product: tuple(self._rights_on(declared[product], f"{where}.{product}", place))
            for product in PRODUCTS
            if declared.get(product) is not None
        }

    def _rights_on(self, declared: Any, where: str, place: Place | None) -> Iterator[Right]:
        if not (isinstance(declared, list) and all(isinstance(right, dict) for right in declared)):
            self.problems.append(f"{where}: must be a list of entries with {', '.join(RIGHT)}")
            return
        for entry in declared:
            self.problems += [f"{where}: {option} is missing" for option in ("path", "roles") if not entry.get(option)]
            typed = self.typed(entry, RIGHT, where)
            hosts = typed.get("hosts")
            right = Right(
                typed.get("path") or "",
                tuple(typed.get("roles") or ()),
                typed.get("propagate"),
                None if hosts is None else tuple(hosts),
            )
            self.problems += [
                f"{where}: '{name}' in hosts is neither a host nor a group of the inventory{suggestion(name, place.known, listed=False)}"
                for name in (right.hosts or ())
                if place and place.known is not None and name not in place.known
            ]
            what = f"{where}: {', '.join(right.roles)} on {right.path}"
            if not self.ended(self.until(typed, where, what)):
                yield right


def declaration(
    users: Any, groups: Any, realm: Any, place: Place | None = None, now: datetime | None = None
) -> Declaration:
    """The declaration as it is at the moment `now`, of which everything that is wrong is refused together."""
    reader = _Reader(now or datetime.now(UTC))
    people, teams = [], []
    for name, where, typed in reader.entries(users, "fleetgate_users", "username", USER):
        people.append(_person(reader, name, where, typed, place))
    gone = {person.name for person in people if person.ended}
    for name, where, typed in reader.entries(groups, "fleetgate_groups", "name", GROUP):
        rights, members = _rights(reader, typed, where, place), reader.members(typed.get("members"), f"{where}.members")
        options = _without(typed, "rights", "members")
        present = None if members is None else tuple(member for member in members if member not in gone)
        teams.append(Group(name, where, _present(typed), options, rights, present))
        if rights is None and _present(typed):
            reader.warnings.append(
                f"{where} has no rights, so its members get none through it; if that is meant, declare rights: {{}}"
            )
    if not (isinstance(realm, dict) and realm.get("name")):
        reader.problems.append("fleetgate_realm: name must be given")
    elif realm.get("username_claim") and not isinstance(realm["username_claim"], str):
        reader.problems.append("fleetgate_realm: username_claim: must be text")
    elif realm.get("scopes") and not isinstance(realm["scopes"], (list, str)):
        reader.problems.append("fleetgate_realm: scopes: must be a list")
    refuse(reader.problems)
    ends = tuple(dict.fromkeys(reader.ends))
    return Declaration(tuple(people), tuple(teams), realm, tuple(reader.warnings), ends)


def _person(reader: _Reader, name: str, where: str, typed: Mapping[str, Any], place: Place | None) -> Person:
    present = _present(typed)
    at = reader.until(typed, where, where) if present else None
    ended = reader.ended(at)
    expire = (int(at.timestamp()) if at else 0) if typed.get("until") is not None else None
    options = _without(typed, "rights", "until")
    return Person(name, where, present and not ended, options, _rights(reader, typed, where, place), ended, expire)


def client_options(declared: Any, default_id: str, default_name: str) -> dict[str, Any]:
    """The typed options of the OIDC client of a host."""
    if declared is None:
        declared = {"id": default_id, "name": default_name}
    if not isinstance(declared, dict):
        refuse(["fleetgate_client: must have the options of a client"])
    if not declared.get("id"):
        refuse(["fleetgate_client: id must be given"])
    reader = _Reader(
        datetime.now(UTC),
        [
            f"fleetgate_client: {option} cannot be declared here, because wire decides it"
            for option in _NOT_OF_A_CLIENT
            if option in declared
        ],
    )
    typed = reader.typed(declared, CLIENT, "fleetgate_client")
    refuse(reader.problems)
    return typed


def secrets_in(spec: Spec, entries: Any) -> Iterator[str]:
    """The values of secret options in entries, whatever else is wrong with them."""
    for entry in entries if isinstance(entries, (list, tuple)) else (entries,):
        if isinstance(entry, dict):
            yield from (str(entry[name]) for name, option in spec.items() if option.get("no_log") and entry.get(name))


def _present(typed: Mapping[str, Any]) -> bool:
    return bool(typed.get("state", "present") == "present")


def _without(typed: Mapping[str, Any], *left_out: str) -> dict[str, Any]:
    return {option: value for option, value in typed.items() if option not in left_out}


def _rights(
    reader: _Reader, typed: Mapping[str, Any], where: str, place: Place | None
) -> dict[str, tuple[Right, ...]] | None:
    declared = typed.get("rights")
    return None if declared is None else reader.rights(declared, f"{where}.rights", place)
