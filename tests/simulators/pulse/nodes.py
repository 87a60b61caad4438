"""The list of nodes (6.3.0 configapi/config_node_handlers.go; 5.1.36 config_handlers.go where `old`)."""

from __future__ import annotations

import copy
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import peers
from .addresses import PORTS, check_host, identity, normalised
from .errors import ApiError

Node = dict[str, Any]

FLAGS = {
    "pve": ("monitorVMs", "monitorContainers", "monitorStorage", "monitorBackups"),
    "pbs": (
        "monitorBackups",
        "monitorDatastores",
        "monitorSyncJobs",
        "monitorVerifyJobs",
        "monitorPruneJobs",
        "monitorGarbageJobs",
    ),
    "pmg": ("monitorMailStats", "monitorQueues", "monitorQuarantine", "monitorDomainStats"),
}
TEXTS = ("type", "name", "host", "guestURL", "user", "password", "tokenName", "tokenValue", "fingerprint")
BOOLEANS = {flag for flags in FLAGS.values() for flag in flags} | {
    "verifySSL",
    "enabled",
    "monitorPhysicalDisks",
    "temperatureMonitoringEnabled",
}
SKIPPED = ("192.168.77.", "192.168.88.", "test-")
# seconds until the first poll after a change, and between polls
FIRST_POLL, NEXT_POLL, CLUSTER_POLL = 0.3, 1.0, 30.0
# each change restarts the monitor, which has no states then
DROPS_STATES = True


def parsed(body: Any, old: bool) -> dict[str, Any]:
    """The valid fields of a request, including aliases of token fields; 6 drops placeholders for hidden secrets."""
    if not isinstance(body, dict):
        raise ApiError(400, "Invalid request body")
    right = {str: TEXTS + ("tokenId", "tokenSecret"), bool: BOOLEANS, int: ("physicalDiskPollingMinutes",)}
    for kind, names in right.items():
        for name in names:
            value = body.get(name)
            # a JSON boolean is not a number, unlike in Python
            if value is not None and (not isinstance(value, kind) or isinstance(value, bool) is not (kind is bool)):
                raise ApiError(400, "Invalid request body")
    given = {name: value for name, value in body.items() if value is not None}
    for name, other in (("tokenName", "tokenId"), ("tokenValue", "tokenSecret")):
        given[name] = given.get(name, "").strip() or given.get(other, "").strip()
    for name in ("tokenValue", "password"):
        if not old and re.fullmatch(r"(?i)\[?redacted\]?|[*•●]{6,}", given.get(name, "").strip()):
            given[name] = ""
    return given


