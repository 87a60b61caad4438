# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Proxmox Backup Server: its resources in order of dependency, and what else can be read."""

from __future__ import annotations

from ..core.module import Address
from ..core.system import System
from ..proxmox.client import fingerprint, version
from ..proxmox.permissions import permissions_of_identities
from .acl import Acl
from .client import CONNECTION, PbsClient
from .realm import Realm
from .role import Role
from .token import Token
from .user import User

# Users can only be created in an existing realm.
PBS = System(
    CONNECTION,
    Address("api_host"),
    PbsClient,
    resources=(Realm(), User(), Token(), Acl()),
    facts={"version": version, "fingerprint": fingerprint},
    lookups=(Role(),),
    permissions=permissions_of_identities,
)
