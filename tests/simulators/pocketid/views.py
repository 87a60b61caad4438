"""The response bodies. Several responses of the real server are stale or incomplete; so are these.

A time has full precision in the response to the request that sets it, and whole seconds later (2.14.0 with SQLite,
observed).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from .state import ApiKey, Client, Group, ScimProvider, Secret, State, User

# fields that were added later, with their version
SINCE = {
    "emailVerified": (2, 2),
    "requiresPushedAuthorizationRequests": (2, 9),
    "description": (2, 10),
    "skipConsent": (2, 10),
    "replayProtection": (2, 10),
    "clientType": (2, 13),
    "accessTokenDurationMinutes": (2, 13),
    "refreshTokenDurationMinutes": (2, 13),
}


def in_full(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def in_seconds(moment: datetime) -> str:
    return in_full(moment.astimezone(UTC).replace(microsecond=0))


def claims(pairs: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]


def user(each: User, groups: list[Group], version: tuple[int, ...], touched: datetime | None = None) -> dict[str, Any]:
    """A user with these groups and the claims; `touched` is when the request has set the groups."""
    return {
        **bare_user(each, version),
        "customClaims": claims(each.claims),
        "userGroups": [bare_group(group, touched) for group in groups],
    }


def bare_user(each: User, version: tuple[int, ...]) -> dict[str, Any]:
    """A user without groups and claims, which are not loaded in a group, after an update and after a login."""
    view = {"id": each.id, **each.profile, "customClaims": [], "userGroups": [], "ldapId": each.ldap_id}
    return _of_version(view, version)


def bare_group(group: Group, touched: datetime | None = None) -> dict[str, Any]:
    """A group in a user or a client, without members and claims."""
    return {
        "id": group.id,
        "friendlyName": group.friendly_name,
        "name": group.name,
        "customClaims": [],
        "userCount": 0,
        "ldapId": group.ldap_id,
        "createdAt": in_full(touched) if touched else in_seconds(group.created),
    }


def listed_group(group: Group) -> dict[str, Any]:
    return {**bare_group(group), "customClaims": claims(group.claims), "userCount": len(group.members)}


def unlinked_group(group: Group) -> dict[str, Any]:
    """A group without its links: after its creation, and in the list of a user's groups."""
    view = {**bare_group(group), "users": [], "allowedOidcClients": []}
    del view["userCount"]
    return view


def group(each: Group, state: State, version: tuple[int, ...]) -> dict[str, Any]:
    return {
        **unlinked_group(each),
        "customClaims": claims(each.claims),
        "users": [bare_user(state.users[member], version) for member in each.members],
        "allowedOidcClients": [
            client_summary(client, version) for client in state.clients.values() if each.id in client.groups
        ],
    }


def secret(each: Secret) -> dict[str, Any]:
    return {
        "id": each.id,
        "prefix": each.value[:4] if len(each.value) > 4 else "",
        "createdAt": in_full(each.created),
        "expiresAt": in_full(each.expires) if each.expires else None,
        "isActive": each.active,
    }


def client_summary(each: Client, version: tuple[int, ...]) -> dict[str, Any]:
    """The public fields of a client, also used in groups and interactions."""
    view = {
        "id": each.id,
        **{name: each.settings[name] for name in ("name", "description", "launchURL", "requiresReauthentication")},
        "hasLogo": True in each.logos,
        "hasDarkLogo": False in each.logos,
        "clientType": each.type,
    }
    return _of_version(view, version)


def client(each: Client, version: tuple[int, ...]) -> dict[str, Any]:
    """A client without its groups. Empty values of a federated identity are omitted."""
    identities = [
        _of_version(
            {name: value for name, value in identity.items() if value or name in ("issuer", "replayProtection")},
            version,
        )
        for identity in each.settings["credentials"]
    ]
    credentials: dict[str, Any] = {"federatedIdentities": identities} if identities else {}
    if version >= (2, 14):
        credentials["secrets"] = [secret(stored) for stored in each.secrets]
    view = {**each.settings, **client_summary(each, version), "credentials": credentials}
    if each.pkce_supported:
        view["pkceSupported"] = True
    return _of_version(view, version)


def client_with_groups(
    each: Client, state: State, version: tuple[int, ...], touched: datetime | None = None
) -> dict[str, Any]:
    groups = [bare_group(state.groups[group], touched) for group in each.groups]
    return {**client(each, version), "allowedUserGroups": groups}


def api_key(each: ApiKey) -> dict[str, Any]:
    return {
        "id": each.id,
        "name": each.name,
        "description": each.description,
        "expiresAt": in_seconds(each.expires),
        "lastUsedAt": in_seconds(each.last_used) if each.last_used else None,
        "createdAt": in_seconds(each.created),
        "expirationEmailSent": False,
    }


def scim_provider(each: ScimProvider, version: tuple[int, ...]) -> dict[str, Any]:
    """A SCIM provider with an empty client, which the server does not load."""
    empty = {
        "id": "",
        "name": "",
        "description": "",
        "hasLogo": False,
        "hasDarkLogo": False,
        "launchURL": None,
        "requiresReauthentication": False,
        "clientType": "",
    }
    return {
        "id": each.id,
        "endpoint": each.endpoint,
        "token": each.token,
        "lastSyncedAt": None,
        "oidcClient": _of_version(empty, version),
        "createdAt": in_seconds(each.created),
    }


def _of_version(view: dict[str, Any], version: tuple[int, ...]) -> dict[str, Any]:
    return {name: value for name, value in view.items() if version >= SINCE.get(name, version)}
