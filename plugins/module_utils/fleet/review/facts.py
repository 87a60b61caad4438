# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an access review knows of a host and of the identity provider, and the access that follows from it.

A task returns the facts, which grow with the number of users. Who has which role by way of groups and tokens is derived from them
where the report is made.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ...proxmox.client import ROOT
from ...proxmox.identity import realm_of

# whether access is as declared: UNMANAGED is what no declaration is about, such as local users, UNKNOWN what could not be compared
DECLARED, MISSING, UNDECLARED, UNMANAGED, UNKNOWN = "declared", "missing", "undeclared", "unmanaged", "unknown"
# how access comes about, where it is not by way of a group or of the user of a token
DIRECT, BUILT_IN, NO_RIGHTS = "direct", "built in", "no rights"
OUTDATED = "no longer in this group at the identity provider; wire or the next sign-on ends the membership"


@dataclass(frozen=True)
class Entry:
    """An ACL entry of one principal, and where it is declared."""

    path: str
    type: str
    subject: str
    role: str
    propagate: bool
    status: str
    where: str = ""


@dataclass(frozen=True)
class User:
    """A user of a server. `second_factor` is None where that cannot be seen."""

    userid: str
    enable: bool = True
    expire: int = 0
    second_factor: bool | None = None

    @property
    def state(self) -> str:
        """Why the account cannot be used, "" if it can."""
        return _state("account", self.enable, self.expire)


@dataclass(frozen=True)
class Token:
    """An API token. One that is not `separated` has the rights of its user."""

    userid: str
    name: str
    separated: bool = True
    enable: bool = True
    expire: int = 0

    @property
    def id(self) -> str:
        return f"{self.userid}!{self.name}"

    @property
    def state(self) -> str:
        return _state("token", self.enable, self.expire)


@dataclass(frozen=True)
class Realm:
    """A realm. `has_key` says that the caller reads a client secret in it, `enforces` that it requires a second factor."""

    name: str
    type: str
    autocreate: bool = False
    client_id: str = ""
    has_key: bool = False
    enforces: bool = False


