"""The context of an API handler, and the table of handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from .cluster import Cluster, Node
from .permissions import Permissions
from .state import UserConfig


@dataclass
class Call:
    """An authenticated request to `node`; `authid` is a user, a full token id, or None for a public endpoint.

    `extra` holds the members of the response beside `data`.
    """

    cluster: Cluster
    node: Node
    authid: str | None
    config: UserConfig = field(init=False)
    permissions: Permissions = field(init=False)
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.config = self.cluster.user_config
        self.permissions = Permissions(self.config, self.cluster.schema)

    @property
    def caller(self) -> str:
        """The user or full token id, for handlers of endpoints that are not public."""
        assert self.authid is not None
        return self.authid

    def has(self, path: str, privileges: list[str], any_of: bool = False) -> bool:
        return self.permissions.has(self.caller, path, privileges, any_of)


Handler: TypeAlias = Callable[[Call, dict[str, Any]], object]
HandlerT = TypeVar("HandlerT", bound=Handler)

# (verb, path) -> handler; it takes the call and its verified parameters, and returns the `data` of the response
ROUTES: dict[tuple[str, str], Handler] = {}


def route(verb: str, *paths: str) -> Callable[[HandlerT], HandlerT]:
    """Register a handler for `verb` on paths of the schema."""

    def register(handler: HandlerT) -> HandlerT:
        ROUTES.update({(verb, path): handler for path in paths})
        return handler

    return register
