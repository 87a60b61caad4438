# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an OpenID issuer says about itself, as a module."""

from __future__ import annotations

from ..core.client import verification
from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.oidc import ISSUER, discover, shortcomings

SPEC = {
    "issuer": {"type": "str", "required": True},
    "scopes": {"type": "list", "elements": "str", "default": ["openid", "email", "profile"]},
    "claims": {"type": "list", "elements": "str", "default": []},
    "validate_certs": {"type": "bool", "default": True},
    "ca_path": {"type": "path"},
    "timeout": {"type": "int", "default": 10},
}


def run(params, check_mode):
    issuer = params["issuer"]
    broken = ISSUER.problem(issuer) if issuer else "must not be empty"
    refuse([f"issuer: '{issuer}' {broken}"] if broken else [])
    document, client = discover(issuer, params["timeout"], verification(params))
    try:
        keys, unreachable = client.at(document.get("jwks_uri", "")).read().get("keys", []), []
    except FleetgateError as error:
        keys, unreachable = [], error.problems
    problems = shortcomings(issuer, document, keys, params["scopes"], params["claims"])
    return {"changed": False, "issuer": document["issuer"], "document": document, "problems": [*unreachable, *problems]}


INFO = Definition(SPEC, run)
