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
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, cast

from ..core.errors import FleetgateError, refuse
from ..core.hosts import in_url
from ..core.module import Definition
from ..core.plan import ServerState, converge
from ..core.resource import Actual
from ..proxmox.client import fingerprint
from ..proxmox.token import KEEP as KEEP_SECRET
from ..proxmox.token import REGENERATE, Token, date_in, dated, rotation_in, stand_in_for
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
from .monitoring import COMMENT, OPTIONS, as_declared, identity, node_addresses, token_id
from .products import PRODUCTS, Product, Server
from .pulse_entries import confirm, persistently, pulse_connection, state_of
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
    if params["stage"] == "confirm":
        return confirm(params, check_mode)
    try:
        return _STAGES[params["stage"]](params, check_mode)
    except FleetgateError as error:
        error.problems = as_declared(error)
        raise


# -- Pulse -----------------------------------------------------------------------------------------------------


def _read_pulse(params: dict[str, Any]) -> dict[str, Any]:
    """What Pulse monitors, with an index for the preflights. A fault is returned: it is one of every host."""
    try:
        client = PULSE.client(pulse_connection(params["pulse"]), True)
        return {"changed": False, **_known(client, client.nodes())}
    except FleetgateError as error:
        return {"changed": False, "problems": error.problems}


