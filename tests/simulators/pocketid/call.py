"""The context of a request: the table of routes, the caller, and the request body."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from flask import Request
from joserfc import jwt
from joserfc.errors import JoseError

from .errors import ApiError, not_signed_in, user_disabled
from .rules import Field, parsed, read_list, read_object
from .state import STATIC_USER, State, User, now

if TYPE_CHECKING:
    from .app import PocketIdSimulator


class Need(Enum):
    """The authentication that a route requires. A session comes from a login, not from an API key."""

    NOBODY = 0
    SESSION_IF_ANY = 1
    SESSION = 2
    USER = 3
    ADMIN = 4


@dataclass(frozen=True)
class Route:
    """A handler and the versions that have it, from `since` up to but not including `until`."""

    verb: str
    path: str
    need: Need
    since: tuple[int, int]
    until: tuple[int, int]
    handler: Callable[..., Any]


HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])
ROUTES: list[Route] = []


def route(
    verb: str, path: str, need: Need = Need.ADMIN, since: tuple[int, int] = (1, 0), until: tuple[int, int] = (99, 0)
) -> Callable[[HandlerT], HandlerT]:
    """Register a handler: it takes a Call and the parts of the path, and returns a response or (status, body or None)."""

    def register(handler: HandlerT) -> HandlerT:
        ROUTES.append(Route(verb, path, need, since, until, handler))
        return handler

    return register


class Call:
    """A request, its simulator, and the authenticated user with the claims of the session, if any."""

    def __init__(self, simulator: PocketIdSimulator, request: Request, need: Need) -> None:
        self.simulator, self.request = simulator, request
        self.session: dict[str, Any] = {}
        self.user = self._identify(need) if need is not Need.NOBODY else None

    @property
    def caller(self) -> User:
        """The user, for handlers of routes that require one."""
        assert self.user is not None
        return self.user

    @property
    def state(self) -> State:
        return self.simulator.state

    @property
    def version(self) -> tuple[int, ...]:
        return self.simulator.version

    def since(self, *version: int) -> bool:
        return self.version >= version

    def body(self, fields: tuple[Field, ...]) -> dict[str, Any]:
        return self._of_version(self._json(), fields)

    def optional_body(self, fields: tuple[Field, ...]) -> dict[str, Any]:
        """A body that may be empty, regardless of its content type."""
        return self.body(fields) if self.request.get_data() else read_object(None, fields)

    def _of_version(self, value: Any, fields: tuple[Field, ...]) -> dict[str, Any]:
        """The values of a body; fields that are newer than the server are ignored like unknown fields."""
        known = tuple(field for field in fields if self.since(*field.since))
        return {
            **read_object(None, tuple(Field(field.name, field.kind) for field in fields)),
            **read_object(value, known),
        }

    def body_list(self, fields: tuple[Field, ...]) -> list[dict[str, Any]]:
        return read_list(self._json(), fields)

    def _json(self) -> Any:
        content_type = self.request.headers.get("Content-Type", "") if self.since(2, 13) else None
        return parsed(self.request.get_data(), content_type)

    def _identify(self, need: Need) -> User | None:
        """A key is used only without a valid session, so a session can take precedence over it."""
        user = self._by_session()
        if need is Need.SESSION and not self.since(2, 3):
            # up to 2.2 a key could create keys
            need = Need.USER
        if user is None and need in (Need.USER, Need.ADMIN):
            user = self._by_key()
        if user is None:
            if need is Need.SESSION_IF_ANY:
                return None
            if need is Need.SESSION and "X-API-Key" in self.request.headers:
                raise ApiError(403, "api_key_auth_not_allowed", "API key authentication is not allowed here")
            raise not_signed_in()
        if user.disabled:
            raise user_disabled()
        if need is Need.ADMIN and not user.profile["isAdmin"]:
            raise ApiError(403, "forbidden", "You don't have permission to perform this action")
        return user

    def _by_session(self) -> User | None:
        """The user of the session token in the cookie, or else in Authorization after any scheme."""
        token = self.request.cookies.get(self.simulator.cookie)
        if token is None:
            token = self.request.headers.get("Authorization", "").partition(" ")[2]
        try:
            claims = jwt.decode(token, self.simulator.key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            return None
        if claims.get("type") != "access-token" or claims["exp"] <= time.time():
            return None
        self.session = claims
        return self.state.users.get(claims["sub"])

    def _by_key(self) -> User | None:
        sent = self.request.headers.get("X-API-Key", "")
        if sent == self.simulator.api_key:
            return self.state.users.get(STATIC_USER) or self.simulator.create_static_user()
        key = next((key for key in self.state.keys.values() if key.token == sent), None)
        if key is None or key.expires <= now():
            return None
        key.last_used = now()
        return self.state.users[key.owner]
