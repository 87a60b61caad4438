# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Off-boarding of a person on one host of a fleet: the preflight, and the task that removes the user and proves that nothing is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..core.checks import Check, as_results, skipped
from ..core.errors import FleetgateError, refuse, suggestion
from ..core.module import Definition
from ..core.plan import Desired, ServerState, converge, make_plan
from ..proxmox.client import ProxmoxClient
from ..proxmox.identity import realm_of
from .accounts import Account, last_administrator, other_accounts, proof_of_removal
from .compiler import declaration_for, username_claim
from .declaration import Declaration, Place
from .entries import Entries
from .hidden import hidden
from .host import Problems, connect, identity_of, with_warnings
from .leaving import REMAINING, places_of
from .products import PRODUCTS, Product, Server
from .undeclared import unseen

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "apply"], "required": True},
    "product": {"type": "str", "choices": list(PRODUCTS), "required": True},
    "host": {"type": "dict", "default": {}},
    "api": {"type": "raw"},
    "realm": {"type": "raw"},
    "users": {"type": "raw"},
    "groups": {"type": "raw"},
    "members": {"type": "dict", "default": {}},
    "person": {"type": "str", "default": ""},
    "claims": {"type": "dict", "default": {}},
}
WHERE = "fleetgate_person"


# -- the declaration -----------------------------------------------------------------------------------------------


def person_problems(person: str) -> list[str]:
    return [] if person.strip() else [f"{WHERE}: must be given, for example with -e person=NAME"]


def still_declared(declared: Declaration, person: str, members: Mapping[str, Iterable[str]]) -> list[str]:
    """Why a run of wire would restore the access of a person, and what to change."""
    places = [
        f"set state: absent in {one.where}, or remove the entry"
        for one in declared.users
        if one.name == person and one.present
    ]
    places += places_of(declared, person, members)
    if not places:
        return []
    return [f"{person} is still declared, so the next run of wire would restore the access: {'; '.join(places)}"]


def is_declared_absent(declared: Declaration, person: str) -> bool:
    return any(one.name == person and not one.present for one in declared.users)


def account_of(declared: Declaration, person: str, claims: Mapping[str, str]) -> str:
    """The user ID of a person on PVE and PBS; `claims` are those that the identity provider sends, as far as they are known."""
    claim = username_claim(declared)
    emails = [one.options.get("email") for one in declared.users if one.name == person]
    known = {"preferred_username": person, "email": next(filter(None, emails), ""), **claims}
    if not known.get(claim):
        remedy = (
            f"declare {person} in fleetgate_users with the email and state: absent"
            if claim == "email"
            else "remove the user by hand"
        )
        raise FleetgateError(
            f"fleetgate_realm.username_claim: which user {person} is on Proxmox is not known, because users are named by the claim"
            f" {claim}, whose value for {person} is not known; {remedy}"
        )
    return f"{known[claim]}@{declared.realm['name']}"


# -- one host ------------------------------------------------------------------------------------------------------


@dataclass
class _Host:
    product: Product
    place: Place
    declared: Declaration
    connection: Mapping[str, Any]
    client: ProxmoxClient
    server: Server
    person: str
    userid: str
    claims: Mapping[str, str]
    state: ServerState = field(init=False)
    account: Account = field(init=False)

    def read(self) -> None:
        """A caller from whom the server hides objects must not report that there are none."""
        self.state = ServerState(self.client, self.product.system.kinds)
        refuse(unseen(self.state, "to see all {}", ("user", "token", "acl")))
        self.account = Account.on(self.state, self.userid)

    def desired(self) -> list[Desired]:
        entries = Entries()
        self.account.add_removals(self.state, entries, f"{WHERE}: ")
        return entries.desired(self.product.system, self.connection)

    def others(self) -> list[str]:
        user = self.state.actual("user").get((self.userid,))
        declared = [one.options.get("email") for one in self.declared.users if one.name == self.person]
        emails = [self.claims.get("email"), *declared, user.values.get("email") if user else ""]
        return other_accounts(self.state, self.account, self.person, str(next(filter(None, emails), "")))


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product, place = PRODUCTS[params["product"]], Place.of(params["host"])
    stage = {"preflight": _preflight, "apply": _apply}[params["stage"]]
    host = _host(params, product, place, check_mode or params["stage"] == "preflight")
    with host.client.understanding():
        host.read()
        return stage(host, check_mode)


def _host(params: dict[str, Any], product: Product, place: Place, read_only: bool) -> _Host:
    person, claims, members = params["person"], params["claims"], params["members"]
    problems = Problems(person_problems(person))
    declared = problems.of(
        declaration_for, product, params["users"] or [], params["groups"] or [], params["realm"], place
    )
    problems += still_declared(declared, person, members) if declared else []
    userid = problems.of(account_of, declared, person, claims) if declared and not problems else None
    connection, client, server = connect(params, product, read_only, problems)
    if problems or not (declared and connection and client and server and userid):
        raise problems.error()
    return _Host(product, place, declared, connection, cast(ProxmoxClient, client), server, person, userid, claims)


def _preflight(host: _Host, _check_mode: bool) -> dict[str, Any]:
    """Read the host, and refuse what must not be removed. Nothing is written."""
    blockers, notes = last_administrator(host.state, host.userid, host.place.name)
    plan = make_plan(host.state, host.desired(), {}, removed_first="token")
    refuse(blockers)
    realm = str(host.declared.realm["name"])
    names = [userid.rpartition("@")[0] for (userid,) in host.state.actual("user") if realm_of(userid) == realm]
    found = host.account.names()
    return {
        "changed": False,
        "diff": plan.diff(),
        "plan": [step.to_diff() for step in plan.steps],
        "found": found,
        "similar": "" if found else suggestion(host.person, names, listed=False),
        "identity": identity_of(host.product, host.server, host.connection, host.place),
        **with_warnings(notes),
    }


def _apply(host: _Host, check_mode: bool) -> dict[str, Any]:
    """Remove the account, and read the server again."""
    account, others = host.account, host.others()
    result, _objects, _secrets = converge(
        host.client, host.product.system.kinds, host.desired(), {}, check_mode, removed_first="token"
    )
    checks = [Check("to be removed" if check_mode else "removed", host.userid, detail=name) for name in account.names()]
    if not (check_mode and account.names()):
        checks += proof_of_removal(host.client, host.product.system.kinds, host.userid, host.place.name)
    checks += [skipped("not removed", "may be the same person; remove it by hand if it is", other) for other in others]
    if account.names():
        checks += [skipped(REMAINING, text) for text in host.product.outlives_user]
    return {**result, "removed": account.names(), "others": others, "checks": as_results(checks)}


OFFBOARD = Definition(SPEC, run, hidden=hidden)