def _known(pulse: PulseClient, nodes: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": list(pulse.version), "nodes": nodes, "index": _index(nodes)}


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
    # seconds of the slowest change in Pulse
    took: float = 0.0
    done: dict[str, Any] = field(
        default_factory=lambda: {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    )
    # the host as the last plan for its identity found it
    found: ServerState | None = None

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
    def stand_in(self) -> str:
        """The token that Pulse signs in with while the other one is recreated."""
        return stand_in_for(self.token)

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
        return self._pulse_as(known)

    def _pulse_as(self, known: Mapping[str, Any]) -> PulseClient:
        kind = self.product.name
        keys = {_key(kind, *place(address, kind)) for address in self.addresses()}
        return _KnownPulse(self.pulse_connection, known, {*keys, _name_key(kind, self.node.get("name") or self.name)})

    # -- its identity ------------------------------------------------------------------------------------------

    def set_up_identity(self, secret: str, check_mode: bool, rotation: str = "") -> str:
        """Create or update user, token and privileges; returns the secret of the token where it has another one."""
        entries = identity(self.options, self.product, self.client.version_text, secret, rotation)
        return self._with_secret(self.token, entries, check_mode)

    def set_up_stand_in(self, rotation: str, check_mode: bool) -> str:
        """Create the stand-in with the same privileges; returns its secret. One of a run that was killed gets another secret."""
        options = {**self.options, "token": stand_in_for(self.options["token"])}
        entries = identity(options, self.product, self.client.version_text, REGENERATE, rotation)
        return self._with_secret(self.stand_in, entries, check_mode)

    def _with_secret(self, token: str, entries: Entries, check_mode: bool) -> str:
        desired = entries.desired(self.product.system, self.connection)
        self.found = self._state()
        secrets = self._converge(self.client, self.product.system, desired, entries.scopes, check_mode, self.found)[1]
        return secrets.get(token, "")

    def new_secret(self, rotation: str, check_mode: bool) -> str:
        """Replace the secret of the token, and sign in with the new one."""
        secret = self.set_up_identity(REGENERATE, check_mode, rotation)
        if not check_mode:
            with self.concealing(secret):
                self.prove(self.token, secret)
        return secret

    def tokens(self) -> tuple[Actual | None, Actual | None]:
        """The token and its stand-in, as far as the last plan for the host found them."""
        if self.found is None:
            raise RuntimeError("nothing was planned for the host yet")
        with self.client.understanding():
            actual = self.found.actual("token")
        return actual.get(_key_of(self.token)), actual.get(_key_of(self.stand_in))

    @property
    def regenerates(self) -> bool:
        """Whether the server can replace the secret of a token in place."""
        token = self._state().resources["token"]
        return cast(Token, token).regenerates(self.client)

    def end_rotation(self, rotation: str, exists: bool, check_mode: bool) -> None:
        """Remove the stand-in; in check mode it may not exist yet."""
        entries, state, (userid, name) = Entries(), self._state(), _key_of(self.stand_in)
        absent = {"userid": userid, **self.product.token(name), "state": "absent"}
        entries.add("token", absent, "fleetgate_monitoring.")
        if check_mode and not exists:
            with self.client.understanding():
                self._add_stand_in(state, rotation)
        desired = entries.desired(self.product.system, self.connection)
        self._converge(self.client, self.product.system, desired, {}, check_mode, state)

    def _add_stand_in(self, state: ServerState, rotation: str) -> None:
        """To a state without it: what the token has, under the other name."""
        tokens, acl, key = state.actual("token"), state.actual("acl"), _key_of(self.stand_in)
        named = {**self.product.token(key[1]), "comment": dated(COMMENT, rotation)}
        tokens[key] = Actual({**tokens[_key_of(self.token)].values, **named}, {})
        for (path, kind, subject, role), row in list(acl.items()):
            if subject == self.token:
                acl[path, kind, self.stand_in, role] = Actual({**row.values, "ugid": self.stand_in}, row.raw)

    def _state(self) -> ServerState:
        return ServerState(self.client, self.product.system.kinds)

    def prove(self, token: str, secret: str) -> None:
        """Sign in with a new token, before Pulse is asked to."""
        if self.connection["connection"] == "shell":
            return
        password = ("api_user", "api_password", "api_totp")
        other = {option: None if option in password else value for option, value in self.connection.items()}
        signed_in = {"api_token_id": token, "api_token_secret": secret}
        # a token that the server rejects ends the run here
        _version = self.product.system.client({**other, **signed_in}, True).version_text

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

        def set_up() -> dict[str, Any]:
            state = ServerState(pulse, PULSE.kinds)
            return self._converge(pulse, PULSE, desired, {}, check_mode, state)[0]

        if check_mode:
            return set_up()
        result, took = persistently(set_up)
        self.took = max(self.took, took)
        return result

    def give_token(
        self, pulse: PulseClient, options: Mapping[str, Any], token: str, secret: str, check_mode: bool
    ) -> PulseClient:
        """Have Pulse sign in with a token, which it tries before it takes it; returns Pulse as it is then, also in check mode."""
        options = {**options, "token_name": token}
        if check_mode:
            self.set_up_entry(pulse, {**options, **_TO_COME}, True)
            if token == self.token:
                return pulse
            nodes = pulse.nodes()
            (entry, *_others) = entries_for(options["type"], [options["host"], *options["aliases"]], nodes)
            changed = [{**node, "tokenName": token} if node is entry else node for node in nodes]
            return self._pulse_as(_known(pulse, changed))
        with self.concealing(secret):
            self.set_up_entry(pulse, {**options, "token_value": secret, "update_token": "always"}, False)
        return pulse

    def verify_token(self, pulse: PulseClient, options: Mapping[str, Any], token: str) -> None:
        """See that Pulse signs in with the token that it has stored, before the other one is removed."""
        if failure := pulse.attempt(_entry_of(options, pulse)["id"], "test"):
            why = f"Pulse has the token {token} and cannot sign in to {options['host']} with it ({failure}); run again"
            error = FleetgateError(why)
            error.done, error.diff = self.done["plan"], self.done["diff"]
            raise error

    def planned_diff(self) -> Mapping[str, Any]:
        """What would be changed of its identity and of its entry in Pulse, whose token has a secret."""
        self.set_up_identity(KEEP_SECRET, True)
        if self.tokens()[1]:
            self.end_rotation("", True, True)
        pulse = self.pulse()
        self.set_up_entry(pulse, self.entry(pulse.nodes())[0], True)
        diff: Mapping[str, Any] = self.done["diff"]
        return diff

    def _converge(
        self, client: Any, system: Any, desired: Any, scopes: Any, check_mode: bool, state: ServerState
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """Make one server as declared; what was done goes into the result of the task, also where it fails."""
        try:
            with client.understanding():
                desired = self.keep.apply(desired, state, system, self.connection)
            result, _objects, secrets = converge(
                client, system.kinds, desired, scopes, check_mode, MAX_REMOVALS, found=state
            )
        except FleetgateError as error:
            self._note({"changed": bool(error.done), "diff": error.diff, "plan": error.done})
            error.done, error.secrets, error.diff = self.done["plan"], {}, self.done["diff"]
            raise
        self._note(result)
        return result, secrets

    def _note(self, result: Mapping[str, Any]) -> None:
        self.done["changed"] |= result["changed"]
        self.done["plan"] += result["plan"]
        before, after = self.done["diff"]["before"], self.done["diff"]["after"]
        for label, values in result["diff"]["before"].items():
            # what an earlier plan of the task changed or created already was something else before
            if label in before or label not in after:
                before[label] = {**values, **before.get(label, {})}
        for label, values in result["diff"]["after"].items():
            after.setdefault(label, {}).update(values)
        for label in before.keys() & after.keys():
            for option in [option for option in before[label] if before[label][option] == after[label].get(option)]:
                del before[label][option], after[label][option]


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
    of_pulse = part(pulse_connection, params["pulse"])
    connection = part(connection_of, product.system, params["api"] or {}, "fleetgate_api", params.get("shell"))
    given = {option: value for option, value in node.items() if value is not None}
    if not problems:
        entries = Entries()
        entries.add("node", {"host": "pulse.invalid", **given, "type": product.name}, "fleetgate_pulse_node.")
        part(lambda: entries.desired(PULSE, of_pulse) and ())
    refuse(problems)
    return MonitoredHost(
        product,
        params["host"] or "",
        options,
        given,
        connection,
        of_pulse,
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
        if renewed and not check_mode and _is_refused(host, pulse, options, _entry_of(options, pulse)):
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


def _entry_of(options: Mapping[str, Any], pulse: PulseClient) -> dict[str, Any]:
    """The entry of a host as Pulse has it now."""
    return entries_for(options["type"], [options["host"], *options["aliases"]], pulse.nodes())[0]


def _key_of(token: str) -> tuple[str, str]:
    userid, _mark, name = token.rpartition("!")
    return userid, name


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
    entries = params.get("entries")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and entry.get("secret"):
            yield str(entry["secret"])


MONITOR = Definition(SPEC, run, hidden=hidden)
