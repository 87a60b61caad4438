"""The server under test, simulated or real, and the servers that it monitors."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests

from tests.simulators.fleet import Fleet

NODES, TOKENS = "/api/config/nodes", "/api/security/tokens"
GENERIC = "Connection failed. Please check your credentials and network settings"
# an address where nothing listens
NOWHERE = "127.0.99.1"


@dataclass
class Server:
    """The server under test, a token for it, and the monitored fleet."""

    url: str
    ca: str | bool
    token: str
    fleet: Fleet

    def call(self, request: str, body: Any = None, token: str | None = None, **options: Any) -> requests.Response:
        """`request` is `VERB /path`; an empty token is none."""
        verb, path = request.split(" ", 1)
        headers = dict(options.pop("headers", {}))
        if token != "":
            headers["X-API-Token"] = token or self.token
        if body is not None:
            options["json"] = body
        with requests.Session() as session:
            session.trust_env = False
            return session.request(verb, self.url + path, headers=headers, verify=self.ca, timeout=60, **options)

    def ask(self, request: str, body: Any = None, status: int = 200, **options: Any) -> Any:
        answer = self.call(request, body, **options)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(self, request: str, body: Any = None, status: int = 400, **options: Any) -> str:
        """The text of a refusal, which is always plain text."""
        answer = self.call(request, body, **options)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        return answer.text.strip()

    @property
    def old(self) -> bool:
        return self.ask("GET /api/version", token="")["version"].startswith("5.")

    # -- nodes -------------------------------------------------------------------------------------------------

    def pbs(self, **changes: Any) -> dict[str, Any]:
        """A request for the backup server of the fleet."""
        given = {"type": "pbs", "name": "fg vault", "host": self.fleet.pbs["vault"].url}
        return {**given, "tokenName": "root@pam!fleet", "tokenValue": self.fleet.tokens["vault"], **changes}

    def pve(self, node: int = 1, **changes: Any) -> dict[str, Any]:
        """A request for a node of the cluster of the fleet."""
        given = {"type": "pve", "name": f"fg lab{node}", "host": self.fleet.pve["lab"][node - 1].url}
        return {**given, "tokenName": "root@pam!fleet", "tokenValue": self.fleet.tokens["lab"], **changes}

    def nobody(self, kind: str = "pbs", place: str = NOWHERE, **changes: Any) -> dict[str, Any]:
        """A request for an unreachable server."""
        given = {"type": kind, "name": f"fg {place}", "host": place, "tokenName": "fg@pbs!x", "tokenValue": "fg-secret"}
        return {**given, **changes}

    def add(self, body: dict[str, Any]) -> dict[str, Any]:
        """The entry created by a request."""
        answer = self.call(f"POST {NODES}", body)
        assert (answer.status_code, answer.json()) == (201, {"status": "success"}), answer.text
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        return self.entries()[-1] if body["type"] == "pbs" else self.entries("pve")[-1]

    def change(self, entry: dict[str, Any], **body: Any) -> dict[str, Any]:
        answer = self.call(f"PUT {NODES}/{entry['id']}", body)
        assert (answer.status_code, answer.json()) == (200, {"status": "success"}), answer.text
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        return next(one for one in self.entries() if one["id"] == entry["id"])

    def remove(self, entry: dict[str, Any]) -> None:
        answer = self.call(f"DELETE {NODES}/{entry['id']}")
        assert (answer.status_code, answer.json()) == (200, {"status": "success"}), answer.text

    def entries(self, kind: str | None = None) -> list[dict[str, Any]]:
        return [one for one in self.ask(f"GET {NODES}") if kind in (None, one["type"])]

    def connection(self, entry: dict[str, Any]) -> dict[str, Any]:
        """The status of a connection as Pulse 6 returns it."""
        (found,) = (
            one
            for one in self.ask("GET /api/connections")["connections"]
            if (one["type"], one["address"]) == (entry["type"], entry["host"])
        )
        return found

    def clean(self) -> None:
        while entries := self.entries():
            self.remove(entries[-1])


def becomes(told: Callable[[], Any], wanted: Any, seconds: float = 30) -> None:
    """Wait for a value that Pulse updates when it polls its nodes."""
    end = time.monotonic() + seconds
    while told() != wanted and time.monotonic() < end:
        time.sleep(0.2)
    assert told() == wanted
