# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The transport of all requests: retries, time and size limits, and messages for connection failures."""

from __future__ import annotations

import http.client
import io
import os
import ssl
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

try:
    import requests
    import urllib3
    from requests.adapters import BaseAdapter, HTTPAdapter
    from requests.auth import AuthBase
    from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ReadTimeoutError
    from urllib3.util.retry import Retry
    from urllib3.util.ssl_match_hostname import CertificateError
except ImportError:
    # `require_requests` reports it before anything is used; modules must be importable for their documentation
    requests = urllib3 = None  # type: ignore[assignment]
    AuthBase = BaseAdapter = HTTPAdapter = Retry = object  # type: ignore[assignment,misc]

if TYPE_CHECKING:
    from typing import Self

# what other modules import from here although it is not defined here
__all__ = ["AuthBase", "BaseAdapter", "requests"]

LONGEST_WAIT = 30
# Temporary errors of gateways: the proxies of PVE add 595, 596 and 599 to the usual ones.
BUSY = frozenset((429, 502, 503, 504, 595, 596, 599))

LARGEST_ANSWER = 32 * 1024 * 1024


def quiet_about_certificates() -> None:
    """Suppress the warnings for requests whose certificate is not verified on request of the user."""
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


class RetryPolicy(Retry):
    """Retries reads if the server is busy or unreachable, and writes only if they cannot have been carried out.

    That is certain if no connection was established, and if the server refused the request unprocessed (429).
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        return status_code == 429 or (method == "GET" and status_code in BUSY)

    def get_retry_after(self, response: Any) -> float | None:
        wanted = super().get_retry_after(response)
        return wanted and min(wanted, LONGEST_WAIT)

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        # neither a timeout nor an untrusted certificate is temporary
        slow = isinstance(error, (ConnectTimeoutError, ReadTimeoutError)) and not isinstance(error, NewConnectionError)
        if slow or (error is not None and is_untrusted(error)):
            raise MaxRetryError(_pool, url, error)
        return super().increment(method, url, response, error, _pool, _stacktrace)


class TooLarge(OSError):
    """A response that is larger than any of these servers sends."""


class _Incoming(io.RawIOBase):
    """The data received on a connection within the time limit of the request.

    The timeout of a socket applies to each read, so a server that sends a byte at a time could block a task forever.
    """

    def __init__(self, raw: Any, connection: Any) -> None:
        super().__init__()
        self._raw, self._connection = raw, connection
        self._ends = time.monotonic() + connection.gettimeout()
        self._rest = LARGEST_ANSWER

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        count: int | None = self._raw.readinto(buffer)
        self._rest -= count or 0
        if self._rest < 0:
            raise TooLarge(f"the answer has more than {LARGEST_ANSWER // 1024 // 1024} MiB")
        return count

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Answer(http.client.HTTPResponse):
    """A response with a time limit for the whole of it, and with the certificate of the server."""

    def __init__(self, sock: Any, *args: Any, **settings: Any) -> None:
        super().__init__(sock, *args, **settings)
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), sock))
        self.certificate = sock.getpeercert(binary_form=True) if hasattr(sock, "getpeercert") else None


def _with_limits(pools: dict[str, Any]) -> dict[str, Any]:
    """Return connection pool classes by scheme, whose connections use `_Answer`."""
    return {
        scheme: type(
            pool.__name__,
            (pool,),
            {"ConnectionCls": type(pool.ConnectionCls.__name__, (pool.ConnectionCls,), {"response_class": _Answer})},
        )
        for scheme, pool in pools.items()
    }


class Transport(HTTPAdapter):
    """The adapter of all sessions, with and without a proxy."""

    def __init__(self) -> None:
        super().__init__(
            max_retries=RetryPolicy(
                total=4, backoff_factor=0.2, allowed_methods=frozenset(("GET",)), raise_on_status=False
            )
        )

    def init_poolmanager(self, *args: Any, **settings: Any) -> None:
        super().init_poolmanager(*args, **settings)
        self.poolmanager.pool_classes_by_scheme = _with_limits(self.poolmanager.pool_classes_by_scheme)

    def proxy_manager_for(self, proxy: str, **settings: Any) -> Any:
        known = proxy in self.proxy_manager
        manager = super().proxy_manager_for(proxy, **settings)
        if not known:
            manager.pool_classes_by_scheme = _with_limits(manager.pool_classes_by_scheme)
        return manager


def certificate_of(response: Any) -> bytes | None:
    """Return the certificate of the server in binary form, or None if the connection had none."""
    return getattr(getattr(response.raw, "_original_response", None), "certificate", None)


# -- connection failures ---------------------------------------------------------------------------------------


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Return an exception and its causes, which libraries keep as `reason` or as an argument."""
    while error is not None:
        yield error
        inner = [getattr(error, "reason", None), *error.args]
        error = next((cause for cause in inner if isinstance(cause, BaseException)), None)


def is_untrusted(error: Exception) -> bool:
    """Whether an untrusted certificate was the cause; other TLS errors are connection failures."""
    return any(isinstance(cause, (ssl.SSLCertVerificationError, CertificateError)) for cause in _causes(error))


def has_no_answer(error: Exception) -> bool:
    """Whether the server was unreachable, which may be temporary."""
    gone = isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.Timeout))
    return gone and not is_untrusted(error)


def unreachable(title: str, url: str, error: Exception) -> str:
    """Return a message for a request without a response; that of the error itself may contain too much."""
    by_proxy = _proxy(url) if isinstance(error, requests.exceptions.RequestException) else ""
    return f"{title}: {_no_answer(url, error)}{by_proxy}"


def _no_answer(url: str, error: Exception) -> str:
    *_outer, innermost = _causes(error)
    why = str(innermost.args[-1] if innermost.args else innermost)
    if isinstance(innermost, TooLarge):
        return f"{url} is not this API: {why}; check the address and any reverse proxy"
    if is_untrusted(error):
        return (
            f"the certificate of {url} is not trusted ({why}); set ca_path to the certificate of the"
            " authority that issued it, or trust it on the node that runs the task"
        )
    if any(
        isinstance(cause, (TimeoutError, requests.exceptions.Timeout, ReadTimeoutError)) for cause in _causes(error)
    ):
        return f"{url} did not answer in time; check the address and the firewall, or raise the timeout"
    if isinstance(error, requests.exceptions.SSLError):
        return f"{url} does not answer over TLS ({why}); check the address, the port and any reverse proxy"
    if isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return f"{url} does not answer ({why}); check the address, the port and the firewall"
    return f"{url} cannot be used ({type(error).__name__}: {error})"


def _proxy(url: str) -> str:
    """Describe the proxy from the environment that requests uses for a URL, for messages."""
    if requests.utils.should_bypass_proxies(url, no_proxy=None):
        return ""
    kinds = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    for variable in (name for kind in kinds for name in (kind, kind.upper())):
        if proxy := os.environ.get(variable):
            # without its user and password
            place = proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")
            return f"; the request goes through the proxy {place} because of {variable}; set NO_PROXY to exclude hosts"
    return ""
