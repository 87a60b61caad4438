# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the collection talks to servers: what may be sent, what is retried, and what becomes of a failure."""

from __future__ import annotations

import os
from urllib.parse import quote

from .errors import FleetgateError

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry
except ImportError:
    requests = None
    HTTPAdapter = Retry = object

# A gateway's way to say "try again": the proxies of PVE add 595, 596 and 599 to the usual ones.
BUSY = frozenset((429, 502, 503, 504, 595, 596, 599))


class Patience(Retry):
    """Retries a read when the server is busy or out of reach, and a write only when it cannot have been carried out.

    That is the case when no connection came about, and when the server refused the request unseen (429).
    """

    def is_retry(self, method, status_code, has_retry_after=False):
        return status_code == 429 or (method == "GET" and status_code in BUSY)


def patient_adapter():
    return HTTPAdapter(max_retries=Patience(total=4, backoff_factor=0.2, allowed_methods=frozenset(("GET",)), raise_on_status=False))


class Authorization(requests.auth.AuthBase if requests else object):
    """Puts one header on each request. An object, because a default header would give way to an entry in netrc."""

    def __init__(self, header, value):
        self.header, self.value = header, value

    def __call__(self, request):
        if self.header:
            request.headers[self.header] = self.value
        return request


class Client:
    """One server. `title` names it in messages; with `check_mode` it cannot send anything but reads."""

    def __init__(self, title, session, base_url, check_mode=False, timeout=10, verify=True):
        self.title = title
        self.session = session
        self.base_url = base_url.rstrip("/")
        self.check_mode = check_mode
        self.timeout = timeout
        self.verify = verify
        for scheme in ("https://", "http://"):
            session.mount(scheme, patient_adapter())

    def at(self, url):
        """A client like this one for another address."""
        return Client(self.title, self.session, url, self.check_mode, self.timeout, self.verify)

    def read(self, *path, **query):
        """The answer to a GET; `path` has one part per segment, unquoted."""
        return self.unwrap(self._send("GET", path, params=self.encode(query)))

    def write(self, verb, path, body=None, upload=None):
        """Send one step of a plan and return the answer; `upload` is the path of a file to send."""
        if self.check_mode:
            raise RuntimeError(f"a client opened for check mode was asked to {verb} /{'/'.join(path)}")
        if upload:
            with open(upload, "rb") as source:
                return self.unwrap(self._send(verb, path, params=body, files={"file": source}))
        return self.unwrap(self._send(verb, path, **self.payload(verb, body)))

    def check_rights(self, needs):
        """Refuse when the caller lacks one of `needs`, given as (Need, what for); servers with privileges override it."""

    # -- what differs between servers --------------------------------------------------------------------------

    def encode(self, values):
        """Values in the form that the server expects in a query or a form."""
        return values

    def payload(self, verb, body):
        """The keyword arguments that send `body` with `verb`."""
        return {"json": body} if body is not None else {}

    def unwrap(self, response):
        """What a successful answer holds."""
        return response.json() if response.content else None

    def explain(self, response):
        """Why the server refused, in its own words."""
        return response.text.strip() or response.reason

    # -- the one place that sends ------------------------------------------------------------------------------

    def _send(self, verb, path, **content):
        route = "".join("/" + quote(str(part), safe="@!") for part in path)
        try:
            response = self.session.request(
                verb, self.base_url + route, timeout=self.timeout, verify=self.verify, allow_redirects=False, **content
            )
        except requests.exceptions.RequestException as error:
            raise FleetgateError(unreachable(self.title, self.base_url, error), verb=verb, path=route) from None
        if 300 <= response.status_code < 400:
            target = response.headers.get("Location", "elsewhere")
            raise FleetgateError(
                f"{self.title}: {self.base_url} redirects to {target}; give the address that the server itself has",
                verb=verb, path=route, status=response.status_code,
            )
        if response.status_code >= 400:
            raise FleetgateError(
                f"{self.title}: {verb} {route} was refused with {response.status_code}: {self.explain(response)}",
                verb=verb, path=route, status=response.status_code,
            )
        return response


def unreachable(title, url, error):
    """One sentence for a request that got no answer; the error's own text may hold more than one wants to see."""
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"{title}: the certificate of {url} is not trusted ({_innermost(error)}); give the file of the authority"
            " that issued it as ca_path, or trust it on the node that runs the task"
        )
    if isinstance(error, requests.exceptions.Timeout):
        return f"{title}: {url} did not answer in time; check the address and the firewall, or raise the timeout"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"{title}: {url} does not answer ({_innermost(error)}); check the address, the port and the firewall"
    return f"{title}: {url} cannot be used ({type(error).__name__})"


def _innermost(error):
    """The cause at the bottom of a chain of exceptions, which is the only part that means something to people."""
    cause = error
    while True:
        inner = getattr(cause, "reason", None) or next((one for one in cause.args if isinstance(one, BaseException)), None)
        if not isinstance(inner, BaseException):
            return str(cause.args[-1] if cause.args else cause)
        cause = inner


def verification(params):
    """What requests calls verify, from the options validate_certs and ca_path."""
    trusted = params["ca_path"]
    if trusted and not os.path.isfile(trusted):
        raise FleetgateError(f"ca_path: '{trusted}' is no file on the node that runs the task")
    return params["validate_certs"] and (trusted or True)


def require_requests():
    if requests is None:
        raise FleetgateError("the Python package requests is needed on the node that runs the task: pip install requests")
