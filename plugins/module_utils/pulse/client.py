# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to Pulse (6.3.0 and 5.1.36)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ..core.client import Client, connection_options, outdated, session_for, verification
from ..core.errors import FleetgateError

# Pulse discovers the cluster of a new node before it responds, for up to three times five seconds
CONNECTION = connection_options("PULSE", "api_token", timeout=30)

NODES = ("api", "config", "nodes")
OLDEST = (5, 1)


class PulseClient(Client):
    """A Pulse server, signed in with an API token; reading requires settings:read, all else settings:write."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        session = session_for(
            params,
            "the address of Pulse, for example https://pulse.example.org:7655",
            "api_token",
            "create a token in Pulse under Settings, API Access, with settings:read and settings:write",
            "X-API-Token",
        )
        # nodes that Pulse merged into the entry of an existing cluster, by type and host
        self.merged: dict[tuple[str, str], str] = {}
        # the bodies of tests that succeeded, for the verification
        self._succeeded: list[dict[str, Any]] = []
        super().__init__(
            f"Pulse {params['url']}", session, params["url"], check_mode, params["timeout"], verification(params)
        )

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Version of the server as numbers, for example (6, 3, 0)."""
        text = self.read("api", "version")["version"]
        numbers = tuple(int(number) for number in text.lstrip("v").split("-")[0].split("+")[0].split("."))
        if numbers < OLDEST:
            raise outdated(self.title, text, "5.1", "Pulse")
        return numbers

    @property
    def reports_states(self) -> bool:
        """Whether Pulse reports more about a connection than whether it is up."""
        return self.version >= (6,)

    def entries(self) -> list[dict[str, Any]]:
        """Every entry, with its position in Pulse's list as `id`, which is valid until the next write by anybody.

        The fields of cluster nodes are named as in Go in 5.1 and as in other responses in 6, so they are lower-cased here.
        """
        return [{**raw, "clusterEndpoints": _lower_cased(raw.get("clusterEndpoints"))} for raw in self.read(*NODES)]

    def nodes(self) -> list[dict[str, Any]]:
        """Every entry with its `state`, and with the `error`, which 6 reports only for connections."""
        connections = self._connections() if self.reports_states else {}
        return [{**entry, **_reported(entry, connections)} for entry in self.entries()]

    def _connections(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {
            (connection["type"], connection["address"]): connection
            for connection in self.read("api", "connections")["connections"]
        }

    def attempt(self, *path: Any, body: dict[str, Any] | None = None) -> str:
        """Make Pulse sign in to a server, which changes nothing and so also runs in check mode; return "" or the failure.

        The verification of a change does not repeat a test of the same `body`: Pulse counts tests as changes, and takes 30
        a minute.
        """
        if body in self._succeeded:
            self._succeeded.remove(body)
            return ""
        response = self._send("POST", (*NODES, *path), allowed_status=(400,), json=body)
        if response.status_code != 200:
            return self.explain(response)
        if body:
            self._succeeded.append(body)
        return ""

    def write(self, verb: str, path: Sequence[Any], body: Any = None, upload: str | None = None) -> Any:
        try:
            answer = super().write(verb, path, body, upload)
            if isinstance(answer, dict) and answer.get("merged"):
                self.merged[body["type"], body["host"]] = (
                    f"Pulse merged {body['host']} into the cluster {answer['cluster']}, whose existing entry is"
                    f" '{answer['existingNode']}', and created no separate entry"
                )
            return answer
        except FleetgateError as error:
            # the change was saved; the verification afterwards compares it with the declaration
            if error.status == 500 and "Configuration saved" in str(error):
                return None
            raise

    def explain(self, response: Any) -> str:
        """Errors are plain text, except for those about scopes and tests."""
        if response.status_code == 401:
            return "the API token is not accepted; it is wrong, has expired or was removed"
        try:
            body = response.json()
        except ValueError:
            return super().explain(response)
        if body.get("error") == "missing_scope":
            return f"the API token lacks the scope {body.get('requiredScope')}"
        return str(body.get("message") or body.get("error") or response.reason)


def _lower_cased(endpoints: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    return [{name.lower(): value for name, value in endpoint.items()} for endpoint in endpoints or ()]


def _reported(entry: dict[str, Any], connections: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """What Pulse reports about the connection of an entry."""
    connection = connections.get((entry["type"], entry["host"]), {})
    state = connection.get("state") or entry["status"]
    error = (connection.get("lastError") or {}).get("message", "")
    return {"state": state, "error": error, "connected": state in ("active", "connected")}
