# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that Pulse monitors: its identity for Pulse, and its entry in Pulse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from ..core.errors import FleetgateError, refuse
from ..core.hosts import in_url
from ..core.plan import ServerState, converge
from ..core.resource import Actual
from ..proxmox.client import fingerprint
from ..proxmox.token import KEEP as KEEP_SECRET
from ..proxmox.token import REGENERATE, Token, dated, stand_in_for
from ..pulse.addresses import entries_for, url
from ..pulse.client import PulseClient
from ..pulse.node import Node
from ..pulse.system import PULSE
from .entries import MAX_REMOVALS, Entries, connection_of, typed_options
from .keep import Keep
from .known_pulse import as_known, pulse_as, pulse_for
from .monitoring import COMMENT, OPTIONS, identity, node_addresses, token_id
from .products import PRODUCTS, Product, Server
from .pulse_entries import persistently, pulse_connection

# what the playbook decides of an entry of Pulse
_DECIDED = ("type", "token_name", "token_value", "update_token", "state")
NODE_OPTIONS = {option: {**spec, "required": False} for option, spec in Node().spec().items() if option not in _DECIDED}
# sent in check mode, before the secret exists
TO_COME: Mapping[str, Any] = {"token_value": "to-come", "test_connection": False, "update_token": "always"}


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
        known = pulse_for(self.pulse_connection, *self._names())
        if known:
            return known
        client: PulseClient = PULSE.client(self.pulse_connection, self.read_only)
        return client

    def _names(self) -> tuple[str, list[str], str]:
        """What entries may have of the server: its kind, its addresses, and its name."""
        return self.product.name, self.addresses(), self.node.get("name") or self.name

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
        return actual.get(key_of(self.token)), actual.get(key_of(self.stand_in))

    @property
    def regenerates(self) -> bool:
        """Whether the server can replace the secret of a token in place."""
        token = self._state().resources["token"]
        return cast(Token, token).regenerates(self.client)

    def end_rotation(self, rotation: str, exists: bool, check_mode: bool) -> None:
        """Remove the stand-in; in check mode it may not exist yet."""
        entries, state, (userid, name) = Entries(), self._state(), key_of(self.stand_in)
        absent = {"userid": userid, **self.product.token(name), "state": "absent"}
        entries.add("token", absent, "fleetgate_monitoring.")
        if check_mode and not exists:
            with self.client.understanding():
                self._add_stand_in(state, rotation)
        desired = entries.desired(self.product.system, self.connection)
        self._converge(self.client, self.product.system, desired, {}, check_mode, state)

    def _add_stand_in(self, state: ServerState, rotation: str) -> None:
        """To a state without it: what the token has, under the other name."""
        tokens, acl, key = state.actual("token"), state.actual("acl"), key_of(self.stand_in)
        named = {**self.product.token(key[1]), "comment": dated(COMMENT, rotation)}
        tokens[key] = Actual({**tokens[key_of(self.token)].values, **named}, {})
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
            self.set_up_entry(pulse, {**options, **TO_COME}, True)
            if token == self.token:
                return pulse
            nodes = pulse.nodes()
            (entry, *_others) = entries_for(options["type"], [options["host"], *options["aliases"]], nodes)
            changed = [{**node, "tokenName": token} if node is entry else node for node in nodes]
            return pulse_as(as_known(pulse, changed), self.pulse_connection, *self._names())
        with self.concealing(secret):
            self.set_up_entry(pulse, {**options, "token_value": secret, "update_token": "always"}, False)
        return pulse

    def verify_token(self, pulse: PulseClient, options: Mapping[str, Any], token: str) -> None:
        """See that Pulse signs in with the token that it has stored, before the other one is removed."""
        if failure := pulse.attempt(entry_of(options, pulse)["id"], "test"):
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


def entry_of(options: Mapping[str, Any], pulse: PulseClient) -> dict[str, Any]:
    """The entry of a host as Pulse has it now."""
    return entries_for(options["type"], [options["host"], *options["aliases"]], pulse.nodes())[0]


def key_of(token: str) -> tuple[str, str]:
    userid, _mark, name = token.rpartition("!")
    return userid, name
