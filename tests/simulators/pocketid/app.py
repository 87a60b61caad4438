"""The WSGI application: rate limits, authentication, dispatch to handlers, and responses."""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from flask import Flask, Request, Response, jsonify, redirect, request
from joserfc.jwk import RSAKey
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from . import clients, ldap, people, provider, rules, settings, tokens
from .call import ROUTES, Call, Route
from .errors import ApiError
from .state import STATIC_USER, Client, State, User, new_id, random_text

# Importing these modules fills the table of routes.
HANDLERS = (clients, ldap, people, provider, settings, tokens)
ONE_TIME = "/api/one-time-access-token/"


class Bucket:
    """A limit of `rate` requests per second and address, `burst` at once."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._left: dict[str, tuple[float, float]] = {}

    def wait(self, address: str) -> float:
        """Zero, or the seconds until the next request is accepted."""
        moment = time.monotonic()
        left, since = self._left.get(address, (float(self._burst), moment))
        left = min(self._burst, left + (moment - since) * self._rate)
        self._left[address] = (left - 1 if left >= 1 else left), moment
        return 0.0 if left >= 1 else (1 - left) / self._rate


class PocketIdSimulator:
    """A server. `issuer` is its own address (APP_URL) and may be set once the port is known.

    `version` selects the behaviour: 2.14 has several secrets per client, 2.13 one; 2.12 also has other error bodies.
    `api_key` belongs to an administrator that is created at its first use. `rate_limit` enables the limits of the
    policies of 2.14.0. `directory` has groups of an LDAP directory, already synced, with their members;
    `registered` the URLs of metadata documents of clients that have registered themselves. The login protocol of
    versions before 2.10 is not simulated.
    """

    def __init__(
        self,
        version: str = "2.14",
        issuer: str = "https://127.0.0.1",
        api_key: str = "simulated-static-api-key",
        rate_limit: bool = False,
        directory: dict[str, list[str]] | None = None,
        registered: tuple[str, ...] = (),
    ) -> None:
        major, minor, patch = map(int, (*version.split("."), "0")[:3])
        self.version = (major, minor, patch)
        self.issuer, self.api_key = issuer, api_key
        self.state = State()
        self.state.configuration = dict(settings.DEFAULTS)
        self.key = RSAKey.generate_key(2048, {"kid": secrets.token_urlsafe(8)})
        self._limits = {"/": Bucket(100, 300), ONE_TIME: Bucket(0.1, 5)} if rate_limit else {}
        self._lock = threading.Lock()
        self.directory = directory
        if directory is not None:
            self.state.configuration["ldapEnabled"] = "true"
            ldap.sync(self.state, directory)
        for url in registered:
            values = {field.name: field.kind.zero for field in rules.CLIENT_UPDATE}
            document = {**values, "name": url, "isPublic": True, "callbackURLs": [f"{url}/back"]}
            self.state.clients[url] = Client(url, clients.settings_of(document), type="cimd")

    @property
    def cookie(self) -> str:
        """The name of the session cookie, which is bound to the host if TLS is used."""
        return "__Host-access_token" if self.issuer.startswith("https:") else "access_token"

    def jose_header(self, kind: str) -> dict[str, str]:
        return {"alg": "RS256", "typ": kind, "kid": str(self.key.kid)}

    def create_static_user(self) -> User:
        """Create the administrator of the static key; after a deletion it is recreated with another name."""
        profile = {
            **people.NO_PROFILE,
            "username": f"static-api-user-{random_text(6)}",
            "firstName": "Static API User",
            "displayName": "Static API User",
            "isAdmin": True,
        }
        self.state.users = {STATIC_USER: User(STATIC_USER, profile), **self.state.users}
        return self.state.users[STATIC_USER]

    def app(self) -> Callable[..., Any]:
        app = Flask(__name__, static_folder=None)
        for index, endpoint in enumerate(ROUTES):
            if endpoint.since <= self.version < endpoint.until:
                app.add_url_rule(
                    endpoint.path,
                    str(index),
                    self._handled(endpoint),
                    methods=[endpoint.verb],
                    provide_automatic_options=False,
                )
        app.register_error_handler(NotFound, self._unknown)
        app.register_error_handler(MethodNotAllowed, self._unknown)
        app.after_request(self._finished)
        return app

    def _handled(self, endpoint: Route) -> Callable[..., Response]:
        def handle(**parts: str) -> Response:
            with self._lock:
                try:
                    self._limit(request)
                    answer = endpoint.handler(Call(self, request, endpoint.need), **parts)
                except ApiError as error:
                    return self._refused(error)
            if isinstance(answer, Response):
                return answer
            status, body = answer
            if body is None:
                return Response(status=status)
            response = jsonify(body)
            response.status_code = status
            return response

        return handle

    def _limit(self, sent: Request) -> None:
        for path, bucket in self._limits.items():
            if sent.path.startswith(path) and sent.path != "/healthz":
                wait = bucket.wait(sent.remote_addr or "")
                if wait:
                    error = ApiError(429, "rate_limited", "Too many requests")
                    error.retry_after = math.ceil(wait)
                    raise error

    def _refused(self, error: ApiError) -> Response:
        request_id = new_id()
        status, body = error.answer(request_id, self.version)
        response = jsonify(body)
        response.status_code = status
        response.headers["X-Request-ID"] = request_id
        if error.retry_after:
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _unknown(self, _error: HTTPException) -> BaseResponse:
        """The response for unknown paths: an error without a code below /api, the page of the front end elsewhere."""
        if request.path != "/" and request.path.endswith("/"):
            return redirect(request.full_path.rstrip("?").rstrip("/"), 301)
        if request.path.startswith(("/api/", "/.well-known/")):
            return Response('{"error":"API endpoint not found"}', 404, content_type="application/json; charset=utf-8")
        return Response("<!doctype html><title>Pocket ID</title>", content_type="text/html; charset=utf-8")

    @staticmethod
    def _finished(response: Response) -> Response:
        response.headers.setdefault("Cache-Control", "private, no-store")
        response.headers.setdefault("X-Request-ID", new_id())
        return response
