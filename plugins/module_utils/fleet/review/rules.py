# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules of an access review, one row each: severity, title, remedy, and what finds violations.

A rule is about a host (`HOST_RULES`) or about the identity provider (`PROVIDER_RULES`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ...proxmox.client import ROOT
from ...proxmox.identity import realm_of
from .facts import DIRECT, OUTDATED, UNDECLARED, Access, Facts, People, Token

HIGH, MEDIUM, LOW = "high", "medium", "low"
SEVERITIES = (HIGH, MEDIUM, LOW)


@dataclass(frozen=True, order=True)
class Finding:
    """A violation of a rule: the object that it is about, and what was seen."""

    rule: str
    about: str
    detail: str


@dataclass(frozen=True)
class Host:
    """What the rules of a host look at."""

    facts: Facts
    access: list[Access]
    people: People

    def is_administrator(self, row: Access) -> bool:
        return row.path == "/" and self.has_everything(row)

    def has_everything(self, row: Access) -> bool:
        return bool(row.privileges) and self.facts.administrator <= set(row.privileges)

    def is_of_realm(self, principal: str, kind: str) -> bool:
        realm = self.facts.realm
        return principal.endswith(f"-{realm}") if kind == "group" else realm_of(principal) == realm

    def live_tokens(self, userid: str) -> list[Token]:
        return [token for token in self.facts.tokens if token.userid == userid and not token.state]


Seen = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Rule:
    """`find` yields the object and the detail of each violation."""

    id: str
    severity: str
    title: str
    remedy: str
    find: Callable[[Host], Seen]


@dataclass(frozen=True)
class ProviderRule:
    id: str
    severity: str
    title: str
    remedy: str
    find: Callable[[People], Seen]


def _administrators_outside(host: Host) -> Iterator[tuple[str, str]]:
    wanted = (ROOT, host.facts.emergency)
    for row in host.access:
        outside = row.principal not in wanted and row.kind != "token" and not host.is_of_realm(row.principal, row.kind)
        if outside and host.is_administrator(row):
            yield row.principal, f"{row.role} on /, {row.via}"


def _root_tokens(host: Host) -> Iterator[tuple[str, str]]:
    for token in host.live_tokens(ROOT):
        yield token.id, "has its own ACL entries only" if token.separated else "has all privileges"


def _tokens_of_the_departed(host: Host) -> Iterator[tuple[str, str]]:
    for user in host.facts.users:
        why = "" if user.state else host.people.departed(user.userid, host.facts.realm)
        for token in host.live_tokens(user.userid) if why else ():
            yield token.id, f"{user.userid} {why}, and the token still works"


def _tokens_of_disabled_users(host: Host) -> Iterator[tuple[str, str]]:
    for user in host.facts.users:
        for token in host.live_tokens(user.userid) if user.state else ():
            yield token.id, f"{user.state}; the token works again as soon as the user can be used"


def _tokens_without_separation(host: Host) -> Iterator[tuple[str, str]]:
    for token in host.facts.tokens:
        if not token.separated and not token.state and token.userid != ROOT:
            yield token.id, f"has all rights of {token.userid}"


def _tokens_without_expiry(host: Host) -> Iterator[tuple[str, str]]:
    for token in host.facts.tokens:
        if not (token.expire or token.state):
            yield token.id, "does not expire"


def _open_realms(host: Host) -> Iterator[tuple[str, str]]:
    for realm in host.facts.realms:
        if realm.type != "openid" or not realm.autocreate:
            continue
        restricted = host.people.restricted.get(realm.client_id)
        if restricted is False:
            yield realm.name, f"everybody at {host.people.title} may use the client {realm.client_id}"
        elif restricted is None:
            yield realm.name, f"who may use the client {realm.client_id} cannot be seen"


def _readers_of_client_keys(host: Host) -> Iterator[tuple[str, str]]:
    names = ", ".join(realm.name for realm in host.facts.realms if realm.has_key)
    needed_by = (host.facts.caller, host.facts.caller.partition("!")[0])
    for row in host.access if names else ():
        own = row.via == DIRECT and row.principal not in needed_by
        reads = {"Sys.Audit", "Realm.Allocate"} & set(row.privileges) and _reaches(row, host.facts.key_path)
        if own and reads and not host.has_everything(row):
            yield row.principal, f"{row.role} on {row.path} shows the client secret of the realm {names}"


def _reaches(row: Access, path: str) -> bool:
    return row.path == path or (row.propagate and f"{path}/".startswith(f"{row.path.rstrip('/')}/"))


def _users_of_no_realm(host: Host) -> Iterator[tuple[str, str]]:
    known = {realm.name for realm in host.facts.realms}
    for user in host.facts.users:
        if realm_of(user.userid) not in known:
            tokens = host.live_tokens(user.userid)
            also = f", and has the tokens {' '.join(token.name for token in tokens)}" if tokens else ""
            yield user.userid, f"the realm {realm_of(user.userid)} does not exist{also}"


def _undeclared_rights(host: Host) -> Iterator[tuple[str, str]]:
    reported = set()
    for kind, name in host.facts.undeclared:
        if kind != "acl":
            principal, _separator, details = name.removeprefix(f"{kind} ").removesuffix(")").partition(" (")
            reported.add(principal)
            yield principal, f"the {kind} is not declared{f': {details}' if details else ''}"
    for row in host.access:
        own = row.via == DIRECT or OUTDATED in row.note
        if row.status == UNDECLARED and own and row.principal not in reported:
            yield row.principal, f"{row.role} on {row.path}, {row.via}"


def _without_second_factor(host: Host) -> Iterator[tuple[str, str]]:
    realms = {realm.name: realm for realm in host.facts.realms}
    administrators = {row.principal for row in host.access if row.kind == "user" and host.is_administrator(row)}
    for user in host.facts.users:
        realm = realms.get(realm_of(user.userid))
        if user.userid not in administrators or user.state or user.second_factor is not False or realm is None:
            continue
        if realm.type != "openid" and not realm.enforces:
            yield user.userid, f"is an administrator of the realm {realm.name} with a password only"


def _empty_groups(people: People) -> Iterator[tuple[str, str]]:
    for name, members in people.groups.items():
        if not members:
            yield name, f"nobody is in it at {people.title}"


HOST_RULES = (
    Rule(
        "undeclared-rights",
        HIGH,
        "Rights that nobody declared",
        "declare them, or remove them with the playbook wire and fleetgate_undeclared=remove",
        _undeclared_rights,
    ),
    Rule(
        "tokens-of-the-departed",
        HIGH,
        "Working token of a person who is disabled or gone at the identity provider",
        "remove the token, and disable or remove the user on the server",
        _tokens_of_the_departed,
    ),
    Rule(
        "administrator-outside-provider",
        HIGH,
        "Administrator on / who does not come from the identity provider",
        "give the person a group at the identity provider, and remove this entry; declare the account that is for emergencies as fleetgate_emergency",
        _administrators_outside,
    ),
    Rule(
        "root-token",
        HIGH,
        "API token of root@pam",
        "create a user with the privileges that are needed and a token of it, for example with the playbook bootstrap, and remove this token",
        _root_tokens,
    ),
    Rule(
        "no-second-factor",
        HIGH,
        "Local administrator without a second factor",
        "add a second factor to the user, or require one in the realm",
        _without_second_factor,
    ),
    Rule(
        "client-key-readable",
        MEDIUM,
        "Client secret of a realm can be read by auditors",
        "give auditors their role below /nodes, /storage and /vms (or /datastore) instead, or propagate no role with Sys.Audit to the path"
        " of realms",
        _readers_of_client_keys,
    ),
    Rule(
        "realm-open-to-everybody",
        MEDIUM,
        "Realm that creates accounts, with a client that is not restricted to groups",
        "restrict the client to groups at the identity provider, or set autocreate to false",
        _open_realms,
    ),
    Rule(
        "token-without-privilege-separation",
        MEDIUM,
        "Token without privilege separation",
        "turn privilege separation on, and give the token ACL entries of its own",
        _tokens_without_separation,
    ),
    Rule(
        "token-without-expiry",
        MEDIUM,
        "Token that does not expire",
        "set expire, and replace the secret before that date",
        _tokens_without_expiry,
    ),
    Rule(
        "user-of-no-realm",
        MEDIUM,
        "User of a realm that does not exist",
        "remove the user with its tokens and ACL entries",
        _users_of_no_realm,
    ),
    Rule(
        "tokens-of-disabled-users",
        LOW,
        "Token of a user who is disabled or has expired",
        "remove the token",
        _tokens_of_disabled_users,
    ),
)
PROVIDER_RULES = (
    ProviderRule(
        "empty-group",
        LOW,
        "Declared group with nobody in it at the identity provider",
        "add members, or remove the group from the declaration",
        _empty_groups,
    ),
)


def _nothing(_subject: object) -> Seen:
    """What could not be read is found by the run."""
    return ()


NOT_READ = Rule(
    "not-read",
    HIGH,
    "Not part of the review, because it could not be read",
    "mend the problem and run the report again; until then nothing is known of it",
    _nothing,
)
RULES: dict[str, Rule | ProviderRule] = {rule.id: rule for rule in (NOT_READ, *HOST_RULES, *PROVIDER_RULES)}


def findings_on(host: Host) -> list[Finding]:
    return _found((rule.id, rule.find(host)) for rule in HOST_RULES)


def findings_at(people: People) -> list[Finding]:
    return _found((rule.id, rule.find(people)) for rule in PROVIDER_RULES)


def _found(rules: Iterable[tuple[str, Seen]]) -> list[Finding]:
    return sorted({Finding(rule, about, detail) for rule, seen in rules for about, detail in seen})


def at_least(severity: str, least: str) -> bool:
    return SEVERITIES.index(severity) <= SEVERITIES.index(least)
