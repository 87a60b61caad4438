# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pocket ID: its resources in order of dependency, and what else can be read."""

from __future__ import annotations

from ..core.system import System
from .client import CONNECTION, PocketIdClient
from .group import Group
from .oidc_client import OidcClient
from .user import User


def version(client):
    return ".".join(str(number) for number in client.version)


POCKETID = System(
    CONNECTION,
    ("url", "https://{host}"),
    PocketIdClient,
    resources=(User(), Group(), OidcClient()),
    facts={"version": version},
)
