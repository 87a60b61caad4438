# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One sign-on of a person through a realm, as a module."""

from __future__ import annotations

from typing import Any

from ..core.checks import Check, as_results, failed, problems_of, skipped
from ..core.client import verification
from ..core.errors import FleetgateError
from ..core.module import Address, Definition
from ..core.oidc import discover, other_name
from ..core.plan import ServerState
from ..oidc.login import Refusal
from ..pve.client import CONNECTION
from .compiler import origins
from .entries import connection_of
from .products import PRODUCTS
from .providers import PROVIDERS
from .sign_on import Expected, Outcome, Server, SignOn, authorization_url, discovery_problem, login_client_for

# the options of the connection that PVE and PBS share; each product has its own defaults for them
_API = {
    name: {key: value for key, value in option.items() if key in ("type", "no_log")}
    for name, option in CONNECTION.items()
    if name != "connection"
}
_IDP: dict[str, dict[str, Any]] = {
    "type": {"type": "str", "choices": list(PROVIDERS), "required": True},
    "url": {"type": "str"},
    "api_key": {"type": "str", "no_log": True},
    "token": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int"},
}
SPEC: dict[str, dict[str, Any]] = {
    "product": {"type": "str", "choices": list(PRODUCTS), "required": True},
    **_API,
    "realm": {"type": "str", "required": True},
    "redirect_url": {"type": "str"},
    "idp": {"type": "dict", "options": _IDP, "required": True, "no_log": False},
    "person": {"type": "str", "required": True},
    "password": {"type": "str", "no_log": True},
    "groups": {"type": "list", "elements": "str", "default": []},
    "permissions": {"type": "dict", "default": {}},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    product = PRODUCTS[params["product"]]
    options = {name: params[name] for name in _API if params[name] is not None}
    connection = connection_of(product.system, options, "connection")
    client = product.system.client(connection, True)
    address = params["redirect_url"] or origins([connection["api_host"]], connection["api_port"])[0]
    own = origins([connection["api_host"]], connection["api_port"])[0]
    login_client = login_client_for(product, client.title, connection, own)
    server = Server(product, ServerState(client, product.system.kinds), login_client, client.title)
    with client.understanding():
        outcome = _proven(server, params, address, check_mode)
    problems = problems_of(outcome.checks)
    result = {"changed": outcome.created, **outcome.to_result(), "checks": as_results(outcome.checks)}
    return {**result, "problems": problems, **({"failed": True, "msg": "; ".join(problems)} if problems else {})}


def _proven(server: Server, params: dict[str, Any], address: str, check_mode: bool) -> Outcome:
    realm, person = params["realm"], params["person"]
    settings = server.realm(realm)
    if settings is None:
        return Outcome(
            [failed("realm", f"{server.title} has no OpenID realm {realm}", "create it, or correct its name")]
        )
    idp = {option: value for option, value in params["idp"].items() if value is not None}
    issuer = settings["issuer_url"]
    document, client = discover(
        issuer, idp.get("timeout", 10), verification({"validate_certs": True, "ca_path": None, **idp})
    )
    problems = other_name(issuer, document, client)
    if problems:
        return Outcome([failed("issuer", problem, about=issuer) for problem in problems])
    try:
        authorization_url(server.login_client, realm, address)
    except FleetgateError as error:
        return Outcome([discovery_problem(server.title, realm, issuer, error) or failed("server", str(error))])
    started = Check("issuer as the server sees it", server.title)
    if check_mode:
        return Outcome([started, skipped("sign-on", "nobody signs in in check mode", person)])
    permissions = {path: _listed(names) for path, names in params["permissions"].items()}
    try:
        account = PROVIDERS[idp["type"]].sign_in(idp, person, params["password"] or "")
    except Refusal as refusal:
        return Outcome([started, failed(refusal.check, refusal.problem, refusal.remedy, person)])
    expected = Expected(tuple(params["groups"]), permissions)
    outcome = SignOn(server, realm, settings, account, (document, client), address, expected).perform()
    outcome.checks.insert(0, started)
    return outcome


def _listed(names: Any) -> list[str]:
    return [names] if isinstance(names, str) else [str(name) for name in names or ()]


LOGIN = Definition(SPEC, run, Address("api_host"))
