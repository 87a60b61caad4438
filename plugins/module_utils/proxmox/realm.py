# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Realms of PVE and PBS: OpenID, directories (LDAP and Active Directory), and those that every server has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Flag, Names, Number, Text
from ..core.hosts import DIRECTORY_SERVER
from ..core.oidc import ISSUER
from ..core.resource import Permission, Resource
from .identity import realm_of
from .similar import similar_names

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change, Step


OPENID = ("openid",)
DIRECTORIES = ("ldap", "ad")
BUILT_IN = ("pam", "pve", "pbs")

SCOPE = Text(pattern=r"[^\s,;]+", rule="is not a single scope; set each scope as an entry of the list")
VALUE = Text(
    pattern=r"[^\s\x00-\x20\x7F<>#\",;]+", rule='may not have blanks, control characters, separators or any of <>#"'
)
NAME = Text(pattern=r"[^=\s]+\s*=.+", rule="is not a distinguished name, for example dc=example,dc=org")
ATTRIBUTE = Text(pattern=r"[A-Za-z][A-Za-z0-9.-]*", rule="is not the name of an attribute")


@dataclass(frozen=True)
class UsernameClaim(Text):
    """The claim that contains user names. Both products accept two older names for current claims."""

    def same(self, value: Any, other: Any) -> bool:
        return bool(CLAIM_OF_TODAY.get(value, value) == CLAIM_OF_TODAY.get(other, other))


CLAIM_OF_TODAY = {"subject": "sub", "username": "preferred_username"}


