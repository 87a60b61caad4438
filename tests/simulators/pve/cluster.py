"""A cluster or a standalone node: the state that nodes share, and the state of each node."""

from __future__ import annotations

import copy
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, overload

from ..directory import Directory
from ..relying_party import RelyingParty
from ..second_factor import SecondFactor
from ..tasks import Tasks
from .auth import Keys
from .data import load
from .errors import ApiError
from .schema import Schema
from .state import BUILTIN_REALMS, SectionConfig, UserConfig

STORAGES = {
    "local": {
        "type": "dir",
        "path": "/var/lib/vz",
        "content": "images,rootdir,iso,backup,snippets,vztmpl",
        "priority": 0,
        "prune-backups": "keep-all=1",
    }
}
LOCK_TIMEOUT = 10


@dataclass
class Node:
    """`online`: member of the cluster; `listening`: its API answers requests that other nodes forward to it."""

    name: str
    number: int
    address: str
    relying_party: RelyingParty
    fingerprint: str | None
    online: bool = True
    listening: bool = True
    pam_passwords: dict[str, str] = field(default_factory=dict)


@dataclass
class Guest:
    kind: str
    node: str


class Cluster:
    """The shared state; `held_locks` names files whose lock another node holds, set by tests."""

    def __init__(
        self,
        version: str,
        name: str | None,
        slow_failures: bool,
        directories: Iterable[Directory],
        task_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self.name = name
        self.slow_failures = slow_failures
        self.directories = tuple(directories)
        self.tasks = Tasks(task_seconds, clock)
        self.product = load("product", version)
        roles = self.product["roles"]
        self.schema = Schema(load("schema", version), roles["Administrator"])
        self.nodes: dict[str, Node] = {}
        self.guests: dict[int, Guest] = {}
        self.storages = copy.deepcopy(STORAGES)
        self.keys = Keys()
        self.passwords: dict[str, str] = {}
        self.bind_passwords: dict[str, str] = {}
        self.token_secrets: dict[str, str] = {}
        self.second_factors: dict[str, SecondFactor] = {}
        self.held_locks: set[str] = set()
        self._lock = threading.RLock()
        types = self.product["section_types"]
        realm_properties = self.schema.properties("POST", "/access/domains")
        job_properties = self.schema.properties("POST", "/cluster/jobs/realm-sync/x")
        self._files: dict[str, Any] = {
            "user.cfg": UserConfig(roles).read_back(),
            "domains.cfg": SectionConfig(types["domains.cfg"], realm_properties, BUILTIN_REALMS).read_back(),
            "jobs.cfg": SectionConfig(types["jobs.cfg"], job_properties).read_back(),
        }

    @property
    def user_config(self) -> UserConfig:
        """user.cfg as last written. Never changed in place, so a request sees the same state from start to end."""
        config: UserConfig = self._files["user.cfg"]
        return config

    @property
    def realms(self) -> SectionConfig:
        config: SectionConfig = self._files["domains.cfg"]
        return config

    @property
    def jobs(self) -> SectionConfig:
        config: SectionConfig = self._files["jobs.cfg"]
        return config

    @property
    def quorate(self) -> bool:
        return 2 * sum(node.online for node in self.nodes.values()) > len(self.nodes)

    @overload
    def edit(self, name: Literal["user.cfg"], failure: str = "") -> AbstractContextManager[UserConfig]: ...

    @overload
    def edit(
        self, name: Literal["domains.cfg", "jobs.cfg"], failure: str = ""
    ) -> AbstractContextManager[SectionConfig]: ...

    @contextmanager
    def edit(self, name: str, failure: str = "") -> Iterator[Any]:
        """A copy of the file `name`, written when the block ends without an error; errors get `failure` as prefix."""
        with self._lock:
            try:
                self._acquire(name)
                draft = copy.deepcopy(self._files[name])
                yield draft
                self._files[name] = draft.read_back()
            except ApiError as error:
                raise error.in_a_lock(failure) from error

    def _acquire(self, name: str) -> None:
        error = f"cfs-lock 'file-{name.replace('.', '_')}' error:"
        if not self.quorate:
            raise ApiError(f"{error} no quorum!\n")
        if name in self.held_locks:
            time.sleep(LOCK_TIMEOUT if self.slow_failures else 0)
            raise ApiError(f"{error} got lock request timeout\n")


def populate(
    cluster: Cluster, tokens: Mapping[str, str], passwords: Mapping[str, str], totp: Mapping[str, str]
) -> None:
    """Create the initial state: users of these names, tokens without privilege separation."""
    with cluster.edit("user.cfg") as config:
        for userid in [*passwords, *(token.rpartition("!")[0] for token in tokens)]:
            config.users.setdefault(userid, {"enable": 1})
        for full_tokenid, secret in tokens.items():
            userid, _mark, tokenid = cluster.schema.require("pve-tokenid", full_tokenid).rpartition("!")
            config.users[userid].setdefault("tokens", {})[tokenid] = {"privsep": 0}
            cluster.token_secrets[full_tokenid] = secret
        for userid, secret in totp.items():
            config.users.setdefault(userid, {"enable": 1})["keys"] = "x"
            cluster.second_factors[userid] = SecondFactor(secret)
    for userid, password in passwords.items():
        if userid.endswith("@pam"):
            for node in cluster.nodes.values():
                node.pam_passwords[userid] = password
        else:
            cluster.passwords[userid] = password


def fingerprint(node: str) -> str:
    """A made-up certificate fingerprint: the simulator does not know the certificate that it is served with."""
    return hashlib.sha256(node.encode()).digest().hex(":").upper()
