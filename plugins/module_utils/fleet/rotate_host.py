# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The realm of one host in the rotation of a fleet: which secret it has, and the task that gives it another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core.errors import refuse
from ..core.module import Definition
from ..core.plan import ServerState, converge
from .declaration import Place
from .entries import MAX_REMOVALS, Entries
from .hidden import hidden as hidden_of_fleet
from .host import Problems, Reached, reach_host, wiring_of, with_warnings
from .products import PRODUCTS
from .rotation import CLIENTS, Order

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "apply", "rollback"], "required": True},
    "product": {"type": "str", "choices": list(PRODUCTS), "required": True},
    "rotate": {"type": "raw"},
    "host": {"type": "dict", "default": {}},
    "api": {"type": "raw"},
    "realm": {"type": "raw"},
    "client": {"type": "raw"},
    "client_secrets": {"type": "raw", "no_log": True},
    "names": {"type": "raw"},
    "domain": {"type": "raw"},
    "client_secret": {"type": "str", "no_log": True},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    order = Order.of(params["rotate"])
    if CLIENTS not in order.what:
        return {"changed": False, "wiring": {}}
    product, problems = PRODUCTS[params["product"]], Problems()
    # the rights of people are none of its business
    params = {**params, "users": [], "groups": []}
    read_only = check_mode or params["stage"] == "preflight"
    host = reach_host(params, product, Place.of(params["host"]), read_only, problems)
    return _preflight(host, params) if params["stage"] == "preflight" else _apply(host, params, check_mode)


def _preflight(host: Reached, params: dict[str, Any]) -> dict[str, Any]:
    """The secret that the realm has; only reads are sent."""
    client_id, realm = host.oidc_client["id"], str(host.declared.realm["name"])
    declared = "fleetgate_client.secret" if host.oidc_client.get("secret") else ""
    if client_id in (params["client_secrets"] or {}):
        declared = f"fleetgate_client_secrets[{client_id}]"
    if declared:
        refuse([f"{declared}: is declared, so it is not rotated; declare another value and run the playbook wire"])
    warnings, secret = [], ""
    state = ServerState(host.client, host.product.system.kinds)
    with host.client.understanding():
        actual = state.actual("realm", {(realm,)}).get((realm,))
    values = actual.values if actual else {}
    if actual is None:
        warnings.append(f"{host.place.name} has no realm {realm}, so nothing is rotated on it; run the playbook wire")
    elif values.get("client_id") != client_id:
        warnings.append(
            f"{host.place.name}: realm {realm} has the client {values.get('client_id')} and not {client_id}, so nothing is"
            " rotated on it; run the playbook wire"
        )
    else:
        secret = values.get("client_key") or ""
    return {
        "changed": False,
        "wiring": wiring_of(host, bool(secret), None),
        **({"secrets": {"realm": secret}} if secret else {}),
        **with_warnings(warnings),
    }


def _apply(host: Reached, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Give the realm the secret of the client; nothing else of it is changed. The server is read again afterwards."""
    entries, system = Entries(), host.product.system
    realm = {"realm": host.declared.realm["name"], "client_key": params["client_secret"]}
    entries.add("realm", realm, "fleetgate_realm.")
    desired = entries.desired(system, host.connection)
    return converge(host.client, system.kinds, desired, {}, check_mode, MAX_REMOVALS)[0]


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_fleet(params)
    declared = params.get("client_secrets")
    yield from map(str, declared.values()) if isinstance(declared, dict) else ()


ROTATE_HOST = Definition(SPEC, run, hidden=hidden)
