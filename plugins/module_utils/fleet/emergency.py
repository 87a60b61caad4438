# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The account that administers a server while nobody can sign in through the identity provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from ansible.module_utils.parsing.convert_bool import BOOLEANS_FALSE

from ..core.errors import FleetgateError, refuse, suggestion
from ..core.plan import Plan, ServerState
from ..proxmox.client import LoginClient
from ..proxmox.identity import realm_of
from ..proxmox.realm import Realm
from ..proxmox.second_factor import with_second_factor
from ..proxmox.user import account_problem
from .accounts import administrators
from .entries import typed_options
from .products import Product

VARIABLE = "fleetgate_emergency"
OPTIONS: dict[str, dict[str, Any]] = {
    "userid": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "proven": {"type": "str"},
}


@dataclass(frozen=True)
class Emergency:
    """The declared account. Without a user ID none is wanted. `proven` is the day on which the operator last signed in with it."""

    userid: str = ""
    password: str = field(default="", repr=False)
    proven: date | None = None


def emergency(declared: Any) -> Emergency | None:
    """The value of fleetgate_emergency, None where it is not declared."""
    if declared is None:
        return None
    # an empty dictionary cannot be a member of a set
    if isinstance(declared, (str, bool, int)) and declared in BOOLEANS_FALSE:
        return Emergency()
    options = typed_options(declared, OPTIONS, VARIABLE)
    return Emergency(options["userid"], options["password"] or "", _day(options["proven"]))


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day > date.today():
        refuse([f"{VARIABLE}: proven: '{text}' must be a date in the past, such as 2026-11-01"])
    return day


@dataclass(frozen=True)
class WayIn:
    """A server, and the client that signs in with a password; None where the server is reached over its shell."""

    product: Product
    state: ServerState
    login_client: LoginClient | None
    host: str

    @property
    def role(self) -> str:
        """The role with all privileges."""
        return str(self.state.client.all_powerful)

    def is_local(self, userid: str) -> bool:
        return cast(Realm, self.state.resources["realm"]).is_built_in(realm_of(userid))

    def administrators(self, plan: Plan) -> set[str]:
        """The users of local realms who can use their account and have all privileges on /, after a plan."""
        return {userid for userid in self.all_administrators(plan) if self.is_local(userid)}

    def all_administrators(self, plan: Plan) -> set[str]:
        """Those of all realms that exist after the plan."""
        users, realms = self.after("user", plan), self.after("realm", plan)
        principals = {key[0] for key in users}
        if self.product.has_groups:
            principals |= {key[0] for key in self.after("group", plan)}
        rows = [key for key in self.after("acl", plan) if key[2] in principals]
        return {userid for userid in administrators(users, rows, self.role) if (realm_of(userid),) in realms}

    def after(self, kind: str, plan: Plan) -> dict[tuple[str, ...], dict[str, Any]]:
        """The objects of a kind after a plan."""
        objects = {key: dict(actual.values) for key, actual in self.state.actual(kind, None).items()}
        for change in plan.changes:
            if change.resource.name != kind:
                continue
            if change.removes:
                objects.pop(change.key, None)
            else:
                objects[change.key] = {**objects.get(change.key, {}), **change.values}
        return objects


@dataclass(frozen=True)
class Deficiency:
    """Why the declared account does not help, and what to do."""

    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{VARIABLE}: {self.problem}; {self.remedy}"


def refusals(account: Emergency | None, server: WayIn, plan: Plan) -> list[str]:
    """The problems with a plan that makes people depend on the identity provider, while the server has no other way in."""
    if not plan.changes or account == Emergency():
        return []
    reasons = _reasons(server, plan)
    if reasons and account is None:
        return [
            f"{VARIABLE}: must name the account that administers {server.host} while the identity provider is down, because"
            f" {' and '.join(reasons)}; declare its userid, and password or proven, or false if none is wanted"
        ]
    return [str(found) for found in deficiencies(account, server, plan)] if reasons and account else []


def _reasons(server: WayIn, plan: Plan) -> list[str]:
    defaults = [
        f"realm {change.key[0]} becomes the default"
        for change in plan.changes
        if change.resource.name == "realm" and change.values.get("default")
    ]
    lost = sorted(server.administrators(Plan()) - server.administrators(plan))
    return [*defaults, *(f"{userid} would no longer have {server.role} on /" for userid in lost)]


def deficiencies(account: Emergency, server: WayIn, plan: Plan) -> Iterator[Deficiency]:
    """What keeps an account from administering a server without the identity provider, after a plan."""
    userid, host = account.userid, server.host
    values = server.after("user", plan).get((userid,))
    if not server.is_local(userid):
        yield Deficiency(
            f"{userid} is not in a realm of {host} itself, so it cannot sign in without another server",
            f"declare an account of the realm pam or {server.product.local_realm}",
        )
    elif values is None:
        known = {key[0] for key in server.state.actual("user")}
        yield Deficiency(
            f"{host} has no user {userid}{suggestion(userid, known, listed=False)}, or does not show it to this caller",
            "create the user, or declare another",
        )
    elif why := account_problem(values):
        yield Deficiency(f"{userid} {why[0]} on {host}", why[1])
    elif userid not in server.administrators(plan):
        yield Deficiency(
            f"{userid} does not have the role {server.role} on / of {host}", "grant it, or declare another account"
        )
    else:
        yield from _unproven(account, server)


def _unproven(account: Emergency, server: WayIn) -> Iterator[Deficiency]:
    """Whether somebody can sign in with the account: its password is tried, or was proven, or it has a second factor."""
    userid, host = account.userid, server.host
    if account.password and server.login_client:
        try:
            server.login_client.dry_run(("access", "ticket"), {"username": userid, "password": account.password})
        except FleetgateError as error:
            if error.status != 401:
                raise
            yield Deficiency(
                f"{host} does not accept the password of {userid}",
                f"correct password in {VARIABLE}, or set another password on the server",
            )
    elif not (account.proven or userid in (with_second_factor(server.state.client) or ())):
        yield Deficiency(
            f"nothing shows that somebody can sign in as {userid} on {host}",
            f"sign in once and declare the day as proven in {VARIABLE}, declare its password, or register a second factor",
        )
