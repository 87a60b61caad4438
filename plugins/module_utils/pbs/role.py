# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Roles: a fixed list that can only be read (proxmox-backup 4.2.3, src/api2/access/role.rs)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.fields import Field, Names
from ..core.resource import Resource
from .names import ROLE

if TYPE_CHECKING:
    from ..core.plan import ServerState


class Role(Resource):
    name = "role"
    plural = "roles"
    key = ("roleid",)
    fields = (Field("roleid", ROLE), Field("privs", Names()), Field("comment"))

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read("access", "roles"))
