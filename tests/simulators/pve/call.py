"""What a method of the API is given besides its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .cluster import Cluster, Node
from .permissions import Permissions
from .state import UserConfig


@dataclass
class Call:
    """One authenticated request to `node`; `authid` is a user, a full token id, or None for a public method."""

    cluster: Cluster
    node: Node
    authid: str | None
    config: UserConfig = field(init=False)
    permissions: Permissions = field(init=False)

    def __post_init__(self) -> None:
        self.config = self.cluster.user_config
        self.permissions = Permissions(self.config, self.cluster.schema)

    def has(self, path: str, privileges: list[str], any_of: bool = False) -> bool:
        return self.permissions.has(self.authid, path, privileges, any_of)


Method = Callable[[Call, dict], object]
Routes = dict[tuple[str, str], Method]
