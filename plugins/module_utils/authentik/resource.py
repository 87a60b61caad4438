# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Common behaviour of authentik resources: server-generated ids and partial updates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.fields import Field, Text
from ..core.resource import Reference, Resource
from .permissions import SUPERUSER

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change, Permission, Step

_TEXT = Text()


def named(option: str, kind: Any = _TEXT, **more: Any) -> Field:
    """A field that has the name of its option in the API."""
    return Field(option, kind, wire=option, **more)


class AuthentikResource(Resource):
    audit_permission = SUPERUSER
    # options that have requests of their own
    linked: tuple[str, ...] = ()

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        # visible objects can also be changed, as far as permissions are concerned
        return None

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, Reference(self.name, key))

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        raw = server.client.read_or_none(*server.identify(self.item_path(key), {}))
        return raw and self.decode(self.with_names(server, raw))

    def with_names(self, server: ServerState, raw: dict[str, Any]) -> dict[str, Any]:
        """An object with names in place of the ids of other objects."""
        return raw

    def is_in_body(self, change: Change, option: str) -> bool:
        """Whether an option is part of the request that creates or updates the object."""
        return option not in self.linked

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if not change.removes:
            # unset options get their default, because the server does not accept empty values everywhere
            values = {
                option: self.field(option).effective(value)
                for option, value in change.values.items()
                if self.is_in_body(change, option)
            }
            if not (change.creates or values):
                return []
            change = replace(change, values=values)
        return [
            replace(
                step,
                verb="PATCH" if step.verb == "PUT" else step.verb,
                provides=Reference(self.name, change.key) if change.creates else None,
            )
            for step in super().steps_for(change, server)
        ]
