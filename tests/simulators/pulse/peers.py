"""How Pulse signs in to the servers that it monitors, and what it finds out about clusters (pkg/proxmox, pkg/pbs)."""

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
    """Why a server could not be used: `shown` is all that a test of a connection tells, the text what states tell."""

    def __init__(self, shown: str, text: str) -> None:
        super().__init__(text)
        self.shown = shown


def read(node: dict[str, Any], path: str, trust: Path | None, timeout: float = 10) -> Any:
    """The data behind a path of the API of a node's server, as the node's credentials may see it."""
    parts = urlsplit(node["host"])
    pool = urllib3.HTTPSConnectionPool(
        parts.hostname, parts.port, timeout=timeout, retries=False, **_trusting(node, trust)
    )
    headers = {"Authorization": _authorization(node)}
    try:
        # that a node accepts any certificate is its own affair
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
    """A fingerprint replaces the look at authorities, and without either anything is accepted."""
    if node["fingerprint"]:
        return {"cert_reqs": "CERT_NONE", "assert_fingerprint": node["fingerprint"].replace(":", "")}
    if node["verifySSL"]:
        return {"cert_reqs": "CERT_REQUIRED", "ca_certs": trust and str(trust)}
    return {"cert_reqs": "CERT_NONE"}


def _authorization(node: dict[str, Any]) -> str:
    """Only the full id of a token says whose it is. The user of the entry stands in for that on PBS alone."""
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
    """How many nodes or datastores the server shows; a token without any rights sees none and is still good."""
    return len(read(node, "/nodes" if node["type"] == "pve" else "/admin/datastore", trust))


def cluster_of(node: dict[str, Any], trust: Path | None) -> tuple[str, list[dict[str, Any]]]:
    """Name and members of the cluster of a PVE node; nothing where it is in none, or where the token may not see it."""
    try:
        told = read(node, "/cluster/status", trust, timeout=5)
    except Unreachable:
        return "", []
    members = [one for one in told if one["type"] == "node"]
    if len(members) < 2:
        return "", []
    name = next((one["name"] for one in told if one["type"] == "cluster"), "Unknown Cluster")
    return name, [_member(node, one, trust) for one in members]


def _member(node: dict[str, Any], told: dict[str, Any], trust: Path | None) -> dict[str, Any]:
    """A member of a cluster is called by its short name, with the port of the node that told of it."""
    parts = urlsplit(node["host"])
    address = f"{parts.scheme}://{told['ip']}:{parts.port}"
    fingerprint = _fingerprint(told["ip"], parts.port)
    reachable = True
    try:
        sign_in({**node, "host": address, "fingerprint": fingerprint}, trust)
    except Unreachable as error:
        reachable = "401" in str(error) or "403" in str(error)
    return {
        "nodeId": told["id"],
        "nativeNodeId": told["nodeid"],
        "nodeName": told["name"],
        "host": f"{parts.scheme}://{told['name']}:{parts.port}",
        "ip": told["ip"],
        "fingerprint": fingerprint,
        "online": bool(told["online"]),
        "pulseReachable": reachable,
    }


def _fingerprint(host: str, port: int | None) -> str:
    """The certificate that a member shows, which is believed at first sight."""
    try:
        pem = ssl.get_server_certificate((host, port or 443), timeout=2)
    except OSError:
        return ""
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
