"""What a handler of the API is given besides its parameters, and the table of handlers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .cluster import Cluster, Node
from .permissions import Permissions
from .state import UserConfig


@dataclass
class Call:
    """One authenticated request to `node`; `authid` is a user, a full token id, or None for a public endpoint.

    `beside` is what the answer has beside its `data`.
    """

    cluster: Cluster
    node: Node
    authid: str | None
    config: UserConfig = field(init=False)
    permissions: Permissions = field(init=False)
    beside: dict = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.config = self.cluster.user_config
        self.permissions = Permissions(self.config, self.cluster.schema)

    def has(self, path: str, privileges: list[str], any_of: bool = False) -> bool:
        return self.permissions.has(self.authid, path, privileges, any_of)


Handler = Callable[[Call, dict], object]

# (verb, path) -> handler; it takes the call and its verified parameters, and returns the answer's `data`.
ROUTES: dict[tuple[str, str], Handler] = {}


def route(verb: str, *paths: str) -> Callable[[Handler], Handler]:
    """Register a handler for `verb` on paths of the schema."""

    def register(handler: Handler) -> Handler:
        ROUTES.update({(verb, path): handler for path in paths})
        return handler

    return register
