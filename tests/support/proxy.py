"""An HTTP proxy that forwards connections (CONNECT), as companies have them in front of their networks."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer


class _Handler(StreamRequestHandler):
    def handle(self) -> None:
        target = self.rfile.readline().decode().split()[1]
        while self.rfile.readline().strip():
            pass
        assert isinstance(self.server, Proxy)
        self.server.targets.append(target)
        host, _colon, port = target.rpartition(":")
        with socket.create_connection((host, int(port))) as upstream:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            answers = threading.Thread(target=_copy, args=(upstream, self.connection), daemon=True)
            answers.start()
            _copy(self.connection, upstream)
            answers.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    # either end may close the connection first
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


class Proxy(ThreadingTCPServer):
    """Runs within a `with`; `url` is its address, `targets` has the address of each connection that it forwarded."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.targets: list[str] = []

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.shutdown()
        self.server_close()
