"""The contract of Proxmox Backup Server's access API, fact by fact, over HTTPS; test names begin with its sections.

By default the simulator is tested. Given FLEETGATE_PBS_URL (https://host:8007), FLEETGATE_PBS_TOKEN
(`user@realm!name:secret`, with the role Admin on /) and FLEETGATE_PBS_CA (a bundle), that server is tested,
which should be a 4.2. Cases that need root's password, another release, a clock, the default realm, a directory or an
identity provider are then skipped. The names of created objects contain `fg-` and a random number; they are removed.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.simulators.directory import example_directories
from tests.simulators.pbs import PbsSimulator
from tests.simulators.server import Authority

from ..stage import Stage
from .language import BOB, ROOT_PASSWORD
from .server import Clock, Server

REAL = os.environ.get("FLEETGATE_PBS_URL")
ORACLE = "root@pam!oracle:11111111-2222-3333-4444-555555555555"


@pytest.fixture
def simulated(authority: Authority, stage: Stage) -> Callable[..., Server]:
    """Start a simulator with the given options; skip the test for a real server."""
    if REAL:
        pytest.skip("needs powers that only the simulator has")

    def start(**options: Any) -> Server:
        token, _colon, secret = ORACLE.partition(":")
        clock = Clock()
        passwords = {"root@pam": ROOT_PASSWORD, BOB[0]: BOB[1]}
        options = {"directories": example_directories(), "acl_cache_seconds": 0, **options}
        simulator = PbsSimulator(
            passwords=passwords, tokens={token: secret}, trust=authority.bundle, clock=clock, **options
        )
        stage.app = simulator.app()
        return Server(stage.url, str(authority.bundle), ORACLE, "fg-1", simulator, clock)

    return start


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The server under test; a real server is cleaned up."""
    if not REAL:
        yield request.getfixturevalue("simulated")()
        return
    request.getfixturevalue("real_server_alone")
    ca, token = os.environ["FLEETGATE_PBS_CA"], os.environ["FLEETGATE_PBS_TOKEN"]
    server = Server(REAL.rstrip("/"), ca, token, f"fg-{uuid.uuid4().hex[:8]}")
    yield server
    server.clean()
