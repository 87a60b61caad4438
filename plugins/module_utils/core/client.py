# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""HTTP clients: what may be sent, and how responses and failures are interpreted."""

from __future__ import annotations

import json
import os
import re
import traceback
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ansible.module_utils.basic import env_fallback

from .errors import FleetgateError, refuse
from .fields import CREDENTIAL, Number
from .hosts import LOOPBACK
from .secrets import excerpt
from .transport import (
    AuthBase,
    Transport,
    certificate_of,
    has_no_answer,
    quiet_about_certificates,
    requests,
    unreachable,
)

if TYPE_CHECKING:
    from .plan import ServerState
    from .resource import Permission, Step


# Host names and addresses of the machine itself.

TIMEOUT = Number(1, 3600)

# Exceptions raised by handling a response that does not have the form that the API documents.
_UNFIT = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Authorization(AuthBase):
    """Sets a header on each request. A default header of the session would be overridden by an entry in netrc."""

    def __init__(self, header: str, value: str) -> None:
        self.header, self.value = header, value

    def __call__(self, request: Any) -> Any:
        if self.header:
            request.headers[self.header] = self.value
        return request


def connection_options(prefix: str, credential: str, timeout: int = 10) -> dict[str, Any]:
    """Return the argument_spec of a connection. Each option falls back to an environment variable with the prefix."""
    options: dict[str, dict[str, Any]] = {
        "url": {"type": "str"},
        credential: {"type": "str", "no_log": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": timeout},
    }
    return {name: {**spec, "fallback": (env_fallback, [f"{prefix}_{name.upper()}"])} for name, spec in options.items()}


def has_userinfo(address: str) -> bool:
    """Whether an address contains a user name or a password, which every message with the address would expose."""
    return "@" in address.partition("?")[0]


def limit_problems(params: dict[str, Any], **numbers: Number) -> list[str]:
    """Return a message for each option whose number is out of range."""
    found = ((option, kind.problem(params[option])) for option, kind in numbers.items())
    return [f"{option}: {rule}, and not {excerpt(params[option])}" for option, rule in found if rule]


def session_for(
    params: dict[str, Any], address: str, option: str, advice: str, header: str, scheme: str = ""
) -> requests.Session:
    """Return a session that sends the credential of `option` in a header, after `scheme`. Invalid options are refused.

    `address` describes `url` in messages, with an example, and `advice` how to obtain a credential.
    """
    url, credential, problems = params["url"], params[option], []
    if not url:
        problems.append(f"url: must be given, {address}")
    elif has_userinfo(url):
        problems.append(f"url: must not contain a user name or password; the credential is given as {option}")
    elif not re.match(rf"https://|http://{LOOPBACK}([:/]|$)", url):
        why = f"must begin with https:// (http:// only for the machine itself), because it is used to send the {option}"
        problems.append(f"url: '{excerpt(url)}' {why}")
    if not credential:
        problems.append(f"{option}: must be given; {advice}")
    elif CREDENTIAL.problem(credential):
        problems.append(f"{option}: {CREDENTIAL.problem(credential)}")
    problems += limit_problems(params, timeout=TIMEOUT)
    refuse(problems)
    require_requests()
    session = requests.Session()
    session.auth = Authorization(header, scheme + credential)
    return session


def use_transport(session: requests.Session) -> None:
    """Use `Transport` for all requests of a session, whose connections are kept where it has it already."""
    if isinstance(session.get_adapter("https://"), Transport):
        return
    transport = Transport()
    for scheme in ("https://", "http://"):
        session.mount(scheme, transport)


class Client:
    """A connection to a server. `title` names it in messages; with `check_mode` only reads can be sent."""

    def __init__(
        self,
        title: str,
        session: requests.Session,
        base_url: str,
        check_mode: bool = False,
        timeout: float = 10,
        verify: bool | str = True,
    ) -> None:
        self.title = title
        self.session = session
        self.base_url = base_url.rstrip("/")
        self.check_mode = check_mode
        self.timeout = timeout
        self.verify = verify
        # the last response and its content, shared with clients for other addresses of the server
        self._last: dict[str, Any] = {}
        if not verify:
            # verification is disabled by the task, and ansible would show each warning as one of the module
            quiet_about_certificates()
        use_transport(session)

    def with_base_url(self, url: str) -> Client:
        """Return a client for another address, which is used unchanged because a trailing slash may matter."""
        other = Client(self.title, self.session, url, self.check_mode, self.timeout, self.verify)
        other.base_url, other._last = url, self._last
        return other

    def certificate(self, *path: str) -> bytes | None:
        """Return the certificate of the server in binary form, from the last response or else from that to a GET."""
        response = self._last.get("response") or self._send("GET", path, allowed_status=range(300, 600))
        return certificate_of(response)

    def read(self, *path: Any, **query: Any) -> Any:
        """Return the response to a GET; `path` has one part per segment, unquoted."""
        response = self._send("GET", path, params=self.encode(query))
        content = self._content(response)
        if content is None:
            raise self._malformed(response, "it is empty" if not response.content else "it is null")
        return content

    def write(self, verb: str, path: Sequence[Any], body: Any = None, upload: str | None = None) -> Any:
        """Send a step of a plan and return the response; `upload` is the path of a file to send."""
        if self.check_mode:
            raise RuntimeError(f"a client opened for check mode was asked to {verb} /{'/'.join(path)}")
        if upload:
            with open(upload, "rb") as source:
                return self._content(self._send(verb, path, **self.uploaded(source, body)))
        return self._content(self._send(verb, path, **self.payload(verb, body)))

    def dry_run(self, path: Sequence[Any], body: Any) -> Any:
        """The answer to a POST that is only a dry run, and is therefore sent in check mode too."""
        return self._content(self._send("POST", path, **self.payload("POST", body)))

    def probe(self, url: str, form: dict[str, Any], auth: Any, allowed_status: Container[int] = ()) -> Any:
        """Return the response to a POST that changes nothing and is therefore sent in check mode too."""
        return self.with_base_url(url)._send("POST", (), allowed_status, data=form, auth=auth)

    def check_permissions(self, permissions: list[tuple[Permission, str]]) -> list[str]:
        """Refuse if the caller lacks any of `permissions`, given with their purpose; return a warning for each it may lack."""
        refuse(self.missing_permissions(permissions))
        return []

    def permissions_for(self, steps: list[Step], server: ServerState) -> list[tuple[Permission, str]]:
        """Return the permissions that the steps of a plan require, with their purpose."""
        return [(permission, step.reason) for step in steps for permission in step.permissions]

    def missing_permissions(self, permissions: list[tuple[Permission, str]]) -> list[str]:
        """Return a message for each permission that the caller lacks. Clients of servers with privileges override it."""
        return []

    # -- what differs between servers --------------------------------------------------------------------------

    def route(self, path: Sequence[Any]) -> str:
        """Return the URL path of `path`, which has one part per segment, unquoted."""
        return "".join("/" + quote(str(part), safe="@!") for part in path)

    def encode(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return values as the server expects them in a query or a form."""
        return values

    def payload(self, verb: str, body: Any) -> dict[str, Any]:
        """Return the keyword arguments that send `body` with `verb`; a DELETE has it in its query."""
        return {"params" if verb == "DELETE" else "json": body} if body is not None else {}

    def uploaded(self, source: Any, body: Any) -> dict[str, Any]:
        """Return the keyword arguments that send an open file together with `body`."""
        return {"params": body, "files": {"file": source}}

    def unwrap(self, body: Any) -> Any:
        """Return the data of a successful response from its JSON."""
        return body

    def explain(self, response: Any) -> str:
        """Return the reason that the server gives for an error."""
        return str(response.text.strip() or response.reason)

    # -- requests and responses --------------------------------------------------------------------------------

    def _send(self, verb: str, path: Sequence[Any], allowed_status: Container[int] = (), **content: Any) -> Any:
        """Send a request; raise an error for a status of 300 or more that is not in `allowed_status`."""
        route = self.route(path) if path else ""
        try:
            response = self.session.request(
                verb, self.base_url + route, timeout=self.timeout, verify=self.verify, allow_redirects=False, **content
            )
        # requests raises its own errors, and OSError where the file of ca_path does not exist
        except OSError as error:
            why = unreachable(self.title, self.base_url, error)
            raise FleetgateError(why, verb=verb, path=route, no_answer=has_no_answer(error)) from None
        self._last.update(response=response, verb=verb, route=route, content=None)
        if response.status_code < 300 or response.status_code in allowed_status:
            return response
        if response.status_code < 400:
            target = excerpt(response.headers.get("Location", "elsewhere"))
            why = f"{self.base_url} redirects to {target}; set the address to which the server does not redirect"
        else:
            explained = excerpt(self._explained(response))
            why = f"{verb} {route or self.base_url} was refused with {response.status_code}: {explained}"
        raise FleetgateError(f"{self.title}: {why}", verb=verb, path=route, status=response.status_code)

    def _explained(self, response: Any) -> str:
        """Return the reason for an error, also where a reverse proxy sends errors in another form."""
        try:
            return self.explain(response)
        except _UNFIT:
            return str(response.reason)

    def _content(self, response: Any) -> Any:
        if not response.content:
            return None
        try:
            content = json.loads(response.content)
            if b"\\u" in response.content:
                # an unpaired surrogate, written as an escape, cannot be printed
                json.dumps(content, ensure_ascii=False).encode()
        except UnicodeError:
            raise self._malformed(response, "it is not UTF-8") from None
        except ValueError:
            raise self._malformed(response, "it is not JSON") from None
        except RecursionError:
            raise self._malformed(response, "it is nested too deeply") from None
        self._last["content"] = content
        with self.understanding():
            return self.unwrap(content)

    @contextmanager
    def understanding(self) -> Iterator[None]:
        """Report a response that does not have the form of this API as an error with its request."""
        try:
            yield
        except _UNFIT as error:
            if "response" not in self._last:
                raise
            why = f"it is {_outline(self._last['content'])} ({_place(error)})"
            raise self._malformed(self._last["response"], why) from None

    def _malformed(self, response: Any, why: str) -> FleetgateError:
        verb, route = self._last["verb"], self._last["route"]
        kind = excerpt(response.headers.get("Content-Type", "no type"))
        where = f"the response to {verb} {route or self.base_url} ({kind}) is not one of this API: {why}"
        return FleetgateError(
            f"{self.title}: {where}; check the address and any reverse proxy",
            verb=verb,
            path=route,
            status=response.status_code,
        )


def _outline(content: Any) -> str:
    """Describe the form of a response without its values, which may be secret."""
    if isinstance(content, dict):
        fields = [f"{name} ({_kind_of(value)})" for name, value in list(content.items())[:5]]
        return f"an object with {excerpt(', '.join(fields) or 'nothing')}"
    return _kind_of(content)


_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def _kind_of(content: Any) -> str:
    if isinstance(content, list):
        return f"a list that begins with {_KINDS[type(content[0])]}" if content else "an empty list"
    return _KINDS[type(content)]


def _place(error: Exception) -> str:
    """Describe where the handling of a response failed, which is needed to debug the collection."""
    *_outer, (frame, line) = traceback.walk_tb(error.__traceback__)
    place = f"{PurePath(frame.f_code.co_filename).name}, line {line}"
    missing = f"lacks {excerpt(error.args[0])}" if isinstance(error, KeyError) else type(error).__name__
    return f"{missing}; {place}"


def version_problem(client: Any, since: tuple[int, ...]) -> str | None:
    """Return a message if the server is older than the version `since`, or None."""
    if client.version >= since:
        return None
    needed, has = (".".join(map(str, version)) for version in (since, client.version))
    return f"needs version {needed} or later ({client.title} has {has})"


def outdated(title: str, version: str, oldest: str, product: str, why: str = "") -> FleetgateError:
    """Return the error for a server that is too old for this collection."""
    reason = f" ({why})" if why else ""
    return FleetgateError(f"{title} has version {version}, but {oldest} or later is required; update {product}{reason}")


def verification(params: dict[str, Any]) -> bool | str:
    """Return the parameter `verify` of requests for the options validate_certs and ca_path."""
    trusted = params["ca_path"]
    if trusted and not os.path.isfile(trusted):
        raise FleetgateError(f"ca_path: '{trusted}' is not a file on the node that runs the task")
    return params["validate_certs"] and (trusted or True)


def require_requests() -> None:
    if requests is None:
        raise FleetgateError(
            "the Python package requests is needed on the node that runs the task: pip install requests"
        )
