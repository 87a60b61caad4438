"""Logins to the monitored servers, and cluster detection (pkg/proxmox, pkg/pbs)."""

from __future__ import annotations

import hashlib
import json
import ssl
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3

UNABLE, FAILED = (
    "Failed to initialize connection",
    "Connection failed. Please check your credentials and network settings",
)


class Unreachable(Exception):
    """A failed connection: `shown` is the message of a connection test, the text that of a connection state."""

    def __init__(self, shown: str, text: str) -> None:
        super().__init__(text)
        self.shown = shown


def read(node: dict[str, Any], path: str, trust: Path | None, timeout: float = 10) -> Any:
    """Read a path of the API of a node with its credentials."""
    parts = urlsplit(node["host"])
    pool = urllib3.HTTPSConnectionPool(
        parts.hostname, parts.port, timeout=timeout, retries=False, **_trusting(node, trust)
    )
    headers = {"Authorization": _authorization(node)}
    try:
        # the entry itself disables the verification of certificates
        with warnings.catch_warnings(action="ignore", category=urllib3.exceptions.InsecureRequestWarning):
            answer = pool.request("GET", f"/api2/json{path}", headers=headers)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise Unreachable(FAILED, f'Get "{node["host"]}/api2/json{path}": {_reason(error)}') from error
    finally:
        pool.close()
    if answer.status in (401, 403):
        raise Unreachable(FAILED, f"authentication error: API error {answer.status}: {answer.reason}")
    if answer.status >= 400:
        raise Unreachable(FAILED, f"API error {answer.status}: {answer.reason}")
    return json.loads(answer.data)["data"]


def _reason(error: Exception) -> str:
    if "Fingerprints did not match" in str(error):
        return "certificate fingerprint mismatch"
    if isinstance(error, (urllib3.exceptions.SSLError, ssl.SSLError)):
        return "tls: failed to verify certificate"
    refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    return "connect: connection refused" if refused else "context deadline exceeded"


def _trusting(node: dict[str, Any], trust: Path | None) -> dict[str, Any]:
    """A fingerprint replaces the verification by CA; without either any certificate is accepted."""
    if node["fingerprint"]:
        return {"cert_reqs": "CERT_NONE", "assert_fingerprint": node["fingerprint"].replace(":", "")}
    if node["verifySSL"]:
        return {"cert_reqs": "CERT_REQUIRED", "ca_certs": trust and str(trust)}
    return {"cert_reqs": "CERT_NONE"}


def _authorization(node: dict[str, Any]) -> str:
    """Only a full token id includes the user; on PBS the user of the entry is used otherwise."""
    token = node["tokenName"]
    user, mark, name = token.partition("!")
    if node["type"] == "pve":
        return f"PVEAPIToken={token if mark else f'@!{token}'}={node['tokenValue']}"
    if not mark:
        user, name = node["user"], token
        if not user:
            raise Unreachable(
                UNABLE,
                "token authentication requires user information either in token name (user@realm!tokenname) or user field",
            )
        user = user if "@" in user else f"{user}@pbs"
    return f"PBSAPIToken={user}!{name}:{node['tokenValue']}"


def sign_in(node: dict[str, Any], trust: Path | None) -> int:
    """Return the number of visible nodes or datastores; a token without permissions sees none but is valid."""
    return len(read(node, "/nodes" if node["type"] == "pve" else "/admin/datastore", trust))


def cluster_of(node: dict[str, Any], trust: Path | None) -> tuple[str, list[dict[str, Any]]]:
    """Name and members of the cluster of a PVE node; empty if it has none, or the token may not read it."""
    try:
        status = read(node, "/cluster/status", trust, timeout=5)
    except Unreachable:
        return "", []
    members = [entry for entry in status if entry["type"] == "node"]
    if len(members) < 2:
        return "", []
    name = next((entry["name"] for entry in status if entry["type"] == "cluster"), "Unknown Cluster")
    return name, [_member(node, entry, trust) for entry in members]


def _member(node: dict[str, Any], entry: dict[str, Any], trust: Path | None) -> dict[str, Any]:
    """A member of a cluster, with its short name and the port of the node that reported it."""
    parts = urlsplit(node["host"])
    address = f"{parts.scheme}://{entry['ip']}:{parts.port}"
    fingerprint = _fingerprint(entry["ip"], parts.port)
    reachable = True
    try:
        sign_in({**node, "host": address, "fingerprint": fingerprint}, trust)
    except Unreachable as error:
        reachable = "401" in str(error) or "403" in str(error)
    return {
        "nodeId": entry["id"],
        "nativeNodeId": entry["nodeid"],
        "nodeName": entry["name"],
        "host": f"{parts.scheme}://{entry['name']}:{parts.port}",
        "ip": entry["ip"],
        "fingerprint": fingerprint,
        "online": bool(entry["online"]),
        "pulseReachable": reachable,
    }


def _fingerprint(host: str, port: int | None) -> str:
    """The fingerprint of a member's certificate, trusted on first use."""
    try:
        pem = ssl.get_server_certificate((host, port or 443), timeout=2)
    except OSError:
        return ""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
