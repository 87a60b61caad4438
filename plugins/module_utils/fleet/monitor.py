# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Monitoring of one host of a fleet: its preflight, which reports what is to be done, and the two tasks that do it.

Pulse is read once for all hosts, in a task of its own; the preflights of a run share what it returned. The identities are set
up on all hosts at the same time, and then their entries one after the other: Pulse keeps all entries in one list, and after
each change it replaces the list by what it has read from its disk before, so that it loses entries which are added meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..core.errors import FleetgateError, refuse
from ..core.hosts import in_url
from ..core.module import Definition
from ..core.plan import ServerState, converge
from ..proxmox.client import fingerprint
from ..proxmox.token import date_in
from ..pulse.addresses import entries_for, place, places, url
from ..pulse.client import PulseClient
from ..pulse.node import Node
from ..pulse.system import PULSE
from .declaration import secrets_in
from .entries import MAX_REMOVALS, Entries, connection_of, typed_options
from .hidden import hidden as hidden_of_fleet
from .host import with_warnings
from .keep import SPEC as KEEP
from .keep import Keep
from .monitoring import OPTIONS, as_declared, identity, node_addresses, token_id
from .products import PRODUCTS, Product, Server
from .rotation import MONITORING, Order, unknown_age

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["pulse", "preflight", "review", "identity", "entry"], "required": True},
    "product": {"type": "str", "choices": list(PRODUCTS)},
    "host": {"type": "str"},
    "api": {"type": "raw"},
    "monitoring": {"type": "raw"},
    "pulse": {"type": "raw"},
    "pulse_node": {"type": "raw"},
    "domain": {"type": "str", "default": ""},
    "sign_in": {"type": "bool", "default": True},
    "regenerate": {"type": "bool", "default": False},
    "rotates": {"type": "bool", "default": False},
    "rotate": {"type": "raw"},
    "entry": {"type": "dict", "default": {}},
    "secret": {"type": "str", "no_log": True, "default": ""},
    **KEEP,
}

# what the playbook decides of an entry of Pulse
_DECIDED = ("type", "token_name", "token_value", "update_token", "state")
NODE_OPTIONS = {option: {**spec, "required": False} for option, spec in Node().spec().items() if option not in _DECIDED}
# sent in check mode, before the secret exists
_TO_COME: Mapping[str, Any] = {"token_value": "to-come", "test_connection": False, "update_token": "always"}
# seconds that Pulse may take to look at a server again, for example after a change of its entry
_FIRST_LOOK = 20

_known_pulse: ContextVar[Mapping[str, Any] | None] = ContextVar("known_pulse", default=None)


@contextmanager
def pulse_as_read(known: Mapping[str, Any] | None) -> Iterator[None]:
    """What runs inside knows what the stage `pulse` returned, and does not read Pulse again."""
    reset = _known_pulse.set(known)
    try:
        yield
    finally:
        _known_pulse.reset(reset)


class _KnownPulse(PulseClient):
    """Pulse as it was read for all hosts of the run; it has the entries that may stand for one server."""

    def __init__(self, params: Mapping[str, Any], known: Mapping[str, Any], keys: set[str]) -> None:
        super().__init__(dict(params), True)
        self.version = tuple(known["version"])
        found = {position for key in keys for position in known["index"].get(key, ())}
        self._nodes = [known["nodes"][position] for position in sorted(found)]

    def nodes(self) -> list[dict[str, Any]]:
        return self._nodes

    entries = nodes


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["rotates"] and MONITORING not in Order.of(params["rotate"]).what:
        return {"changed": False, "pending": [], "identity": [], "regenerate": False, "changes_entry": False}
    if params["stage"] == "pulse":
        return _read_pulse(params)
    try:
        return _STAGES[params["stage"]](params, check_mode)
    except FleetgateError as error:
        error.problems = as_declared(error)
        raise


# -- Pulse -----------------------------------------------------------------------------------------------------


def _read_pulse(params: dict[str, Any]) -> dict[str, Any]:
    """What Pulse monitors, with an index for the preflights. A fault is returned: it is one of every host."""
    try:
        client = PULSE.client(_pulse_connection(params), True)
        nodes = client.nodes()
        known = {"version": list(client.version), "nodes": nodes, "index": _index(nodes)}
        return {"changed": False, **known}
    except FleetgateError as error:
        return {"changed": False, "problems": error.problems}


