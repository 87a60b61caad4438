"""The WSGI application: the routes of the API, those of browsers and clients, and error pages."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug import Response as BaseResponse
from werkzeug.exceptions import MethodNotAllowed, NotFound

from . import applications, catalogue, files, oauth, people, roles
from .call import ROUTES, Call, Route, route
from .errors import ApiError, Crash
from .flows import Flows
from .state import Row, State, random_text

# Importing these modules fills the table of routes.
HANDLERS = (applications, catalogue, files, people, roles)
API = "/api/v3"
VERSIONS = {"2024.12": "2024.12.5", "2025.12": "2025.12.4", "2026.8": "2026.8.0"}


@route("GET", "/admin/version/", needs="")
def version(call: Call) -> tuple[int, Any]:
    version = call.simulator.full_version
    return 200, {
        "version_current": version,
        "version_latest": version,
        "version_latest_valid": True,
        "build_hash": "",
        "outdated": False,
        "outpost_outdated": False,
    }


class AuthentikSimulator:
    """A server of release 2026.8, 2025.12 or 2024.12. `token` is the bootstrap token of the administrator akadmin.

    Passwords are in `state.passwords` by user, in clear. `keeps_files` is true if a file storage is mounted.
    """

    keeps_files = True

    def __init__(self, version: str = "2026.8", token: str = "simulated-bootstrap-token", password: str = "") -> None:
        self.full_version = VERSIONS[version]
        year, month = version.split(".")
        self.version = (int(year), int(month))
        self.state = State()
        catalogue.install(self.state)
        self._bootstrap(token, password or secrets.token_urlsafe(12))
        self._lock = threading.Lock()

    def _bootstrap(self, token: str, password: str) -> None:
        admin = self._user("akadmin", "root@example.com")
        self.state.passwords[admin["pk"]] = password
        group = {
            "name": "authentik Admins",
            "is_superuser": True,
            "parents": [],
            "users": [admin["pk"]],
            "attributes": {},
            "roles": [],
        }
        self.state.add("group", group)
        row = {
            "identifier": "authentik-bootstrap-token",
            "intent": "api",
            "user": admin["pk"],
            "description": "",
            "expires": self.state.lasting(),
            "expiring": False,
            "managed": None,
            "key": token,
        }
        self.state.add("token", row)

    def _user(self, username: str, email: str) -> Row:
        row = {
            "username": username,
            "name": username,
            "is_active": True,
            "email": email,
            "attributes": {},
            "path": "users",
            "type": "internal",
            "last_login": None,
            "uuid": str(uuid.uuid4()),
            "date_joined": "2026-01-01T00:00:00Z",
        }
        return self.state.add("user", row)

    def app(self) -> Callable[..., Any]:
        app = Flask(__name__, static_folder=None)
        app.url_map.redirect_defaults = False
        app.url_map.strict_slashes = True
        app.url_map.merge_slashes = False
        for index, endpoint in enumerate(ROUTES):
            if endpoint.since <= self.version < endpoint.until:
                app.add_url_rule(
                    API + endpoint.path,
                    str(index),
                    self._handled(endpoint),
                    methods=[endpoint.verb],
                    provide_automatic_options=False,
                )
        for verb, path, handler in (*oauth.routes(self), *Flows(self).routes(), *files.routes(self)):
            app.add_url_rule(
                path, f"{verb} {path}", self._locked(handler), methods=[verb], provide_automatic_options=False
            )
        app.before_request(self._without_slash)
        app.register_error_handler(NotFound, self._unknown)
        app.register_error_handler(MethodNotAllowed, self._wrong_method)
        app.register_error_handler(Crash, self._fault)
        app.after_request(self._finished)
        return app

    def _handled(self, endpoint: Route) -> Callable[..., Response]:
        def handle(**parts: str) -> Response:
            with self._lock:
                try:
                    status, body = endpoint.handler(Call(self, request, endpoint.needs), **parts)
                except ApiError as error:
                    status, body = error.status, error.body
            if body is None:
                return Response(status=status)
            response = jsonify(body)
            response.status_code = status
            return response

        return handle

    def _locked(self, handler: Callable[..., BaseResponse]) -> Callable[..., BaseResponse]:
        def handle(**parts: str) -> BaseResponse:
            with self._lock:
                return handler(**parts)

        return handle

    @staticmethod
    def _without_slash() -> Response | None:
        files_and_pages = request.path.startswith(("/files/", "/media/")) or request.path.endswith(
            "/openid-configuration"
        )
        wrong = not request.path.endswith("/") and not files_and_pages
        return AuthentikSimulator._unknown(NotFound()) if wrong else None

    @staticmethod
    def _unknown(_error: Exception) -> Response:
        """Unknown paths return a page, which is available to GET only."""
        if request.method != "GET":
            return AuthentikSimulator._nothing()
        return Response("<!doctype html><title>Not Found</title>", 404, content_type="text/html; charset=utf-8")

    @staticmethod
    def _fault(_error: Exception) -> Response:
        if request.method != "GET":
            return AuthentikSimulator._nothing()
        return Response("<!doctype html><title>Server Error</title>", 500, content_type="text/html; charset=utf-8")

    @staticmethod
    def _nothing() -> Response:
        return Response("", 405, content_type="text/html; charset=utf-8")

    @staticmethod
    def _wrong_method(_error: Exception) -> Response:
        response = jsonify({"detail": f'Method "{request.method}" not allowed.'})
        response.status_code = 405
        return response

    @staticmethod
    def _finished(response: Response) -> Response:
        response.headers["X-authentik-id"] = random_text(32)
        return response
