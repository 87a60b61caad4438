"""OIDC clients: registration, allowed groups, secrets before and since 2.14, logos, and a preview of claims."""

from __future__ import annotations

import ipaddress
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from flask import Request, Response

from . import rules, views
from .call import Call, Need, route
from .claims import access_claims, id_claims, known_scopes, user_claims
from .errors import (
    ApiError,
    Wrong,
    breakdown,
    image_not_found,
    invalid,
    invalid_body,
    missing,
    not_found,
    user_not_found,
)
from .images import MIME_TYPES, stripped
from .lists import Listing
from .state import Client, Logo, ScimProvider, Secret, new_id, now, random_text

CLIENTS, SCIM = "/api/oidc/clients", "/api/scim/service-provider"
MOST_SECRETS, LARGEST_UPLOAD = 20, 2 << 20
DEFAULT_MINUTES = {"accessTokenDurationMinutes": 60, "refreshTokenDurationMinutes": 43200}
LISTED_FLAGS = (
    "pkceEnabled",
    "requiresReauthentication",
    "requiresPushedAuthorizationRequests",
    "skipConsent",
    "isGroupRestricted",
)


def _setting(name: str) -> Callable[[Client], Any]:
    return lambda client: client.settings[name]


FLAGS: dict[str, Callable[[Client], Any]] = {
    **{name: _setting(name) for name in LISTED_FLAGS},
    "pkceSupported": lambda client: client.pkce_supported,
    "clientType": lambda client: client.type,
}
LISTING = Listing(
    search=lambda client: (client.settings["name"],),
    sortable={
        **FLAGS,
        "name": lambda client: client.settings["name"],
        "createdAt": lambda client: int(client.created.timestamp()),
        "allowedUserGroupsCount": lambda client: len(client.groups),
    },
    filterable=FLAGS,
)


def _find(call: Call, client_id: str) -> Client:
    """The client of a path. An id with a leading `~` is in base64, because ids may be URLs (since 2.13)."""
    if client_id.startswith("~") and call.since(2, 13):
        client_id = urlsafe_b64decode(client_id[1:] + "===").decode()
    if client_id not in call.state.clients:
        raise not_found("OIDC client")
    return call.state.clients[client_id]


@route("GET", CLIENTS)
def list_clients(call: Call) -> tuple[int, Any]:
    def view(client: Client) -> dict[str, Any]:
        return {**views.client(client, call.version), "allowedUserGroupsCount": len(client.groups)}

    return 200, LISTING.page(call.state.clients.values(), call.request.args, view)


@route("POST", CLIENTS)
def create_client(call: Call) -> tuple[int, Any]:
    values = call.body(rules.CLIENT)
    client = Client(values["id"] or new_id(), settings_of(values))
    if client.id in call.state.clients:
        raise ApiError(409, "client_id_already_exists", "Client ID is already in use")
    call.state.clients[client.id] = client
    _fetch_logos(values)
    return 201, views.client_with_groups(client, call.state, call.version)


@route("GET", f"{CLIENTS}/<client_id>")
def get_client(call: Call, client_id: str) -> tuple[int, Any]:
    return 200, views.client_with_groups(_find(call, client_id), call.state, call.version)


@route("GET", f"{CLIENTS}/<client_id>/meta", Need.NOBODY)
def get_client_summary(call: Call, client_id: str) -> tuple[int, Any]:
    return 200, views.client_summary(_find(call, client_id), call.version)


@route("PUT", f"{CLIENTS}/<client_id>")
def update_client(call: Call, client_id: str) -> tuple[int, Any]:
    """Omitted fields are reset to their zero value. Secrets and logos are kept, and groups while it is restricted."""
    values = call.body(rules.CLIENT_UPDATE)
    client = _find(call, client_id)
    new = settings_of(values)
    # a client that registered itself keeps the values of its document
    of_document = ("name", "callbackURLs", "logoutCallbackURLs", "isPublic", "pkceEnabled", "credentials")
    client.settings = {**new, **{name: client.settings[name] for name in of_document}} if client.type == "cimd" else new
    if not values["pkceEnabled"]:
        client.pkce_supported = False
    if not values["isGroupRestricted"]:
        client.groups = []
    _fetch_logos(values)
    answer = views.client_with_groups(client, call.state, call.version, touched=now())
    # up to 2.12 the groups were not loaded for the answer
    return 200, answer if call.since(2, 13) else {**answer, "allowedUserGroups": []}


@route("DELETE", f"{CLIENTS}/<client_id>")
def delete_client(call: Call, client_id: str) -> tuple[int, Any]:
    if client_id in call.state.clients or call.since(2, 13):
        call.state.drop_client(_find(call, client_id).id)
    return 204, None


