# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nodes that Pulse monitors: a PVE cluster or a PBS each (Pulse 6.3.0 config_node_handlers.go, 5.1.36 config_handlers.go)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..core.errors import FleetgateError, Problem
from ..core.fields import CREDENTIAL, Field, Flag, Names, Number, Text
from ..core.hosts import MONITORED
from ..core.resource import Probe, Reference, Resource, Step
from .addresses import entries_for, problem, url
from .client import NODES

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PulseClient

PAUSE = 1

# No options for backups and for the datastores of a PBS: Pulse always enables both again.
FLAGS = (
    "monitor_vms",
    "monitor_containers",
    "monitor_storage",
    "monitor_sync_jobs",
    "monitor_verify_jobs",
    "monitor_prune_jobs",
    "monitor_garbage_jobs",
)

# Pulse also accepts a bare token name, but can never sign in with it.
TOKEN = Text(
    pattern=r"[^@!\s]+@[^@!\s]+![^@!\s]+",
    rule="must be a full token id, NAME@REALM!TOKEN; Pulse accepts anything else but then cannot sign in",
)
PVE, PBS = ("pve",), ("pbs",)
KIND = Text(choices=PVE + PBS)


@dataclass(frozen=True)
class Fingerprint(Text):
    """A SHA-256 fingerprint; case and colons are irrelevant."""

    pattern: str = r"([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}"
    rule: str = "must be a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons"

    def same(self, value: Any, other: Any) -> bool:
        return _digits(value) == _digits(other)


@dataclass(frozen=True)
class Switch(Flag):
    """True, false, or None where Pulse's global setting applies; once set, it cannot be reset."""

    empty = None


