# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host of a fleet: its preflight, which reads it once and reports what is to be done, and the task that does it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

from ..core.checks import Check, as_results, problems_of
from ..core.client import Client
from ..core.errors import FleetgateError, refuse
from ..core.hosts import without_brackets
from ..core.module import Definition
from ..core.plan import Desired, ServerState, check_removals, converge, make_plan
from ..proxmox.client import ProxmoxClient
from ..proxmox.user import account_problem
from .accounts import Account, last_administrator, other_accounts, proof_of_removal
from .compiler import (
    Addresses,
    Issuer,
    addresses,
    declaration_for,
    host_entries,
    members_of,
    naming,
    origins,
    realm_entry,
    username_claim,
)
from .declaration import Declaration, Place, client_options
from .emergency import Emergency, WayIn, emergency, refusals
from .entries import MAX_REMOVALS, Entries, connection_of
from .hidden import hidden
from .keep import SPEC as KEEP
from .keep import Keep
from .products import PRODUCTS, Product, Server
from .sign_on import login_client_for
from .undeclared import IGNORE, REMOVE, WHERE, Report, add_memberships, on_server, policy, unseen
from .until import SOON, ending

_Result = TypeVar("_Result")
# what the compiler goes on with where the identity provider was refused, so that other problems are found as well
_NO_ISSUER = "https://issuer.invalid"

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "apply"], "required": True},
    "product": {"type": "str", "choices": list(PRODUCTS), "required": True},
    "host": {"type": "dict", "default": {}},
    "api": {"type": "raw"},
    "realm": {"type": "raw"},
    "users": {"type": "raw"},
    "groups": {"type": "raw"},
    "client": {"type": "raw"},
    "names": {"type": "raw"},
    "domain": {"type": "raw"},
    "issuer": {"type": "str"},
    "scopes": {"type": "list", "elements": "str"},
    "members": {"type": "dict", "default": {}},
    "claims": {"type": "dict", "default": {}},
    "client_secret": {"type": "str", "no_log": True},
    "undeclared": {"type": "raw"},
    "emergency": {"type": "raw"},
    **KEEP,
}


class Problems(list[str]):
    """Collects what is wrong in parts that do not depend on each other."""

    def of(self, part: Callable[..., _Result], *arguments: Any) -> _Result | None:
        """The result of a part, None where it was refused. A server that does not answer, or not to this caller, ends all of it."""
        try:
            return part(*arguments)
        except FleetgateError as error:
            if error.no_answer:
                raise
            if error.status == 401:
                refuse([*self, *error.problems])
            self += error.problems
            return None

    def error(self) -> FleetgateError:
        """One error for all of them."""
        return FleetgateError(*dict.fromkeys(self))


@dataclass(frozen=True)
class Access:
    """How a host is reached, what it reports about itself, and the OIDC client that is declared for it."""

    product: Product
    place: Place
    connection: Mapping[str, Any]
    client: Client
    oidc_client: Mapping[str, Any]
    server: Server
    addresses: Addresses


@dataclass(frozen=True)
class Reached(Access):
    """A host that answers, and what is declared for it."""

    declared: Declaration


@dataclass(frozen=True)
class Compiled(Reached):
    """What a host is to have, and what was read of it on the way. `leaving` has the accounts of people who are not present."""

    realm: Mapping[str, Any]
    entries: Entries
    desired: list[Desired]
    state: ServerState
    policy: str
    undeclared: Report
    emergency: Emergency | None
    leaving: tuple[Account, ...]

    def way_in(self) -> WayIn:
        """What signs in without the identity provider."""
        login_client = None
        if self.connection.get("connection") != "shell":
            address = origins([self.connection.get("api_host") or self.place.name], self.connection["api_port"])[0]
            login_client = login_client_for(self.product, self.place.name, self.connection, address)
        return WayIn(self.product, self.state, login_client, self.place.name)


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product = PRODUCTS[params["product"]]
    place = Place.of(params["host"])
    stage = _preflight if params["stage"] == "preflight" else _apply
    return stage(params, check_mode, product, place)