@route("PUT", f"{CLIENTS}/<client_id>/allowed-user-groups")
def set_client_groups(call: Call, client_id: str) -> tuple[int, Any]:
    """Unknown groups are dropped silently, and the restriction itself is not changed."""
    chosen = call.body(rules.ids("userGroupIds"))["userGroupIds"]
    client = _find(call, client_id)
    client.groups = [group for group in call.state.groups if group in chosen]
    return 200, views.client(client, call.version)


@route("GET", f"{CLIENTS}/<client_id>/preview/<user_id>")
def preview(call: Call, client_id: str, user_id: str) -> tuple[int, Any]:
    """The claims of a login; times in the tokens are strings here, except for `auth_time` and `rat`."""
    scopes = known_scopes(call.request.args.get("scopes", ""))
    if not call.request.args.get("scopes"):
        raise missing("scopes")
    client = _find(call, client_id)
    if user_id not in call.state.users:
        raise user_not_found()
    if not call.state.admits(client, user_id):
        raise ApiError(403, "oidc_access_denied", "You're not allowed to access this service")
    session = {"iat": int(now().timestamp()), "amr": call.session.get("amr")}
    id_token = id_claims(call.simulator, client, user_id, scopes, session, now())
    tokens = [id_token, access_claims(call.simulator, client, user_id, scopes)]
    for token in tokens:
        for name in ("iat", "exp"):
            token[name] = views.in_seconds(datetime.fromtimestamp(token[name], UTC))
    user_info = {**user_claims(call.simulator, user_id, scopes), "type": "id-token"}
    return 200, {"idToken": tokens[0], "accessToken": tokens[1], "userInfo": user_info}


@route("GET", f"{CLIENTS}/<client_id>/secrets", since=(2, 14))
def list_secrets(call: Call, client_id: str) -> tuple[int, Any]:
    return 200, [views.secret(secret) for secret in _find(call, client_id).secrets]


@route("POST", f"{CLIENTS}/<client_id>/secrets", since=(2, 14))
def add_secret(call: Call, client_id: str) -> tuple[int, Any]:
    values = call.optional_body(rules.SECRET)
    if values["expiresAt"] and values["expiresAt"] <= now():
        raise invalid(text="The expiration date of a client secret must be in the future")
    client = _confidential(call, client_id)
    if len(client.secrets) >= MOST_SECRETS:
        raise invalid(text=f"A client cannot have more than {MOST_SECRETS} secrets")
    secret = Secret(values["secret"] or random_text(32), values["expiresAt"])
    client.secrets.append(secret)
    return 201, {**views.secret(secret), "secret": secret.value}


@route("DELETE", f"{CLIENTS}/<client_id>/secrets/<secret_id>", since=(2, 14))
def delete_secret(call: Call, client_id: str, secret_id: str) -> tuple[int, Any]:
    client = _find(call, client_id)
    kept = [secret for secret in client.secrets if secret.id != secret_id]
    if len(kept) == len(client.secrets):
        raise not_found("Client secret")
    client.secrets = kept
    return 204, None


@route("POST", f"{CLIENTS}/<client_id>/secret", until=(2, 14))
def replace_secret(call: Call, client_id: str) -> tuple[int, Any]:
    """Replace the only secret of a client, which invalidates the old one. bcrypt is limited to 72 bytes."""
    values = call.optional_body(rules.SECRET[:1]) if call.since(2, 12) else {"secret": ""}
    client = _confidential(call, client_id)
    if len(values["secret"]) > 72:
        raise breakdown()
    client.secrets = [Secret(values["secret"] or random_text(32))]
    return 200, {"secret": client.secrets[0].value}


@route("GET", f"{CLIENTS}/<client_id>/scim-service-provider")
def get_scim_provider(call: Call, client_id: str) -> tuple[int, Any]:
    """Return the provider with the lowest id, as a client may have several; the client is not checked."""
    providers = [provider for provider in call.state.scim_providers.values() if provider.client == client_id]
    if not providers:
        raise not_found("SCIM service provider")
    return 200, views.scim_provider(min(providers, key=lambda provider: provider.id), call.version)


@route("POST", SCIM)
def create_scim_provider(call: Call) -> tuple[int, Any]:
    values = call.body(rules.SCIM)
    _known_to_scim(call, values["oidcClientId"])
    provider = ScimProvider(values["oidcClientId"], values["endpoint"], values["token"])
    call.state.scim_providers[provider.id] = provider
    return 201, {**views.scim_provider(provider, call.version), "createdAt": views.in_full(provider.created)}


