"""The WSGI application: credentials and scopes, the endpoints, and the format of their responses."""

from __future__ import annotations

import base64
import copy
import json
import secrets
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from . import peers
from .addresses import normalised
from .errors import ApiError
from .nodes import FLAGS, Nodes, parsed

READ, WRITE = "settings:read", "settings:write"
LARGEST_BODY = 32 * 1024
LIMIT, WINDOW = 30, 60
SURFACES = {
    "pve": ["vms", "containers", "storage", "backups"],
    "pbs": ["backups", "datastores", "syncJobs", "verifyJobs", "pruneJobs", "garbageJobs"],
    "pmg": ["mailStats", "queues", "quarantine", "domainStats"],
}


class PulseSimulator:
    """A Pulse server of `version` 5.1 or 6.3. It signs in to the servers that it monitors.

    `api_token` has the scopes settings:read and settings:write. `trust` is the CA bundle of the host, which applies
    to nodes with verifySSL. `rate_limit` enables the limit on changes, which the product does not apply to local
    callers. `reload_seconds` is the time between reading the file after a change and replacing the nodes in memory by
    it, in which others change what is in memory still; the product takes a second (6.3.0 monitoring/reload.go).
    """

    def __init__(
        self,
        version: str = "6.3",
        api_token: str = "simulated-api-token",
        admin: tuple[str, str] = ("admin", "simulated-password"),
        trust: Path | None = None,
        rate_limit: bool = False,
        reload_seconds: float = 0,
    ) -> None:
        self.version = {"5.1": "5.1.36", "6.3": "6.3.0"}[version]
        self.old = version.startswith("5.")
        self.nodes = Nodes(self.old, trust)
        self.tokens: dict[str, dict[str, Any]] = {}
        self._admin = base64.b64encode(":".join(admin).encode()).decode()
        self._keep(api_token, "simulated", [READ, WRITE])
        self._changes: deque[float] | None = deque() if rate_limit else None
        self._lock = threading.Lock()
        self._reload_seconds, self._reloading = reload_seconds, threading.Lock()

    def app(self) -> Callable[..., Any]:
        app = Flask(__name__, static_folder=None)
        nodes = "/api/config/nodes"
        for verb, path, scope, handler in (
            ("GET", "/api/version", None, self._version),
            ("GET", "/api/health", None, self._health),
            ("GET", nodes, READ, self._list),
            ("POST", nodes, WRITE, self._add),
            ("POST", f"{nodes}/test-config", WRITE, self._test_config),
            ("POST", f"{nodes}/test-connection", WRITE, self._test_connection),
            ("PUT", f"{nodes}/<node>", WRITE, self._update),
            ("DELETE", f"{nodes}/<node>", WRITE, self._remove),
            ("POST", f"{nodes}/<node>/test", WRITE, self._test),
            ("GET", "/api/connections", READ, self._connections),
            ("POST", "/api/security/tokens", WRITE, self._add_token),
            ("DELETE", "/api/security/tokens/<token>", WRITE, self._remove_token),
        ):
            if path != "/api/connections" or not self.old:
                view = self._handled(scope, handler)
                app.add_url_rule(path, f"{verb} {path}", view, methods=[verb], provide_automatic_options=False)
        app.register_error_handler(HTTPException, self._unknown)
        return app

    def _handled(self, scope: str | None, handler: Callable[..., Response]) -> Callable[..., Response]:
        def handle(**parts: str) -> Response:
            with self._lock:
                try:
                    self._count()
                    response = self._refused(scope) or handler(**parts)
                except ApiError as error:
                    response = _text(error.status, error.text)
                is_changed, self.nodes.is_changed = self.nodes.is_changed, False
            if is_changed and self._reload_seconds:
                self._reload()
            return response

        return handle

    def _reload(self) -> None:
        """One reload after the other; a change waits for its own."""
        with self._reloading:
            with self._lock:
                stored = copy.deepcopy(self.nodes.stored)
            time.sleep(self._reload_seconds)
            with self._lock:
                self.nodes.load(stored)

    def _count(self) -> None:
        if self._changes is None or request.method == "GET" or not request.path.startswith("/api/config/nodes"):
            return
        while self._changes and time.monotonic() - self._changes[0] > WINDOW:
            self._changes.popleft()
        if len(self._changes) >= LIMIT:
            raise ApiError(429, "Rate limit exceeded. Please try again later.")
        self._changes.append(time.monotonic())

    # -- authentication ----------------------------------------------------------------------------------------

    def _keep(self, value: str, name: str, scopes: list[str]) -> dict[str, Any]:
        record = {"id": str(uuid.uuid4()), "name": name, "prefix": value[:6], "suffix": value[-4:], "scopes": scopes}
        self.tokens[value] = record
        return record

    def _refused(self, scope: str | None) -> Response | None:
        """The refusal of an unauthorised request, or None."""
        authorization = request.headers.get("Authorization", "")
        if scope is None or authorization == f"Basic {self._admin}":
            return None
        sent = request.headers.get("X-API-Token") or authorization.partition("Bearer ")[2]
        if not sent or (self.old and sent not in self.tokens):
            return _json(401, {"error": "Authentication required"})
        if sent not in self.tokens:
            return _text(401, "Invalid API token")
        if scope not in self.tokens[sent]["scopes"]:
            return _json(403, {"error": "missing_scope", "requiredScope": scope})
        return None

    def _add_token(self) -> Response:
        """Since 6 a token cannot grant scopes that it does not have."""
        body = self._body()
        held = self.tokens.get(request.headers.get("X-API-Token", ""), {"scopes": body["scopes"]})["scopes"]
        for scope in body["scopes"]:
            if scope not in held and not self.old:
                raise ApiError(403, f'Cannot grant scope "{scope}": your token does not have this scope')
        value = secrets.token_hex(32)
        return _json(200, {"token": value, "record": self._keep(value, body.get("name", ""), body["scopes"])})

    def _remove_token(self, token: str) -> Response:
        self.tokens = {value: record for value, record in self.tokens.items() if record["id"] != token}
        return Response(status=204)

    # -- endpoints ---------------------------------------------------------------------------------------------

    def _version(self) -> Response:
        result = {
            "version": self.version,
            "build": "release",
            "runtime": "go",
            "channel": "stable",
            "isDevelopment": False,
        }
        return _json(200, result)

    def _health(self) -> Response:
        return _json(200, {"status": "healthy", "timestamp": int(time.time()), "uptime": 1.0})

    def _list(self) -> Response:
        return _json(200, self.nodes.listed())

    def _add(self) -> Response:
        merged = self.nodes.add(parsed(self._body(), self.old))
        return _json(200, merged) if merged else _saved(201)

    def _update(self, node: str) -> Response:
        given = parsed(self._body(), self.old)
        self.nodes.update(self._existing(node), given)
        return _saved(200)

    def _remove(self, node: str) -> Response:
        self.nodes.remove(self._existing(node))
        return _saved(200)

    def _existing(self, node: str) -> dict[str, Any]:
        entry = self.nodes.find(node)
        if entry is None:
            raise ApiError(404, "Node not found")
        return entry

    def _test(self, node: str) -> Response:
        entry = self.nodes.find(node)
        return self._tried(entry, "PBS") if entry else _json(400, {"status": "error", "message": "Node not found"})

    def _test_config(self) -> Response:
        """The host is used as given, so it needs a scheme and a port."""
        given = parsed(self._body(), self.old)
        if given.get("type") not in FLAGS:
            raise ApiError(400, "Invalid node type")
        return self._tried(_to_try(given, given.get("host", "")), "PBS instance")

    def _tried(self, node: dict[str, Any], backup_server: str) -> Response:
        try:
            count = peers.sign_in(node, self.nodes.trust)
        except peers.Unreachable as error:
            return _json(400, {"status": "error", "message": error.shown})
        pve = node["type"] == "pve"
        message = f"Connected to {f'PVE cluster with {count} nodes' if pve else backup_server}"
        return _json(200, {"status": "success", "message": message, "latency": 1})

    def _test_connection(self) -> Response:
        given = parsed(self._body(), self.old)
        if not given.get("host"):
            raise ApiError(400, "Host is required")
        if given.get("type") not in FLAGS:
            raise ApiError(400, "Invalid node type")
        if not (given["tokenName"] and given["tokenValue"]):
            raise ApiError(400, "Authentication credentials required")
        node = _to_try(given, normalised(given["host"], given["type"]))
        try:
            count = peers.sign_in(node, self.nodes.trust)
        except peers.Unreachable as error:
            raise ApiError(400, error.shown) from error
        if node["type"] == "pbs":
            message = f"Successfully connected. Found {count} datastore(s)"
            return _json(200, {"status": "success", "message": message, "datastoreCount": count})
        members = peers.cluster_of(node, self.nodes.trust)[1]
        result = {"status": "success", "message": f"Successfully connected to {count} node(s)", "nodeCount": count}
        cluster = {"isCluster": bool(members), **({"clusterNodeCount": len(members)} if members else {})}
        return _json(200, {**result, **cluster})

    def _connections(self) -> Response:
        return _json(200, {"connections": [self._connection(node) for node in self.nodes.everything()]})

    def _connection(self, node: dict[str, Any]) -> dict[str, Any]:
        state, failure = self.nodes.state(node)
        error = {"lastError": {"at": _now(), "message": failure, "category": "transient"}} if failure else {}
        return {
            "id": f"{node['type']}:{node['name']}",
            "type": node["type"],
            "name": node["name"],
            "address": node["host"],
            "state": state,
            "stateReason": {"pending": "awaiting first poll", "paused": "paused by user"}.get(state, failure),
            "enabled": not node["disabled"],
            "surfaces": SURFACES[node["type"]],
            "scope": {
                f"{flag[7:8].lower()}{flag[8:]}".replace("vMs", "vms"): node[flag] for flag in FLAGS[node["type"]]
            },
            "source": "manual",
            **error,
        }

    @staticmethod
    def _body() -> Any:
        sent = request.get_data()
        try:
            return json.loads(sent) if len(sent) <= LARGEST_BODY else None
        except ValueError as error:
            raise ApiError(400, "Invalid request body") from error

    @staticmethod
    def _unknown(error: HTTPException) -> Response:
        return _text(405, "Method not allowed") if error.code == 405 else _text(404, "404 page not found")


def _to_try(given: dict[str, Any], host: str) -> dict[str, Any]:
    texts = {name: given.get(name, "") for name in ("type", "user", "tokenName", "tokenValue", "fingerprint")}
    return {**texts, "host": host if "://" in host else f"https://{host}", "verifySSL": given.get("verifySSL", False)}


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _json(status: int, body: Any) -> Response:
    return Response(json.dumps(body) + "\n", status, content_type="application/json")


def _saved(status: int) -> Response:
    """JSON with a content type of plain text."""
    return Response('{"status":"success"}\n', status, content_type="text/plain; charset=utf-8")


def _text(status: int, text: str) -> Response:
    response = Response(f"{text}\n", status, content_type="text/plain; charset=utf-8")
    if status == 429:
        response.headers["Retry-After"] = str(WINDOW)
        response.headers["X-RateLimit-Limit"] = str(LIMIT)
        response.headers["X-RateLimit-Remaining"] = "0"
    return response
