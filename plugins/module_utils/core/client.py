# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How the collection talks to servers: what may be sent, what is retried, and what becomes of a failure."""

from __future__ import annotations

import os
from urllib.parse import quote, urlsplit

from ansible.module_utils.basic import env_fallback

from .errors import FleetgateError, refuse
from .fields import CREDENTIAL

try:
    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.util.retry import Retry
except ImportError:
    requests = urllib3 = None
    HTTPAdapter = Retry = object

# A gateway's way to say "try again": the proxies of PVE add 595, 596 and 599 to the usual ones.
LONGEST_WAIT = 30
BUSY = frozenset((429, 502, 503, 504, 595, 596, 599))


class RetryPolicy(Retry):
    """Retries a read when the server is busy or out of reach, and a write only when it cannot have been carried out.

    That is the case when no connection came about, and when the server refused the request unseen (429).
    """

    def is_retry(self, method, status_code, has_retry_after=False):
        return status_code == 429 or (method == "GET" and status_code in BUSY)

    def get_retry_after(self, response):
        wanted = super().get_retry_after(response)
        return wanted and min(wanted, LONGEST_WAIT)


def retrying_adapter():
    return HTTPAdapter(
        max_retries=RetryPolicy(total=4, backoff_factor=0.2, allowed_methods=frozenset(("GET",)), raise_on_status=False)
    )


class Authorization(requests.auth.AuthBase if requests else object):
    """Puts one header on each request. An object, because a default header would give way to an entry in netrc."""

    def __init__(self, header, value):
        self.header, self.value = header, value

    def __call__(self, request):
        if self.header:
            request.headers[self.header] = self.value
        return request


