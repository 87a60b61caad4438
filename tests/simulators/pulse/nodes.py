"""The list of nodes (6.3.0 configapi/config_node_handlers.go; 5.1.36 config_handlers.go where `old`)."""

from __future__ import annotations

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
# the first look comes soon after a change; all is forgotten at each, because the monitor is started anew
FIRST_LOOK, NEXT_LOOK, CLUSTER_LOOK = 0.3, 1.0, 30.0


def parsed(body: Any, old: bool) -> dict[str, Any]:
    """A request's fields of the right types, with the other names of tokens; 6 drops what stands for a hidden secret."""
    if not isinstance(body, dict):
        raise ApiError(400, "Invalid request body")
    right = {str: TEXTS + ("tokenId", "tokenSecret"), bool: BOOLEANS, int: ("physicalDiskPollingMinutes",)}
    for kind, names in right.items():
        for name in names:
            value = body.get(name)
            # true and false are no numbers in JSON
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
    """What is configured, by type. `trust` are the authorities of the machine that Pulse runs on."""

    def __init__(self, old: bool, trust: Path | None) -> None:
        self.old, self.trust = old, trust
        self.lists: dict[str, list[Node]] = {"pve": [], "pbs": [], "pmg": []}
        self._started = 0.0
        self._looks: dict[tuple[str, str], tuple[float, str]] = {}
        self._cluster_looks: dict[str, float] = {}

    def everything(self) -> list[Node]:
        return [node for nodes in self.lists.values() for node in nodes]

    # -- ids ---------------------------------------------------------------------------------------------------

    def find(self, raw: str) -> Node | None:
        """The node of an id: its place in the list of its type, or since 6 its type and name."""
        kind, colon, name = raw.partition(":")
        if colon and not self.old:
            named = [node for node in self.lists.get(kind, ()) if node["name"] == name]
            if not named:
                raise ApiError(404, "Node not found")
            return named[0]
        place = re.fullmatch(r"([^-]*)-(\d+)[^-]*", raw)
        if not place:
            raise ApiError(400, "Invalid node ID")
        nodes = self.lists.get(place[1], [])
        return nodes[int(place[2])] if int(place[2]) < len(nodes) else None

    # -- changes -----------------------------------------------------------------------------------------------

    def add(self, given: dict[str, Any]) -> dict[str, Any]:
        """Nothing is tried: a node that cannot be signed in to is taken like any other."""
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
            known = next((one for one in self.lists["pve"] if self._same_cluster(one, node)), None)
            if known:
                return self._merge(known, node)
        self.lists[kind].append(node)
        self._saved()
        return {}

    def _new(self, given: dict[str, Any], kind: str, host: str) -> Node:
        """Neither `enabled` nor excluded datastores are looked at; who signs in with a token has no user, but on PVE."""
        texts = {name: given.get(name, "") for name in TEXTS}
        if texts["tokenName"] and texts["tokenValue"]:
            if kind != "pve":
                texts.update(user="", password="")
        elif "@" not in texts["user"]:
            texts["user"] += {"pve": "@pam", "pbs": "@pbs", "pmg": "@pmg"}[kind]
        # what a PBS does not say it has off in 5.1
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
        """Names are made to differ in silence, when a node is added and never again."""
        taken = any(node["name"].lower() == name.lower() and node["host"] != host for node in self.lists[kind])
        return f"{name} ({urlsplit(host).hostname})" if taken else name

    def _same_cluster(self, known: Node, new: Node) -> bool:
        """5.1 goes by the name alone, 6 wants an address in common and no certificate that differs."""
        if not known["clusterName"] or known["clusterName"].lower() != new["clusterName"].lower():
            return False
        if self.old:
            return True
        pins = {node["fingerprint"].replace(":", "").lower() for node in (known, new)} - {""}
        seen = {one["nodeName"]: one["fingerprint"] for one in known["clusterEndpoints"] if one["fingerprint"]}
        differ = any(
            seen.get(one["nodeName"], one["fingerprint"]) != one["fingerprint"] for one in new["clusterEndpoints"]
        )
        return len(pins) < 2 and not differ and bool(_addresses(known) & _addresses(new))

    def _merge(self, known: Node, new: Node) -> dict[str, Any]:
        names = {one["nodeName"] for one in known["clusterEndpoints"]}
        known["clusterEndpoints"] += [one for one in new["clusterEndpoints"] if one["nodeName"] not in names]
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
        """What is left out stays, but in 5.1 the URL for people and the fingerprint go."""
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
                # on PBS a value without a name is not looked at
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
        self.lists[node["type"]] = [one for one in self.lists[node["type"]] if one is not node]
        self._saved()

    def _saved(self) -> None:
        """After each change all is read again: some flags are on then whatever was sent, and all states begin anew.

        6 counts single nodes to the clusters that have their address.
        """
        for node in self.everything():
            forced = {"pve": ["monitorBackups"], "pbs": ["monitorBackups", "monitorDatastores"][: 1 if self.old else 2]}
            node.update(dict.fromkeys(forced.get(node["type"], ()), True))
        if not self.old:
            members = [address for one in self.lists["pve"] for address in _addresses(one) if one["clusterName"]]
            self.lists["pve"] = [
                one for one in self.lists["pve"] if one["clusterName"] or members.count(identity(one["host"])) != 1
            ]
        self._started = time.monotonic()
        self._looks.clear()

    # -- what is told ------------------------------------------------------------------------------------------

    def listed(self) -> list[dict[str, Any]]:
        """As a side effect clusters are looked for where none is known, at most every half a minute for a node."""
        for node in self.lists["pve"]:
            last = self._cluster_looks.get(node["name"])
            is_due = last is None or time.monotonic() - last >= CLUSTER_LOOK
            if is_due and not (node["clusterName"] or any(part in node["host"] + node["name"] for part in SKIPPED)):
                self._cluster_looks[node["name"]] = time.monotonic()
                node["clusterName"], node["clusterEndpoints"] = peers.cluster_of(node, self.trust)
        return [self._shown(node, place) for nodes in self.lists.values() for place, node in enumerate(nodes)]

    def _shown(self, node: Node, place: int) -> dict[str, Any]:
        """False flags and empty texts are left out, the backups of a PBS always."""
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
        members = [self._member(one, node) for one in node["clusterEndpoints"]]
        collections = {"excludeDatastores": node["excludeDatastores"], "clusterEndpoints": members}
        return {
            "id": f"{node['type']}-{place}",
            **{name: node[name] for name in ("type", "name", "host", "verifySSL")},
            "hasPassword": bool(node["password"]),
            "hasToken": bool(node["tokenValue"]),
            **optional,
            **{name: value for name, value in collections.items() if value or not self.old},
            **({} if self.old else {"enabled": not node["disabled"]}),
            "status": self._status(node),
        }

    def _member(self, member: dict[str, Any], node: Node) -> dict[str, Any]:
        """5.1 tells the names of its own fields."""
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
        """A PVE is tried while the monitor starts. A PBS counts as connected from its first look on, in 5.1 until then."""
        if node["disabled"]:
            return "disconnected"
        if node["type"] == "pve":
            return "disconnected" if self._looked(node) else "connected"
        good = ("active", "pending") if self.old else ("active",)
        return "connected" if self.state(node)[0] in good else "disconnected"

    def state(self, node: Node) -> tuple[str, str]:
        """The state of a connection and the error behind it."""
        if node["disabled"]:
            return "paused", ""
        if time.monotonic() - self._started < FIRST_LOOK:
            return "pending", ""
        failure = self._looked(node)
        if not failure:
            return "active", ""
        refused = re.search("401|403|authentication", failure)
        return "unauthorized" if refused else "unreachable", failure

    def _looked(self, node: Node) -> str:
        """Why a node could not be signed in to when it was last looked at, which is not long ago."""
        key = node["type"], node["name"]
        when, failure = self._looks.get(key, (-NEXT_LOOK, ""))
        if time.monotonic() - when >= NEXT_LOOK:
            try:
                peers.sign_in(node, self.trust)
                failure = ""
            except peers.Unreachable as error:
                failure = f"poll failed on {node['name']}: {error}"
            self._looks[key] = time.monotonic(), failure
        return failure


def _addresses(node: Node) -> set[str]:
    endpoints = node["clusterEndpoints"]
    port = urlsplit(node["host"]).port
    return {identity(one["host"]) for one in endpoints} | {
        identity(f"{one['ip']}:{port}") for one in endpoints if one["ip"]
    }