class Node(Resource):
    name = "node"
    plural = "nodes"
    key = ("type", "host")
    collection = NODES
    variant = "type"
    scope = (Field("type", KIND), Field("host"))
    fields = (
        Field("type", KIND),
        Field("host", MONITORED),
        Field("aliases", Names(MONITORED), task_only=True),
        Field("name"),
        Field("guest_url", Text(pattern=r"https?://\S+", rule="must be an http or https URL"), wire="guestURL"),
        Field("token_name", TOKEN, wire="tokenName"),
        Field("token_value", CREDENTIAL, wire="tokenValue", write_only=True, secret=True),
        Field("update_token", Text(choices=("on_create", "always", "if_invalid")), task_only=True),
        Field("test_connection", Flag(), task_only=True),
        Field("fingerprint", Fingerprint()),
        Field("verify_ssl", Flag(), wire="verifySSL"),
        Field("monitor_vms", Flag(), wire="monitorVMs", default=True, types=PVE),
        Field("monitor_containers", Flag(), wire="monitorContainers", default=True, types=PVE),
        Field("monitor_storage", Flag(), wire="monitorStorage", default=True, types=PVE),
        Field("monitor_physical_disks", Flag(), wire="monitorPhysicalDisks", default=True, types=PVE),
        Field("physical_disk_polling_minutes", Number(), wire="physicalDiskPollingMinutes", types=PVE),
        Field("monitor_sync_jobs", Flag(), wire="monitorSyncJobs", default=True, types=PBS),
        Field("monitor_verify_jobs", Flag(), wire="monitorVerifyJobs", default=True, types=PBS),
        Field("monitor_prune_jobs", Flag(), wire="monitorPruneJobs", default=True, types=PBS),
        Field("monitor_garbage_jobs", Flag(), wire="monitorGarbageJobs", default=True, types=PBS),
        Field("exclude_datastores", Names(), wire="excludeDatastores", types=PBS),
        Field("temperature_monitoring_enabled", Switch(), wire="temperatureMonitoringEnabled"),
        Field("enabled", Flag(), default=True, since=(6,)),
        Field("wait_until_connected", Number(), task_only=True),
    )

    # -- declared entries --------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        spec = super().spec()
        spec["update_token"]["default"] = "on_create"
        spec["test_connection"]["default"] = True
        return spec

    def label(self, key: tuple[str, ...]) -> str:
        return f"{self.name} {' '.join(key)}"

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if not problems:
            problems += [
                Problem("host" if address == entry["host"] else "aliases", f"'{address}' {problem(address)}")
                for address in (entry["host"], *(entry["aliases"] or ()))
                if problem(address)
            ]
        if entry["enabled"] is False and entry["wait_until_connected"]:
            problems.append(
                Problem("wait_until_connected", "cannot succeed, because enabled is false; remove one of them")
            )
        return problems

    def identify(self, entry: dict[str, Any], server: ServerState) -> dict[str, Any]:
        """Find the entry of the server in Pulse under any of its addresses."""
        nodes = [node.raw for node in server.actual(self.name).values()]
        absent = entry["state"] == "absent"
        found = entries_for(entry["type"], [entry["host"], *([] if absent else entry["aliases"] or ())], nodes)
        if absent:
            # the address of a node does not select the entry of its whole cluster for removal
            found = [node for node in found if _same_place(node["host"], url(entry["host"], entry["type"]))]
        asked = url(entry["host"], entry["type"])
        host = found[0]["host"] if found else asked
        return {**entry, "host": host, "asked": asked, "ambiguous": [node["host"] for node in found[1:]]}

    # -- the server --------------------------------------------------------------------------------------------

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return [node for node in server.client.entries() if node["type"] in KIND.choices]

    def decode(self, raw: dict[str, Any]) -> Actual:
        """Complete the flags, which Pulse omits when they are false."""
        left_out = {field.name: False for field in self.fields if field.option in FLAGS}
        return super().decode({**left_out, **raw})

    def id_of(self, key: tuple[str, ...], server: ServerState) -> Any:
        """Read the id right before each write: ids are positions in a list that may have changed since."""
        for node in server.client.entries():
            if self.key_of(node) == key:
                return node["id"]
        raise FleetgateError(
            f"{server.client.title}: {self.label(key)} was removed by another client; run the task again"
        )

    def matches_condition(self, condition: str, wanted: Any, key: tuple[str, ...]) -> bool:
        """Whether a node matches the type or the address pattern of a scope."""
        return fnmatchcase(key[self.key.index(condition)], wanted)

    # -- comparison --------------------------------------------------------------------------------------------

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if actual is None:
            values["name"] = values.get("name") or urlsplit(entry["host"]).hostname
            if values.get("enabled"):
                # every new node is enabled, also in versions that cannot disable nodes
                del values["enabled"]
            problems += [
                Problem(option, f"is required to create {self.label(self.key_of(entry))}")
                for option in ("token_name", "token_value")
                if not entry[option]
            ]
        problems += self._misfits(server, entry, actual, values)
        return values, problems

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        """Decide whether to send the token, for which Pulse may have to sign in."""
        values = dict(values)
        problems = self._token(server.client, entry, actual, values)
        return Probe(values, problems)

    def _misfits(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]
    ) -> Iterator[Problem]:
        """Problems with values that Pulse would accept but apply differently."""
        if entry["ambiguous"]:
            hosts = " and ".join([entry["host"], *entry["ambiguous"]])
            yield Problem(
                "host", f"matches several nodes of Pulse: {hosts}; set host to the exact address of one of them"
            )
        merged = server.client.merged.get((entry["type"], entry["asked"]))
        if merged and values:
            yield Problem(
                "host", f"{merged}; declare the cluster once, with the address of that entry as host or in aliases"
            )
        for key, other in server.actual(self.name).items():
            alike = key[0] == entry["type"] and key[1] != entry["host"]
            if alike and other.values["name"].casefold() == values.get("name", "").casefold():
                yield Problem(
                    "name",
                    f"'{values['name']}' is already the name of {key[1]}, whose state Pulse would mix up with this node's; choose another",
                )
        if actual and values.get("token_name") == "":
            yield Problem("token_name", "cannot be unset; remove the node, or set enabled to false")

    def _token(
        self, client: PulseClient, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]
    ) -> list[Problem]:
        """Decide whether to send the token, always as a pair, and make Pulse test it before saving it."""
        if actual and "token_name" not in values and not self._must_send_token(client, entry, actual):
            values.pop("token_value", None)
            return []
        if not entry["token_value"]:
            why = "Pulse cannot sign in with the stored token" if "token_name" not in values else "token_name changes"
            return [Problem("token_value", f"must be given, because {why}")]
        token = entry["token_name"] or (actual.values["token_name"] if actual else "")
        if not token:
            return [Problem("token_name", "must be given with token_value, because Pulse has no token for this node")]
        values.update(token_name=token, token_value=entry["token_value"])
        if not entry["test_connection"]:
            return []
        meant = {**(actual.values if actual else {}), **values, "type": entry["type"], "host": entry["host"]}
        sent = ("type", "host", "token_name", "token_value", "fingerprint", "verify_ssl")
        body = {self.field(option).name: meant[option] for option in sent if meant.get(option)}
        failure = client.attempt("test-config", body=body)
        advice = "check the token, the address as Pulse reaches it, fingerprint and verify_ssl"
        return (
            [Problem("token_value", f"Pulse cannot connect to {entry['host']} as {token} ({failure}); {advice}")]
            if failure
            else []
        )

    def _must_send_token(self, client: PulseClient, entry: dict[str, Any], actual: Actual) -> bool:
        has_token = actual.raw["hasToken"]
        if entry["update_token"] == "if_invalid":
            return not has_token or bool(client.attempt(actual.raw["id"], "test"))
        return entry["token_value"] is not None and (entry["update_token"] == "always" or not has_token)

    # -- requests ----------------------------------------------------------------------------------------------

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, Reference(self.name, key))

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        item = self.item_path(change.key)
        if change.removes:
            return [Step("DELETE", item, f"{change.label} is declared absent")]
        body = {**self._verify(change), **self.request_body(change)}
        if not change.creates:
            # with update_token=always every run sends the token
            repeats = set(change.values) == {"token_name", "token_value"} and change.entry["update_token"] == "always"
            return [
                Step("PUT", item, f"{change.label}: {', '.join(sorted(change.values))}", body=body, repeats=repeats)
            ]
        # options that Pulse does not accept on creation
        later = {
            option: body.pop(self.field(option).name)
            for option in ("exclude_datastores", "enabled")
            if change.values.get(option) not in (None, [])
        }
        steps = [Step("POST", self.collection, f"{change.label} is missing", body={**self._defaults(change), **body})]
        if later:
            rest = {**self._verify(change), **{self.field(option).name: value for option, value in later.items()}}
            steps.append(Step("PUT", item, f"{change.label}: {', '.join(sorted(later))}", body=rest))
        return steps

    def _defaults(self, change: Change) -> dict[str, bool]:
        """The flags that default to true in a new entry; 5.1 would disable them all for a PBS."""
        flags = {field.name: True for field in self.table(change.values) if field.option in FLAGS}
        return {**flags, **({"monitorDatastores": True} if change.key[0] == "pbs" else {})}

    def _verify(self, change: Change) -> dict[str, Any]:
        """Current or declared values of the fields that 5.1 unsets when a PUT omits them."""
        had = change.found.values if change.found else {}
        return {
            self.field(option).name: change.values.get(option) or had.get(option) or ""
            for option in ("guest_url", "fingerprint")
        }

    # -- afterwards --------------------------------------------------------------------------------------------

    def wait_until_effective(self, entry: dict[str, Any], client: PulseClient) -> None:
        """Wait until Pulse is connected, if the task requests it; the first poll takes a while.

        5.1 reports every new PBS as connected before the first poll, so there Pulse is made to sign in.
        """
        if not entry["wait_until_connected"]:
            return
        end = time.monotonic() + entry["wait_until_connected"]
        while True:
            nodes = entries_for(entry["type"], [entry["host"], *(entry["aliases"] or ())], client.nodes())
            if (
                nodes
                and nodes[0]["connected"]
                and (client.reports_states or not client.attempt(nodes[0]["id"], "test"))
            ):
                return
            if time.monotonic() >= end:
                state = f"{nodes[0]['state']} {nodes[0]['error']}".strip() if nodes else "nothing"
                waited = f"Pulse is not connected after {entry['wait_until_connected']} seconds; it reports: {state}"
                raise FleetgateError(f"wait_until_connected: {entry['host']}: {waited}")
            time.sleep(PAUSE)


def _digits(fingerprint: str) -> str:
    return fingerprint.replace(":", "").lower()


def _same_place(address: str, other: str) -> bool:
    return urlsplit(address).netloc.lower() == urlsplit(other).netloc.lower()
