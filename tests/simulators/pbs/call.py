"""The context of a verified request, and the table of handlers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from werkzeug import Request

from .permissions import Rights
from .schema import Endpoint
from .state import Sections, State

if TYPE_CHECKING:
    from .app import PbsSimulator


@dataclass
class Call:
    """A request that passed authentication, permissions and parameter verification.

    `caller` is an auth id, empty for public endpoints. `extra` holds the members of the response beside `data`.
    """

    server: PbsSimulator
    request: Request
    endpoint: Endpoint
    caller: str
    params: dict[str, Any]
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def state(self) -> State:
        return self.server.state

    @property
    def rights(self) -> Rights:
        return self.server.rights

    def may(self, privilege: str, path: str) -> bool:
        return privilege in self.rights.on(self.caller, path)

    def change(self) -> AbstractContextManager[Sections]:
        """Edit the configuration file of the endpoint, guarded by the digest that the client sent, if any."""
        assert self.endpoint.config is not None
        return self.state.files[self.endpoint.config].change(self.params.get("digest"))

    def shuffled(self, rows: list[Any]) -> list[Any]:
        """Rows in arbitrary order, as the server's hash maps return them."""
        return self.server.chance.sample(rows, len(rows))

    def values(self, *without: str) -> dict[str, Any]:
        """The parameters that are properties of the object."""
        return {name: value for name, value in self.params.items() if name not in ("delete", "digest", *without)}


Handler = Callable[[Call], Any]

# (verb, path) -> handler, which returns the `data` of the response
ROUTES: dict[tuple[str, str], Handler] = {}


def route(verb: str, *paths: str) -> Callable[[Handler], Handler]:
    """Register a handler for `verb` on paths of the schema."""

    def register(handler: Handler) -> Handler:
        ROUTES.update({(verb, path): handler for path in paths})
        return handler

    return register


def apply_update(section: dict[str, Any], params: dict[str, Any], values: dict[str, Any]) -> None:
    """Update a section as every PUT: first delete, then set; an empty comment is deleted."""
    for name in params.get("delete", ()):
        section.pop(name, None)
    section.update(values)
    if "comment" in values and not values["comment"].strip():
        del section["comment"]
