# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pulse as it is read once for all hosts of a run, with an index, so that a host finds its entry among thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ..core.errors import FleetgateError, refuse
from ..pulse.addresses import place, places
from ..pulse.client import PulseClient
from ..pulse.system import PULSE
from .pulse_entries import pulse_connection

_known_pulse: ContextVar[Mapping[str, Any] | None] = ContextVar("known_pulse", default=None)


@contextmanager
def pulse_as_read(known: Mapping[str, Any] | None) -> Iterator[None]:
    """What runs inside knows what the stage `pulse` returned, and does not read Pulse again."""
    reset = _known_pulse.set(known)
    try:
        yield
    finally:
        _known_pulse.reset(reset)


class KnownPulse(PulseClient):
    """Pulse as it was read for all hosts of the run; it has the entries that may stand for one server."""

    def __init__(self, params: Mapping[str, Any], known: Mapping[str, Any], keys: set[str]) -> None:
        super().__init__(dict(params), True)
        self.version = tuple(known["version"])
        found = {position for key in keys for position in known["index"].get(key, ())}
        self._nodes = [known["nodes"][position] for position in sorted(found)]

    def nodes(self) -> list[dict[str, Any]]:
        return self._nodes

    entries = nodes


def read_pulse(options: Any) -> dict[str, Any]:
    """What Pulse monitors, with an index for the preflights. A fault is returned: it is one of every host."""
    try:
        client = PULSE.client(pulse_connection(options), True)
        return {"changed": False, **as_known(client, client.nodes())}
    except FleetgateError as error:
        return {"changed": False, "problems": error.problems}


def as_known(pulse: PulseClient, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": list(pulse.version), "nodes": nodes, "index": _index(nodes)}


def refuse_fault() -> None:
    """Refuse to go on where Pulse could not be read for all hosts."""
    refuse(list((_known_pulse.get() or {}).get("problems", ())))


def pulse_for(connection: Mapping[str, Any], kind: str, addresses: Iterable[str], name: str) -> PulseClient | None:
    """Pulse with the entries that may stand for one server; None where it was not read for all hosts."""
    refuse_fault()
    known = _known_pulse.get()
    return None if not known else pulse_as(known, connection, kind, addresses, name)


def pulse_as(
    known: Mapping[str, Any], connection: Mapping[str, Any], kind: str, addresses: Iterable[str], name: str
) -> PulseClient:
    keys = {_key(kind, *place(address, kind)) for address in addresses}
    return KnownPulse(connection, known, {*keys, _name_key(kind, name)})


def _index(nodes: list[dict[str, Any]]) -> dict[str, list[int]]:
    index: dict[str, list[int]] = {}
    for position, node in enumerate(nodes):
        keys = {_key(node["type"], *where) for where in places(node)}
        for key in keys | {_name_key(node["type"], node["name"])}:
            index.setdefault(key, []).append(position)
    return index


def _key(kind: str, host: str | None, port: int | None) -> str:
    return f"{kind} {host}:{port}"


def _name_key(kind: str, name: str) -> str:
    return f"{kind} name {name.casefold()}"
