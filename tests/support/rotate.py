"""Secrets of clients as the identity provider and the realms have them, and logins beside a playbook."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests

from tests.simulators.browser import Refused
from tests.simulators.fleet import Server

if TYPE_CHECKING:
    from tests.conftest import Wired

CLIENTS = {"fleetgate_rotate": {"what": ["clients"]}}
BY_AGE = {"fleetgate_rotate": {"what": ["clients"], "older_than": "1d"}}


def rotates(*what: str, **more: str) -> dict[str, Any]:
    return {"fleetgate_rotate": {"what": list(what), **more}}


def pocketid(wired: Wired, verb: str, path: str, **content: Any) -> requests.Response:
    """A request of the administrator of Pocket ID."""
    url, trust = f"{wired.fleet.pocketid.url}/api/{path}", str(wired.fleet.authority.bundle)
    answer = requests.request(
        verb, url, headers={"X-API-Key": wired.fleet.api_key}, verify=trust, timeout=10, **content
    )
    answer.raise_for_status()
    return answer


def listed(wired: Wired, client: str) -> list[dict[str, Any]]:
    """The secrets of a client that Pocket ID lists from 2.14 on."""
    rows: list[dict[str, Any]] = pocketid(wired, "GET", f"oidc/clients/{client}/secrets").json()
    return rows


def servers(wired: Wired) -> dict[str, Server]:
    """The first server of each inventory host."""
    return {**{name: nodes[0] for name, nodes in wired.fleet.pve.items()}, **wired.fleet.pbs}


def in_realm(wired: Wired, name: str, realm: str) -> str:
    """The secret that the realm of a host has."""
    path = ("config", "access", "openid") if name in wired.fleet.pbs else ("access", "domains")
    return str(wired.ask(servers(wired)[name], *path, realm)["client-key"])


def sign_in_everywhere(wired: Wired, username: str, realm: str) -> None:
    person = wired.person(username)
    for server in servers(wired).values():
        person.sign_in(server.url, realm, server.named_url if server.name not in wired.fleet.pbs else server.url)


class Logins:
    """Logins of a person on every host in turn, until the block ends."""

    def __init__(self, wired: Wired, username: str, realm: str) -> None:
        self._wired, self._username, self._realm = wired, username, realm
        self._stopped = threading.Event()
        self.count = 0
        self.failures: list[str] = []

    def run(self) -> None:
        while not self._stopped.is_set():
            try:
                sign_in_everywhere(self._wired, self._username, self._realm)
                self.count += 1
            except Refused as error:
                self.failures.append(str(error))
            # a person is no load test: the playbook needs the processor as well
            self._stopped.wait(0.2)

    def stop(self) -> None:
        self._stopped.set()


@contextmanager
def logins(wired: Wired, username: str = "alice", realm: str = "pocketid") -> Iterator[Logins]:
    person = Logins(wired, username, realm)
    thread = threading.Thread(target=person.run)
    thread.start()
    try:
        yield person
    finally:
        person.stop()
        thread.join()
