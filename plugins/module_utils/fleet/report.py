# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host in the access review of a fleet: who has which rights there, compared with the declaration. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from ..core.module import Definition
from ..core.plan import ServerState
from ..core.resource import Actual, Permission
from ..proxmox.acl import Acl
from ..proxmox.identity import realm_of
from ..proxmox.realm import OPENID
from ..proxmox.realm import Realm as RealmResource
from ..proxmox.second_factor import with_second_factor
from .declaration import Place
from .emergency import VARIABLE as EMERGENCY
from .hidden import hidden
from .host import SPEC as HOST_SPEC
from .host import Compiled, compile_host, identity_of
from .products import PRODUCTS
from .review.facts import DECLARED, MISSING, UNDECLARED, UNKNOWN, UNMANAGED, Entry, Facts, Realm, Token, User
from .review.rules import SEVERITIES
from .undeclared import IGNORE, REPORT, unseen

# the options of fleetgate_report
OPTIONS: dict[str, dict[str, Any]] = {
    **{name: {"type": "path"} for name in ("html", "json", "csv", "markdown", "junit", "sarif")},
    "fail_on": {"type": "str", "choices": list(SEVERITIES)},
}
_NOT_OF_A_REVIEW = ("stage", "client_secret", "undeclared")
SPEC: dict[str, dict[str, Any]] = {
    **{name: option for name, option in HOST_SPEC.items() if name not in _NOT_OF_A_REVIEW},
    "compare": {"type": "bool", "default": True},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product, compares = PRODUCTS[params["product"]], params["compare"]
    # without the members of groups nobody can be reported as undeclared
    wired = {**params, "client_secret": None, "undeclared": REPORT if compares else IGNORE}
    compiled = compile_host(wired, product, Place.of(params["host"]), read_only=True, check_connection=False)
    with compiled.client.understanding():
        facts = _Reading(compiled, compares).facts().to_result()
    identity = identity_of(product, compiled.server, compiled.connection, compiled.place)
    return {"changed": False, "identity": identity, "facts": facts}


class _Reading:
    def __init__(self, compiled: Compiled, compares: bool) -> None:
        self._compiled, self._compares = compiled, compares
        self._state: ServerState = compiled.state
        self._client: Any = compiled.client
        self._acl = cast(Acl, self._state.resources["acl"])
        self._realm = str(compiled.realm["realm"])
        self._emergency = compiled.emergency.userid if compiled.emergency else ""

    def facts(self) -> Facts:
        compiled, realm = self._compiled, cast(RealmResource, self._state.resources["realm"])
        roles = {
            key[0]: tuple(role.values.get("privs") or ()) for key, role in self._state.actual("role", None).items()
        }
        acl, realms = tuple(self._entries()), tuple(self._realms(realm))
        factors = with_second_factor(self._client)
        used = {entry.role for entry in acl}
        return Facts(
            product=compiled.product.title,
            server=str(self._client.title),
            caller=str(self._client.caller),
            realm=self._realm,
            emergency=self._emergency,
            administrator=frozenset(roles.get(self._client.all_powerful, ())),
            all_powerful=str(self._client.all_powerful),
            key_path=realm.audit_path,
            roles={name: tuple(sorted(privileges)) for name, privileges in roles.items() if name in used},
            acl=acl,
            users=tuple(self._users(factors)),
            groups=self._groups(),
            tokens=tuple(self._tokens()),
            realms=realms,
            undeclared=tuple((one.kind, one.name) for one in compiled.undeclared.found),
            # many hosts may have the same sentence
            unseen=tuple(sentence.removeprefix(f"{self._client.title}: ") for sentence in self._unseen(realm, factors)),
        )

    # -- who has what ------------------------------------------------------------------------------------------

    def _entries(self) -> Iterator[Entry]:
        declared: dict[tuple[str, ...], str] = {}
        flags: dict[tuple[str, ...], bool | None] = {}
        for one in self._compiled.desired:
            for entry in one.resource.expand(one.entry) if one.resource is self._acl else ():
                if entry["state"] == "present":
                    key = self._acl.key_of(entry)
                    declared[key] = one.where.rstrip(".")
                    flags[key] = entry["propagate"]
        actual = self._state.actual("acl")
        declared.setdefault(("/", "user", self._emergency, str(self._client.all_powerful)), EMERGENCY)
        for key, row in sorted(actual.items()):
            path, kind, subject, role = key
            propagates = bool(row.values["propagate"])
            # an entry may reach further than it is declared to
            within = key in declared and not (propagates and flags.get(key) is False)
            status = DECLARED if within else self._status(key)
            yield Entry(path, kind, subject, role, propagates, status, declared.get(key, ""))
        for key in sorted(flags.keys() - actual.keys()):
            path, kind, subject, role = key
            yield Entry(path, kind, subject, role, flags[key] is not False, MISSING, declared[key])

    def _status(self, key: tuple[str, ...]) -> str:
        """Of an entry that nobody declares. Tokens have the rights that people give them, and the caller those it needs."""
        _path, kind, subject, _role = key
        if kind == "token" or subject == self._client.user:
            return UNMANAGED
        ours = self._acl.belongs(kind, subject, self._realm) or self._acl.in_scope(self._scopes, key)
        former = any(one.kind == "realm" and one.name.startswith(f"realm {realm_of(subject)},") for one in self._found)
        if not (ours or former):
            return UNMANAGED
        return UNDECLARED if self._compares else UNKNOWN

    @property
    def _found(self) -> list[Any]:
        return self._compiled.undeclared.found

    @property
    def _scopes(self) -> list[dict[str, str]]:
        return list(self._compiled.entries.scopes.get("acl") or ())

    def _users(self, factors: set[str] | None) -> Iterator[User]:
        for (userid,), user in sorted(self._state.actual("user").items()):
            has = None if factors is None else userid in factors
            yield User(userid, user.values.get("enable") is not False, int(user.values.get("expire") or 0), has)

    def _groups(self) -> dict[str, tuple[str, ...]]:
        if not self._compiled.product.has_groups:
            return {}
        return {key[0]: tuple(sorted(group.values["users"])) for key, group in self._state.actual("group").items()}

    def _tokens(self) -> Iterator[Token]:
        for (userid, name), token in sorted(self._state.actual("token").items()):
            values = token.values
            separated, enabled = values.get("privsep", True), values.get("enable", True)
            yield Token(userid, name, separated is not False, enabled is not False, int(values.get("expire") or 0))

    def _realms(self, resource: RealmResource) -> Iterator[Realm]:
        for key, listed in sorted(self._state.actual("realm", {(self._realm,)}).items()):
            kind, found = str(listed.values["type"]), listed
            if kind in OPENID and key != (self._realm,):
                found = resource.read_again(self._state, key) or listed
            yield _realm(key[0], kind, found)

    # -- what the caller cannot see ----------------------------------------------------------------------------

    def _unseen(self, realm: RealmResource, factors: set[str] | None) -> Iterator[str]:
        client = self._client
        yield from unseen(self._state, "without it {} may be left out")
        if factors is None:
            yield "the server does not return second factors, so local administrators without one are not found"
        elif any(client.missing_permissions([(self._state.resources["user"].audit_permission, "")])):
            yield f"second factors of users that {client.caller} may not see are not found"
        permission = Permission((realm.audit_path,), ("Sys.Audit", "Realm.Allocate"))
        yield from client.missing_permissions([(permission, "without it the settings of realms are not seen")])
        if not self._compares:
            yield (
                "who should have rights is not known, because the identity provider could not be read;"
                " nothing is reported as undeclared"
            )


def _realm(name: str, kind: str, found: Actual) -> Realm:
    values = found.values
    return Realm(
        name,
        kind,
        autocreate=bool(values.get("autocreate")),
        client_id=str(values.get("client_id") or ""),
        has_key=bool(values.get("client_key")),
        enforces=bool(found.raw.get("tfa")),
    )


REVIEW = Definition(SPEC, run, hidden=hidden)
