# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The removal of a realm from one host: everything that belongs to it, and then the realm.

What belongs to a realm follows from names, so an interrupted removal is completed by the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..core.errors import FleetgateError
from ..core.module import Definition
from ..core.plan import Desired, Plan, ServerState, add_diff, converge, make_plan
from ..proxmox.client import ROOT
from ..proxmox.identity import realm_of
from .compiler import Issuer, declaration_for
from .declaration import Place
from .emergency import WayIn
from .entries import Entries, typed_options
from .hidden import hidden
from .host import Access, Problems, access_to, identity_of, with_warnings
from .products import PRODUCTS, Product
from .provider import provider_of
from .undeclared import Report, of_realms, other_realms, same_client

# the options of `fleetgate_unwire`
OPTIONS: dict[str, dict[str, Any]] = {"confirm": {"type": "list", "elements": "str", "default": []}}
SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "apply"], "required": True},
    "product": {"type": "str", "choices": list(PRODUCTS), "required": True},
    "host": {"type": "dict", "default": {}},
    "api": {"type": "raw"},
    "idp": {"type": "raw"},
    "realm": {"type": "raw"},
    "client": {"type": "raw"},
    "names": {"type": "raw"},
    "domain": {"type": "raw"},
    "unwire": {"type": "raw"},
}
_WHERE = "fleetgate_realm: "
# the options of clients with URLs that browsers are sent back to
_CALLBACKS = ("callback_urls", "redirect_uris", "redirect_uri_patterns")


@dataclass(frozen=True)
class _Task:
    """The realm to remove, and the names of all realms whose removal is confirmed. `form` is the issuer of the provider."""

    access: Access
    realm: str
    confirmed: frozenset[str]
    form: Issuer

    def of_provider(self, realm: Mapping[str, Any]) -> bool:
        """Whether a realm on the host uses a client of the provider of the fleet."""
        own = self.access.oidc_client
        return self.form.is_used_by(realm, {own["id"]: own})


