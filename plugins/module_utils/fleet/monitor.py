# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring of one host of a fleet: its preflight, which reports what is to be done, and the two tasks that do it.

Pulse is read once for all hosts, in a task of its own; the preflights of a run share what it returned. The identities are set
up on all hosts at the same time, and then their entries one after the other: Pulse keeps all entries in one list, and after
each change it replaces the list by what it has read from its disk before, so that it loses entries which are added meanwhile.

Older servers cannot replace the secret of a token in place. On them Pulse signs in with a second token, the stand-in, while the
other one is recreated. Both have the name of the rotation in their comments, so the next run knows how far one that was killed came.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.resource import Actual
from ..proxmox.token import KEEP as KEEP_SECRET
from ..proxmox.token import REGENERATE, date_in, rotation_in
from ..pulse.client import PulseClient
from ..pulse.node import Node
from ..pulse.system import PULSE
from .declaration import secrets_in
from .hidden import hidden as hidden_of_fleet
from .host import with_warnings
from .keep import SPEC as KEEP
from .known_pulse import read_pulse, refuse_fault
from .monitored_host import MonitoredHost, entry_of, monitored_host
from .monitoring import as_declared
from .products import PRODUCTS
from .pulse_entries import confirm, state_of
from .rotation import MONITORING, Order, unknown_age

SPEC: dict[str, dict[str, Any]] = {
    "stage": {
        "type": "str",
        "choices": ["pulse", "preflight", "review", "identity", "entry", "confirm"],
        "required": True,
    },
    "product": {"type": "str", "choices": list(PRODUCTS)},
    "host": {"type": "str"},
    "api": {"type": "raw"},
    "monitoring": {"type": "raw"},
    "pulse": {"type": "raw"},
    "pulse_node": {"type": "raw"},
    "domain": {"type": "str", "default": ""},
    "sign_in": {"type": "bool", "default": True},
    "regenerate": {"type": "bool", "default": False},
    "rotation": {"type": "str", "default": ""},
    "with_stand_in": {"type": "bool", "default": False},
    "rotates": {"type": "bool", "default": False},
    "rotate": {"type": "raw"},
    "entry": {"type": "dict", "default": {}},
    "secret": {"type": "str", "no_log": True, "default": ""},
    "entries": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    **KEEP,
}

# seconds that Pulse may take to look at a server again, for example after a change of its entry
_FIRST_LOOK = 20


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["rotates"] and MONITORING not in Order.of(params["rotate"]).what:
        return {"changed": False, "pending": [], "identity": [], "regenerate": False, "changes_entry": False}
    if params["stage"] == "pulse":
        return read_pulse(params["pulse"])
    if params["stage"] == "confirm":
        return confirm(params, check_mode)
    try:
        return _STAGES[params["stage"]](params, check_mode)
    except FleetgateError as error:
        error.problems = as_declared(error)
        raise


# -- stages ----------------------------------------------------------------------------------------------------


def _preflight(params: dict[str, Any], _check_mode: bool) -> dict[str, Any]:
    """What is to be done, and everything that stands against it; only reads are sent."""
    refuse_fault()
    host = monitored_host(params, True)
    pulse = host.pulse()
    options, existing = host.entry(pulse.nodes())
    nothing = {"changed": False, "pending": [], "identity": host.identity, "entry": options, "changes_entry": False}
    if host.keep.has(host.label(existing)):
        return nothing
    created = host.set_up_identity(KEEP_SECRET, True)
    if params["rotates"] and _needs_secret(existing, host.token) and _needs_secret(existing, host.stand_in):
        why = f"{host.name} is not monitored yet, so nothing is rotated for Pulse; run the playbook monitor"
        return {**nothing, **with_warnings([why])}
    # a token that is missing, and that Pulse has, was deleted by a run that was killed before it was created again
    lacks_secret, changes_entry = bool(created) or _needs_secret(existing, host.token), True
    order = Order.of(params["rotate"]) if params["rotates"] and not lacks_secret else None
    rotation = _Rotation.of(host, order)
    lacks_secret |= rotation.is_due
    if not lacks_secret:
        result = host.set_up_entry(pulse, options, True)
        lacks_secret = not _changes_certificate(result) and _is_refused(
            host, pulse, options, existing, params["sign_in"]
        )
        changes_entry = lacks_secret or bool(result["plan"]) or rotation.is_unfinished
    if params["rotates"] and not (lacks_secret or rotation.is_unfinished):
        return {**nothing, **with_warnings(rotation.warnings)}
    with_stand_in = rotation.is_due and not host.regenerates
    if with_stand_in:
        host.set_up_stand_in(rotation.name, True)
        pulse = host.give_token(pulse, options, host.stand_in, "", True)
    if lacks_secret:
        if not created:
            host.set_up_identity(REGENERATE, True)
        host.give_token(pulse, options, host.token, "", True)
    if rotation.is_unfinished:
        host.end_rotation(rotation.name, True, True)
    return {
        "changed": False,
        "pending": [step["reason"] for step in host.done["plan"]],
        "identity": host.identity,
        "entry": options,
        "regenerate": lacks_secret,
        "rotation": rotation.name if with_stand_in or rotation.is_unfinished else "",
        "with_stand_in": with_stand_in,
        "changes_entry": changes_entry,
    }


