# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to PVE and PBS: proxmoxer signs in and signs requests, the core decides what is sent."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Container, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import env_fallback

from ..core.client import TIMEOUT, Authorization, Client, has_userinfo, limit_problems, require_requests, verification
from ..core.errors import FleetgateError, refuse
from ..core.fields import CREDENTIAL, Number, Text
from ..core.hosts import API_HOST, in_url
from ..core.transport import requests
from .shell import ADDRESS, Commands, run_here

if TYPE_CHECKING:
    from ..core.resource import Permission

try:
    # proxmoxer exits the interpreter when requests is missing, so check that first
    if requests is None:
        raise ImportError("requests")
    from proxmoxer.backends.https import ProxmoxHTTPApiTokenAuth, ProxmoxHTTPAuth, ProxmoxHttpSession
except ImportError:
    ProxmoxHTTPApiTokenAuth = ProxmoxHttpSession = None
    ProxmoxHTTPAuth = object

# The superuser, to whom the ACL does not apply.
ROOT = "root@pam"

# Both products take a lock on the configuration file; another process may hold it this long (seconds between attempts).
LOCK_PAUSES = (0.5, 1, 2)


def connection_spec(environment: str, port: int, **secrets: str) -> dict[str, Any]:
    """The argument_spec of the connection; `environment` begins the names of the variables it falls back to.

    `secrets` are further options, with the end of that name.
    """

    def option(kind: str, name: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "fallback": (env_fallback, [f"{environment}_{name}"]), **more}

    return {
        "connection": option("str", "CONNECTION", choices=["https", "shell"], default="https"),
        "api_host": option("str", "HOST"),
        "api_port": option("int", "PORT", default=port),
        "api_user": option("str", "USER"),
        "api_password": option("str", "PASSWORD", no_log=True),
        "api_token_id": option("str", "TOKEN_ID", no_log=False),
        "api_token_secret": option("str", "TOKEN_SECRET", no_log=True),
        "validate_certs": option("bool", "VALIDATE_CERTS", default=True),
        "ca_path": option("path", "CA_PATH"),
        "api_timeout": option("int", "TIMEOUT", default=10),
        **{name: option("str", variable, no_log=True) for name, variable in secrets.items()},
    }


class LoginClient(Client):
    """A server before login. A ticket changes nothing, so it is requested in check mode as well."""

    def __init__(self, title: str, url: str, **transport: Any) -> None:
        super().__init__(title, requests.Session(), url, **transport)
        # not even the credentials of netrc
        self.session.auth = Authorization("", "")

    def payload(self, verb: str, body: Any) -> dict[str, Any]:
        return {"data": body}

    def unwrap(self, body: Any) -> Any:
        return body["data"]


class Ticket(ProxmoxHTTPAuth):
    """A ticket for a user's password, created and renewed through `login`, a client that does not follow redirects."""

    pve_auth_ticket: str

    def __init__(
        self, login: LoginClient, user: str, password: str, second_factor: str | None, **settings: Any
    ) -> None:
        self._login = login
        super().__init__(user, password, second_factor, **settings)

    def _get_new_tokens(self, password: str | None = None, otp: str | None = None, otptype: str = "totp") -> None:
        with self._login.understanding():
            answer = self._request_ticket(password=password or self.pve_auth_ticket)
            if "!tfa!" in answer["ticket"]:
                answer = self._request_ticket(**{"password": f"{otptype}:{otp}", "tfa-challenge": answer["ticket"]})
            self.pve_auth_ticket, self.csrf_prevention_token = (answer["ticket"], answer["CSRFPreventionToken"])
        self.birth_time = time.monotonic()

    def _request_ticket(self, **answer: Any) -> Any:
        try:
            return self._login.write("POST", ("access", "ticket"), {"username": self.username, **answer})
        except FleetgateError as error:
            if error.status != 401:
                raise
            why = f"{self._login.title}: {self.username} could not sign in; check api_user (with its realm), api_password and the second factor"
            raise FleetgateError(why, verb="POST", path="/access/ticket", status=401) from None


