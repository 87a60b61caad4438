"""The contract of authentik's administration API and OpenID provider, fact by fact, over HTTPS; tests are named by its rules.

By default the simulator is tested as 2026.8 and as 2025.12. Given FLEETGATE_AUTHENTIK_URL, the token of
an administrator in FLEETGATE_AUTHENTIK_TOKEN and optionally a CA bundle in FLEETGATE_AUTHENTIK_CA, that server is
tested, with the objects created by its blueprints. The names of created objects contain `fg-` and a random number; they are
removed afterwards.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.simulators.authentik import AuthentikSimulator
from tests.simulators.server import Authority, serve

from .server import Server

REAL = os.environ.get("FLEETGATE_AUTHENTIK_URL")

Address = tuple[str, str | bool, str]  # URL, bundle and token of a server


@pytest.fixture(scope="session")
def simulated(authority: Authority) -> Iterator[Callable[[str], Address]]:
    """Start the simulator of a version on first use."""
    with ExitStack() as stack:

        @cache
        def start(version: str) -> Address:
            simulator = AuthentikSimulator(version)
            port = stack.enter_context(serve(simulator.app(), authority.tls("127.0.0.1")))
            return f"https://127.0.0.1:{port}", str(authority.bundle), "simulated-bootstrap-token"

        yield start


@pytest.fixture(params=["real"] if REAL else ["2026.8", "2025.12", "2024.12"])
def address(request: pytest.FixtureRequest) -> Address:
    if REAL:
        return REAL.rstrip("/"), os.environ.get("FLEETGATE_AUTHENTIK_CA", True), os.environ["FLEETGATE_AUTHENTIK_TOKEN"]
    return request.getfixturevalue("simulated")(request.param)


@pytest.fixture
def server(request: pytest.FixtureRequest, address: Address) -> Iterator[Server]:
    if REAL:
        request.getfixturevalue("real_server_alone")
    server = Server(*address, n=f"fg-{uuid.uuid4().hex[:8]}")
    yield server
    server.clean()
