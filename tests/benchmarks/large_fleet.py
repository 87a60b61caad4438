"""A fleet of a thousand simulated clusters that fits into a few processes.

Each cluster is one PVE node on a loopback address of its own, with a certificate of its own; all share one Pocket ID and
one Pulse. A cluster's state is created by its first request. The servers run in processes of their own, which count
requests, TLS connections and CPU time, so that the cost of a client can be distinguished from that of the simulation.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import secrets
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import requests

from tests.simulators.pocketid import PocketIdSimulator
from tests.simulators.pulse import PulseSimulator
from tests.simulators.pulse import nodes as pulse_nodes
from tests.simulators.pve import PveSimulator
from tests.simulators.server import Application, Authority, Exchange, Observed, free_port

TOKEN = "root@pam!fleet"
PROVIDER, PULSE = "pocketid", "pulse1"
PROVIDER_HOST, PULSE_HOST = "127.59.0.1", "127.59.0.2"
PROCESSES = 2
THREADS = 4
# Pulse signs in to the servers that it monitors, which is none of the client's requests
PULSE_AGENT = "python-urllib3/"
HOSTS_OF_NETWORK = 250


@dataclass
class Counted:
    """Requests and connections of one server since the counters were reset."""

    requests: int = 0
    connections: int = 0


@dataclass
class Spent:
    """Resources of the server processes: CPU seconds since the counters were reset, and peak memory in bytes."""

    cpu: float
    memory: int


class Lazy:
    """A WSGI application that is created by its first request."""

    def __init__(self, create: Callable[[], Application]) -> None:
        self._create = create
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self._app: Application | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self._lock:
            self._app = self._app or self._create()
        return self._app(environ, start_response)


@dataclass
class Site:
    """One server: its address, its application, and its counters."""

    name: str
    host: str
    port: int
    listener: socket.socket
    tls: ssl.SSLContext
    application: Lazy
    counted: Counted = field(default_factory=Counted)

    def __post_init__(self) -> None:
        self.observed = Observed(self.application)

    @classmethod
    def listening(
        cls, name: str, host: str, port: int, authority: Authority, create: Callable[[], Application]
    ) -> Site:
        listener = socket.create_server((host, port), backlog=256)
        return cls(name, host, port, listener, authority.context(host, name), Lazy(create))

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    def forget(self) -> None:
        self.counted = Counted()
        self.observed.journal.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pool: ThreadPoolExecutor) -> None:
        """Answer the requests of one connection."""
        loop = asyncio.get_running_loop()
        counts = True
        try:
            while environ := await self._environment(reader):
                if environ.get("HTTP_USER_AGENT", "").startswith(PULSE_AGENT):
                    answer, stays = await loop.run_in_executor(pool, _answer, self.application, environ)
                else:
                    self.counted.requests += 1
                    self.counted.connections += counts
                    counts = False
                    answer, stays = await loop.run_in_executor(pool, _answer, self.observed, environ)
                writer.write(answer)
                await writer.drain()
                if not stays:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client closed the connection
        finally:
            with suppress(OSError):
                writer.close()
                await writer.wait_closed()

    async def _environment(self, reader: asyncio.StreamReader) -> dict[str, Any] | None:
        """The next request as WSGI has it; None when the client has no more."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return None
        first, *lines = head.rstrip("\r\n").split("\r\n")
        verb, target, protocol = first.split(" ")
        path, _mark, query = target.partition("?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": verb,
            "REQUEST_URI": target,
            "PATH_INFO": unquote(path, encoding="latin-1"),
            "QUERY_STRING": query,
            "SCRIPT_NAME": "",
            "SERVER_NAME": self.host,
            "SERVER_PORT": str(self.port),
            "SERVER_PROTOCOL": protocol,
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for line in lines:
            name, _colon, value = line.partition(":")
            key = name.upper().replace("-", "_")
            environ[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value.strip()
        body = await reader.readexactly(int(environ.get("CONTENT_LENGTH") or 0))
        return {**environ, "wsgi.input": BytesIO(body)}


def _answer(application: Application, environ: dict[str, Any]) -> tuple[bytes, bool]:
    """The answer of an application as bytes, and whether the connection stays open."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    body = b"".join(application(environ, lambda status, headers, *_error: started.append((status, headers))))
    status, headers = started[-1]
    lowered = {name.lower(): value.lower() for name, value in headers}
    stays = "close" not in (lowered.get("connection"), environ.get("HTTP_CONNECTION", "").lower())
    if "content-length" not in lowered:
        headers = [*headers, ("Content-Length", str(len(body)))]
    head = "\r\n".join([f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers)])
    return f"{head}\r\n\r\n".encode("latin-1") + (b"" if environ["REQUEST_METHOD"] == "HEAD" else body), stays


class Servers:
    """A process that serves some sites, and answers questions about them through a pipe."""

    def __init__(self, sites: list[Site]) -> None:
        context = multiprocessing.get_context("fork")
        self._pipe, child = context.Pipe()
        self._process = context.Process(target=_process, args=(sites, child), daemon=True)
        self._process.start()

    def ask(self, question: str) -> Any:
        """Have `reset`, `forget`, `counted`, `spent`, `journal` or `stop` answered."""
        self._pipe.send(question)
        return self._pipe.recv()

    def stop(self) -> None:
        self.ask("stop")
        self._process.join()


def _process(sites: list[Site], pipe: Connection) -> None:
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(sites, pipe))


async def _serve(sites: list[Site], pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    # Pulse polls its servers repeatedly, and all of them after a change; here it polls each once and keeps the result
    pulse_nodes.NEXT_POLL = pulse_nodes.CLUSTER_POLL = float("inf")
    pulse_nodes.DROPS_STATES = False
    since = 0.0

    def answer() -> None:
        nonlocal since
        question = pipe.recv()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime
        reply: Any = None
        if question == "counted":
            reply = {site.name: site.counted for site in sites}
        elif question == "journal":
            reply = {site.name: site.observed.journal for site in sites}
        elif question == "spent":
            reply = Spent(cpu - since, usage.ru_maxrss * 1024)
        elif question == "stop":
            stopped.set()
        else:
            since = cpu
            for site in sites:
                site.forget()
                if question == "reset":
                    site.application.reset()
        pipe.send(reply)

    with ThreadPoolExecutor(THREADS) as pool:
        loop.add_reader(pipe.fileno(), answer)
        for site in sites:

            def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, site: Site = site) -> Any:
                return site.serve(reader, writer, pool)

            await asyncio.start_server(serve, sock=site.listener, ssl=site.tls)
        await stopped.wait()
        loop.remove_reader(pipe.fileno())


def _allow_files(count: int) -> None:
    """A listening socket for each cluster, and some for connections, may be more than a shell allows by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (count if hard == resource.RLIM_INFINITY else min(count, hard), hard)
        )


class LargeFleet:
    """`size` clusters, a Pocket ID and a Pulse. Serves until the block ends."""

    def __init__(self, size: int, folder: Path) -> None:
        _allow_files(4 * size + 1024)
        self.size = size
        self.authority = Authority(folder)
        self.secret = secrets.token_urlsafe(24)
        self._started: list[Servers] = []
        self.clusters = self._clusters()
        self.provider = self._provider()
        self.pulse = self._pulse()

    def _clusters(self) -> list[Site]:
        first = "127.60.0.1"
        port = free_port(first)
        sites = []
        for number in range(self.size):
            name = f"pve{number + 1:04}"
            host = f"127.60.{number // HOSTS_OF_NETWORK}.{number % HOSTS_OF_NETWORK + 1}"

            def create(name: str = name, host: str = host) -> Application:
                simulator = PveSimulator(
                    nodes=(name,), addresses={name: host}, tokens={TOKEN: self.secret}, trust=self.authority.bundle
                )
                return simulator.app(name)

            sites.append(Site.listening(name, host, port, self.authority, create))
        return sites

    def _provider(self) -> Site:
        port = free_port(PROVIDER_HOST)
        issuer = f"https://{PROVIDER_HOST}:{port}"
        return Site.listening(
            PROVIDER,
            PROVIDER_HOST,
            port,
            self.authority,
            lambda: PocketIdSimulator(issuer=issuer, api_key=self.secret).app(),
        )

    def _pulse(self) -> Site:
        def create() -> Application:
            return PulseSimulator(api_token=self.secret, trust=self.authority.bundle).app()

        return Site.listening(PULSE, PULSE_HOST, free_port(PULSE_HOST), self.authority, create)

    def __enter__(self) -> LargeFleet:
        # the provider and Pulse are asked by clusters and ask clusters, so they are in a process of their own
        shares = [self.clusters[start::PROCESSES] for start in range(PROCESSES)]
        self._started = [Servers(sites) for sites in [*shares, [self.provider, self.pulse]] if sites]
        for site in [*self.clusters, self.provider, self.pulse]:
            site.listener.close()
        return self

    def __exit__(self, *_error: object) -> None:
        for servers in self._started:
            servers.stop()

    def reset(self) -> None:
        """Reset the state of all servers."""
        self._ask("reset")

    def forget(self) -> None:
        """Reset the counters."""
        self._ask("forget")

    def counted(self) -> dict[str, Counted]:
        """Requests and connections by server."""
        return {name: counted for answer in self._ask("counted") for name, counted in answer.items()}

    def journal(self, name: str) -> list[Exchange]:
        """The requests to one server."""
        return next(answer[name] for answer in self._ask("journal") if name in answer)

    def spent(self) -> Spent:
        """The resources of all server processes together."""
        answers: list[Spent] = self._ask("spent")
        return Spent(sum(one.cpu for one in answers), sum(one.memory for one in answers))

    def _ask(self, question: str) -> list[Any]:
        return [servers.ask(question) for servers in self._started]

    def settle(self) -> None:
        """Have Pulse poll its servers, as it does by itself between two runs."""
        headers = {"X-API-Token": self.secret}
        trust = str(self.authority.bundle)
        requests.get(f"{self.pulse.url}/api/connections", headers=headers, verify=trust, timeout=600).raise_for_status()
