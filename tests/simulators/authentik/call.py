"""The context of a request: the table of routes, the caller, and the request body."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Request
from werkzeug.datastructures import FileStorage

from .errors import ApiError, denied
from .state import Row, State, now

if TYPE_CHECKING:
    from .app import AuthentikSimulator


@dataclass(frozen=True)
class Route:
    """A handler below /api/v3, the permission that it requires ("" for none), and the versions that have it."""

    verb: str
    path: str
    needs: str
    since: tuple[int, int]
    until: tuple[int, int]
    handler: Callable[..., Any]


HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])
ROUTES: list[Route] = []
# routes that only superusers may use here, regardless of the permission that the server requires
SUPERUSER = "superuser"


def route(
    verb: str, path: str, needs: str = SUPERUSER, since: tuple[int, int] = (0, 0), until: tuple[int, int] = (9999, 0)
) -> Callable[[HandlerT], HandlerT]:
    """Register a handler: it takes a Call and the parts of the path, and returns (status, body), None for no body."""

    def register(handler: HandlerT) -> HandlerT:
        ROUTES.append(Route(verb, path, needs, since, until, handler))
        return handler

    return register


class Call:
    """A request, its simulator, and the user who owns its token."""

    def __init__(self, simulator: AuthentikSimulator, request: Request, needs: str) -> None:
        self.simulator, self.request = simulator, request
        self.user = self._identify()
        if needs:
            self.require(needs)

    @property
    def state(self) -> State:
        return self.simulator.state

    @property
    def version(self) -> tuple[int, ...]:
        return self.simulator.version

    @property
    def is_superuser(self) -> bool:
        return self.state.is_superuser(self.user["pk"])

    def may(self, permission: str, row: Row | None = None) -> bool:
        """Whether the caller has a permission, for an object or else for all."""
        user = self.user["pk"]
        if self.is_superuser or permission in self.state.permissions_of(user):
            return True
        return row is not None and str(row["pk"]) in self.state.objects_of(user, permission)

    def require(self, permission: str, row: Row | None = None) -> None:
        if not self.may(permission, row):
            raise denied()

    @property
    def origin(self) -> str:
        """The origin of the request, from which all URLs are built."""
        return f"{self.request.scheme}://{self.request.host}"

    def body(self) -> Any:
        if not self.request.get_data():
            return {}
        if not self.request.is_json:
            raise ApiError(415, {"detail": f'Unsupported media type "{self.request.content_type}" in request.'})
        try:
            return json.loads(self.request.get_data())
        except ValueError as error:
            raise ApiError(400, {"detail": f"JSON parse error - {error}"}) from error

    def form(self) -> tuple[dict[str, str], FileStorage | None]:
        """The fields of a multipart form, and its file. A part without a file name is not a file."""
        if self.request.get_data(parse_form_data=False, cache=True) and self.request.mimetype != "multipart/form-data":
            raise ApiError(415, {"detail": f'Unsupported media type "{self.request.content_type}" in request.'})
        file = self.request.files.get("file")
        return self.request.form.to_dict(), file if file and file.filename else None

    def _identify(self) -> Row:
        scheme, _blank, key = self.request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            raise denied("Authentication credentials were not provided.")
        token = self.state.find("token", key=key, intent="api")
        user = self.state.get("user", token["user"]) if token else None
        if not token or not user or not user["is_active"] or is_expired(token):
            raise denied("Token invalid/expired")
        return user


def is_expired(token: Row) -> bool:
    return bool(token["expiring"]) and datetime.fromisoformat(token["expires"]) <= now()
