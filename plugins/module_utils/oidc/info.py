# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check of an OpenID issuer by its discovery document, as a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.client import TIMEOUT, limit_problems, verification
from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.oidc import ISSUER, discover, other_name, secret_is_right, shortcomings, unadvertised
from ..core.secrets import excerpt

if TYPE_CHECKING:
    from ..core.client import Client

SPEC = {
    "issuer": {"type": "str", "required": True},
    "scopes": {"type": "list", "elements": "str", "default": ["openid", "email", "profile"]},
    "claims": {"type": "list", "elements": "str", "default": []},
    "client_id": {"type": "str"},
    "client_secret": {"type": "str", "no_log": True},
    "redirect_uris": {"type": "list", "elements": "str", "default": []},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 10},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    issuer = params["issuer"]
    broken = ISSUER.problem(issuer) if issuer else "must not be empty"
    wrong = [f"issuer: '{excerpt(issuer)}' {broken}"] if broken else []
    asks = [option for option in ("client_id", "client_secret", "redirect_uris") if params[option]]
    if asks and len(asks) < 3:
        wrong.append(
            "client_id: requires client_secret and redirect_uris, which are checked together; set all three or none"
        )
    wrong += limit_problems(params, timeout=TIMEOUT)
    refuse(wrong)
    document, client = discover(issuer, params["timeout"], verification(params))
    with client.understanding():
        return _examine(client, document, params, bool(asks))


def _examine(client: Client, document: dict[str, Any], params: dict[str, Any], asks: bool) -> dict[str, Any]:
    try:
        keys, unreachable = (client.with_base_url(document.get("jwks_uri", "")).read().get("keys", []), [])
    except FleetgateError as error:
        keys, unreachable = [], error.problems
    issuer = params["issuer"]
    problems = [*unreachable, *other_name(issuer, document, client), *shortcomings(issuer, document, keys)]
    result = {"changed": False, "issuer": document["issuer"], "document": document}
    if asks:
        refused = _refused(client, document, params)
        result["accepted"] = None if refused is None else not refused
        problems += refused or ()
    warnings = unadvertised(document, params["scopes"], params["claims"])
    return {**result, "problems": problems, **({"warnings": warnings} if warnings else {})}


def _refused(client: Client, document: dict[str, Any], params: dict[str, Any]) -> list[str] | None:
    """The redirect URIs that the issuer rejects together with the client's secret, as a message each.

    None where the response is inconclusive. Issuers that check only the secret accept any.
    """
    try:
        wrong = [
            uri
            for uri in params["redirect_uris"]
            if not secret_is_right(
                client, document["token_endpoint"], params["client_id"], params["client_secret"], uri
            )
        ]
    except (FleetgateError, KeyError):
        return None
    if len(wrong) == len(params["redirect_uris"]):
        return [f"the issuer rejects the secret of the client {params['client_id']}, or all of its redirect_uris"]
    return [
        f"the redirect URI {uri} is not registered for the client {params['client_id']}; register it" for uri in wrong
    ]


INFO = Definition(SPEC, run)