class Nodes:
    """The configured nodes by type. `trust` is the CA bundle of the host that Pulse runs on."""

    def __init__(self, old: bool, trust: Path | None) -> None:
        self.old, self.trust = old, trust
        self.lists: dict[str, list[Node]] = {"pve": [], "pbs": [], "pmg": []}
        # the file of the nodes, as the last change wrote it
        self.stored = copy.deepcopy(self.lists)
        self.is_changed = False
        self._started = 0.0
        self._polls: dict[tuple[str, str], tuple[float, str]] = {}
        self._cluster_polls: dict[str, float] = {}

    def everything(self) -> list[Node]:
        return [node for nodes in self.lists.values() for node in nodes]

    # -- ids ---------------------------------------------------------------------------------------------------

    def find(self, raw: str) -> Node | None:
        """The node of an id, which is its index in the list of its type, or since 6 its type and name."""
        kind, colon, name = raw.partition(":")
        if colon and not self.old:
            named = [node for node in self.lists.get(kind, ()) if node["name"] == name]
            if not named:
                raise ApiError(404, "Node not found")
            return named[0]
        match = re.fullmatch(r"([^-]*)-(\d+)[^-]*", raw)
        if not match:
            raise ApiError(400, "Invalid node ID")
        nodes = self.lists.get(match[1], [])
        return nodes[int(match[2])] if int(match[2]) < len(nodes) else None

    # -- changes -----------------------------------------------------------------------------------------------

    def add(self, given: dict[str, Any]) -> dict[str, Any]:
        """Add a node without a test: one that refuses the login is accepted as well."""
        for name in ("name", "type", "host"):
            if not given.get(name):
                raise ApiError(400, f"{name.capitalize()} is required")
        kind = given["type"]
        check_host(given["host"], kind)
        if kind not in PORTS:
            raise ApiError(400, "Invalid node type")
        by_token = given["tokenName"] and given["tokenValue"]
        if not (by_token or (given.get("user") and given.get("password"))):
            raise ApiError(400, "Authentication credentials required")
        host = normalised(given["host"], kind)
        if host in [node["host"] for node in self.lists[kind]]:
            raise ApiError(409, "A node with this host URL already exists")
        node = self._new(given, kind, host)
        if kind == "pve" and not any(part in given[name] for part in SKIPPED for name in ("host", "name")):
            node["clusterName"], node["clusterEndpoints"] = peers.cluster_of(node, self.trust)
            known = next((other for other in self.lists["pve"] if self._same_cluster(other, node)), None)
            if known:
                return self._merge(known, node)
        self.lists[kind].append(node)
        self._saved()
        return {}

    def _new(self, given: dict[str, Any], kind: str, host: str) -> Node:
        """`enabled` and excluded datastores are ignored; except on PVE, an entry with a token has no user."""
        texts = {name: given.get(name, "") for name in TEXTS}
        if texts["tokenName"] and texts["tokenValue"]:
            if kind != "pve":
                texts.update(user="", password="")
        elif "@" not in texts["user"]:
            texts["user"] += {"pve": "@pam", "pbs": "@pbs", "pmg": "@pmg"}[kind]
        # 5.1 disables the flags of a PBS by default
        on = ("monitorMailStats",) if kind == "pmg" else () if self.old and kind == "pbs" else FLAGS[kind]
        flags = {flag: given.get(flag, flag in on) for flag in FLAGS[kind]}
        return {
            **texts,
            **flags,
            "name": self._own_name(given["name"], kind, host),
            "host": host,
            "verifySSL": given.get("verifySSL", False),
            "monitorPhysicalDisks": given.get("monitorPhysicalDisks") if kind == "pve" else None,
            "physicalDiskPollingMinutes": given.get("physicalDiskPollingMinutes", 0) if kind == "pve" else 0,
            "temperatureMonitoringEnabled": given.get("temperatureMonitoringEnabled"),
            "excludeDatastores": [],
            "disabled": False,
            "clusterName": "",
            "clusterEndpoints": [],
        }

    def _own_name(self, name: str, kind: str, host: str) -> str:
        """A unique name: duplicates silently get the host as suffix, only when a node is added."""
        taken = any(node["name"].lower() == name.lower() and node["host"] != host for node in self.lists[kind])
        return f"{name} ({urlsplit(host).hostname})" if taken else name

    def _same_cluster(self, known: Node, new: Node) -> bool:
        """5.1 compares only the name, 6 also requires a common address and no different certificate."""
        if not known["clusterName"] or known["clusterName"].lower() != new["clusterName"].lower():
            return False
        if self.old:
            return True
        pins = {node["fingerprint"].replace(":", "").lower() for node in (known, new)} - {""}
        stored = {
            member["nodeName"]: member["fingerprint"] for member in known["clusterEndpoints"] if member["fingerprint"]
        }
        differ = any(
            stored.get(member["nodeName"], member["fingerprint"]) != member["fingerprint"]
            for member in new["clusterEndpoints"]
        )
        return len(pins) < 2 and not differ and bool(_addresses(known) & _addresses(new))

    def _merge(self, known: Node, new: Node) -> dict[str, Any]:
        names = {member["nodeName"] for member in known["clusterEndpoints"]}
        known["clusterEndpoints"] += [member for member in new["clusterEndpoints"] if member["nodeName"] not in names]
        self._saved()
        cluster, name = known["clusterName"], known["name"]
        return {
            "success": True,
            "merged": True,
            "cluster": cluster,
            "existingNode": name,
            "message": f"Node merged into existing cluster '{cluster}' (already configured as '{name}')",
            "totalEndpoints": len(known["clusterEndpoints"]),
        }

    def update(self, node: Node, given: dict[str, Any]) -> None:
        """Omitted fields are kept, except for guestURL and fingerprint in 5.1."""
        changed = dict(node)
        if given.get("host"):
            changed["host"] = normalised(given["host"], node["type"])
        changed["name"] = given.get("name") or node["name"]
        for name in ("guestURL", "fingerprint"):
            if self.old or name in given:
                changed[name] = given.get(name, "")
        self._credentials(changed, given)
        names = [*FLAGS[node["type"]], "verifySSL", "temperatureMonitoringEnabled"]
        if node["type"] == "pve":
            names += ["monitorPhysicalDisks", "physicalDiskPollingMinutes"]
        if node["type"] == "pbs":
            names.append("excludeDatastores")
        changed.update({name: given[name] for name in names if name in given})
        if "enabled" in given and not self.old:
            changed["disabled"] = not given["enabled"]
        node.update(changed)
        self._saved()

    def _credentials(self, node: Node, given: dict[str, Any]) -> None:
        name, value = given["tokenName"], given["tokenValue"]
        if name or value:
            if self.old:
                # on PBS a value without a name is ignored
                value = value if name or node["type"] == "pve" else ""
                if not (name or value):
                    return
            elif not name and not node["tokenName"]:
                raise ApiError(400, "token value requires an existing token ID or tokenName")
            elif not value and not node["tokenValue"]:
                raise ApiError(400, "tokenName without tokenValue cannot enable token authentication")
            elif not value and node["tokenName"] and name != node["tokenName"]:
                raise ApiError(400, "tokenName changes require a new tokenValue")
            node.update(tokenName=name or node["tokenName"], tokenValue=value or node["tokenValue"], password="")
            node["user"] = (given.get("user") or node["user"]) if node["type"] == "pve" else ""
        elif given.get("password"):
            node.update(password=given["password"], user=given.get("user", node["user"]), tokenName="", tokenValue="")

    def remove(self, node: Node) -> None:
        self.lists[node["type"]] = [other for other in self.lists[node["type"]] if other is not node]
        self._saved()

    def _saved(self) -> None:
        """Reload the configuration after a change, which forces some flags on and resets all states.

        6 merges single nodes into the cluster that has their address.
        """
        for node in self.everything():
            forced = {"pve": ["monitorBackups"], "pbs": ["monitorBackups", "monitorDatastores"][: 1 if self.old else 2]}
            node.update(dict.fromkeys(forced.get(node["type"], ()), True))
        if not self.old:
            members = [address for node in self.lists["pve"] for address in _addresses(node) if node["clusterName"]]
            self.lists["pve"] = [
                node for node in self.lists["pve"] if node["clusterName"] or members.count(identity(node["host"])) != 1
            ]
        self.stored, self.is_changed = copy.deepcopy(self.lists), True
        self._restart()

    def load(self, stored: dict[str, list[Node]]) -> None:
        """Replace all nodes by those that were read from the file, and poll them from the beginning."""
        self.lists = stored
        self._restart()

    def _restart(self) -> None:
        self._started = time.monotonic()
        if DROPS_STATES:
            self._polls.clear()

    # -- responses ---------------------------------------------------------------------------------------------

    def listed(self) -> list[dict[str, Any]]:
        """List the nodes. As a side effect, detect missing clusters, at most every 30 seconds for a node."""
        for node in self.lists["pve"]:
            last = self._cluster_polls.get(node["name"])
            is_due = last is None or time.monotonic() - last >= CLUSTER_POLL
            if is_due and not (node["clusterName"] or any(part in node["host"] + node["name"] for part in SKIPPED)):
                self._cluster_polls[node["name"]] = time.monotonic()
                node["clusterName"], node["clusterEndpoints"] = peers.cluster_of(node, self.trust)
        return [self._shown(node, index) for nodes in self.lists.values() for index, node in enumerate(nodes)]

    def _shown(self, node: Node, index: int) -> dict[str, Any]:
        """False flags and empty strings are omitted, and always the backup flag of a PBS."""
        optional = {
            name: node[name]
            for name in (
                "guestURL",
                "user",
                "tokenName",
                "fingerprint",
                "physicalDiskPollingMinutes",
                *FLAGS[node["type"]],
            )
            if node[name] and (node["type"], name) != ("pbs", "monitorBackups")
        }
        pointers = ("monitorPhysicalDisks", "temperatureMonitoringEnabled")
        optional.update({name: node[name] for name in pointers if node[name] is not None})
        if node["clusterName"]:
            optional.update(isCluster=True, clusterName=node["clusterName"])
        members = [self._member(member, node) for member in node["clusterEndpoints"]]
        collections = {"excludeDatastores": node["excludeDatastores"], "clusterEndpoints": members}
        return {
            "id": f"{node['type']}-{index}",
            **{name: node[name] for name in ("type", "name", "host", "verifySSL")},
            "hasPassword": bool(node["password"]),
            "hasToken": bool(node["tokenValue"]),
            **optional,
            **{name: value for name, value in collections.items() if value or not self.old},
            **({} if self.old else {"enabled": not node["disabled"]}),
            "status": self._status(node),
        }

    def _member(self, member: dict[str, Any], node: Node) -> dict[str, Any]:
        """5.1 returns the field names of its Go structure."""
        if not self.old:
            return {
                **member,
                "nodeIdentity": f"{node['clusterName']}-{member['nodeName']}",
                "nativeName": member["nodeName"],
            }
        named = {
            "NodeID": member["nodeId"],
            "NodeName": member["nodeName"],
            "Host": member["host"],
            "GuestURL": "",
            "IP": member["ip"],
            "IPOverride": "",
            "Fingerprint": member["fingerprint"],
            "Online": member["online"],
            "PulseReachable": member["pulseReachable"],
            "PulseError": "",
        }
        return named

    def _status(self, node: Node) -> str:
        """A PVE is polled when the monitor starts. A PBS is connected after its first poll, in 5.1 also before."""
        if node["disabled"]:
            return "disconnected"
        if node["type"] == "pve":
            return "disconnected" if self._poll_error(node) else "connected"
        good = ("active", "pending") if self.old else ("active",)
        return "connected" if self.state(node)[0] in good else "disconnected"

    def state(self, node: Node) -> tuple[str, str]:
        """The state of a connection and the error behind it."""
        if node["disabled"]:
            return "paused", ""
        if time.monotonic() - self._started < FIRST_POLL:
            return "pending", ""
        failure = self._poll_error(node)
        if not failure:
            return "active", ""
        refused = re.search("401|403|authentication", failure)
        return "unauthorized" if refused else "unreachable", failure

    def _poll_error(self, node: Node) -> str:
        """The error of the last poll of a node, empty if it succeeded; polls again if that is due."""
        key = node["type"], node["name"]
        when, failure = self._polls.get(key, (-NEXT_POLL, ""))
        if time.monotonic() - when >= NEXT_POLL:
            try:
                peers.sign_in(node, self.trust)
                failure = ""
            except peers.Unreachable as error:
                failure = f"poll failed on {node['name']}: {error}"
            self._polls[key] = time.monotonic(), failure
        return failure


def _addresses(node: Node) -> set[str]:
    endpoints = node["clusterEndpoints"]
    port = urlsplit(node["host"]).port
    return {identity(endpoint["host"]) for endpoint in endpoints} | {
        identity(f"{endpoint['ip']}:{port}") for endpoint in endpoints if endpoint["ip"]
    }