@route("PUT", f"{SCIM}/<provider_id>")
def update_scim_provider(call: Call, provider_id: str) -> tuple[int, Any]:
    """All of it is replaced, and with that it may go over to another client."""
    values = call.body(rules.SCIM)
    provider = _scim_provider(call, provider_id)
    _known_to_scim(call, values["oidcClientId"])
    provider.client, provider.endpoint, provider.token = values["oidcClientId"], values["endpoint"], values["token"]
    return 200, views.scim_provider(provider, call.version)


@route("DELETE", f"{SCIM}/<provider_id>")
def delete_scim_provider(call: Call, provider_id: str) -> tuple[int, Any]:
    if provider_id in call.state.scim_providers or call.since(2, 13):
        del call.state.scim_providers[_scim_provider(call, provider_id).id]
    return 204, None


def _scim_provider(call: Call, provider_id: str) -> ScimProvider:
    if provider_id not in call.state.scim_providers:
        raise not_found("SCIM service provider")
    return call.state.scim_providers[provider_id]


def _known_to_scim(call: Call, client_id: str) -> None:
    """Refuse a missing client; up to 2.12 only the database did."""
    if client_id not in call.state.clients:
        raise not_found("OIDC client") if call.since(2, 13) else breakdown()


@route("GET", f"{CLIENTS}/<client_id>/logo", Need.NOBODY)
def get_logo(call: Call, client_id: str) -> Response:
    """The dark logo if requested and present, else the light one. No header identifies the content."""
    client = _find(call, client_id)
    logo = client.logos.get(_light(call.request)) or client.logos.get(True)
    if logo is None:
        raise image_not_found()
    response = Response(logo.data, content_type=MIME_TYPES[logo.extension])
    if "skipCache" not in call.request.args:
        response.headers["Cache-Control"] = "public, max-age=900, stale-while-revalidate=43200"
    return response


@route("POST", f"{CLIENTS}/<client_id>/logo")
def set_logo(call: Call, client_id: str) -> tuple[int, Any]:
    if len(call.request.get_data(cache=True)) > LARGEST_UPLOAD:
        raise ApiError(413, "file_too_large", "File must not exceed 2.00 MB", max_size="2.00 MB")
    if call.request.mimetype != "multipart/form-data":
        raise invalid_body()
    file = call.request.files.get("file")
    if file is None:
        raise missing("file")
    extension = (file.filename or "").rpartition(".")[2].lower()
    if extension not in MIME_TYPES:
        raise ApiError(415, "file_type_not_supported", "File type is not supported")
    _find(call, client_id).logos[_light(call.request)] = Logo(extension, stripped(file.read(), extension))
    return 204, None


@route("DELETE", f"{CLIENTS}/<client_id>/logo")
def delete_logo(call: Call, client_id: str) -> tuple[int, Any]:
    if _find(call, client_id).logos.pop(_light(call.request), None) is None:
        raise image_not_found()
    return 204, None


def settings_of(values: dict[str, Any]) -> dict[str, Any]:
    """The settings in a request body. A public client always has PKCE; a duration of zero means the default."""
    kept = {
        name: value
        for name, value in values.items()
        if name not in ("id", "hasLogo", "hasDarkLogo", "logoUrl", "darkLogoUrl")
    }
    return {
        **kept,
        "callbackURLs": kept["callbackURLs"] or [],
        "logoutCallbackURLs": kept["logoutCallbackURLs"] or [],
        "credentials": kept["credentials"].get("federatedIdentities") or [],
        "pkceEnabled": kept["isPublic"] or kept["pkceEnabled"],
        **{name: kept[name] or minutes for name, minutes in DEFAULT_MINUTES.items()},
    }


def _fetch_logos(values: dict[str, Any]) -> None:
    """Logo URLs are fetched when the client is already stored. No address is public from here, so all of them fail."""
    for url in (values["logoUrl"], values["darkLogoUrl"]):
        if url is None:
            continue
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or _is_private(parts.hostname):
            raise invalid(
                Wrong("logoUrl", "invalid_value", "must be a public HTTP or HTTPS URL"), text="Logo URL is not allowed"
            )
        raise ApiError(422, "logo_download_failed", "Logo could not be downloaded")


def _is_private(host: str) -> bool:
    return host == "localhost" or bool(re.fullmatch(r"[\d.]+|.*:.*", host)) and not ipaddress.ip_address(host).is_global


def _confidential(call: Call, client_id: str) -> Client:
    client = _find(call, client_id)
    if client.settings["isPublic"] and call.since(2, 13):
        raise invalid(text="Cannot create a secret for a public client")
    return client


def _light(request: Request) -> bool:
    """Whether the request is for the light logo: `light` is true by default, and every other value is false."""
    return request.args.get("light", "true") in ("1", "t", "T", "TRUE", "true", "True")
