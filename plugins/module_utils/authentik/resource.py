# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the resources of authentik have in common: ids of the server's own, and updates that say only what changes."""

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
    """A field that the API calls as the option is called."""
    return Field(option, kind, wire=option, **more)


class AuthentikResource(Resource):
    audit_permission = SUPERUSER
    # options that are brought to the server by requests of their own
    linked: tuple = ()

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        # whoever may see single objects may also work with them
        return None

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, Reference(self.name, key))

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        raw = server.client.read_if_there(*server.identify(self.item_path(key), {}))
        return raw and self.decode(self.with_names(server, raw))

    def with_names(self, server: ServerState, raw: dict[str, Any]) -> dict[str, Any]:
        """An object as the server sends it, with names where it has ids of other objects."""
        return raw

    def goes_with_the_object(self, change: Change, option: str) -> bool:
        """Whether an option is part of the request that makes or changes the object."""
        return option not in self.linked

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if not change.removes:
            # what is taken away is as it is by default: the server takes no empty value for everything
            values = {
                option: self.field(option).effective(value)
                for option, value in change.values.items()
                if self.goes_with_the_object(change, option)
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
