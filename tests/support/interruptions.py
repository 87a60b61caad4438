"""What happens between the requests of a playbook: the loss of one of them, and checks after each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.simulators.fleet import PROBES, Fleet
from tests.simulators.server import READS, Application


@contextmanager
def after_each_write(fleet: Fleet, check: Callable[[], None]) -> Iterator[None]:
    """Call `check` after each request that changed something on any server."""

    def checked(app: Application, environ: dict[str, Any], answer: Any) -> Iterable[bytes]:
        content = list(app(environ, answer))
        check()
        return content

    with _around_writes(fleet, checked):
        yield


@contextmanager
def interruption(fleet: Fleet, number: int, carried_out: bool) -> Iterator[None]:
    """Lose the request with this number of those that change something on any server, and all later ones."""
    count = -1

    def counted(app: Application, environ: dict[str, Any], answer: Any) -> Iterable[bytes]:
        nonlocal count
        count += 1
        if count == number and carried_out:
            b"".join(app(environ, lambda *_arguments: None))
        if count >= number:
            raise ConnectionAbortedError("the run is killed here")
        return app(environ, answer)

    with _around_writes(fleet, counted):
        yield


@contextmanager
def _around_writes(
    fleet: Fleet, handle: Callable[[Application, dict[str, Any], Any], Iterable[bytes]]
) -> Iterator[None]:
    before = [(server.observed, server.observed.app) for server in fleet.servers]

    def around(app: Application) -> Application:
        def answered(environ: dict[str, Any], answer: Any) -> Iterable[bytes]:
            reads = environ["REQUEST_METHOD"] in READS or PROBES.fullmatch(environ["PATH_INFO"])
            return app(environ, answer) if reads else handle(app, environ, answer)

        return answered

    for observed, app in before:
        observed.app = around(app)
    try:
        yield
    finally:
        for observed, app in before:
            observed.app = app
