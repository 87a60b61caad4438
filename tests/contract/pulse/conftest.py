"""The contract of Pulse's list of nodes, fact by fact, over HTTP; tests are named by its sections.

It monitors a simulated PVE cluster and a simulated PBS. By default the simulator is tested as 6.3 and
as 5.1. Given FLEETGATE_PULSE_URL, a token with settings:read and settings:write in FLEETGATE_PULSE_TOKEN and perhaps a
bundle of authorities in FLEETGATE_PULSE_CA they are asked of that server, which must reach the addresses of this machine
that begin with 127. Every node that is made there has an address of these and is removed afterwards.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.simulators.fleet import Description, Fleet, FleetServers
from tests.simulators.pulse import PulseSimulator
from tests.simulators.server import Authority, serve

from .server import Server

REAL = os.environ.get("FLEETGATE_PULSE_URL")

Address = tuple[str, str | bool, str]  # URL, bundle and token of a server


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The monitored servers: the cluster `lab` of two nodes and the backup server `vault`."""
    description = Description({"lab": ("lab1", "lab2")}, ("vault",))
    with FleetServers(description, tmp_path_factory.mktemp("fleet")) as fleet:
        yield fleet


@pytest.fixture(scope="session")
def simulated(authority: Authority) -> Iterator[Callable[[str], Address]]:
    """Start the simulator of a version on first use. It does not trust the authority of the fleet."""
    with ExitStack() as stack:

        @cache
        def start(version: str) -> Address:
            app = PulseSimulator(version, "a-token-of-the-contract", rate_limit=False).app()
            port = stack.enter_context(serve(app, authority.tls("127.0.0.1")))
            return f"https://127.0.0.1:{port}", str(authority.bundle), "a-token-of-the-contract"

        yield start


@pytest.fixture(params=["real"] if REAL else ["6.3", "5.1"])
def server(request: pytest.FixtureRequest, fleet: Fleet) -> Iterator[Server]:
    if REAL:
        request.getfixturevalue("real_server_alone")
        ca = os.environ.get("FLEETGATE_PULSE_CA", True)
        address = REAL.rstrip("/"), ca, os.environ["FLEETGATE_PULSE_TOKEN"]
    else:
        address = request.getfixturevalue("simulated")(request.param)
    server = Server(*address, fleet=fleet)
    server.clean()
    yield server
    server.clean()