def _pulse_connection(params: Mapping[str, Any]) -> dict[str, Any]:
    if not params["pulse"]:
        refuse(["fleetgate_pulse: no Pulse is declared; add a host to the inventory group pulse, or set this variable"])
    return connection_of(PULSE, params["pulse"], "fleetgate_pulse")


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


# -- one host --------------------------------------------------------------------------------------------------


@dataclass
class MonitoredHost:
    """A server, what is declared of its monitoring, and what has been done."""

    product: Product
    name: str
    options: Mapping[str, Any]
    node: Mapping[str, Any]
    connection: Mapping[str, Any]
    pulse_connection: Mapping[str, Any]
    domain: str
    read_only: bool
    keep: Keep
    done: dict[str, Any] = field(
        default_factory=lambda: {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    )

    @cached_property
    def client(self) -> Any:
        return self.product.system.client(self.connection, self.read_only)

    @cached_property
    def server(self) -> Server:
        with self.client.understanding():
            return self.product.server(self.client)

    @property
    def token(self) -> str:
        return token_id(self.options, self.product)

    @property
    def port(self) -> int:
        return self.product.port if self.connection["connection"] == "shell" else self.connection["api_port"]

    @property
    def url(self) -> str:
        """The address that Pulse is given for the server, unless another is declared."""
        return f"https://{in_url(self.connection['api_host'] or self.name)}:{self.port}"

    @property
    def identity(self) -> list[str]:
        """What is the same for all inventory hosts that are one server. Names of clusters need not be unique."""
        if self.server.cluster:
            return [self.product.name, self.server.cluster, *self.server.nodes]
        return [self.product.name, self.url.lower()]

    def addresses(self) -> list[str]:
        """All addresses by which Pulse may have the server; the first is the one for a new entry."""
        aliases = [
            *(self.node.get("aliases") or ()),
            *node_addresses(self.server.nodes, self.server.ips, self.port, self.domain),
        ]
        return [self.node.get("host") or self.url, *aliases]

    def pulse(self) -> PulseClient:
        """Pulse, as it was read for all hosts where that was done and nothing is to be written."""
        known = _known_pulse.get()
        if not known:
            client: PulseClient = PULSE.client(self.pulse_connection, self.read_only)
            return client
        if "problems" in known:
            refuse(list(known["problems"]))
        kind = self.product.name
        keys = {_key(kind, *place(address, kind)) for address in self.addresses()}
        return _KnownPulse(self.pulse_connection, known, {*keys, _name_key(kind, self.node.get("name") or self.name)})

    # -- its identity ------------------------------------------------------------------------------------------

    def set_up_identity(self, secret: str, check_mode: bool) -> str:
        """Create or update user, token and privileges; returns the secret of the token where it has another one."""
        entries = identity(self.options, self.product, self.client.version_text, secret)
        desired = entries.desired(self.product.system, self.connection)
        secrets = self._converge(self.client, self.product.system, desired, entries.scopes, check_mode)[1]
        return secrets.get(self.token, "")

    def prove(self, secret: str) -> None:
        """Sign in with a new token, before Pulse is asked to."""
        if self.connection["connection"] == "shell":
            return
        password = ("api_user", "api_password", "api_totp")
        other = {option: None if option in password else value for option, value in self.connection.items()}
        token = {"api_token_id": self.token, "api_token_secret": secret}
        # a token that the server rejects ends the run here
        _version = self.product.system.client({**other, **token}, True).version_text

    @contextmanager
    def concealing(self, secret: str) -> Iterator[None]:
        """Around requests with a new secret, which a server may repeat in what it answers; an error has what was done before."""
        try:
            yield
        except FleetgateError as error:
            error.problems = [text.replace(secret, "********") for text in error.problems]
            error.done, error.diff = self.done["plan"], self.done["diff"]
            raise

    # -- its entry in Pulse ------------------------------------------------------------------------------------

    def entry(self, nodes: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """The options of its entry, and the entry that Pulse has.

        An existing entry keeps its name. Under another address Pulse sees another certificate, so there nothing is
        declared of it.
        """
        kind = self.product.name
        host, *aliases = self.addresses()
        existing = next(iter(entries_for(kind, [host, *aliases], nodes)), None)
        options: dict[str, Any] = {} if existing else {"name": self.name}
        if (existing["host"] if existing else url(host, kind)) == self.url:
            options.update(self._certificate())
        decided = {"host": host, "aliases": aliases, "type": kind, "token_name": self.token}
        return {**options, **self.node, **decided}, existing

    def label(self, existing: Mapping[str, Any] | None) -> str:
        """What diffs call its entry in Pulse."""
        kind = self.product.name
        return Node().label((kind, existing["host"] if existing else url(self.addresses()[0], kind)))

    def _certificate(self) -> dict[str, Any]:
        """How Pulse verifies the certificate: by the fingerprint that was verified just now, by authorities, or not at all."""
        way = self.options["certificate"]
        if way == "pin":
            pinned = fingerprint(self.client)
            return {"fingerprint": pinned} if pinned else {}
        return {"fingerprint": "", "verify_ssl": way == "verify"}

    def set_up_entry(self, pulse: PulseClient, options: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
        entries = Entries()
        entries.add("node", options, "fleetgate_pulse_node.")
        desired = entries.desired(PULSE, self.pulse_connection)
        return self._converge(pulse, PULSE, desired, {}, check_mode)[0]

    def planned_diff(self) -> Mapping[str, Any]:
        """What would be changed of its identity and of its entry in Pulse, whose token has a secret."""
        self.set_up_identity("keep", True)
        pulse = self.pulse()
        self.set_up_entry(pulse, self.entry(pulse.nodes())[0], True)
        diff: Mapping[str, Any] = self.done["diff"]
        return diff

    def _converge(
        self, client: Any, system: Any, desired: Any, scopes: Any, check_mode: bool
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Make one server as declared; what was done goes into the result of the task, also where it fails."""
        try:
            with client.understanding():
                desired = self.keep.apply(desired, ServerState(client, system.kinds), system, self.connection)
            result, _objects, secrets = converge(client, system.kinds, desired, scopes, check_mode, MAX_REMOVALS)
        except FleetgateError as error:
            self._note({"changed": bool(error.done), "diff": error.diff, "plan": error.done})
            error.done, error.secrets, error.diff = self.done["plan"], {}, self.done["diff"]
            raise
        self._note(result)
        return result, secrets

    def _note(self, result: Mapping[str, Any]) -> None:
        self.done["changed"] |= result["changed"]
        self.done["plan"] += result["plan"]
        for part, objects in result["diff"].items():
            for label, values in objects.items():
                self.done["diff"][part].setdefault(label, {}).update(values)


def monitored_host(params: dict[str, Any], read_only: bool) -> MonitoredHost:
    """The host of a task; everything wrong with its variables is refused together, before anything is read."""
    product = PRODUCTS[params["product"]]
    problems: list[str] = []

    def part(function: Any, *arguments: Any) -> dict[str, Any]:
        try:
            return dict(function(*arguments))
        except FleetgateError as error:
            problems.extend(error.problems)
            return {}

    options = part(typed_options, params["monitoring"], OPTIONS, "fleetgate_monitoring")
    node = part(typed_options, params["pulse_node"], NODE_OPTIONS, "fleetgate_pulse_node")
    pulse_connection = part(_pulse_connection, params)
    connection = part(connection_of, product.system, params["api"] or {}, "fleetgate_api", params.get("shell"))
    given = {option: value for option, value in node.items() if value is not None}
    if not problems:
        entries = Entries()
        entries.add("node", {"host": "pulse.invalid", **given, "type": product.name}, "fleetgate_pulse_node.")
        part(lambda: entries.desired(PULSE, pulse_connection) and ())
    refuse(problems)
    return MonitoredHost(
        product,
        params["host"] or "",
        options,
        given,
        connection,
        pulse_connection,
        params["domain"],
        read_only,
        Keep.of(params["keep"]),
    )


# -- stages ----------------------------------------------------------------------------------------------------


def _preflight(params: dict[str, Any], _check_mode: bool) -> dict[str, Any]:
    """What is to be done, and everything that stands against it; only reads are sent."""
    known = _known_pulse.get()
    if known and "problems" in known:
        refuse(list(known["problems"]))
    host = monitored_host(params, True)
    pulse = host.pulse()
    options, existing = host.entry(pulse.nodes())
    nothing = {"changed": False, "pending": [], "identity": host.identity, "entry": options, "changes_entry": False}
    if host.keep.has(host.label(existing)):
        return nothing
    created = host.set_up_identity("keep", True)
    is_due, warnings = False, list[str]()
    if params["rotates"]:
        if _needs_secret(existing, host.token):
            why = f"{host.name} is not monitored yet, so nothing is rotated for Pulse; run the playbook monitor"
            return {**nothing, **with_warnings([why])}
        if not created:
            is_due, warnings = _is_due(host, Order.of(params["rotate"]))
    # a token that is missing, and that Pulse has, was deleted by a run that was killed before it was created again
    lacks_secret, changes_entry = bool(created) or _needs_secret(existing, host.token) or is_due, True
    if not lacks_secret:
        result = host.set_up_entry(pulse, options, True)
        lacks_secret = not _changes_certificate(result) and _is_refused(
            host, pulse, options, existing, params["sign_in"]
        )
        changes_entry = lacks_secret or bool(result["plan"])
    if params["rotates"] and not lacks_secret:
        return {**nothing, **with_warnings(warnings)}
    if lacks_secret:
        if not created:
            host.set_up_identity("regenerate", True)
        host.set_up_entry(pulse, {**options, **_TO_COME}, True)
    return {
        "changed": False,
        "pending": [step["reason"] for step in host.done["plan"]],
        "identity": host.identity,
        "entry": options,
        "regenerate": lacks_secret,
        "changes_entry": changes_entry,
    }


def _is_due(host: MonitoredHost, order: Order) -> tuple[bool, list[str]]:
    """Whether the secret of the token is to be rotated, and warnings."""
    state = ServerState(host.client, host.product.system.kinds)
    with host.client.understanding():
        userid, _mark, name = host.token.rpartition("!")
        created = date_in(state.actual("token")[(userid, name)].values["comment"])
    if created or order.older_than is None:
        return order.is_due(created), []
    return False, [unknown_age(host.name, host.token)]


def _set_up_identity(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set up the identity on the host; returns the secret of its token where Pulse is to have another one."""
    host = monitored_host(params, check_mode)
    secret = host.set_up_identity("keep", check_mode)
    if not secret and params["regenerate"]:
        secret = host.set_up_identity("regenerate", check_mode)
    if secret and not check_mode:
        with host.concealing(secret):
            host.prove(secret)
    return {**host.done, "secrets": {"token": secret} if secret else {}}


def _set_up_entry(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    """Set up the entry in Pulse that the preflight returned, with the secret of the token where the host has another one."""
    host, options, secret = monitored_host(params, check_mode), params["entry"], params["secret"]
    pulse = PULSE.client(host.pulse_connection, check_mode)
    if not secret:
        renewed = _changes_certificate(host.set_up_entry(pulse, options, check_mode))
        # Pulse cannot say whether its token works before it accepts the certificate
        if check_mode or not renewed or not _is_refused(host, pulse, options, _entry_of(options, pulse)):
            return host.done
        secret = host.set_up_identity("regenerate", False)
    with host.concealing(secret):
        if check_mode:
            host.set_up_entry(pulse, {**options, **_TO_COME}, True)
        else:
            if not params["secret"]:
                host.prove(secret)
            host.set_up_entry(pulse, {**options, "token_value": secret, "update_token": "always"}, False)
    return host.done


_STAGES: Mapping[str, Callable[[dict[str, Any], bool], dict[str, Any]]] = {
    "preflight": _preflight,
    "identity": _set_up_identity,
    "entry": _set_up_entry,
}


def _entry_of(options: Mapping[str, Any], pulse: PulseClient) -> dict[str, Any]:
    """The entry of a host as Pulse has it now."""
    return entries_for(options["type"], [options["host"], *options["aliases"]], pulse.nodes())[0]


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
        state = existing["state"] if pulse.reports_states else "unauthorized"
        # Pulse 6.3.0 takes 401 and 403 anywhere in an error for a refusal, also in the fingerprint of a certificate
        if state == "unauthorized" and "fingerprint mismatch" in (existing.get("error") or ""):
            state = "unreachable"
        if state == "unauthorized":
            return True
        if state == "unreachable" or time.monotonic() >= end:
            refuse([_unknown(existing, host)])
        # what it reports is older than the attempt
        time.sleep(1)
        existing = _entry_of(options, PULSE.client(host.pulse_connection, host.read_only))
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


MONITOR = Definition(SPEC, run, hidden=hidden)
