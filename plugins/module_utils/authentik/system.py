# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""authentik: its resources in order of dependency, and what else can be read."""

from __future__ import annotations

from ..core.module import Address
from ..core.system import System
from .application import Application
from .binding import Binding
from .client import CONNECTION, AuthentikClient, dotted
from .group import Group
from .lookups import Flow, KeyPair, Policy, ScopeMapping
from .token import Token
from .user import User


def connect(params, check_mode):
    client = AuthentikClient(params, check_mode)
    with client.understanding():
        client.refuse_what_is_too_old()
    return client


def version(client):
    return dotted(client.version)


def setup_urls(client):
    """The URLs of each application with an OAuth2 provider, by slug, as whoever asks at the given address sees them."""
    return {
        one["assigned_application_slug"]: client.read("providers", "oauth2", one["pk"], "setup_urls")
        for one in client.read_all("providers", "oauth2")
        if one["assigned_application_slug"]
    }


AUTHENTIK = System(
    CONNECTION,
    Address("url", "https://{host}", environment_first=True),
    connect,
    resources=(User(), Group(), Application(), Binding(), Token()),
    lookups=(Flow(), KeyPair(), ScopeMapping(), Policy()),
    facts={"setup_urls": setup_urls, "version": version},
)
