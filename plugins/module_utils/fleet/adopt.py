# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One host of a fleet that is taken over: what it has, and what wire and monitor would change of it. Nothing is written.

The stage `read` returns what the declaration is made of. The stage `compare` plans with that declaration, as wire and monitor
do; what they would change is returned by name, so that they leave it alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..core.errors import refuse
from ..core.module import Definition
from ..core.plan import Plan, ServerState, make_plan
from ..proxmox.identity import realm_of
from ..proxmox.realm import CLAIM_OF_TODAY, OPENID
from ..proxmox.realm import Realm as RealmResource
from .adopt_monitoring import adopt_monitoring
from .adoption import Existing
from .compiler import DECIDED_FOR_REALMS, Issuer, realm_entry
from .declaration import Declaration, Place
from .entries import typed_options
from .hidden import hidden
from .host import SPEC as HOST_SPEC
from .host import Access, Compiled, Problems, access_to, compile_host, secrets_of, wiring_of
from .keep import names_in
from .monitor import MONITOR
from .products import PRODUCTS, Product
from .undeclared import REPORT, realm_of_group, unseen

VARIABLE = "fleetgate_adopt"
OPTIONS: dict[str, dict[str, Any]] = {
    "directory": {"type": "path", "required": True},
    "realm": {"type": "str"},
    "vault_id": {"type": "str", "default": "default"},
}
_NOT_OF_AN_ADOPTION = ("stage", "client_secret", "undeclared", "emergency", "keep")
_OF_MONITORING = ("monitoring", "pulse", "pulse_node")
SPEC: dict[str, dict[str, Any]] = {
    **{name: option for name, option in HOST_SPEC.items() if name not in _NOT_OF_AN_ADOPTION},
    **{name: MONITOR.argument_spec[name] for name in _OF_MONITORING},
    "stage": {"type": "str", "choices": ["read", "compare"], "required": True},
    "adopt": {"type": "raw"},
    "clients": {"type": "dict", "default": {}},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product, place = PRODUCTS[params["product"]], Place.of(params["host"])
    return {"read": _read, "compare": _compare}[params["stage"]](params, product, place)


# -- what a host has -----------------------------------------------------------------------------------------------


def _read(params: dict[str, Any], product: Product, place: Place) -> dict[str, Any]:
    problems = Problems()
    options = problems.of(typed_options, params["adopt"], OPTIONS, VARIABLE)
    access = access_to(params, product, place, True, problems)
    if problems or not (options and access):
        raise problems.error()
    with access.client.understanding():
        reading = _Reading(access, Issuer(params["issuer"], tuple(params["scopes"] or ())), params["clients"])
        return reading.result(options["realm"])


@dataclass(frozen=True)
class _Reading:
    """Reads one host. `issuer` is that of the provider, and `clients` has the options of its clients by ID."""

    access: Access
    issuer: Issuer
    clients: Mapping[str, Mapping[str, Any]]

    def result(self, realm: str | None) -> dict[str, Any]:
        access = self.access
        state = ServerState(access.client, access.product.system.kinds)
        refuse(list(unseen(state, "without it {} would be missing in the declaration")))
        values = self._realm(state, realm)
        if values is None:
            return {"changed": False, "existing": Existing(access.product.name).to_result()}
        name, claim = str(values["realm"]), str(values["username_claim"])
        existing = Existing(
            access.product.name,
            realm=name,
            options=self._options(cast(RealmResource, state.resources["realm"]), values),
            claim=CLAIM_OF_TODAY.get(claim, claim),
            client_id=str(values["client_id"]),
            has_key=bool(values.get("client_key")),
            port=access.connection["api_port"] or access.product.port,
            uris=tuple(access.addresses.all),
            users={
                userid: {option: user.values.get(option) for option in ("email", "firstname", "lastname")}
                for (userid,), user in state.actual("user").items()
                if realm_of(userid) == name
            },
            groups=tuple(self._groups(state, name)),
            rows=tuple(self._rows(state, name)),
        )
        secrets = {"realm": str(values["client_key"])} if values.get("client_key") else {}
        return {"changed": False, "existing": existing.to_result(), "secrets": secrets}

    def _realm(self, state: ServerState, wanted: str | None) -> Mapping[str, Any] | None:
        """The realm of the provider, None if the host has none."""
        found = {
            name: realm.values
            for (name,), realm in sorted(state.actual("realm", None).items())
            if realm.values["type"] in OPENID and self.issuer.is_used_by(realm.values, self.clients)
        }
        if wanted and found:
            refuse([] if wanted in found else [f"{VARIABLE}.realm: '{wanted}' is none of {', '.join(found)}"])
            return found[wanted]
        if len(found) > 1:
            refuse([f"{VARIABLE}.realm: must name one of the realms of the identity provider: {', '.join(found)}"])
        return next(iter(found.values()), None)

    def _options(self, resource: RealmResource, values: Mapping[str, Any]) -> dict[str, Any]:
        """The options of the realm that wire would not set by itself."""
        product, name = self.access.product, values["realm"]
        client = self.clients.get(str(values["client_id"]), {"id": str(values["client_id"])})
        by_default = realm_entry(product, Declaration((), (), {"name": name}), self.issuer, client, "", True)
        options = {}
        for row in resource.table(dict(values)):
            if row.task_only or row.secret or row.option in (*DECIDED_FOR_REALMS, resource.variant):
                continue
            current, default = values.get(row.option, row.absent), by_default.get(row.option, row.absent)
            if not row.kind.same(current, row.effective(default)):
                options[row.option] = current
        return options

    @staticmethod
    def _groups(state: ServerState, realm: str) -> Iterator[str]:
        for (groupid,) in sorted(state.actual("group")) if "group" in state.resources else ():
            if realm_of_group(state, groupid, realm) == realm:
                yield groupid.removesuffix(f"-{realm}")

    def _rows(self, state: ServerState, realm: str) -> Iterator[tuple[str, str, str, str, bool]]:
        for key, row in sorted(state.actual("acl").items()):
            path, kind, subject, role = key
            if kind == "user" and realm_of(subject) == realm and subject != state.client.user:
                yield path, kind, subject, role, bool(row.values["propagate"])
            elif kind == "group" and realm_of_group(state, subject, realm) == realm:
                yield path, kind, subject.removesuffix(f"-{realm}"), role, bool(row.values["propagate"])


# -- what wire and monitor would change ----------------------------------------------------------------------------


def _compare(params: dict[str, Any], product: Product, place: Place) -> dict[str, Any]:
    compiled, plan = _planned(params, product, place, [])
    keep = list(dict.fromkeys([*names_in(plan.diff()), *(one.label for one in compiled.undeclared.found)]))
    if keep:
        compiled, plan = _planned(params, product, place, keep)
        refuse([f"wire would still change {place.name}: {step.reason}" for step in plan.steps])
    return {
        "changed": False,
        "secrets": secrets_of(compiled),
        "wiring": wiring_of(compiled, bool(plan.steps), None),
        **adopt_monitoring({**params, "host": place.name}, keep),
    }


def _planned(params: dict[str, Any], product: Product, place: Place, keep: list[str]) -> tuple[Compiled, Plan]:
    wired = {**params, "client_secret": None, "undeclared": REPORT, "emergency": None, "keep": keep}
    compiled = compile_host(wired, product, place, read_only=True, check_connection=False)
    with compiled.client.understanding():
        return compiled, make_plan(compiled.state, compiled.desired, compiled.entries.scopes)


ADOPT = Definition(SPEC, run, hidden=hidden)
