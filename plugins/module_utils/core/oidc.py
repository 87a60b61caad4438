# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""OpenID issuers: discovery, the requirements of PVE and PBS, and the check of a client secret."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus

from .client import Client, require_requests
from .errors import FleetgateError
from .fields import Text
from .hosts import LOOPBACK
from .secrets import excerpt
from .transport import requests

# PVE and PBS accept any text and fail at the first login; an empty issuer damages PVE's realm file.
ISSUER = Text(
    pattern=rf"https://[^\s/?#@]+(/[^\s?#]*)?|http://{LOOPBACK}(:[0-9]+)?(/[^\s?#]*)?",
    rule="must be an https:// URL (http:// only for the machine itself) without user and password, because sign-on secrets are sent to it",
    longest=256,
)

_WELL_KNOWN = (".well-known", "openid-configuration")
# Required by the OpenID library of PVE and PBS (openidconnect 4.0.1, provider metadata).
_REQUIRED = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "response_types_supported",
    "subject_types_supported",
    "id_token_signing_alg_values_supported",
)


def discover(issuer: str, timeout: float, verify: bool | str) -> tuple[dict[str, Any], Client]:
    """Return the discovery document of an issuer, and a client for its endpoints."""
    require_requests()
    client = Client(f"issuer {issuer}", requests.Session(), issuer, check_mode=True, timeout=timeout, verify=verify)
    document = client.read(*_WELL_KNOWN)
    if not isinstance(document, dict) or not isinstance(document.get("issuer"), str):
        raise FleetgateError(f"{issuer}: its discovery document has no issuer, so it is not that of an OpenID provider")
    return document, client


def shortcomings(issuer: str, document: dict[str, Any], keys: list[dict[str, Any]]) -> list[str]:
    """Return what prevents PVE and PBS from using an issuer, as messages. `keys` is its JSON Web Key Set."""
    problems = [f"its discovery document lacks {name}" for name in _REQUIRED if not document.get(name)]
    if "code" not in document.get("response_types_supported", ("code",)):
        problems.append("it does not support the response type code")
    if "RS256" not in document.get("id_token_signing_alg_values_supported", ("RS256",)):
        problems.append("it does not sign with RS256, which PVE and PBS require; set an RSA signing key")
    if "client_secret_basic" not in document.get("token_endpoint_auth_methods_supported", ("client_secret_basic",)):
        problems.append("it does not accept client secrets by HTTP Basic authentication, which PVE and PBS use")
    if "S256" not in document.get("code_challenge_methods_supported", ("S256",)):
        problems.append("it does not support the PKCE method S256, which PVE and PBS use")
    problems += [
        f"its {name} is not an https:// URL, but client secrets and codes are sent to it"
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if document.get(name) and ISSUER.problem(document[name].partition("?")[0])
    ]
    if not any(key.get("kty") == "RSA" for key in keys):
        problems.append("its key set has no RSA key, so RS256 signatures cannot be verified")
    return problems


def other_name(issuer: str, document: dict[str, Any], client: Client) -> list[str]:
    """Return what to do if the issuer in the discovery document differs from the one requested."""
    name = document["issuer"]
    if name == issuer:
        return []
    found = f"the issuer identifies itself as '{name}', not '{issuer}'"
    if "{" in name:
        return [
            f"{found}: this discovery document is for all tenants, and its issuer is a template; set the issuer of your"
            " own tenant, which contains the tenant ID"
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
        return [f"{found}: realms must have exactly '{name}', including slashes"]
    return [
        f"{found}, but that issuer has no discovery document at the URL that PVE and PBS read; set the public"
        " address of the identity provider in its own configuration"
    ]


def unadvertised(document: dict[str, Any], scopes: Iterable[str], claims: Iterable[str]) -> list[str]:
    """Return messages for scopes and claims that the discovery document does not list. It need not list all supported ones."""
    return [
        f"its discovery document does not list the {word} {name}, which the issuer may still support; try a login if in doubt"
        for word, wanted in (("scope", scopes), ("claim", claims))
        for name in wanted
        if f"{word}s_supported" in document and name not in (document[f"{word}s_supported"] or ())
    ]


def secret_is_right(client: Client, token_endpoint: str, client_id: str, secret: str, redirect_uri: str) -> bool:
    """Whether a client secret is correct, checked without side effects by a code that cannot exist.

    The token endpoint checks the secret first: `invalid_client` means a wrong secret (or, with authentik, a redirect URI
    that the client does not have), `invalid_grant` a correct secret (RFC 6749, sections 4.1.3 and 5.2). Keycloak up to
    24 returns `unauthorized_client` for a wrong secret.
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
    why = f"does not show whether the secret of {client_id} is correct ({response.status_code} {excerpt(answer)})"
    raise FleetgateError(
        f"{client.title}: POST {token_endpoint} {why}", verb="POST", path=token_endpoint, status=response.status_code
    )