def _preflight(params: dict[str, Any], check_mode: bool, product: Product, place: Place) -> dict[str, Any]:
    """Read the host once, and report the plan and what the identity provider has to know. Nothing is written."""
    # whether people can sign in depends on an issuer that may be what is created or repaired first
    compiled = compile_host(params, product, place, read_only=True, check_connection=False)
    state = compiled.state
    with compiled.client.understanding():
        if compiled.leaving:
            refuse(unseen(state, "to see all {}", ("user", "token", "acl")))
        plan = make_plan(state, compiled.desired, compiled.entries.scopes, removed_first="token")
    check_removals([change.label for change in plan.changes if change.removes], _max_removals(compiled))
    with compiled.client.understanding():
        refuse(refusals(compiled.emergency, compiled.way_in(), plan))
    connects = None
    if not (plan.steps or check_mode) and compiled.declared.realm.get("check_connection") is not False:
        connects = _connects(compiled)
    return {
        "changed": False,
        "diff": plan.diff(),
        "plan": [step.to_diff() for step in plan.steps],
        "secrets": secrets_of(compiled),
        "wiring": wiring_of(compiled, bool(plan.steps), connects),
        "undeclared": compiled.undeclared.to_result(),
        "ending": ending(compiled.declared.ends, datetime.now(UTC)),
        **with_warnings(
            [
                *compiled.entries.warnings,
                *sign_in_blockers(compiled, state, params),
                *compiled.undeclared.warnings(place.name, compiled.policy),
            ]
        ),
    }


def wiring_of(host: Access, pending: bool, connects: bool | None) -> dict[str, Any]:
    """What the identity provider and other hosts have to know of a host, without secrets."""
    return {
        "cluster": host.server.cluster,
        "identity": identity_of(host.product, host.server, host.connection, host.place),
        "client": {option: value for option, value in host.oidc_client.items() if option != "secret"},
        "redirect_uris": host.addresses.all,
        "certain_uris": list(host.addresses.certain),
        "pending": pending,
        "connects": connects,
    }


def secrets_of(compiled: Compiled) -> dict[str, str]:
    """The secret that the realm has, and that which is declared for its client."""
    realm = compiled.state.actual("realm").get((compiled.realm["realm"],))
    secrets = {"realm": realm.values.get("client_key") if realm else "", "client": compiled.oidc_client.get("secret")}
    return {name: secret for name, secret in secrets.items() if secret}


def _apply(params: dict[str, Any], check_mode: bool, product: Product, place: Place) -> dict[str, Any]:
    """Make the host as declared."""
    compiled = compile_host(params, product, place, read_only=check_mode, check_connection=not check_mode)
    result, objects, _secrets = converge(
        compiled.client,
        product.system.kinds,
        compiled.desired,
        compiled.entries.scopes,
        check_mode,
        _max_removals(compiled),
        removed_first="token",
    )
    checks = [] if check_mode else _checked_removals(compiled, result)
    plural = {resource.name: resource.plural for resource in product.system.resources}
    return {
        **result,
        **{plural[kind]: found for kind, found in objects.items()},
        "undeclared": compiled.undeclared.to_result(),
        "checks": as_results(checks),
    }


def _checked_removals(compiled: Compiled, done: Mapping[str, Any]) -> list[Check]:
    """The proof that nothing is left of the accounts that were removed."""
    checks: list[Check] = []
    with compiled.client.understanding():
        for account in compiled.leaving:
            if account.names():
                client = cast(ProxmoxClient, compiled.client)
                checks += proof_of_removal(client, compiled.product.system.kinds, account.userid, compiled.place.name)
    if problems := problems_of(checks):
        error = FleetgateError(*problems)
        error.done, error.diff = done["plan"], done["diff"]
        raise error
    return checks


def _max_removals(compiled: Compiled) -> int | None:
    """What is not declared is reported before it is removed, and asked for by the switch."""
    return None if compiled.policy == REMOVE else MAX_REMOVALS


def reach_host(params: dict[str, Any], product: Product, place: Place, read_only: bool, problems: Problems) -> Reached:
    """The host without what it is to have; everything wrong with it is refused together with the `problems` so far."""
    declared = problems.of(
        declaration_for, product, params["users"] or [], params["groups"] or [], params["realm"], place
    )
    access = access_to(params, product, place, read_only, problems)
    if not (declared and access):
        raise problems.error()
    return Reached(**vars(access), declared=replace(declared, claims=params.get("claims") or {}))


