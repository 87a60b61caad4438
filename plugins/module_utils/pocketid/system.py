# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pocket ID: its resources in order of dependency, and its other facts."""

from __future__ import annotations

from typing import Any

from ..core.errors import FleetgateError
from ..core.fields import Field, Names
from ..core.module import Address
from ..core.system import System
from .api_key import ApiKey
from .client import CONNECTION, PocketIdClient, in_path
from .group import Group
from .oidc_client import OidcClient
from .scim_provider import ScimProvider
from .settings import Settings, current
from .user import User


def version(client: PocketIdClient) -> str:
    return str(client.dialect)


def claims(client: PocketIdClient, asked: dict[str, Any]) -> dict[str, Any]:
    """Preview the claims that a client would receive for a user."""
    scopes = " ".join(asked["scopes"] or ("openid", "profile", "email", "groups"))
    result = {"client": asked["client"], "username": asked["username"], "admitted": True, "claims": {}}
    path = ("api", "oidc", "clients", in_path(asked["client"]), "preview", client.user_id(asked["username"]))
    try:
        return {**result, "claims": client.read(*path, scopes=scopes)["userInfo"]}
    except FleetgateError as error:
        if error.status != 403:
            raise
        return {**result, "admitted": False}


POCKETID = System(
    CONNECTION,
    Address("url", "https://{host}", environment_first=True),
    PocketIdClient,
    resources=(User(), Group(), OidcClient(), ScimProvider()),
    facts={"settings": current, "version": version},
    apart=(ApiKey(), Settings()),
    questions={
        "claims": ((Field("client", needed=True), Field("username", needed=True), Field("scopes", Names())), claims)
    },
)