@dataclass(frozen=True)
class _Found:
    """What a host has: the objects to remove, and the other realms that use clients of the provider."""

    task: _Task
    state: ServerState
    report: Report
    own: Mapping[str, Any] | None
    others: Mapping[str, Mapping[str, Any]]

    @property
    def removed(self) -> frozenset[str]:
        """The names of the realms that are removed."""
        return frozenset((self.task.realm, *self.former))

    @property
    def former(self) -> list[str]:
        """Former names of the realm whose removal is confirmed as well."""
        return [name for name in self.same_client if name in self.task.confirmed]

    @property
    def same_client(self) -> list[str]:
        own = self.own or self.declared
        return [name for name, values in self.others.items() if same_client(values, own)]

    @property
    def declared(self) -> dict[str, str]:
        """What wire would set of a realm that does not exist."""
        client = self.task.access.oidc_client
        return {"client_id": client["id"], "issuer_url": self.task.form.of(client)}

    def desired(self, *, realms: bool) -> list[Desired]:
        """The entries that remove the realms, or everything that belongs to them."""
        access, entries = self.task.access, Entries()
        for removal in self.report.removals:
            if (removal["kind"] == "realm") is realms:
                entries.add(removal["kind"], removal["options"], _WHERE)
        was_default = [name for name, values in self._present() if name in self.removed and values.get("default")]
        if realms and was_default and access.product.default_realm:
            entries.add("realm", {"realm": access.product.default_realm, "default": True}, _WHERE)
        return entries.desired(access.product.system, access.connection)

    def _present(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if self.own is not None:
            yield self.task.realm, self.own
        yield from self.others.items()


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product, place = PRODUCTS[params["product"]], Place.of(params["host"])
    if params["stage"] == "preflight":
        return _preflight(_task(params, product, place, read_only=True), place)
    return _apply(_task(params, product, place, read_only=check_mode), check_mode)


def _task(params: Mapping[str, Any], product: Product, place: Place, read_only: bool) -> _Task:
    problems = Problems()
    declared = problems.of(declaration_for, product, [], [], params["realm"], place)
    options = problems.of(typed_options, params["unwire"], OPTIONS, "fleetgate_unwire")
    provider = problems.of(provider_of, params["idp"])
    if provider:
        problems += provider.missing(params["idp"])
    access = access_to(params, product, place, read_only, problems)
    if problems or not (declared and options and provider and access):
        raise problems.error()
    form = Issuer(provider.issuer(params["idp"]))
    return _Task(access, declared.realm["name"], frozenset(options["confirm"]), form)


def _search(task: _Task) -> _Found:
    """Everything that the host has of the realms to remove."""
    access = task.access
    state = ServerState(access.client, access.product.system.kinds)
    actual = state.actual("realm", {(task.realm,)}).get((task.realm,))
    others = other_realms(state, task.realm)
    found = _Found(task, state, Report(), actual.values if actual else None, others)
    report = of_realms(access.product, state, task.realm, found.former)
    if actual:
        default = " (the default realm)" if actual.values.get("default") else ""
        removal = {"realm": task.realm, "type": "openid", "state": "absent"}
        report.add("realm", f"realm {task.realm}", f"realm {task.realm}{default}", removal)
    return replace(found, report=report)


def _preflight(task: _Task, place: Place) -> dict[str, Any]:
    """Read the host once, and report what is removed and what the identity provider has to know. Nothing is written."""
    with task.access.client.understanding():
        found = _search(task)
        plan = _planned(found)
    warnings = [f"{place.name}: {note}" for note in _notes(found)]
    return {
        "changed": False,
        "diff": plan.diff(),
        "plan": [step.to_diff() for step in plan.steps],
        "removes": [one.name for one in found.report.found],
        "wiring": _wiring(found),
        **with_warnings([*warnings, *plan.warnings]),
    }


def _planned(found: _Found) -> Plan:
    """All changes, in the order in which they are made. What must not be removed is refused."""
    client, problems = found.state.client, Problems(found.report.hidden)
    if realm_of(client.user) in found.removed:
        problems.append(
            f"{client.caller} belongs to the realm {realm_of(client.user)} that is removed; use credentials of another realm in"
            " fleetgate_api"
        )
        raise problems.error()
    whole = Plan()
    for realms in (False, True):
        plan = problems.of(make_plan, found.state, found.desired(realms=realms), {}) or Plan()
        whole.changes += plan.changes
        whole.steps += plan.steps
        whole.warnings += plan.warnings
    server = WayIn(found.task.access.product, found.state, None, found.task.access.place.name)
    if whole.changes and not server.all_administrators(whole):
        problems.append(
            f"no enabled user of another realm than {', '.join(sorted(found.removed))} would be left with the role {server.role} on /,"
            f" who could repair {server.host}; enable {ROOT}, or give that role to a user of another realm"
        )
    if problems:
        raise problems.error()
    return whole


def _wiring(found: _Found) -> dict[str, Any]:
    """What the identity provider and other hosts have to know of a host."""
    task, access = found.task, found.task.access
    used = [access.oidc_client["id"]]
    if found.own and found.own.get("client_id") and task.of_provider(found.own):
        used.append(found.own["client_id"])
    declared = [uri for option in _CALLBACKS for uri in access.oidc_client.get(option) or ()]
    return {
        "cluster": access.server.cluster,
        "identity": identity_of(access.product, access.server, access.connection, access.place),
        "clients": list(dict.fromkeys(used)),
        "redirect_uris": list(dict.fromkeys([*access.addresses.all, *declared])),
        "kept": {
            values["client_id"]: name
            for name, values in found.others.items()
            if name not in found.removed and task.of_provider(values)
        },
        "pending": bool(found.report.found),
        "unconfirmed": sorted({task.realm} - task.confirmed),
    }


def _groups(found: _Found) -> Iterator[str]:
    """The groups that are removed."""
    return (one.removal["groupid"] for one in found.report.found if one.kind == "group" and one.removal)


def _notes(found: _Found) -> Iterator[str]:
    """What people may not expect."""
    server, removed = found.state, found.removed
    for groupid in _groups(found):
        members = server.actual("group")[(groupid,)].values["users"]
        others = sorted(userid for userid in members if realm_of(userid) not in removed)
        if others:
            yield f"{', '.join(others)} of other realms leave the group {groupid}, which is removed with its rights"
    for name in found.same_client:
        if name not in removed:
            yield (
                f"the realm {name} has the same client as {found.task.realm} and stays, and so does the client; to remove it as well,"
                f" add {name} to fleetgate_unwire.confirm"
            )


def _apply(task: _Task, check_mode: bool) -> dict[str, Any]:
    """Remove what belongs to the realm, and then the realm, together with what sign-ons created meanwhile."""
    client = task.access.client
    with client.understanding():
        found = _search(task)
        _planned(found)
    first = _converged(task, found.desired(realms=False), check_mode)
    try:
        if not check_mode:
            with client.understanding():
                found = _search(task)
        # nobody can sign in through the realm any more when these are removed
        late = [] if check_mode else found.desired(realms=False)
        then = _converged(task, [*late, *found.desired(realms=True)], check_mode)
    except FleetgateError as error:
        error.done = [*first["plan"], *error.done]
        add_diff(first["diff"], error.diff)
        error.diff = first["diff"]
        raise
    add_diff(first["diff"], then["diff"])
    return {
        "changed": first["changed"] or then["changed"],
        "diff": first["diff"],
        "plan": [*first["plan"], *then["plan"]],
        **with_warnings([*first.get("warnings", ()), *then.get("warnings", ())]),
    }


def _converged(task: _Task, desired: list[Desired], check_mode: bool) -> dict[str, Any]:
    access = task.access
    result, _objects, _secrets = converge(access.client, access.product.system.kinds, desired, {}, check_mode)
    return result


UNWIRE = Definition(SPEC, run, hidden=hidden)