class ProxmoxClient(Client):
    """One PVE node or PBS host, signed in; `caller` is what it acts as: the `user`, or a token of the user.

    Over the shell of the host it is root. `command` is the command that knows the API there.
    Sources: pve-http-server 6.0.5 and proxmox-rest-server 1.0.6, as described in sections 1 and 2 of their contracts.
    """

    service = ""
    command: tuple[str, ...] = ()
    # the role with all privileges, the query parameter for the principal whose permissions are read, and the seconds until a
    # change of the ACL takes effect
    all_powerful = ""
    whose = ""
    acl_effective_after = 0

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        self._forget_granted()
        if params["connection"] == "shell":
            self._use_shell(params, check_mode)
        else:
            self._sign_in(params, check_mode)

    def _forget_granted(self) -> None:
        """Forget the privileges of the caller by path, which are those since the last write, and whether all were listed."""
        self._granted: dict[str, Any] = {}
        self._lists_granted = False

    def write(self, verb: str, path: Sequence[Any], body: Any = None, upload: str | None = None) -> Any:
        self._forget_granted()
        return super().write(verb, path, body, upload)

    def _use_shell(self, params: dict[str, Any], check_mode: bool) -> None:
        require_requests()
        title = f"{self.service} {params['api_host'] or 'on this host'}"
        super().__init__(title, requests.Session(), ADDRESS, check_mode)
        self.session.mount(ADDRESS, Commands(title, self.command, params.get("shell", run_here)))
        self.user = self.caller = ROOT

    def _sign_in(self, params: dict[str, Any], check_mode: bool) -> None:
        user, token_name = _identity(params)
        title, host = f"{self.service} {params['api_host']}", in_url(params["api_host"])
        url = f"https://{host}:{params['api_port']}/api2/json"
        transport = {"timeout": params["api_timeout"], "verify": verification(params)}
        super().__init__(title, ProxmoxHttpSession(), url, check_mode, **transport)
        self.user = user
        self.caller = f"{user}!{token_name}" if token_name else user
        if token_name:
            self.session.auth = ProxmoxHTTPApiTokenAuth(
                user, token_name, params["api_token_secret"], service=self.service
            )
        else:
            login = LoginClient(title, url, **transport)
            self.session.auth = Ticket(
                login, user, params["api_password"], params.get("api_totp"), service=self.service
            )

    @property
    def ticket(self) -> str:
        """The ticket of a user who signed in with a password; the server takes it for that password and the second factor."""
        auth = self.session.auth
        return str(auth.pve_auth_ticket) if isinstance(auth, Ticket) else ""

    def payload(self, verb: str, body: Any) -> dict[str, Any]:
        values = self.encode(body or {})
        return {"params": values} if verb in ("GET", "DELETE") else {"data": values}

    def encode(self, values: dict[str, Any]) -> dict[str, Any]:
        return {key: int(value) if isinstance(value, bool) else value for key, value in values.items()}

    def unwrap(self, body: Any) -> Any:
        return body["data"]

    def explain(self, response: Any) -> str:
        if response.status_code == 401:
            return (
                f"{self.caller} is not accepted; the secret is wrong, the user or token is disabled, expired or removed,"
                f" or this is not a {self.service} server"
            )
        reason = self.reason(response)
        if response.status_code == 403 and "!" in self.caller:
            reason += f" (the token {self.caller} needs ACL entries of its own)"
        return reason

    def reason(self, response: Any) -> str:
        """The reason the server gave for the refusal."""
        raise NotImplementedError

    def _send(self, verb: str, path: Sequence[Any], allowed_status: Container[int] = (), **content: Any) -> Any:
        for pause in LOCK_PAUSES:
            try:
                return super()._send(verb, path, allowed_status, **content)
            except FleetgateError as error:
                error.conflict = "detected modified configuration" in str(error)
                # the lock was never taken, so nothing was written and the request may be sent again
                if "got lock request timeout" not in str(error):
                    raise
            time.sleep(pause)
        return super()._send(verb, path, allowed_status, **content)

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Version of the server as numbers, for example (9, 2, 11)."""
        return tuple(int(number) for number in re.findall(r"[0-9]+", self.version_text))

    @cached_property
    def version_text(self) -> str:
        """Version of the server as text."""
        raise NotImplementedError

    def accepts(self, token: str, secret: str) -> bool:
        """Whether a secret is that of a token, given by its full id. The request requires no privilege."""
        if self.base_url == ADDRESS:
            why = f"whether the secret of {token} works cannot be tested with connection=shell"
            raise FleetgateError(f"{self.title}: {why}; use connection=https, or set secret=keep or secret=regenerate")
        user, _mark, name = token.rpartition("!")
        try:
            self._send("GET", ("version",), auth=ProxmoxHTTPApiTokenAuth(user, name, secret, service=self.service))
        except FleetgateError as error:
            if error.status != 401:
                raise
            return False
        return True

    def permissions_of(self, identity: str, path: str | None = None) -> dict[str, dict[str, bool]]:
        """The effective permissions of a user or token: whether each privilege propagates, by path; on all paths or on `path`."""
        permissions = self.read("access", "permissions", **{self.whose: identity, **({"path": path} if path else {})})
        return {place: {name: bool(flag) for name, flag in held.items()} for place, held in permissions.items()}

    def missing_permissions(self, permissions: list[tuple[Permission, str]]) -> list[str]:
        permissions = [
            (permission, purpose)
            for permission, purpose in permissions
            if not (permission.oneself and permission.oneself == self.caller)
        ]
        if not permissions or self.caller == ROOT:
            return []
        paths = {path for permission, _purpose in permissions for path in permission.paths}
        # the list has many paths, but a single one takes one request as well, and may be missing in the list
        if not self._lists_granted and len(paths - self._granted.keys()) > 1:
            self._granted, self._lists_granted = {**self.read("access", "permissions"), **self._granted}, True
        missing: dict[str, str] = {}
        for permission, purpose in permissions:
            if not self._satisfied(permission, self._granted):
                missing.setdefault(str(permission), purpose)
        if missing:
            # repeated attempts of a task share this client, and they may be granted meanwhile
            self._forget_granted()
        hint = "; a token needs ACL entries of its own" if "!" in self.caller else ""
        if self.acl_effective_after:
            hint += "; a change of the ACL takes a few seconds to take effect"
        return [
            f"{self.title}: {self.caller} lacks {permission} ({purpose}); give it a role that holds it{hint}"
            for permission, purpose in missing.items()
        ]

    def _satisfied(self, permission: Permission, granted: dict[str, Any]) -> bool:
        for path in permission.paths:
            if path not in granted:
                # only paths with ACL entries are listed, and only those with a privilege
                granted[path] = self.read("access", "permissions", path=path).get(path, {})
        wanted = set(permission.privileges)
        held = [wanted & set(granted[path]) for path in permission.paths]
        allowed = all(propagates == wanted if permission.every else propagates for propagates in held)
        return allowed or any(self._satisfied(other, granted) for other in permission.others)


def version(client: Any) -> str:
    """A fact: the version of the server as text."""
    return str(client.version_text)


def fingerprint(client: Any) -> str | None:
    """A fact: SHA-256 fingerprint of the certificate that the server presents.

    None with connection=shell, which sees no certificate.
    """
    if client.base_url == ADDRESS:
        return None
    certificate = client.certificate("version")
    if certificate is None:
        raise FleetgateError(f"{client.title}: the proxy that requests go through shows no certificate of the server")
    digest = hashlib.sha256(certificate).hexdigest().upper()
    return ":".join(digest[start : start + 2] for start in range(0, len(digest), 2))


def _identity(params: dict[str, Any]) -> tuple[str, str | None]:
    """Return the user and, with a token, the name of the token; refuse invalid connection options."""
    problems = []
    if ProxmoxHttpSession is None:
        require_requests()
        problems.append("the Python package proxmoxer is needed on the node that runs the task: pip install proxmoxer")
    problems += _address_problems(params["api_host"])
    problems += limit_problems(params, api_port=Number(1, 65535), api_timeout=TIMEOUT)
    problems += [
        f"{option}: {Text().problem(params[option])}"
        for option in ("api_user", "api_token_id")
        if Text().problem(params[option] or "")
    ]
    user, token_name = params["api_user"], None
    if params["api_token_id"]:
        user, token_name, broken = _token(params["api_token_id"], user, params["api_token_secret"])
        problems += broken
    elif not (user and params["api_password"]):
        problems.append("credentials: set api_token_id and api_token_secret, or api_user and api_password")
    if user and "@" not in user:
        problems.append(f"api_user: '{user}' has no realm; write for example {user}@pam")
    refuse(problems)
    return user, token_name


def _address_problems(host: str | None) -> list[str]:
    if not host:
        return ["api_host: must be set (in a playbook it defaults to the inventory host)"]
    if has_userinfo(host):
        return ["api_host: must not contain a user name or password; they are api_user and api_password"]
    broken = API_HOST.problem(host)
    return [f"api_host: '{host}' {broken}"] if broken else []


def _token(token: str, user: str | None, secret: str | None) -> tuple[str | None, str, list[str]]:
    """Return the user and the name of a token, whose id may include the user, and the problems with them."""
    problems = []
    owner, separator, name = token.rpartition("!")
    if separator and user and owner != user:
        problems.append(f"api_token_id: '{token}' belongs to another user than api_user '{user}'; leave api_user out")
    user = owner if separator else user
    if not user:
        problems.append(f"api_token_id: '{name}' has no user; write user@realm!{name}")
    if not secret:
        problems.append("api_token_secret: must be set with api_token_id")
    elif broken := CREDENTIAL.problem(secret):
        problems.append(f"api_token_secret: {broken}")
    return user, name, problems
