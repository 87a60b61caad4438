# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What belongs to the realm of a fleet, or was created by wire, and is not declared any more.

Nobody keeps rights because a line of the declaration was deleted: such objects are reported by name on every run, and
removed with fleetgate_undeclared=remove. Nothing here writes; a removal is an entry for the module of the kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..core.errors import FleetgateError, refuse
from ..core.plan import Desired, ServerState
from ..proxmox.acl import Acl
from ..proxmox.identity import realm_of
from .compiler import members_of, naming
from .declaration import Declaration
from .entries import Entries
from .products import Product

REPORT, REMOVE, IGNORE = "report", "remove", "ignore"
CHOICES = (REPORT, REMOVE, IGNORE)
WHERE = "fleetgate_undeclared: "
# what rights come from
_KINDS = ("group", "user", "token", "acl")


def policy(value: Any, declared: Declaration) -> str:
    """The value of fleetgate_undeclared."""
    chosen = REPORT if value is None else str(value)
    problems = (
        [] if chosen in CHOICES else [f"fleetgate_undeclared: must be one of {', '.join(CHOICES)}, not '{value}'"]
    )
    if chosen == REMOVE and not (declared.users or declared.groups):
        problems.append(
            "fleetgate_undeclared: remove would remove everybody's rights, because neither fleetgate_users nor"
            " fleetgate_groups declares anything"
        )
    refuse(problems)
    return chosen


Key = tuple[str, ...]


@dataclass(frozen=True)
class Undeclared:
    """One object, or a part of one. `removal` has the options of the entry of this kind that removes it.

    `label` is what diffs call it. Without a removal it is only reported, and `name` says why.
    """

    kind: str
    label: str
    name: str
    removal: Mapping[str, Any] | None


@dataclass
class Report:
    """What one server has. `without_rights` counts accounts that people created by signing in and that have no rights.

    `notes` are sentences about what this run changes and people may not expect, `hidden` those about missing permissions, without
    which it may not be complete.
    """

    found: list[Undeclared] = field(default_factory=list)
    without_rights: int = 0
    notes: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def add(self, kind: str, label: str, name: str, removal: Mapping[str, Any] | None) -> None:
        self.found.append(Undeclared(kind, label, name, removal))

    @property
    def removals(self) -> list[dict[str, Any]]:
        """The entries that remove what can be removed, one for each object; `kind` says of which kind it is."""
        removals: dict[tuple[Any, ...], dict[str, Any]] = {}
        for one in self.found:
            if one.removal is None:
                continue
            parts = one.removal.get("remove", [])
            same = {option: value for option, value in one.removal.items() if option not in ("remove", *parts)}
            removal = removals.setdefault((one.kind, str(same)), {"kind": one.kind, "options": {**same}})
            for option in ("remove", *parts) if parts else ():
                values = removal["options"].setdefault(option, [])
                values += [value for value in one.removal[option] if value not in values]
        return list(removals.values())

    def warnings(self, place: str, policy: str) -> list[str]:
        """Sentences for the screen; the place keeps those of several servers apart."""
        kept = [one.name for one in self.found if policy == REPORT or one.removal is None]
        warnings = [f"{place}: {note}" for note in (*self.hidden, *self.notes)]
        if kept:
            how = (
                "; remove with fleetgate_undeclared=remove, or list them in fleetgate_keep" if policy == REPORT else ""
            )
            warnings.append(f"{place}: not declared: {', '.join(kept)}{how}")
        if self.without_rights and policy != IGNORE:
            warnings.append(
                f"{place}: {self.without_rights} further accounts of the realm are not declared and have no rights"
            )
        return warnings

    def to_result(self) -> list[dict[str, Any]]:
        return [
            {"kind": one.kind, "name": one.name, "label": one.label, "removable": one.removal is not None}
            for one in sorted(self.found, key=lambda one: (one.kind, one.name))
        ]


