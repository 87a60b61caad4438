# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Entries in Pulse that other runs may change at the same time, such as those for other slices of a fleet.

After each change Pulse (6.3.0) reads its list from disk, and a second later replaces the one in memory by it. An entry that was
added meanwhile is then missing in the list that the next change writes. So entries are lost after Pulse has returned them already,
until no change is waiting any more: they are watched for a while, and written again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..core.errors import FleetgateError, refuse
from ..core.plan import add_diff, converge
from ..pulse.addresses import entries_for
from ..pulse.client import PulseClient
from ..pulse.system import PULSE
from .entries import MAX_REMOVALS, Entries, connection_of

_Result = TypeVar("_Result")
# how often an entry is written
_TRIES = 8
# seconds between two looks at Pulse
_PAUSE = 0.5
# an entry is safe when it was seen for so many times the seconds that the slowest change took, those that wait for others included
_SAFE_AFTER = 3


def pulse_connection(options: Any) -> dict[str, Any]:
    """The typed connection options of Pulse; those that are left out come from the environment."""
    connection = connection_of(PULSE, options or {}, "fleetgate_pulse")
    if not connection["url"]:
        refuse(
            [
                "fleetgate_pulse: no Pulse is declared; add a host to the inventory group pulse, or set url and api_token in this"
                " variable, which also works in a job slice that does not have that host"
            ]
        )
    return connection


def state_of(entry: Mapping[str, Any]) -> str:
    """The state that Pulse reports. 6.3.0 takes 401 and 403 anywhere in an error for a refusal, also in the fingerprint of a certificate."""
    wrong_certificate = "fingerprint mismatch" in (entry.get("error") or "")
    return "unreachable" if wrong_certificate and entry["state"] == "unauthorized" else str(entry["state"])


def persistently(write: Callable[[], _Result]) -> tuple[_Result, float]:
    """The result of a change and its seconds; it is tried again where another run has changed the list at the same time."""
    for tries in range(1, _TRIES + 1):
        started = time.monotonic()
        try:
            return write(), time.monotonic() - started
        except FleetgateError as error:
            if tries == _TRIES or not _is_conflict(error):
                raise
            _give_way(tries)
    raise RuntimeError("a change is tried at least once")


def _is_conflict(error: FleetgateError) -> bool:
    return error.conflict or error.status == 409


def _give_way(tries: int) -> None:
    """Runs that disturb each other wait for different times."""
    time.sleep(random.SystemRandom().uniform(_PAUSE, _PAUSE * 2 * tries))


@dataclass
class _Entry:
    """An entry that this run has written: its options, the secret of its token where that is new, and how long Pulse took."""

    host: str
    options: Mapping[str, Any]
    secret: str = field(default="", repr=False)
    took: float = 0.0
    tries: int = 0

    def is_kept(self, nodes: list[dict[str, Any]]) -> bool:
        """Whether Pulse has the entry, with the token of this run as far as it reports that."""
        found = entries_for(self.options["type"], [self.options["host"], *self.options["aliases"]], nodes)
        if not found:
            return False
        with_token = found[0]["hasToken"] and found[0].get("tokenName") == self.options["token_name"]
        return bool(with_token and not (self.secret and state_of(found[0]) == "unauthorized"))


@dataclass
class _Confirmation:
    client: PulseClient
    connection: Mapping[str, Any]
    result: dict[str, Any] = field(
        default_factory=lambda: {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    )
    refused: dict[str, str] = field(default_factory=dict)

    def watch(self, entries: Iterable[_Entry]) -> None:
        """Look at the entries until all have been seen for long enough, and write again what is missing."""
        watched = list(entries)
        since = time.monotonic()
        while watched and time.monotonic() - since < _SAFE_AFTER * max(one.took for one in watched):
            time.sleep(_PAUSE)
            nodes = self.client.nodes()
            for one in [one for one in watched if not one.is_kept(nodes)]:
                since = time.monotonic()
                if not self._write_again(one):
                    watched.remove(one)

    def _write_again(self, entry: _Entry) -> bool:
        """Whether Pulse may keep the entry now, or is to be asked again."""
        entry.tries += 1
        if entry.tries > _TRIES or not entry.secret:
            self._lose(
                entry, "Pulse loses its entry, because others change entries at the same time; run this playbook again"
            )
            return False
        _give_way(entry.tries)
        started = time.monotonic()
        options = {**entry.options, "token_value": entry.secret, "update_token": "if_invalid", "test_connection": False}
        entries = Entries()
        entries.add("node", options, "fleetgate_pulse_node.")
        desired = entries.desired(PULSE, self.connection)
        try:
            done = converge(self.client, PULSE.kinds, desired, {}, False, MAX_REMOVALS)[0]
        except FleetgateError as error:
            self._note(error.done, error.diff)
            if not _is_conflict(error):
                self._lose(entry, str(error).replace(entry.secret, "********"))
                return False
        else:
            self._note(done["plan"], done["diff"])
        entry.took = max(entry.took, time.monotonic() - started)
        return True

    def _lose(self, entry: _Entry, why: str) -> None:
        self.refused[entry.host] = f"{entry.options['host']}: {why}"

    def _note(self, plan: Iterable[Mapping[str, Any]], diff: Mapping[str, Any]) -> None:
        self.result["plan"] += plan
        add_diff(self.result["diff"], diff)
        self.result["changed"] = bool(self.result["plan"])


def confirm(params: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """See that Pulse keeps the entries that this run has written, and why hosts fail where it does not."""
    connection = pulse_connection(params["pulse"])
    confirmation = _Confirmation(PULSE.client(connection, check_mode), connection)
    if not check_mode:
        confirmation.watch(_Entry(**entry) for entry in params["entries"])
    return {**confirmation.result, "refused": confirmation.refused}
