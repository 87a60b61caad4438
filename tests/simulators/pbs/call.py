"""One verified request on its way to its endpoint, and the table of endpoints."""

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

    `caller` is an auth id, empty where the endpoint needs none. `beside` is added to the answer beside `data`.
    """

    server: PbsSimulator
    request: Request
    endpoint: Endpoint
    caller: str
    params: dict[str, Any]
    beside: dict[str, Any] = field(default_factory=dict)
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
        """Rows in an order that nobody can rely on, as the server's hash maps give them."""
        return self.server.chance.sample(rows, len(rows))

    def values(self, *without: str) -> dict[str, Any]:
        """The parameters but those that are not properties of the object."""
        return {name: value for name, value in self.params.items() if name not in ("delete", "digest", *without)}


Handler = Callable[[Call], Any]

# (verb, path) -> handler; it returns the answer's `data`.
ROUTES: dict[tuple[str, str], Handler] = {}


def route(verb: str, *paths: str) -> Callable[[Handler], Handler]:
    """Register a handler for `verb` on paths of the schema."""

    def register(handler: Handler) -> Handler:
        ROUTES.update({(verb, path): handler for path in paths})
        return handler

    return register


def apply_update(section: dict[str, Any], params: dict[str, Any], values: dict[str, Any]) -> None:
    """What every PUT does to its section: first the deletions, then the new values; an empty comment is none."""
    for name in params.get("delete", ()):
        section.pop(name, None)
    section.update(values)
    if "comment" in values and not values["comment"].strip():
        del section["comment"]
