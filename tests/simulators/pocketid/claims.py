"""The claims of a user by scope, and the tokens with them (2.14.0 and 2.13.0, observed)."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .state import Client, State, new_id

if TYPE_CHECKING:
    from .app import PocketIdSimulator

SCOPES = ("openid", "profile", "email", "groups", "offline_access")
ID_TOKEN_SECONDS = 3600
RESERVED = frozenset(
    (
        "given_name",
        "family_name",
        "name",
        "email",
        "email_verified",
        "preferred_username",
        "display_name",
        "groups",
        "type",
        "sub",
        "iss",
        "aud",
        "exp",
        "iat",
        "auth_time",
        "nonce",
        "acr",
        "amr",
        "azp",
        "client_id",
        "nbf",
        "jti",
    )
)


def known_scopes(asked: str) -> list[str]:
    """The scopes of a request, in its order; unknown ones are dropped silently."""
    return [scope for scope in dict.fromkeys(asked.split()) if scope in SCOPES]


def user_claims(simulator: PocketIdSimulator, user_id: str, scopes: list[str]) -> dict[str, Any]:
    user = simulator.state.users[user_id]
    profile = user.profile
    claims: dict[str, Any] = {}
    if "profile" in scopes:
        claims.update(custom_claims(simulator.state, user_id))
        claims.update(
            {
                "given_name": profile["firstName"],
                "family_name": profile["lastName"],
                "name": f"{profile['firstName']} {profile['lastName']}".strip(),
                "display_name": profile["displayName"],
                "preferred_username": profile["username"],
                "picture": f"{simulator.issuer}/api/users/{user_id}/profile-picture.png",
            }
        )
    if "email" in scopes and profile["email"]:
        claims.update({"email": profile["email"], "email_verified": profile["emailVerified"]})
    if "groups" in scopes:
        claims["groups"] = [group.name for group in simulator.state.groups_of(user_id)]
    return {**claims, "sub": user_id}


def custom_claims(state: State, user_id: str) -> dict[str, Any]:
    """The claims of a user's groups, overridden by the user's own; a value that is JSON is returned as JSON."""
    claims: dict[str, str] = {}
    for group in state.groups_of(user_id):
        claims = {**group.claims, **claims}
    claims.update(state.users[user_id].claims)
    return {key: _decoded(value) for key, value in claims.items()}


def id_claims(
    simulator: PocketIdSimulator,
    client: Client,
    user_id: str,
    scopes: list[str],
    session: dict[str, Any],
    requested: datetime,
    **more: Any,
) -> dict[str, Any]:
    """The claims of an ID token; `session` is its login, `more` is added unless it is None."""
    issued = int(time.time())
    claims = {
        **user_claims(simulator, user_id, scopes),
        "iss": simulator.issuer,
        "aud": [client.id],
        "jti": new_id(),
        "iat": issued,
        "exp": issued + ID_TOKEN_SECONDS,
        "rat": int(requested.timestamp()),
        "auth_time": session["iat"],
        "amr": session["amr"],
        "type": "id-token",
        **more,
    }
    return {name: value for name, value in claims.items() if value is not None}


def access_claims(simulator: PocketIdSimulator, client: Client, subject: str, scopes: list[str]) -> dict[str, Any]:
    """The claims of an access token (RFC 9068); with any scope it is valid for the provider's own endpoints too."""
    issued = int(time.time())
    return {
        "aud": [client.id, simulator.issuer] if scopes else [client.id],
        "client_id": client.id,
        "sub": subject,
        "iss": simulator.issuer,
        "iat": issued,
        "exp": issued + 60 * client.settings["accessTokenDurationMinutes"],
        "jti": new_id(),
        "scope": " ".join(scopes),
        "scp": scopes,
    }


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value
