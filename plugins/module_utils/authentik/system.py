# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""authentik: its resources in order of dependency, and its other facts."""

from __future__ import annotations

from typing import Any

from ..core.module import Address
from ..core.system import System
from .application import Application
from .binding import Binding
from .client import CONNECTION, AuthentikClient, dotted
from .group import Group
from .lookups import Flow, KeyPair, Policy, ScopeMapping
from .token import Token
from .user import User


def connect(params: dict[str, Any], check_mode: bool) -> AuthentikClient:
    client = AuthentikClient(params, check_mode)
    with client.understanding():
        client.refuse_old_versions()
    return client


def version(client: AuthentikClient) -> str:
    return dotted(client.version)


def setup_urls(client: AuthentikClient) -> dict[str, Any]:
    """The URLs of each application with an OAuth2 provider, by slug, as seen from the configured address."""
    return {
        provider["assigned_application_slug"]: client.read("providers", "oauth2", provider["pk"], "setup_urls")
        for provider in client.read_all("providers", "oauth2")
        if provider["assigned_application_slug"]
    }


AUTHENTIK = System(
    CONNECTION,
    Address("url", "https://{host}", environment_first=True),
    connect,
    resources=(User(), Group(), Application(), Binding(), Token()),
    lookups=(Flow(), KeyPair(), ScopeMapping(), Policy()),
    facts={"setup_urls": setup_urls, "version": version},
)