def connection_options(prefix, credential, timeout=10):
    """The argument_spec of a connection with a `credential`; each option falls back to an environment variable with the prefix."""
    options = {
        "url": {"type": "str"},
        credential: {"type": "str", "no_log": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": timeout},
    }
    return {name: {**spec, "fallback": (env_fallback, [f"{prefix}_{name.upper()}"])} for name, spec in options.items()}


def in_url(host):
    """A host name or an address as it is in URLs: an IPv6 address in brackets, which may be there already."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def session_for(params, address, option, advice, header, scheme=""):
    """A session that shows the credential in `option` in a header, after `scheme`; options that cannot be right are refused.

    `address` says which address `url` must be, with an example, and `advice` how to come by a credential.
    """
    url, credential, problems = params["url"], params[option], []
    if not url:
        problems.append(f"url: must be given, {address}")
    elif not url.startswith(("https://", "http://")):
        problems.append(f"url: '{url}' must begin with https:// or http://")
    if not credential:
        problems.append(f"{option}: must be given; {advice}")
    elif CREDENTIAL.problem(credential):
        problems.append(f"{option}: {CREDENTIAL.problem(credential)}")
    refuse(problems)
    require_requests()
    session = requests.Session()
    session.auth = Authorization(header, scheme + credential)
    return session


class Client:
    """One server. `title` names it in messages; with `check_mode` it cannot send anything but reads."""

    def __init__(self, title, session, base_url, check_mode=False, timeout=10, verify=True):
        if timeout < 1:
            raise FleetgateError(f"{title}: its timeout must be at least 1 second, and not {timeout}")
        self.title = title
        self.session = session
        self.base_url = base_url.rstrip("/")
        self.check_mode = check_mode
        self.timeout = timeout
        self.verify = verify
        if not verify:
            # the task says that it does without; ansible would take each warning for a fault of the module
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        for scheme in ("https://", "http://"):
            session.mount(scheme, retrying_adapter())

    def with_base_url(self, url):
        """A client like this one for another address, letter by letter: a slash at its end may matter there."""
        other = Client(self.title, self.session, url, self.check_mode, self.timeout, self.verify)
        other.base_url = url
        return other

    def read(self, *path, **query):
        """The answer to a GET; `path` has one part per segment, unquoted."""
        response = self._send("GET", path, params=self.encode(query))
        content = self._content(response)
        if content is None:
            raise self._strange(response)
        return content

    def write(self, verb, path, body=None, upload=None):
        """Send one step of a plan and return the answer; `upload` is the path of a file to send."""
        if self.check_mode:
            raise RuntimeError(f"a client opened for check mode was asked to {verb} /{'/'.join(path)}")
        if upload:
            with open(upload, "rb") as source:
                return self._content(self._send(verb, path, **self.uploaded(source, body)))
        return self._content(self._send(verb, path, **self.payload(verb, body)))

    def probe(self, url, form, auth, allowed_status=()):
        """The answer to a POST that changes nothing, and is therefore sent in check mode too."""
        return self.with_base_url(url)._send("POST", (), allowed_status, data=form, auth=auth)

    def check_permissions(self, permissions):
        """Refuse when the caller lacks one of `needs`, given as (Need, what for)."""
        refuse(self.missing_permissions(permissions))

    def permissions_for(self, steps, server):
        """What the caller must be allowed to do for the steps of a plan, as (Need, what for)."""
        return [(need, step.reason) for step in steps for need in step.permissions]

    def missing_permissions(self, permissions):
        """A sentence for each of `needs` that the caller lacks; servers with privileges override it."""
        return []

    # -- what differs between servers --------------------------------------------------------------------------

    def route(self, path):
        """The path of a URL that leads to `path`, which has one part per segment, unquoted."""
        return "".join("/" + quote(str(part), safe="@!") for part in path)

    def encode(self, values):
        """Values in the form that the server expects in a query or a form."""
        return values

    def payload(self, verb, body):
        """The keyword arguments that send `body` with `verb`; a DELETE says what it means in its query."""
        return {"params" if verb == "DELETE" else "json": body} if body is not None else {}

    def uploaded(self, source, body):
        """The keyword arguments that send an open file, and `body` with it."""
        return {"params": body, "files": {"file": source}}

    def unwrap(self, response):
        """What a successful answer holds."""
        return response.json()

    def explain(self, response):
        """Why the server refused, in its own words."""
        return response.text.strip() or response.reason

    # -- the one place that sends ------------------------------------------------------------------------------

    def _send(self, verb, path, allowed_status=(), **content):
        """Send a request; an answer with a status of an error is raised unless `may_be` has the status."""
        route = self.route(path) if path else ""
        try:
            response = self.session.request(
                verb, self.base_url + route, timeout=self.timeout, verify=self.verify, allow_redirects=False, **content
            )
        # requests raises its own errors, and that of the system where a bundle of authorities is not there
        except OSError as error:
            gone = isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.Timeout))
            untrusted = isinstance(error, requests.exceptions.SSLError)
            raise FleetgateError(
                unreachable(self.title, self.base_url, error), verb=verb, path=route, no_answer=gone and not untrusted
            ) from None
        if response.status_code < 300 or response.status_code in allowed_status:
            return response
        if response.status_code < 400:
            target = response.headers.get("Location", "elsewhere")
            why = f"{self.base_url} redirects to {target}; give the address that the server itself has"
        else:
            why = (
                f"{verb} {route or self.base_url} was refused with {response.status_code}: {self._explained(response)}"
            )
        raise FleetgateError(f"{self.title}: {why}", verb=verb, path=route, status=response.status_code)

    def _explained(self, response):
        """Why the server refused; what stands before it has errors in forms of its own, in JSON as well."""
        try:
            return self.explain(response)
        except (AttributeError, TypeError, ValueError):
            return response.reason

    def _content(self, response):
        if not response.content:
            return None
        try:
            return self.unwrap(response)
        except (ValueError, KeyError, TypeError):
            raise self._strange(response) from None

    def _strange(self, response):
        kind = response.headers.get("Content-Type", "no type")
        where = f"the answer of {response.url.partition('?')[0]} ({kind}) is none of this API"
        return FleetgateError(f"{self.title}: {where}; check the address, and what stands before it")


def unreachable(title, url, error):
    """One sentence for a request that got no answer; the error's own text may hold more than one wants to see."""
    by_proxy = _proxy(url) if isinstance(error, requests.exceptions.RequestException) else ""
    return f"{title}: {_no_answer(url, error)}{by_proxy}"


def _no_answer(url, error):
    if isinstance(error, requests.exceptions.SSLError):
        return (
            f"the certificate of {url} is not trusted ({_innermost(error)}); give the file of the authority"
            " that issued it as ca_path, or trust it on the node that runs the task"
        )
    if isinstance(error, requests.exceptions.Timeout):
        return f"{url} did not answer in time; check the address and the firewall, or raise the timeout"
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"{url} does not answer ({_innermost(error)}); check the address, the port and the firewall"
    return f"{url} cannot be used ({type(error).__name__}: {error})"


def _proxy(url):
    """What to say of the proxy that a request for a URL goes through, which requests takes from the environment."""
    if requests.utils.should_bypass_proxies(url, no_proxy=None):
        return ""
    kinds = (f"{urlsplit(url).scheme}_proxy", "all_proxy")
    for variable in (name for kind in kinds for name in (kind, kind.upper())):
        if proxy := os.environ.get(variable):
            # without the user and the password that it may have
            place = proxy.rpartition("@")[2].rpartition("//")[2].rstrip("/")
            return f"; the request goes through the proxy {place} because of {variable}, and NO_PROXY keeps hosts from that"
    return ""


def _innermost(error):
    """The cause at the bottom of a chain of exceptions, which is the only part that means something to people."""
    cause = error
    while True:
        inner = getattr(cause, "reason", None) or next(
            (one for one in cause.args if isinstance(one, BaseException)), None
        )
        if not isinstance(inner, BaseException):
            return str(cause.args[-1] if cause.args else cause)
        cause = inner


def version_problem(client, since):
    """What there is to say of a server that is older than the version `since`, or None."""
    if client.version >= since:
        return None
    needed, has = (".".join(map(str, version)) for version in (since, client.version))
    return f"needs version {needed} or later ({client.title} has {has})"


def verification(params):
    """What requests calls verify, from the options validate_certs and ca_path."""
    trusted = params["ca_path"]
    if trusted and not os.path.isfile(trusted):
        raise FleetgateError(f"ca_path: '{trusted}' is no file on the node that runs the task")
    return params["validate_certs"] and (trusted or True)


def require_requests():
    if requests is None:
        raise FleetgateError(
            "the Python package requests is needed on the node that runs the task: pip install requests"
        )