# -- PVE and PBS ---------------------------------------------------------------------------------------------------


def unknown_members(declared: Declaration, members: Mapping[str, Iterable[str]]) -> set[str]:
    """The groups whose members neither the declaration nor the identity provider has, such as those of any issuer."""
    return {
        group.name for group in declared.groups if group.present and group.members is None and group.name not in members
    }


def accounts(declared: Declaration, members: Mapping[str, Iterable[str]]) -> set[str] | None:
    """The users of the realm that stand for a declared person or a member of a declared group.

    None where the realm names users by a claim that is not known beforehand, so that an account cannot be traced back.
    """
    present = {person.name for person in declared.users if person.present}
    absent = {person.name for person in declared.users if not person.present}
    names = {name for group in declared.groups if group.present for name in members_of(group, members)}
    name_in_realm = naming(declared)
    try:
        return {name_in_realm(name) for name in (present | names) - absent}
    except FleetgateError:
        return None


def unseen(server: ServerState, effect: str, names: Iterable[str] = _KINDS) -> list[str]:
    """What the caller lacks to see all objects of the kinds that rights come from; `effect` says of a kind what follows."""
    kinds = [server.resources[name] for name in names if name in server.resources]
    permissions = [(kind.audit_permission, effect.format(kind.plural)) for kind in kinds if kind.audit_permission]
    missing: list[str] = server.client.missing_permissions(permissions)
    return missing


def add_memberships(
    server: ServerState, declared: Declaration, members: Mapping[str, Iterable[str]], entries: Entries
) -> list[str]:
    """Make the members of declared groups on PVE those at the identity provider, without waiting for a sign-on.

    This concerns users of the realm that exist or are created in this run; members from other realms stay. Whoever may
    not sign in any more leaves the group as well. Returns a note for each token that loses rights with its user.
    """
    realm = declared.realm["name"]
    if accounts(declared, members) is None:
        return []
    name_in_realm, unknown = naming(declared), unknown_members(declared, members)
    disabled = {person.name for person in declared.users if not person.present or is_disabled(person.options)}
    created = {
        entry.options["userid"] for entry in entries.entries if entry.kind == "user" and _is_present(entry.options)
    }
    deleted = {
        entry.options["userid"] for entry in entries.entries if entry.kind == "user" and not _is_present(entry.options)
    }
    existing = ({userid for (userid,) in server.actual("user") if realm_of(userid) == realm} | created) - deleted
    planned = {
        entry.options["groupid"]: entry
        for entry in entries.entries
        if entry.kind == "group" and _is_present(entry.options)
    }
    leaving: dict[str, list[str]] = {}
    for group in declared.groups:
        groupid = f"{group.name}-{realm}"
        actual = server.actual("group").get((groupid,))
        if not group.present or group.name in unknown or not (actual or groupid in planned):
            continue
        has = set(actual.values["users"]) if actual else set()
        wanted = {name_in_realm(name) for name in members_of(group, members) if name not in disabled} & existing
        wanted |= {userid for userid in has if realm_of(userid) != realm}
        if wanted - deleted == has - deleted:
            continue
        for userid in has - wanted:
            leaving.setdefault(userid, []).append(groupid)
        entries.set_option("group", "groupid", groupid, "users", sorted(wanted), f"{group.where}.members: ")
    return [
        f"user {userid} leaves {', '.join(groups)}, and the token {userid}!{name} has no privilege separation and loses"
        " these rights as well"
        for userid, groups in sorted(leaving.items())
        for name in _tokens(server, userid, separated=False)
    ]


def on_server(
    product: Product,
    server: ServerState,
    declared: Declaration,
    members: Mapping[str, Iterable[str]],
    realm: Mapping[str, Any],
    desired: Iterable[Desired],
    scopes: Mapping[str, Any],
) -> Report:
    """What a server has of the realm, or of a former name of it, beyond what is declared (`desired` and `scopes`)."""
    desired = list(desired)
    present = {one.entry["realm"] for one in desired if one.resource.name == "realm"}
    former = [name for name, values in other_realms(server, realm["realm"]).items() if same_client(values, realm)]
    former = [name for name in former if name not in present]
    return _Search(product, server, declared, members, realm, desired, scopes, former).report()


