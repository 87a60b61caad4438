"""The WSGI application: the order of the checks of a request, and the format of responses."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from werkzeug import Request, Response

from ..directory import Directory
from ..relying_party import RelyingParty
from ..second_factor import SecondFactor
from ..tasks import Tasks
from . import acl, login, realms, system, tasks, users
from .auth import Authentication, Tickets
from .call import ROUTES, Call
from .errors import ApiError
from .parameters import from_form, from_json
from .permissions import AclCache, Rights
from .schema import Endpoint, Schema
from .state import State

# Importing these modules fills the table of routes.
HANDLERS = (acl, login, realms, system, tasks, users)

JSON_TYPE = "application/json;charset=UTF-8"
LONGEST_URI, BODY_LIMIT = 3072, 512 * 1024
DELAYS = {401: 3.0, 403: 0.5}


class PbsSimulator:
    """A backup server.

    `passwords` creates users that can log in; root@pam always exists. `tokens` are `user@realm!name` to secret; those
    of root@pam get `Admin` on `/` unless `admin_tokens` is off. `totp` has the secrets of second factors of users,
    `directories` the servers that realms can use. Tasks take `task_seconds`. `trust` is the CA bundle for the
    certificates of OpenID issuers. `slow_failures` enables the delays of refusals. Checks may miss changes of the ACL
    for `acl_cache_seconds`, five on a real server.
    """

    def __init__(
        self,
        version: str = "4.2",
        node: str = "pbs1",
        passwords: dict[str, str] | None = None,
        tokens: dict[str, str] | None = None,
        admin_tokens: bool = True,
        totp: dict[str, str] | None = None,
        directories: Iterable[Directory] = (),
        task_seconds: float = 0.2,
        datastores: Iterable[str] = ("tank",),
        trust: Path | None = None,
        slow_failures: bool = False,
        acl_cache_seconds: float = 5,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.node = node
        self.now = clock
        self.directories = tuple(directories)
        self.schema = Schema(version)
        self.state = State(self.schema, clock)
        self.chance = random.Random(0)
        self.tickets = Tickets(clock)
        self.relying_party = RelyingParty(trust, clock)
        self.auth = Authentication(
            self.state, self.tickets, host_cookie=self.schema.since("4.0.5-1"), details=not self.schema.since("4.1.3-1")
        )
        self._acl = AclCache(self.state.acl, self.state.users, clock, acl_cache_seconds)
        self.tasks = Tasks(task_seconds, clock, tasks.stamp)
        self._delays = DELAYS if slow_failures else {}
        self.state.second_factors.update({userid: SecondFactor(secret) for userid, secret in (totp or {}).items()})
        self._seed(passwords or {}, tokens or {}, admin_tokens, datastores)

    def app(self) -> Callable[..., Iterable[bytes]]:
        """The WSGI application. It needs REQUEST_URI in the environment, because a decoded path is ambiguous."""
        return Request.application(self._dated)

    def _dated(self, request: Request) -> Response:
        response = self._answer(request)
        response.headers["Date"] = self.relying_party.date()
        return response

    @property
    def rights(self) -> Rights:
        return Rights(self._acl.current(), self.schema.roles)

    def _seed(
        self, passwords: dict[str, str], tokens: dict[str, str], admin_tokens: bool, datastores: Iterable[str]
    ) -> None:
        self.state.passwords.update(passwords)
        self.state.secrets.update(tokens)
        with self.state.users.change() as sections:
            for userid in passwords:
                sections.setdefault(userid, {"type": "user"})
            sections.update({token: {"type": "token"} for token in tokens})
        with self.state.acl.change() as rows:
            admins = [token for token in tokens if token.startswith("root@pam!")] if admin_tokens else []
            rows["/"] = {token: {"Admin": True} for token in admins}
        with self.state.datastores.change() as sections:
            for store in datastores:
                sections[store] = {"type": "datastore", "path": f"/mnt/datastore/{store}", "comment": f"store {store}"}

    def _answer(self, request: Request) -> Response:
        """The order of checks: path, credentials, existence of the endpoint, permission, parameters."""
        content_type = None
        self.tasks.advance()
        try:
            segments, query = self._address(request)
            if segments is None:
                return Response(status=414)
            if segments[:1] != ["api2"]:
                raise ApiError(404 if request.method == "GET" else 400, "only the API is simulated")
            if segments[1:2] != ["json"]:
                raise ApiError(400, f"Unsupported output format '{''.join(segments[1:2])}'.")
            found = self.schema.find(request.method, [unquote(segment) for segment in segments[2:]])
            is_open = found is not None and "world" in found[0].permission
            caller = None if is_open else self._identify(request)
            content_type = JSON_TYPE
            if found is None:
                raise ApiError(404, f"Path '/{'/'.join(segments)}' not found.")
            return self._run(request, query, *found, caller)
        except ApiError as error:
            return self._refusal(error, content_type)

    def admits(self, userid: str) -> bool:
        """Whether a user or token is admitted; none is if the server cannot read its ACL."""
        try:
            self._acl.current()
        except ApiError:
            return False
        return self.state.is_active(userid)

    def _identify(self, request: Request) -> str:
        caller = self.auth.identify(request)
        if not self.admits(caller):
            raise ApiError(401, "authentication failed")
        return caller

    def _address(self, request: Request) -> tuple[list[str] | None, str]:
        """The undecoded segments of the path without empty ones, and the query; None if the URI is too long."""
        path, _mark, query = request.environ["REQUEST_URI"].partition("?")
        segments = [segment for segment in path.split("/") if segment]
        if any(segment.startswith(".") for segment in segments):
            raise ApiError(400, "path contains illegal components")
        length = sum(len(segment) + 1 for segment in segments) + len(query)
        return (None if length > LONGEST_URI else segments), query

    def _run(
        self, request: Request, query: str, endpoint: Endpoint, values: dict[str, str], caller: str | None
    ) -> Response:
        if "world" not in endpoint.permission and not self.rights.allow(endpoint.permission, caller, values):
            raise ApiError(403, "permission check failed")
        params = self._parameters(request, query, endpoint, values)
        call = Call(self, request, endpoint, caller or "", params)
        envelope: dict[str, Any] = {"data": ROUTES[endpoint.verb, endpoint.path](call)}
        if endpoint.verb == "GET" and endpoint.config:
            envelope["digest"] = self.state.files[endpoint.config].digest
        response = Response(json.dumps({**envelope, **call.extra}), content_type=JSON_TYPE)
        response.headers.update(call.headers)
        return response

    def _parameters(self, request: Request, query: str, endpoint: Endpoint, values: dict[str, str]) -> dict[str, Any]:
        kind = request.headers.get("Content-Type")
        if kind is not None and kind.partition(";")[0] not in ("application/json", "application/x-www-form-urlencoded"):
            raise ApiError(400, f"unsupported content type {kind}")
        body = request.get_data()
        if len(body) >= BODY_LIMIT:
            raise ApiError(400, "Request body too large")
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise ApiError(400, f"Request body is not UTF-8: {error}") from error
        if kind is not None and kind.startswith("application/json"):
            return from_json(endpoint.parameters, text, values)
        return from_form(endpoint.parameters, text, query, values)

    def _refusal(self, error: ApiError, content_type: str | None) -> Response:
        """Plain text declared as JSON; without any content type before an endpoint is reached."""
        time.sleep(self._delays.get(error.status, 0))
        response = Response(error.reason, status=error.status)
        if content_type is None:
            del response.headers["Content-Type"]
        else:
            response.headers["Content-Type"] = content_type
        if error.status == 401 and self.schema.since("4.0.7-1"):
            response.headers["Set-Cookie"] = login.EXPIRED_COOKIE
        return response
