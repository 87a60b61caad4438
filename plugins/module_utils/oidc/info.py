# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an OpenID issuer says about itself, as a module."""

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
        wrong.append("client_id: is looked at together with client_secret and redirect_uris; give all three or none")
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
    """The redirect URIs that the issuer does not take together with the client's secret, a sentence each.

    None where its answer tells nothing. Issuers that only look at the secret take any.
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
        return [f"it does not take the secret of the client {params['client_id']}, or none of its redirect_uris"]
    return [f"the client {params['client_id']} may not have the redirect URI {uri}; register it" for uri in wrong]


INFO = Definition(SPEC, run)