class Realm(Resource):
    """A realm. `types` are the supported types, `audit_path` is the path on which reading requires Sys.Audit."""

    name = "realm"
    plural = "realms"
    key = ("realm",)
    variant = "type"
    unset_by = "delete"
    has_digest = True
    immutable_remedy = (
        "set on_immutable_change=recreate to recreate the realm, which keeps users, groups and ACL entries"
    )
    types: tuple[str, ...] = OPENID
    audit_path = ""
    openid = (
        Field("issuer_url", ISSUER, types=OPENID, needed=OPENID),
        Field("client_id", Text(longest=256), types=OPENID, needed=OPENID),
        Field("client_key", Text(longest=256), types=OPENID, secret=True),
    )
    directory = (
        Field("server1", DIRECTORY_SERVER, types=DIRECTORIES, needed=DIRECTORIES),
        Field("server2", DIRECTORY_SERVER, types=DIRECTORIES),
        Field("port", Number(least=1, most=65535, optional=True), types=DIRECTORIES),
        Field("mode", Text(choices=("ldap", "ldap+starttls", "ldaps")), types=DIRECTORIES, default="ldap"),
        Field("verify", Flag(), types=DIRECTORIES),
        Field("user_attr", ATTRIBUTE, types=("ldap",), needed=("ldap",)),
        Field("bind_dn", Text(), types=DIRECTORIES),
        Field("password", Text(free=True), types=DIRECTORIES, write_only=True, secret=True),
        Field("filter", Text(), types=DIRECTORIES),
        Field(
            "user_classes",
            Names(ATTRIBUTE, separator=","),
            types=DIRECTORIES,
            default=["inetorgperson", "person", "posixaccount", "user"],
        ),
    )
    on_immutable_change = Field("on_immutable_change", Text(choices=("fail", "recreate")), task_only=True)
    update_password = Field("update_password", Text(choices=("on_create", "always")), task_only=True)
    check_connection = Field("check_connection", Flag(), task_only=True, types=OPENID)

    def spec(self) -> dict[str, Any]:
        spec = super().spec()
        for option, default in (("on_immutable_change", "fail"), ("update_password", "on_create")):
            if option in spec:
                spec[option]["default"] = default
        return spec

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        name = entry["realm"]
        return {**entry, "type": entry["type"] or (name if name in BUILT_IN else "openid")}

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        kind = entry["type"]
        if kind != entry["realm"] and (kind in BUILT_IN or entry["realm"] in self.types):
            problems.append(Problem("type", f"'{kind}' is not the type of the realm {entry['realm']}"))
        if entry.get("password") == "":
            problems.append(Problem("password", "must not be empty; it is removed together with bind_dn"))
        return problems

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Send the password, which cannot be read, if the realm is created or bind_dn changes."""
        values, problems = super().compare(server, entry, actual)
        current, password = actual.values if actual else {}, entry.get("password")
        is_created = actual is None or (self.requires_recreate(values) and self.may_recreate(entry))
        binds = {**current, **values}.get("bind_dn") if entry["type"] in DIRECTORIES else ""
        if password and not binds:
            problems.append(Problem("password", "requires bind_dn, whose password it is"))
        elif password and (is_created or values.get("bind_dn")):
            values["password"] = password
        elif binds and (is_created or not current.get("bind_dn")):
            problems.append(Problem("password", f"is required, because the realm binds as '{binds}'"))
        return values, problems

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Read each wanted realm individually: the list requires no permission, but has few properties."""
        for listed in server.client.read("access", "domains"):
            wanted = keys is None or (listed["realm"],) in keys
            if wanted and listed["type"] in self.types:
                yield self._detail(server, listed)
            elif keys is not None:
                yield listed

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        return self.decode(
            self._detail(server, {"realm": key[0], "type": server.actual(self.name)[key].values["type"]})
        )

    def place(self, name: str, kind: str) -> tuple[Any, ...]:
        """Return the path of the realm with this name and type."""
        return self.item_path((name,))

    def _detail(self, server: ServerState, listed: dict[str, Any]) -> dict[str, Any]:
        name, kind = listed["realm"], listed["type"]
        try:
            return {"type": kind, **server.client.read(*self.place(name, kind)), "realm": name}
        except FleetgateError as error:
            if error.status == 403:
                server.client.check_permissions(
                    [(Permission((self.audit_path,), ("Sys.Audit", "Realm.Allocate")), f"to read realm {name}")]
                )
            raise

    def deletion_blockers(self, entry: dict[str, Any], actual: Actual) -> list[Problem]:
        """Refuse what the server would do: delete a realm of any type, and reset a built-in realm to its defaults."""
        current = actual.values["type"]
        if current != entry["type"]:
            return [Problem("type", f"is '{current}' on the server and not '{entry['type']}', so it is not removed")]
        return (
            [Problem("realm", f"'{entry['realm']}' is built in and cannot be removed")] if self.built_in(actual) else []
        )

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to delete the realm of the caller."""
        client = server.client
        return [
            f"{change.label}: {client.caller} belongs to this realm and could not sign in without it; use other credentials"
            for change in changes
            if change.resource is self and change.removes and change.key[0] == realm_of(client.user)
        ]

    def warnings(
        self, entries: dict[tuple[str, ...], dict[str, Any]], changes: list[Change], server: ServerState
    ) -> list[str]:
        return similar_names(self, changes, server)

    def may_recreate(self, entry: dict[str, Any]) -> bool:
        return bool(entry["on_immutable_change"] == "recreate")

    def built_in(self, actual: Actual) -> bool:
        return self.is_built_in(actual.values["realm"])

    def is_built_in(self, name: str) -> bool:
        """Whether every server of this product has the realm."""
        return name in BUILT_IN and name in self.types

    def conflicts(self, entries: dict[str, list[dict[str, Any]]]) -> list[str]:
        realms = entries[self.name]
        claimants = [entry["realm"] for entry in realms if entry["default"] and entry["state"] == "present"]
        return (
            [f"default: only a single realm can be the default, but {' and '.join(claimants)} are declared as such"]
            if len(set(claimants)) > 1
            else []
        )

    def steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        """Update the new default realm last, because an update of the former default realm sets the flag again."""
        return super().steps(sorted(changes, key=lambda change: bool(change.values.get("default"))), server)

    def predict_side_effects(
        self, key: tuple[str, ...], values: dict[str, Any], changes: list[Change]
    ) -> dict[str, Any]:
        """A new default realm clears the flag of the former one."""
        others = (change for change in changes if change.resource is self and change.key != key and change.values)
        return {**values, "default": False} if any(change.values.get("default") for change in others) else values

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        return (Permission((self.audit_path,), ("Realm.Allocate",)),)

    def wait_until_effective(self, entry: dict[str, Any], client: Any) -> None:
        """Make the server start a login, for which it reads the discovery document of the issuer."""
        if not entry["check_connection"] or entry["type"] not in OPENID:
            return
        try:
            # any redirect URL will do, because it is not checked yet
            client.dry_run(
                ("access", "openid", "auth-url"), {"realm": entry["realm"], "redirect-url": "https://localhost"}
            )
        except FleetgateError as error:
            why = f"nobody can sign in through the realm {entry['realm']} ({error})"
            raise FleetgateError(
                f"check_connection: {why}; check that the server can reach the issuer and trusts its certificate"
            ) from error
