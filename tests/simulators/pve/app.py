"""HTTP of a node: order of checks, decoding of paths and bodies, format of the responses.

Sources: pve-http-server 6.0.5 (APIServer/AnyEvent.pm, Formatter/Standard.pm), pve-manager 9.2.11 (HTTPServer.pm).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from .api import ROUTES
from .auth import Credentials, authenticate, unescaped
from .call import Call, Handler
from .cluster import Cluster, Node
from .errors import ApiError, parameter_error, permission_error
from .schema import Endpoint

VERBS = ("GET", "POST", "PUT", "DELETE")
WITH_BODY = ("POST", "PUT")
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
MALFORMED = "malformed JSON string, neither tag, array, object, number, string or atom"
LIMIT = 512 * 1024
DELAY_OF_401 = 3
FIXED_HEADERS = [("Server", "pve-api-daemon/3.0"), ("Cache-Control", "max-age=0"), ("Pragma", "no-cache")]


@dataclass
class Answer:
    """`content_type` is None if the product sends none; the reason phrase is the first line of `message`."""

    status: int
    message: str
    body: bytes = b""
    content_type: str | None = None

    @classmethod
    def plain(cls, status: int, text: str) -> Answer:
        """An error from below the API: its text is the body, in no particular type."""
        return cls(status, text, text.encode())

    @classmethod
    def json(
        cls,
        data: object,
        error: ApiError | None = None,
        extra: dict[str, Any] | None = None,
        reports_message: bool = True,
    ) -> Answer:
        content = {"data": data, **(extra or {})}
        if error:
            content.update({"message": error.message} if reports_message else {})
            content.update({"errors": error.errors} if error.errors else {})
        body = json.dumps(content, ensure_ascii=False).encode()
        status = (error.status or 500) if error else 200
        return cls(status, error.message if error else "OK", body, "application/json;charset=UTF-8")


class Request:
    """The parts of a request that the product reads. Paths, parameter names and headers are bytes, each a character."""

    def __init__(self, environ: dict[str, Any]) -> None:
        target = environ.get("REQUEST_URI") or environ.get("RAW_URI") or environ["PATH_INFO"]
        self.verb = environ["REQUEST_METHOD"]
        self.path = unescaped(target.partition("?")[0])
        self.query = environ.get("QUERY_STRING", "")
        self.length = int(environ.get("CONTENT_LENGTH") or 0)
        self.content_type = environ.get("CONTENT_TYPE", "")
        self.transfer_encoding = environ.get("HTTP_TRANSFER_ENCODING", "")
        self.credentials = Credentials.of(
            environ.get("HTTP_COOKIE"), environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_CSRFPREVENTIONTOKEN")
        )
        self._input = environ["wsgi.input"]

    def params(self, perl_position: str) -> dict[str, Any]:
        """Body and query together; the query wins, and `_dc` only defeats caches."""
        values: dict[str, Any] = {}
        if self.verb in WITH_BODY:
            body = self._input.read(self.length)
            is_json = self.media_type == JSON  # and then even an empty body must be JSON
            values = _decoded_json(body, perl_position) if is_json else _decoded_form(body.decode("latin-1"))
        values |= _decoded_form(self.query)
        values.pop("_dc", None)
        return values

    @property
    def media_type(self) -> str:
        return re.split(r"\s*[;,]\s*", self.content_type)[0]


def _decoded_form(text: str) -> dict[str, Any]:
    """Both `&` and `;` separate, a repeated field becomes a list, a second `=` ends the value."""
    fields: dict[str, Any] = {}
    for field in filter(None, re.split("[&;]", text)):
        name, *values = (unescaped(part.replace("+", " ")) for part in field.split("="))
        value = values[0].encode("latin-1").decode("utf-8", "replace") if values else None
        if name in fields:
            fields[name] = [*(fields[name] if isinstance(fields[name], list) else [fields[name]]), value]
        else:
            fields[name] = value
    return fields


def _decoded_json(body: bytes, perl_position: str) -> dict[str, Any]:
    text = body.decode("utf-8", "replace")
    try:
        values = json.loads(body)
    except ValueError as error:
        expected = "'\"' expected" if "property name" in str(error) else MALFORMED
        position = getattr(error, "pos", 0)
        rest = text[position:] or "(end of string)"
        raise ApiError(f'{expected}, at character offset {position} (before "{rest}") at {perl_position}\n') from error
    if not isinstance(values, dict):
        raise ApiError(f"Not a HASH reference at {perl_position}\n")
    return values


class Application:
    """The WSGI application of a node."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self._cluster = cluster
        self._node = node

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self._cluster.tasks.advance()
        answer = self._answer(Request(environ))
        if answer.status == HTTPStatus.UNAUTHORIZED and self._cluster.slow_failures:
            time.sleep(DELAY_OF_401)
        reason = answer.message.partition("\n")[0].encode("latin-1", "replace").decode("latin-1")
        if "\r" in reason:  # would end the status line
            answer, reason = Answer(400, ""), "Bad Request"
        headers = [*FIXED_HEADERS, ("Date", self._node.relying_party.date()), ("Content-Length", str(len(answer.body)))]
        if answer.content_type:
            headers.append(("Content-Type", answer.content_type))
        if answer.status >= HTTPStatus.BAD_REQUEST:
            headers.append(("Connection", "close"))
        start_response(f"{answer.status} {reason}", headers)
        return [answer.body]

    def _answer(self, request: Request) -> Answer:
        if request.verb not in VERBS:
            return Answer(501, f"method '{request.verb}' not available")
        if request.transfer_encoding:
            return Answer.plain(501, "chunked transfer encoding not supported")
        if not request.path.startswith("/api2"):
            return Answer.plain(500, f"no such file '{request.path}'\n")
        match = re.fullmatch(r"/api2/+([a-z][a-z0-9]+)(/.*)?", request.path, re.DOTALL)
        if not match:
            return Answer.plain(501, "no such uri")
        path = match[2] or "/"
        try:
            authid = authenticate(self._cluster, request.verb, path, request.credentials)
        except ApiError as error:
            return Answer(error.status or 500, error.message)
        if refusal := _refused_body(request):
            return refusal
        if match[1] != "json":
            return Answer.plain(501, f"no formatter for uri {path}, {match[1]}")
        try:
            param = request.params(self._cluster.product["perl"]["json"])
        except ApiError as error:
            return Answer.plain(500, error.message)
        return self._dispatch(request, path, authid, param)

    def _dispatch(self, request: Request, path: str, authid: str | None, param: dict[str, Any]) -> Answer:
        try:
            endpoint, in_path = self._endpoint(request.verb, path)
            for name in sorted(param):
                if name in in_path and in_path[name] != param[name]:
                    raise parameter_error(
                        {name: "duplicate parameter (already defined in URI) with conflicting values!"}
                    )
            param = in_path | param
            if request.credentials.api_token and not endpoint.allowtoken:
                raise permission_error(f"URI '{path}' not available with API token, need proper ticket.\n")
            call = Call(self._cluster, self._node, authid)
            call.permissions.verify(endpoint.permissions, authid, param)
            if endpoint.proxyto and param[endpoint.proxyto] != self._node.name:
                return self._forwarded(request, path, authid, param, param[endpoint.proxyto])
            param = self._cluster.schema.verify(endpoint, param)
            return Answer.json(_handler(endpoint)(call, param), extra=call.extra)
        except ApiError as error:
            return Answer.json(None, error, reports_message=self._cluster.product["reports_messages"])

    def _endpoint(self, verb: str, path: str) -> tuple[Endpoint, dict[str, str]]:
        found = self._cluster.schema.find(verb, path)
        if found is None:
            raise ApiError(f"Method '{verb} {path}' not implemented", 501)
        return found

    def _forwarded(self, request: Request, path: str, authid: str | None, param: dict[str, Any], name: str) -> Answer:
        """The answer of another node of the cluster."""
        node = self._cluster.nodes.get(name)
        if node is None:
            raise ApiError(
                f"hostname lookup '{name}' failed - failed to get address info for: {name}: Name or service not known\n"
            )
        if not node.online:
            return Answer(595, "No route to host")
        if not node.listening:
            return Answer(595, "Connection refused")
        return Application(self._cluster, node)._dispatch(request, path, authid, param)


def _refused_body(request: Request) -> Answer | None:
    if not request.length:
        return None
    if request.verb not in WITH_BODY:
        return Answer.plain(501, f"Unexpected content for method '{request.verb}'")
    if request.length > LIMIT:
        return Answer.plain(501, "for data too large")
    if request.media_type not in ("", FORM, JSON):
        return Answer.plain(506, f"upload 'Content-Type '{request.content_type}' not implemented")
    return None


def _handler(endpoint: Endpoint) -> Handler:
    """The handler of an endpoint; the schema has more endpoints than are simulated."""
    if (endpoint.verb, endpoint.path) not in ROUTES:
        raise ApiError(f"'{endpoint.verb} {endpoint.path}' is not simulated", 501)
    return ROUTES[endpoint.verb, endpoint.path]