@dataclass(frozen=True)
class _Rotation:
    """Whether the secret of the token is to be rotated, and whether a rotation was not finished, of which a stand-in is left."""

    name: str
    is_due: bool = False
    is_unfinished: bool = False
    warnings: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, host: MonitoredHost, order: Order | None) -> _Rotation:
        """Without an order nothing is due."""
        token, stand_in = host.tokens()
        is_unfinished = stand_in is not None
        if order is None and not is_unfinished:
            return cls("")
        begun = rotation_in(_comment(stand_in))
        # the same in check mode, and another one for the next rotation
        name = begun or sha256(f"{host.token} {_comment(token)}".encode()).hexdigest()[:8]
        if order is None or not token:
            return cls(name, False, is_unfinished)
        if is_unfinished:
            # Pulse has the recreated token again, so only the stand-in is to be removed
            is_done = bool(begun) and rotation_in(_comment(token)) == begun
            return cls(name, not is_done, True)
        created = date_in(_comment(token))
        if created or order.older_than is None:
            return cls(name, order.is_due(created))
        return cls(name, warnings=[unknown_age(host.name, host.token)])


def _comment(token: Actual | None) -> str:
    return str(token.values["comment"]) if token else ""


def _set_up_identity(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set up the identity on the host; returns the secret of its token where Pulse is to have another one."""
    host, rotation = monitored_host(params, check_mode), params["rotation"]
    token, secret = host.token, host.set_up_identity(KEEP_SECRET, check_mode, rotation)
    if params["with_stand_in"]:
        token, secret = host.stand_in, host.set_up_stand_in(rotation, check_mode)
    elif not secret and params["regenerate"]:
        secret = host.set_up_identity(REGENERATE, check_mode, rotation)
    if secret and not check_mode:
        with host.concealing(secret):
            host.prove(token, secret)
    return {**host.done, "secrets": {"token": secret} if secret else {}}


def _set_up_entry(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set up the entry in Pulse that the preflight returned, with the secret of the token where the host has another one."""
    host, options, rotation = monitored_host(params, check_mode), params["entry"], params["rotation"]
    pulse, secret = PULSE.client(host.pulse_connection, check_mode), params["secret"]
    if params["with_stand_in"]:
        pulse = host.give_token(pulse, options, host.stand_in, secret, check_mode)
        if not check_mode:
            host.verify_token(pulse, options, host.stand_in)
        secret = host.new_secret(rotation, check_mode)
    elif not secret:
        renewed = _changes_certificate(host.set_up_entry(pulse, options, check_mode))
        # Pulse cannot say whether its token works before it accepts the certificate
        if renewed and not check_mode and _is_refused(host, pulse, options, entry_of(options, pulse)):
            secret = host.new_secret(rotation, check_mode)
    if secret:
        pulse = host.give_token(pulse, options, host.token, secret, check_mode)
    if rotation:
        if not check_mode:
            host.verify_token(pulse, options, host.token)
        host.end_rotation(rotation, not params["with_stand_in"], check_mode)
    return {**host.done, "took": host.took, "secrets": {"token": secret} if secret else {}}


_STAGES: Mapping[str, Callable[[dict[str, Any], bool], dict[str, Any]]] = {
    "preflight": _preflight,
    "identity": _set_up_identity,
    "entry": _set_up_entry,
}


def _needs_secret(existing: Mapping[str, Any] | None, token: str) -> bool:
    """Whether Pulse certainly has no secret of the token."""
    return existing is None or not existing["hasToken"] or existing.get("tokenName") != token


def _changes_certificate(result: Mapping[str, Any]) -> bool:
    """Whether a plan changes how Pulse verifies the certificate of an entry that it has."""
    changed = {option for values in result["diff"]["after"].values() for option in values}
    return bool(changed & {"fingerprint", "verify_ssl"})


def _is_refused(
    host: MonitoredHost, pulse: PulseClient, options: Mapping[str, Any], existing: Any, sign_in: bool = True
) -> bool:
    """Whether the server refuses the token that Pulse has, so that only a new secret helps.

    Where that cannot be known the run stops: a new secret would end the access of one that works. Without `sign_in`
    Pulse's own report is enough where it says that it is connected, because it takes few requests a minute for more.
    """
    if not sign_in and existing["connected"]:
        return False
    end = time.monotonic() + _FIRST_LOOK
    while pulse.attempt(existing["id"], "test"):
        state = state_of(existing) if pulse.reports_states else "unauthorized"
        if state == "unauthorized":
            return True
        if state == "unreachable" or time.monotonic() >= end:
            refuse([_unknown(existing, host)])
        # what it reports is older than the attempt
        time.sleep(1)
        existing = entry_of(options, PULSE.client(host.pulse_connection, host.read_only))
    return False


def _unknown(existing: Mapping[str, Any], host: MonitoredHost) -> str:
    """Why it is not known whether the token that Pulse has works."""
    address = existing["host"]
    if existing["state"] == "pending":
        return f"Pulse was restarted and has not looked at {address} since; run again in a moment"
    elsewhere = "" if address == host.url else ", and the certificate with fleetgate_pulse_node.fingerprint"
    return (
        f"Pulse cannot reach {address} ({existing['error'] or 'it does not report why'}), so it is not known whether its token"
        f" works; see to the connection first{elsewhere}"
    )


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_fleet(params)
    yield from secrets_in(PULSE.connection, params.get("pulse"))
    yield from secrets_in(Node().spec(), params.get("pulse_node"))
    entries = params.get("entries")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("secret"):
            yield str(entry["secret"])


MONITOR = Definition(SPEC, run, hidden=hidden)