def compile_host(
    params: dict[str, Any], product: Product, place: Place, read_only: bool, check_connection: bool
) -> Compiled:
    problems = Problems()
    if params["issuer"] is None:
        problems.append("fleetgate_issuer: must be given; the role idp returns it")
    host = reach_host(params, product, place, read_only, problems)
    declared, connection, client, oidc_client = host.declared, host.connection, host.client, host.oidc_client
    issuer = Issuer(params["issuer"] or _NO_ISSUER, tuple(params["scopes"] or Issuer.scopes))
    realm = problems.of(
        realm_entry, product, declared, issuer, oidc_client, params["client_secret"] or "", check_connection
    )
    entries = problems.of(host_entries, product, declared, place, params["members"], realm or {})
    if not (realm and entries):
        raise problems.error()
    state, members = ServerState(client, product.system.kinds), params["members"]
    chosen = problems.of(policy, params["undeclared"], declared) or IGNORE
    account = problems.of(emergency, params["emergency"])
    with client.understanding():
        notes = problems.of(add_memberships, state, declared, members, entries) if product.has_groups else []
        leaving, stays = problems.of(_add_leaving, product, place, state, declared, entries) or ([], [])
        stays += problems.of(_add_expiry, place, state, declared, entries) or []
        desired = problems.of(entries.desired, product.system, connection)
        if problems or desired is None:
            raise problems.error()
        keep = Keep.of(params["keep"])
        desired = keep.apply(desired, state, product.system, connection)
        # of whom something is left alone, not everything is gone
        leaving = [one for one in leaving if not any(map(keep.has, one.labels(state)))]
        report = Report()
        if chosen != IGNORE:
            report = keep.reduce(on_server(product, state, declared, members, realm, desired, entries.scopes))
        report.notes += [*(notes or []), *stays]
        if chosen == REMOVE and report.removals:
            removals = Entries()
            for removal in report.removals:
                removals.add(removal["kind"], removal["options"], WHERE)
            desired = [*desired, *removals.desired(product.system, connection)]
    return Compiled(
        **vars(host),
        realm=realm,
        entries=entries,
        desired=desired,
        state=state,
        policy=chosen,
        undeclared=report,
        emergency=account,
        leaving=tuple(leaving),
    )


def access_to(
    params: Mapping[str, Any], product: Product, place: Place, read_only: bool, problems: Problems
) -> Access | None:
    """Connect to a host and read what it reports about itself; None where something is wrong, which is added to the problems."""
    connection, client, reported = connect(params, product, read_only, problems)
    server = reported or Server()
    name = server.cluster or place.name
    oidc_client = problems.of(client_options, params["client"], name, product.client_name.format(name))
    host_addresses = None
    if connection is not None:
        where = connection.get("api_host") or place.name
        host_addresses = problems.of(
            addresses,
            product,
            place,
            server,
            where,
            _port(product, connection),
            params["names"] or [],
            params["domain"] or "",
        )
    if not (connection and client and oidc_client and host_addresses):
        return None
    return Access(product, place, connection, client, oidc_client, server, host_addresses)


def connect(
    params: Mapping[str, Any], product: Product, read_only: bool, problems: Problems
) -> tuple[dict[str, Any] | None, Client | None, Server | None]:
    """The connection options, the client and what the server reports about itself, as far as nothing is wrong."""
    connection = problems.of(connection_of, product.system, params["api"] or {}, "fleetgate_api", params.get("shell"))
    client = None if connection is None else problems.of(product.system.client, connection, read_only)
    return connection, client, None if client is None else problems.of(_server_of, product, client)


def _add_leaving(
    product: Product, place: Place, state: ServerState, declared: Declaration, entries: Entries
) -> tuple[list[Account], list[str]]:
    """Remove what belongs to people who are not present; return their accounts, and notes about what stays."""
    name_in_realm, accounts, notes = naming(declared), list[Account](), list[str]()
    for person in declared.users:
        if person.present:
            continue
        userid = name_in_realm(person.name)
        blockers, _notes = last_administrator(state, userid, place.name)
        refuse([f"{person.where}: {blocker}" for blocker in blockers])
        account = Account.on(state, userid)
        account.add_removals(state, entries, f"{person.where}.")
        accounts.append(account)
        if account.exists:
            user = state.actual("user")[(userid,)].values
            email = str(person.options.get("email") or user.get("email") or "")
            others = other_accounts(state, account, person.name, email)
            notes += [f"user {userid} is removed: {text}" for text in product.outlives_user]
            notes += [f"{other} may be the same person as {userid}, and is not removed" for other in others]
    return accounts, notes


