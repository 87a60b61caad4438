"""The contract of Pocket ID's administration API and OpenID provider, fact by fact, over HTTPS; tests are named by its sections.

By default the simulator is tested as 2.14 and as 2.13, by test_dialects as older versions. Given
FLEETGATE_POCKETID_URL, the static key in FLEETGATE_POCKETID_API_KEY and optionally a CA bundle in
FLEETGATE_POCKETID_CA, that server is tested, with SQLite and without rate limits: a 2.13 or 2.14, by test_dialects an
older one. The names of created objects contain `fg-`; they are removed afterwards, and the application configuration is
restored. Syncs require FLEETGATE_POCKETID_LDAP: the settings of a directory as JSON, which contains DIRECTORY only.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.simulators.pocketid import PocketIdSimulator
from tests.simulators.server import Authority, serve

from .server import CONFIGURATION, PVE, Directory, Login, Server

REAL = os.environ.get("FLEETGATE_POCKETID_URL")
# groups (cn) and their members (uid; the address is UID@example.org)
DIRECTORY = {"fg-crew": ["fg-ann", "fg-bob"]}
# versions that changed something
OLDER = ["2.0", "2.2", "2.3", "2.4", "2.5", "2.9", "2.10", "2.12"]

Address = tuple[str, str | bool, str]  # URL, bundle and key of a server


@pytest.fixture(scope="session")
def simulated(authority: Authority) -> Iterator[Callable[[str], Address]]:
    """Start the simulator of a version on first use."""
    with ExitStack() as stack:

        @cache
        def start(version: str) -> Address:
            simulator = PocketIdSimulator(version)
            simulator.directory = DIRECTORY
            port = stack.enter_context(serve(simulator.app(), authority.tls("127.0.0.1")))
            simulator.issuer = f"https://127.0.0.1:{port}"
            return simulator.issuer, str(authority.bundle), simulator.api_key

        yield start


@pytest.fixture(params=["real"] if REAL else ["2.14", "2.13"])
def address(request: pytest.FixtureRequest) -> Address:
    if REAL:
        ca = os.environ.get("FLEETGATE_POCKETID_CA", True)
        return REAL.rstrip("/"), ca, os.environ["FLEETGATE_POCKETID_API_KEY"]
    return request.getfixturevalue("simulated")(request.param)


@pytest.fixture
def server(request: pytest.FixtureRequest, address: Address) -> Iterator[Server]:
    if REAL:
        request.getfixturevalue("real_server_alone")
    server = Server(*address, n=f"fg-{uuid.uuid4().hex[:8]}")
    yield server
    server.clean()


@pytest.fixture
def login(server: Server) -> Login:
    group = server.group()
    user = server.user(firstName="Ann", lastName="Lee", displayName="Ann of Ops", userGroupIds=[group["id"]])
    client = server.client(callbackURLs=[PVE], skipConsent=True, accessTokenDurationMinutes=5)["id"]
    return Login(server, user, group, server.session(user["id"]), client, (client, server.secret(client)))


@pytest.fixture
def configuration(server: Server) -> Iterator[dict[str, str]]:
    """The current settings, which are restored afterwards."""
    before = {row["key"]: row["value"] for row in server.ask(f"GET {CONFIGURATION}/all")}
    yield before
    server.ask(f"PUT {CONFIGURATION}", before)


@pytest.fixture
def directory(server: Server, configuration: dict[str, str]) -> Iterator[Directory]:
    if REAL and "FLEETGATE_POCKETID_LDAP" not in os.environ:
        pytest.skip("needs an LDAP directory")
    directory = Directory(server, {**configuration, **json.loads(os.environ.get("FLEETGATE_POCKETID_LDAP", "{}"))})
    directory.switch(on=True)
    directory.sync()
    yield directory
    directory.switch(on=False)
    for path in directory.there().values():
        server.ask(f"DELETE {path}", status=204)
