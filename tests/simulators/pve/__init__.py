"""A simulated Proxmox VE cluster: its access control API, held to recorded answers of the product."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..directory import Directory
from ..relying_party import RelyingParty
from .app import Application
from .cluster import Cluster, Guest, Node, fingerprint, populate

__all__ = ["Guest", "PveSimulator"]


class PveSimulator:
    """A cluster, or with `cluster=None` a standalone node, of version 9.2, 8.4 or 7.4.

    `addresses`: node -> IP address; `passwords`: userid -> password of pam and pve users; `tokens`: full token id ->
    secret, tokens without privilege separation; `totp`: userid -> base32 secret of a second factor. Users named in these
    exist from the start. `directories`: the servers that realms can use; a sync takes `task_seconds`. `trust`: the CA
    bundle that OpenID issuers are verified against.
    `slow_failures`: fail as slowly as the product does. All state is in `cluster`, for tests to read or to change.
    """

    def __init__(
        self,
        version: str = "9.2",
        nodes: Sequence[str] = ("pve1",),
        cluster: str | None = None,
        addresses: Mapping[str, str] | None = None,
        passwords: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        totp: Mapping[str, str] | None = None,
        directories: Iterable[Directory] = (),
        task_seconds: float = 0.2,
        trust: str | Path | None = None,
        slow_failures: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.cluster = Cluster(version, cluster, slow_failures, directories, task_seconds, clock)
        for number, name in enumerate(nodes, start=1):
            address = (addresses or {}).get(name, "127.0.0.1")
            self.cluster.nodes[name] = Node(name, number, address, RelyingParty(trust), fingerprint(name))
        populate(self.cluster, tokens or {}, passwords or {}, totp or {})

    def app(self, node: str) -> Application:
        """The WSGI application of a node."""
        return Application(self.cluster, self.cluster.nodes[node])
