"""One HTTPS server for many tests, each with its own application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.simulators.server import Authority, serve


class Stage:
    """WSGI application that forwards all requests to `app`, which is set when its URL is known."""

    app: Callable[..., Any]
    url: str

    def __call__(self, environ: dict, start_response: Callable) -> Any:
        return self.app(environ, start_response)


@contextmanager
def staged(authority: Authority) -> Iterator[Stage]:
    stage = Stage()
    with serve(stage, authority.tls("127.0.0.1")) as port:
        stage.url = f"https://127.0.0.1:{port}"
        yield stage