def _add_expiry(place: Place, state: ServerState, declared: Declaration, entries: Entries) -> list[str]:
    """Set the end of people on users that exist already; sign-ons create users without one. Returns notes."""
    notes, name_in_realm = [], naming(declared)
    for person in declared.users:
        if not person.present or person.expire is None:
            continue
        try:
            userid = name_in_realm(person.name)
        except FleetgateError as error:
            notes.append(f"{person.where}.until: the user of {place.name} gets no expiry date ({error})")
            continue
        if (userid,) in state.actual("user"):
            entries.set_option("user", "userid", userid, "expire", person.expire, f"{person.where}.until: ")
    return notes


def _server_of(product: Product, client: Client) -> Server:
    with client.understanding():
        return product.server(client)


def _port(product: Product, connection: Mapping[str, Any]) -> int:
    """The port of the web interface. Over the shell of the host none is known but that of the product."""
    return product.port if connection.get("connection") == "shell" else connection["api_port"]


def identity_of(product: Product, server: Server, connection: Mapping[str, Any], place: Place) -> list[str]:
    """What is the same for all inventory hosts that are one server, or nodes of one cluster.

    Names of clusters and of nodes need not be unique in a fleet, so the nodes count as well, and for a server in no cluster
    its address.
    """
    if server.cluster:
        return [server.cluster, *server.nodes]
    host = connection.get("api_host")
    if connection.get("connection") == "shell" or not host:
        return [place.name]
    port = connection["api_port"]
    try:
        address = socket.getaddrinfo(without_brackets(host), port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError:
        # only a proxy knows the name
        address = host
    return [product.name, str(address), str(port)]


def _connects(compiled: Compiled) -> bool | None:
    """Whether a sign-on can begin. Where it cannot, the host is pending: the provider may be repaired before it is asked again."""
    realm = next((desired for desired in compiled.desired if desired.resource.name == "realm"), None)
    if realm is None:
        # the realm is left alone
        return None
    try:
        realm.resource.wait_until_effective({**realm.entry, "check_connection": True}, compiled.client)
    except FleetgateError:
        return False
    return True


def sign_in_blockers(compiled: Compiled, state: ServerState, params: dict[str, Any]) -> Iterator[str]:
    """What keeps declared people from signing in, as far as it was read."""
    name_in_realm, realm, place = naming(compiled.declared), compiled.realm["realm"], compiled.place.name
    if username_claim(compiled.declared) == "email":
        return
    users = {key[0]: actual.values for key, actual in state.actual("user").items()}
    usernames = [person.name for person in compiled.declared.users if person.present]
    for group in compiled.declared.groups:
        usernames += members_of(group, params["members"]) if group.present else ()
    folded = {userid.casefold(): userid for userid in users}
    for userid in dict.fromkeys(map(name_in_realm, usernames)):
        values = users.get(userid)
        other = folded.get(userid.casefold())
        if values is None and other:
            yield f"{userid}: {place} has {other}, which is another user, because names are case-sensitive; declare the name as the provider has it"
        elif values and (problem := account_problem(values)):
            why, remedy = problem
            yield f"{userid} {why} on {place} and cannot sign in; {remedy}"
    for (name,) in state.actual("realm"):
        if name != realm and name.casefold() == realm.casefold():
            yield f"fleetgate_realm.name: '{realm}' is not the realm '{name}' of {place}: names are case-sensitive"


def ending_warning(names: Iterable[str]) -> list[str]:
    """One warning for everything that ends soon."""
    listed = "; ".join(names)
    return [f"ends within {SOON.days} days: {listed}"] if listed else []


def with_warnings(warnings: list[str]) -> dict[str, list[str]]:
    """The key of a result that ansible prints warnings from."""
    return {"warnings": list(dict.fromkeys(warnings))} if warnings else {}


HOST = Definition(SPEC, run, hidden=hidden)