@dataclass(frozen=True)
class Facts:
    """One host. `administrator` are the privileges of the role that has all, `key_path` is the path on which Sys.Audit shows realms,
    `emergency` the account that is declared for the time without the identity provider."""

    product: str
    server: str
    caller: str
    realm: str
    administrator: frozenset[str]
    all_powerful: str
    key_path: str
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    acl: tuple[Entry, ...] = ()
    users: tuple[User, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tokens: tuple[Token, ...] = ()
    realms: tuple[Realm, ...] = ()
    undeclared: tuple[tuple[str, str], ...] = ()
    unseen: tuple[str, ...] = ()
    emergency: str = ""

    def to_result(self) -> dict[str, Any]:
        plain = {
            name: getattr(self, name)
            for name in ("product", "server", "caller", "realm", "emergency", "all_powerful", "key_path")
        }
        return {
            **plain,
            "administrator": sorted(self.administrator),
            "roles": {name: list(privileges) for name, privileges in self.roles.items()},
            "groups": {name: list(users) for name, users in self.groups.items()},
            **{name: [vars(one) for one in getattr(self, name)] for name in ("acl", "users", "tokens", "realms")},
            "undeclared": [list(one) for one in self.undeclared],
            "unseen": list(self.unseen),
        }

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Facts:
        """From the result of a task."""
        kinds = {"acl": Entry, "users": User, "tokens": Token, "realms": Realm}
        return cls(
            **{
                **result,
                "administrator": frozenset(result["administrator"]),
                "roles": {name: tuple(privileges) for name, privileges in result["roles"].items()},
                "groups": {name: tuple(users) for name, users in result["groups"].items()},
                **{name: tuple(kind(**one) for one in result[name]) for name, kind in kinds.items()},
                "undeclared": tuple((kind, name) for kind, name in result["undeclared"]),
                "unseen": tuple(result["unseen"]),
            }
        )


@dataclass(frozen=True)
class People:
    """The identity provider: whether each person is disabled, by the name that the person has on servers, and who is in which group.

    `restricted` says by client whether only members of groups may use it. `users` is None where the provider does not show them.
    """

    title: str
    users: Mapping[str, bool] | None = None
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    restricted: Mapping[str, bool] = field(default_factory=dict)

    def to_result(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "users": None if self.users is None else dict(self.users),
            "groups": {name: list(members) for name, members in self.groups.items()},
            "restricted": dict(self.restricted),
        }

    def departed(self, userid: str, realm: str) -> str:
        """Why a user of the realm cannot sign in any more, "" for one that can, and for those of other realms."""
        if self.users is None or realm_of(userid) != realm:
            return ""
        disabled = self.users.get(userid.rpartition("@")[0])
        return "" if disabled is False else f"{'is disabled' if disabled else 'does not exist'} at {self.title}"

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> People:
        return cls(**{**result, "groups": {name: tuple(members) for name, members in result["groups"].items()}})


@dataclass(frozen=True, order=True)
class Access:
    """A role that a principal has on a path of a host, and how that comes about."""

    principal: str
    kind: str
    path: str
    role: str
    privileges: tuple[str, ...]
    propagate: bool
    via: str
    status: str
    where: str = ""
    note: str = ""


def access_on(facts: Facts, people: People) -> list[Access]:
    """Everything that users, groups and tokens have on a host, and accounts that have nothing."""
    # a token has one row for what its user has in several ways
    return sorted(set(_Derivation(facts, people).access()))


class _Derivation:
    def __init__(self, facts: Facts, people: People) -> None:
        self._facts, self._people = facts, people
        self._users = {user.userid: user for user in facts.users}
        self._by_subject: dict[tuple[str, str], list[Entry]] = {}
        for entry in facts.acl:
            self._by_subject.setdefault((entry.type, entry.subject), []).append(entry)

    def access(self) -> Iterator[Access]:
        of_users: dict[str, list[Access]] = {userid: [] for userid in self._users}
        for (kind, subject), entries in self._by_subject.items():
            rows = [self._row(entry) for entry in entries]
            if kind == "user":
                of_users.setdefault(subject, []).extend(rows)
            elif kind == "group":
                yield from rows
        if ROOT in of_users:
            of_users[ROOT].append(self._everything(ROOT, "user"))
        for userid, row in self._by_groups():
            of_users.setdefault(userid, []).append(row)
        for userid, rows in of_users.items():
            user = self._users.get(userid)
            state = (user.state or self._people.departed(userid, self._facts.realm)) if user else "no account yet"
            yield from self._noted(rows or [_nothing(userid, "user")], state)
        yield from self._of_tokens(of_users)

    def _row(self, entry: Entry) -> Access:
        privileges = self._facts.roles.get(entry.role, ())
        own = (entry.path, entry.role, privileges, entry.propagate, DIRECT, entry.status, entry.where)
        note = "wire has not created it yet" if entry.status == MISSING else ""
        return Access(entry.subject, entry.type, *own, note)

    def _everything(self, principal: str, kind: str) -> Access:
        role, privileges = self._facts.all_powerful, tuple(sorted(self._facts.administrator))
        return Access(principal, kind, "/", role, privileges, True, BUILT_IN, UNMANAGED)

    def _by_groups(self) -> Iterator[tuple[str, Access]]:
        """The rows of groups, for each member on the server, and for each that the next sign-on makes one."""
        realm, at_provider = self._facts.realm, self._people.groups
        for (kind, group), entries in self._by_subject.items():
            if kind != "group":
                continue
            name = group.removesuffix(f"-{realm}") if group.endswith(f"-{realm}") else ""
            claimed = {f"{person}@{realm}" for person in at_provider[name]} if name in at_provider else None
            members = self._facts.groups.get(group, ())
            for userid in members:
                stale = claimed is not None and realm_of(userid) == realm and userid not in claimed
                for entry in entries:
                    yield userid, self._member(entry, userid, stale)
            for userid in sorted((claimed or set()).difference(members)):
                if self._people.departed(userid, realm):
                    continue
                via = f"claim, as {group} from the next sign-on on"
                for entry in entries:
                    yield userid, replace(self._row(entry), principal=userid, kind="user", via=via)

    def _member(self, entry: Entry, userid: str, stale: bool) -> Access:
        row = replace(self._row(entry), principal=userid, kind="user", via=f"group {entry.subject}")
        if any(own.path == entry.path for own in self._by_subject.get(("user", userid), ())):
            note = "without effect, because entries of the user itself on this path replace it"
            return replace(row, privileges=(), note=note)
        if stale:
            return replace(row, status=UNDECLARED, where="", note=OUTDATED)
        return row

    def _of_tokens(self, of_users: Mapping[str, list[Access]]) -> Iterator[Access]:
        for token in self._facts.tokens:
            user = self._users.get(token.userid)
            if token.separated:
                entries = self._by_subject.get(("token", token.id), ())
                rows = [self._row(entry) for entry in entries]
            else:
                held = [row for row in of_users.get(token.userid, ()) if not row.via.startswith("claim")]
                via = f"token without privilege separation of {token.userid}"
                rows = [replace(row, principal=token.id, kind="token", via=via) for row in held]
            state = token.state or (user.state if user else "the user does not exist")
            yield from self._noted(rows or [_nothing(token.id, "token")], state)

    @staticmethod
    def _noted(rows: Iterable[Access], note: str) -> Iterator[Access]:
        for row in rows:
            yield replace(row, note="; ".join(filter(None, (row.note, note)))) if note != row.note else row


def _nothing(principal: str, kind: str) -> Access:
    return Access(principal, kind, "", "", (), False, NO_RIGHTS, UNMANAGED)


def _state(what: str, enable: bool, expire: int) -> str:
    if not enable:
        return f"{what} disabled"
    return f"{what} expired" if 0 < expire <= time.time() else ""