def of_realms(product: Product, server: ServerState, name: str, others: Collection[str]) -> Report:
    """Everything that a server has of these realms, except the first realm itself."""
    nothing = Declaration((), (), {"name": name})
    return _Search(product, server, nothing, {}, {"realm": name}, [], {}, sorted(others)).report()


def realm_of_group(server: ServerState, groupid: str, own: str) -> str | None:
    """The realm in the name of a group: `own` or another of the server. Names of realms may have hyphens, so the longest one counts."""
    names = [*(name for (name,) in server.actual("realm")), own]
    return max((name for name in names if groupid.endswith(f"-{name}")), key=len, default=None)


def other_realms(server: ServerState, name: str) -> dict[str, Mapping[str, Any]]:
    """The OpenID realms beside the one with this name, in full."""
    resource = server.resources["realm"]
    found: dict[str, Mapping[str, Any]] = {}
    for key, listed in sorted(server.actual("realm", {(name,)}).items()):
        if key != (name,) and listed.values["type"] == "openid":
            actual = resource.read_again(server, key)
            found.update({key[0]: actual.values} if actual else {})
    return found


def same_client(values: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    """Whether a realm has the same client of the same issuer as another."""
    return all(_comparable(values, option) == _comparable(own, option) for option in ("client_id", "issuer_url"))


class _Search:
    def __init__(
        self,
        product: Product,
        server: ServerState,
        declared: Declaration,
        members: Mapping[str, Iterable[str]],
        realm: Mapping[str, Any],
        desired: list[Desired],
        scopes: Mapping[str, Any],
        former: list[str],
    ) -> None:
        self._product, self._server, self._realm = product, server, realm
        self._acl = cast(Acl, server.resources["acl"])
        self._scopes = list(scopes.get("acl") or ())
        self._accounts = accounts(declared, members)
        self._groups = {f"{group.name}-{realm['realm']}" for group in declared.groups}
        self._count_unknown_members(unknown_members(declared, members))
        self._desired: dict[str, dict[Key, bool]] = {}
        for one in desired:
            keys = self._desired.setdefault(one.resource.name, {})
            for entry in one.resource.expand(one.entry):
                keys[one.resource.key_of(entry)] = entry["state"] == "present"
        self._former = former
        self._realms = {realm["realm"], *self._former}
        self._report = Report()
        # principals that are not declared: everything that is theirs goes with them
        self._principals: set[str] = set()

    def report(self) -> Report:
        if self._product.has_groups:
            self._find_groups()
        self._find_users()
        self._find_rows()
        for name in self._former:
            in_use = realm_of(self._server.client.user) == name
            why = ", which the credentials of this run belong to" if in_use else ""
            removal = None if in_use else {"realm": name, "type": "openid", "state": "absent"}
            described = f"realm {name}, a former name of {self._realm['realm']}{why}"
            self._report.add("realm", f"realm {name}", described, removal)
        self._report.hidden = unseen(self._server, "without it {} of the realm may be left out")
        return self._report

    def _count_unknown_members(self, groups: Iterable[str]) -> None:
        """Whoever a sign-on put into a group whose members are not known is one of them; elsewhere the accounts cannot be distinguished."""
        if not self._product.has_groups:
            self._accounts = None if groups else self._accounts
        elif self._accounts is not None:
            found = (self._server.actual("group").get((f"{name}-{self._realm['realm']}",)) for name in groups)
            self._accounts.update(userid for group in found if group for userid in group.values["users"])

    def _find_groups(self) -> None:
        # at sign-ons PVE creates a group for each entry of the claim
        created_by_sign_on = bool(self._realm.get("groups_autocreate"))
        for (groupid,), group in sorted(self._server.actual("group").items()):
            realm = realm_of_group(self._server, groupid, self._realm["realm"])
            if realm not in self._realms or groupid in self._groups or (groupid,) in self._desired.get("group", ()):
                continue
            rights = self._rights({groupid})
            if not rights and created_by_sign_on and realm not in self._former:
                continue
            self._principals.add(groupid)
            details = [*rights, *_listed("members", group.values["users"])]
            removal = {"groupid": groupid, "state": "absent"}
            self._report.add("group", f"group {groupid}", _described("group", groupid, details), removal)

    def _realm_of(self, kind: str, subject: str) -> str | None:
        if kind == "group":
            return realm_of_group(self._server, subject, self._realm["realm"])
        return realm_of(subject)

    def _find_users(self) -> None:
        for (userid,), user in sorted(self._server.actual("user").items()):
            realm = realm_of(userid)
            known = self._accounts is None or userid in self._accounts
            if realm not in self._realms or userid == self._server.client.user:
                continue
            if (known and realm not in self._former) or (userid,) in self._desired.get("user", ()):
                continue
            tokens = _tokens(self._server, userid)
            groups = user.values.get("groups") or ()
            rights = self._rights({userid, *(f"{userid}!{token}" for token in tokens)})
            details = [*rights, *_listed("groups", groups), *_listed("tokens", tokens)]
            # where a sign-on creates accounts, one without rights says nothing
            if not details and self._realm.get("autocreate") and realm not in self._former:
                self._report.without_rights += 1
                continue
            self._principals.add(userid)
            removal = {"userid": userid, "state": "absent"}
            self._report.add("user", f"user {userid}", _described("user", userid, details), removal)

    def _find_rows(self) -> None:
        """Rows of principals that are declared, or that do not exist. Tokens that people create have the rights that they give them."""
        options = {kind: option for option, kind in self._acl.subjects.items()}
        for key in sorted(self._server.actual("acl")):
            path, kind, subject, role = key
            realm = self._realm_of(kind, subject)
            if realm not in self._realms or subject in (*self._principals, self._server.client.user):
                continue
            if kind == "token" and (subject.rpartition("!")[0],) in self._server.actual("user"):
                continue
            if key in self._desired.get("acl", ()) or self._acl.in_scope(self._scopes, key):
                continue
            if self._is_removed(kind, subject):
                continue
            tokens = [f"{subject}!{name}" for name in _tokens(self._server, subject, separated=False)]
            details = [f"token {token} has them too" for token in tokens]
            name = _described(f"{role} on {path} of {kind}", subject, details)
            removal = {"path": path, "roles": [role], options[kind]: [subject], "state": "absent"}
            self._report.add("acl", self._acl.label(key), name, removal)

    def _is_removed(self, kind: str, subject: str) -> bool:
        return self._desired.get(kind, {}).get((subject,)) is False

    def _rights(self, subjects: Collection[str]) -> list[str]:
        rows = sorted((path, role) for path, _kind, subject, role in self._server.actual("acl") if subject in subjects)
        return list(dict.fromkeys(f"{role} on {path}" for path, role in rows))


def _tokens(server: ServerState, userid: str, separated: bool | None = None) -> list[str]:
    """The names of a user's tokens; `separated` leaves those out that differ in that."""
    return sorted(
        name
        for (owner, name), token in server.actual("token").items()
        if owner == userid and separated in (None, token.values.get("privsep", True))
    )


def _comparable(realm: Mapping[str, Any], option: str) -> str:
    return str(realm.get(option) or "").rstrip("/")


def _described(kind: str, name: str, details: Iterable[str]) -> str:
    text = "; ".join(details)
    return f"{kind} {name} ({text})" if text else f"{kind} {name}"


def _listed(what: str, names: Iterable[str]) -> list[str]:
    return [f"{what}: {' '.join(sorted(names))}"] if names else []


def _is_present(options: Mapping[str, Any]) -> bool:
    return bool(options.get("state", "present") == "present")


def is_disabled(options: Mapping[str, Any]) -> bool:
    """In the words of Pocket ID or of authentik."""
    return options.get("disabled") is True or options.get("is_active") is False


# -- identity providers --------------------------------------------------------------------------------------------


def clients_at_pocketid(
    server: ServerState, desired: Iterable[Desired], objects: Mapping[str, list[dict[str, Any]]], complete: bool
) -> Report:
    """What the declared clients allow beyond the declaration, and clients of the fleet that no host uses any more.

    `objects` are the declared objects as they are in the end. `complete` says that all hosts of the fleet are in this
    run: otherwise the clients and redirect URIs of the others are unknown, and only groups are compared.
    """
    report, resource = Report(), server.resources["client"]
    declared = {one.entry["id"]: one.entry for one in desired if one.resource is resource}
    words = {"allowed_groups": "group {} may use", "callback_urls": "redirect URI {} of"}
    for client in objects.get("client", ()):
        entry = declared[client["id"]]
        for option in words if complete else ("allowed_groups",):
            beyond = set(client[option]) - set(entry[option] or ()) if option in entry["append"] else ()
            for value in sorted(beyond):
                removal = {"id": client["id"], option: [value], "remove": [option]}
                label = f"client {client['id']}"
                report.add("client", f"{label}: {option}", f"{words[option].format(value)} {label}", removal)
    uris = {uri for entry in declared.values() for uri in entry["callback_urls"] or ()}
    for listed in server.client.read_all(*resource.collection, sort="createdAt") if complete else ():
        if listed["id"] not in declared and uris & set(listed["callbackURLs"]):
            name = _described("client", listed["id"], _listed("redirect URIs", listed["callbackURLs"]))
            report.add("client", f"client {listed['id']}", name, {"id": listed["id"], "state": "absent"})
    return report


def applications_at_authentik(
    server: ServerState, desired: Iterable[Desired], objects: Mapping[str, list[dict[str, Any]]], complete: bool
) -> Report:
    """The same of applications and of who is bound to them."""
    report, desired = Report(), list(desired)
    declared = {one.entry["slug"]: one.entry for one in desired if one.resource.name == "application"}
    bound = {one.resource.key_of(one.entry) for one in desired if one.resource.name == "binding"}
    uris = {uri for entry in declared.values() for uri in entry["redirect_uris"] or ()}
    for application in objects.get("application", ()) if complete else ():
        slug = application["slug"]
        for uri in sorted(set(application["redirect_uris"]) - set(declared[slug]["redirect_uris"] or ())):
            removal = {"slug": slug, "redirect_uris": [uri], "remove": ["redirect_uris"]}
            label = f"application {slug}"
            report.add("application", f"{label}: redirect_uris", f"redirect URI {uri} of {label}", removal)
    for (slug,), actual in sorted(server.actual("application").items()):
        if complete and slug not in declared and uris & set(actual.values["redirect_uris"]):
            name = _described("application", slug, _listed("redirect URIs", actual.values["redirect_uris"]))
            report.add("application", f"application {slug}", name, {"slug": slug, "state": "absent"})
    for key, actual in sorted(server.actual("binding").items()):
        slug, group, user, _policy = key
        lets_in = (group or user) and actual.values["enabled"] and not actual.values["negate"]
        if slug not in declared or key in bound or not lets_in:
            continue
        # authentik opens an application without bindings to everybody
        is_last = not any(application == slug for application, *_holder in bound)
        why = ", which stays because without any binding everybody may use it" if is_last else ""
        holder = {"group": group} if group else {"user": user}
        name = f"{' '.join(*holder.items())} may use application {slug}{why}"
        absent = {"application": slug, **holder, "state": "absent"}
        report.add("binding", server.resources["binding"].label(key), name, None if is_last else absent)
    return report
