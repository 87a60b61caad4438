"""The server of all simulators: HTTPS on a loopback address, a journal of requests, and injected faults."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import trustme
from cheroot import wsgi
from cheroot.ssl.builtin import BuiltinSSLAdapter

READS = ("GET", "HEAD", "OPTIONS")

Application: TypeAlias = Callable[..., Iterable[bytes]]


class Authority:
    """The certificate authority of a simulated fleet; `bundle` is the CA file for clients."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._ca = trustme.CA()
        self.bundle = folder / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.bundle))

    def context(self, *names: str) -> ssl.SSLContext:
        """TLS for servers other than cheroot, and cheaper: nothing is written to the folder."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._ca.issue_cert(*names).configure_cert(context)
        return context

    def tls(self, *names: str) -> BuiltinSSLAdapter:
        """TLS for a server reached by any of `names` (host names or IP addresses)."""
        pem = self._issue(*names)
        adapter = BuiltinSSLAdapter(pem, pem)
        adapter.context.minimum_version = ssl.TLSVersion.TLSv1_2
        return adapter

    def renew(self, adapter: BuiltinSSLAdapter, *names: str) -> None:
        """Issue another certificate to a running server, which presents it in new connections."""
        adapter.context.load_cert_chain(self._issue(*names))

    def _issue(self, *names: str) -> str:
        pem = str(self._folder / f"{names[0]}.pem")
        self._ca.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(pem)
        return pem


@dataclass
class Exchange:
    """A request, the status of its response, and its user agent."""

    verb: str
    path: str
    query: str
    body: str
    status: int
    agent: str = ""

    @property
    def writes(self) -> bool:
        return self.verb not in READS


@dataclass
class Fault:
    """A response that replaces the simulator's own for requests matching `verb` and `path` (regular expressions).

    `carried_out` applies the request before its response is lost, as if the connection breaks afterwards.
    A `status` of 0 closes the connection without a response; `times` limits how often the fault occurs.
    """

    verb: str = ".*"
    path: str = ".*"
    status: int = 503
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1
    delay: float = 0.0
    carried_out: bool = False

    def strikes(self, verb: str, path: str) -> bool:
        return self.times > 0 and bool(re.fullmatch(self.verb, verb)) and bool(re.fullmatch(self.path, path))


class Observed:
    """WSGI wrapper that records the journal of an application and injects faults."""

    def __init__(self, app: Application) -> None:
        self.app = app
        self.journal: list[Exchange] = []
        self.faults: list[Fault] = []
        self._lock = threading.Lock()

    def writes(self) -> list[Exchange]:
        """The requests so far other than reads."""
        return [exchange for exchange in self.journal if exchange.writes]

    def as_data(self) -> list[dict[str, Any]]:
        """The journal as plain data, for the fleet's control page."""
        return [asdict(exchange) for exchange in self.journal]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body)) if body or environ.get("CONTENT_LENGTH") else ""
        verb, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        query, agent = environ.get("QUERY_STRING", ""), environ.get("HTTP_USER_AGENT", "")
        exchange = Exchange(verb, path, query, body.decode("utf-8", "replace"), 0, agent)
        with self._lock:
            self.journal.append(exchange)
            fault = next((fault for fault in self.faults if fault.strikes(verb, path)), None)
            if fault is not None:
                fault.times -= 1

        def answer(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
            exchange.status = int(status.split()[0])
            return start_response(status, headers)

        if fault is None:
            return self.app(environ, answer)
        if fault.carried_out:
            b"".join(self.app(environ, lambda *_args: None))
        time.sleep(fault.delay)
        if not fault.status:
            raise ConnectionAbortedError("the fault closes the connection without an answer")
        answer(f"{fault.status} Fault", [("Content-Length", str(len(fault.body.encode()))), *fault.headers.items()])
        return [fault.body.encode()]


class Gateway(wsgi.Gateway_10):
    """Closes a connection without a response for a fault, which a WSGI application cannot."""

    def respond(self) -> None:
        try:
            super().respond()
        except ConnectionAbortedError:
            self.req.close_connection = True
            self.req.sent_headers = True


@contextlib.contextmanager
def serve(app: Application, tls: BuiltinSSLAdapter | None, host: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """Serve a WSGI application on `host` until the block ends; yields the port (a free one for port 0)."""
    server = wsgi.Server((host, port), app, numthreads=4, server_name=host, accepted_queue_timeout=1)
    server.gateway = Gateway
    server.ssl_adapter = tls
    # seconds by which stopping may be delayed
    server.expiration_interval = 0.1
    server.prepare()
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server.bind_addr[1]
    finally:
        server.stop()
        thread.join()


def free_port(host: str = "127.0.0.1") -> int:
    """A free port of `host`.

    Pulse (6.3.0) takes 401 and 403 anywhere in an error for a refusal, even in a port, so no port contains them.
    """
    while True:
        with socket.socket() as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        if not {"401", "403"} & {str(port)[place : place + 3] for place in range(3)}:
            return port
