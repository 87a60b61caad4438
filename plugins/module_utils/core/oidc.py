# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an OpenID issuer says about itself, what PVE and PBS need of it, and whether a client's secret is right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus

from .client import LOOPBACK, Client, require_requests
from .errors import FleetgateError
from .fields import Text
from .secrets import excerpt
from .transport import requests

# PVE and PBS take any text and fail only when somebody signs in; an empty one damages PVE's realm file.
ISSUER = Text(
    pattern=rf"https://[^\s/?#@]+(/[^\s?#]*)?|http://{LOOPBACK}(:[0-9]+)?(/[^\s?#]*)?",
    rule="must be an https:// URL (http:// only for the machine itself) without user and password, because sign-on secrets travel over it",
    longest=256,
)

_WELL_KNOWN = (".well-known", "openid-configuration")
# What the OpenID library of PVE and PBS cannot do without (openidconnect 4.0.1, provider metadata).
_REQUIRED = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)


def discover(issuer: str, timeout: float, verify: bool | str) -> tuple[dict[str, Any], Client]:
    """The discovery document of an issuer, and a client for its endpoints."""
    require_requests()
    client = Client(f"issuer {issuer}", requests.Session(), issuer, check_mode=True, timeout=timeout, verify=verify)
    document = client.read(*_WELL_KNOWN)
    if not isinstance(document, dict) or not isinstance(document.get("issuer"), str):
        raise FleetgateError(f"{issuer}: its discovery document names no issuer, so it is none of an OpenID provider")
    return document, client


def shortcomings(issuer: str, document: dict[str, Any], keys: list[dict[str, Any]]) -> list[str]:
    """What keeps PVE and PBS from using an issuer, a sentence each. `keys` is its JSON Web Key Set."""
    problems = [f"its discovery document lacks {name}" for name in _REQUIRED if not document.get(name)]
    if "code" not in document.get("response_types_supported", ("code",)):
        problems.append("it does not support the response type code")
    if "RS256" not in document.get("id_token_signing_alg_values_supported", ("RS256",)):
        problems.append("it does not sign with RS256, which is what PVE and PBS verify; give it an RSA signing key")
    if "client_secret_basic" not in document.get("token_endpoint_auth_methods_supported", ("client_secret_basic",)):
        problems.append("it does not take client secrets by HTTP Basic, which is how PVE and PBS send them")
    if "S256" not in document.get("code_challenge_methods_supported", ("S256",)):
        problems.append("it does not know the PKCE method S256, which PVE and PBS use")
    problems += [
        f"its {name} is no https:// URL, and client secrets and codes travel there"
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if document.get(name) and ISSUER.problem(document[name].partition("?")[0])
    ]
    if not any(key.get("kty") == "RSA" for key in keys):
        problems.append("its key set has no RSA key, so no signature of RS256 can be verified")
    return problems


def other_name(issuer: str, document: dict[str, Any], client: Client) -> list[str]:
    """What to do where an issuer calls itself differently than it was asked for: advice that can be followed."""
    name = document["issuer"]
    if name == issuer:
        return []
    found = f"the issuer calls itself '{name}' and not '{issuer}'"
    if "{" in name:
        return [
            f"{found}: this discovery document is for all tenants, and its issuer is a template; give the issuer of your"
            " own tenant, with the tenant's id in its place"
        ]
    if ISSUER.problem(name):
        return [
            f"{found}, and '{name}' {ISSUER.problem(name)}; set the public https:// address of the identity provider in its"
            " own configuration"
        ]
    try:
        answer = client.with_base_url(name.rstrip("/")).read(*_WELL_KNOWN)
    except FleetgateError:
        answer = None
    if isinstance(answer, dict) and answer.get("issuer") == name:
        return [f"{found}: realms must have exactly '{name}', slash for slash"]
    return [
        f"{found}, and that issuer has no discovery document where PVE and PBS read it; set the public"
        " address of the identity provider in its own configuration"
    ]


def unadvertised(document: dict[str, Any], scopes: Iterable[str], claims: Iterable[str]) -> list[str]:
    """Scopes and claims that a discovery document leaves out, a sentence each. It need not list all that an issuer knows."""
    return [
        f"its discovery document does not list the {word} {name}, which it may know nevertheless; try a login if in doubt"
        for word, wanted in (("scope", scopes), ("claim", claims))
        for name in wanted
        if f"{word}s_supported" in document and name not in (document[f"{word}s_supported"] or ())
    ]


def secret_is_right(client: Client, token_endpoint: str, client_id: str, secret: str, redirect_uri: str) -> bool:
    """Whether a client's secret is the right one, asked without side effect: with a code that cannot exist.

    The token endpoint looks at the secret first: `invalid_client` is a wrong one (or, at authentik, a redirect URI
    that the client does not have), `invalid_grant` a right one (RFC 6749, sections 4.1.3 and 5.2). Keycloak up to 24
    calls a wrong one `unauthorized_client`.
    """
    form = {"grant_type": "authorization_code", "code": "fleetgate-tests-the-secret", "redirect_uri": redirect_uri}
    # RFC 6749, section 2.3.1: both are form-encoded before they go into the header
    response = client.probe(
        token_endpoint, form, (quote_plus(client_id), quote_plus(secret)), allowed_status=(400, 401)
    )
    try:
        answer = response.json().get("error")
    except (ValueError, AttributeError, RecursionError):
        answer = None
    if answer in ("invalid_grant", "invalid_client", "unauthorized_client"):
        return bool(answer == "invalid_grant")
    why = f"does not say whether the secret of {client_id} is right ({response.status_code} {excerpt(answer)})"
    raise FleetgateError(
        f"{client.title}: POST {token_endpoint} {why}", verb="POST", path=token_endpoint, status=response.status_code
    )
