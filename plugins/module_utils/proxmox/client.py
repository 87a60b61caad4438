# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to PVE and PBS: proxmoxer signs in and signs requests, the core decides what is sent."""

from __future__ import annotations

import time

from ansible.module_utils.basic import env_fallback

from ..core.errors import FleetgateError, refuse
from ..core.client import Client, requests, require_requests, unreachable, verification

try:
    # proxmoxer leaves the interpreter when requests is missing, so that is looked at first
    if requests is None:
        raise ImportError("requests")
    from proxmoxer.backends.https import Backend
    from proxmoxer.core import AuthenticationError
except ImportError:
    Backend = AuthenticationError = None

# Both products take a lock on the configuration file; this long it may be held by somebody else.
LOCK_PAUSES = (0.5, 1, 2)


def connection_spec(environment, port, **secrets):
    """The argument_spec of the connection; `environment` begins the names of the variables it falls back to.

    `secrets` are further options, with the end of that name.
    """

    def option(kind, name, **more):
        return {"type": kind, "fallback": (env_fallback, [f"{environment}_{name}"]), **more}

    return {
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


class ProxmoxClient(Client):
    """One PVE node or PBS host, signed in; `caller` is the user or token that it acts as.

    Sources: pve-http-server 6.0.5 and proxmox-rest-server 1.0.6, as told in sections 1 and 2 of their contracts.
    """

    service = ""
    product = ""

    def __init__(self, params, check_mode):
        host = params["api_host"]
        user, token_name = _identity(params)
        timeout, verify = params["api_timeout"], verification(params)
        server = {"host": host, "port": params["api_port"], "user": user, "timeout": timeout, "service": self.service, "verify_ssl": verify}
        if token_name:
            backend = Backend(**server, token_name=token_name, token_value=params["api_token_secret"])
        else:
            backend = self._sign_in(server, params)
        super().__init__(f"{self.product} {host}", backend.get_session(), backend.get_base_url(), check_mode, timeout, verify)
        self.caller = f"{user}!{token_name}" if token_name else user

    def _sign_in(self, server, params):
        where = f"{self.product} {params['api_host']}"
        try:
            return Backend(**server, password=params["api_password"], otp=params.get("api_totp"))
        except AuthenticationError:
            raise FleetgateError(
                f"{where}: {params['api_user']} could not sign in; check api_user (with its realm), api_password and the second factor, if there is one",
                verb="POST", path="/access/ticket", status=401,
            ) from None
        except requests.exceptions.JSONDecodeError:
            raise FleetgateError(f"{where}: the answer to the sign-in is not that of a {self.product} server") from None
        except requests.exceptions.RequestException as error:
            url = f"https://{params['api_host']}:{params['api_port']}"
            raise FleetgateError(unreachable(where, url, error), verb="POST", path="/access/ticket") from None

    def payload(self, verb, body):
        values = self.encode(body or {})
        return {"params": values} if verb in ("GET", "DELETE") else {"data": values}

    def encode(self, values):
        return {key: int(value) if isinstance(value, bool) else value for key, value in values.items()}

    def unwrap(self, response):
        return response.json()["data"]

    def explain(self, response):
        if response.status_code == 401:
            return f"{self.caller} is not accepted; the secret is wrong, or the user or token is disabled, expired or removed"
        reason = self.reason(response)
        if response.status_code == 403 and "!" in self.caller:
            reason += f" (rights of the token {self.caller}: it needs ACL entries of its own)"
        return reason

    def reason(self, response):
        """Why the request was refused, in the server's words."""
        raise NotImplementedError

    def _send(self, verb, path, **content):
        for pause in LOCK_PAUSES:
            try:
                return super()._send(verb, path, **content)
            except FleetgateError as error:
                # the lock was never taken, so nothing was written and the request may be sent again
                if "got lock request timeout" not in str(error):
                    raise
            time.sleep(pause)
        return super()._send(verb, path, **content)

    def check_rights(self, needs):
        needs = [(need, what_for) for need, what_for in needs if not (need.oneself and need.oneself == self.caller)]
        if not needs:
            return
        granted = self.read("access", "permissions")
        missing = {}
        for need, what_for in needs:
            if not _satisfied(need, granted):
                missing.setdefault(str(need), what_for)
        hint = "; a token needs ACL entries of its own" if "!" in self.caller else ""
        refuse([f"{self.title}: {self.caller} lacks {need} ({what_for}); give it a role that holds it{hint}" for need, what_for in missing.items()])


def _identity(params):
    """The user and, with a token, the token's name, from the two ways to write them."""
    problems = []
    if Backend is None:
        require_requests()
        problems.append("the Python package proxmoxer is needed on the node that runs the task: pip install proxmoxer")
    host, user, token = params["api_host"], params["api_user"], params["api_token_id"]
    if not host:
        problems.append("api_host: must be given (for a playbook, the inventory host itself is meant when it is left out)")
    elif "/" in host:
        problems.append(f"api_host: '{host}' must be a host name or an address, without https:// and without a path")
    if token:
        owner, separator, name = token.rpartition("!")
        if separator and user and owner != user:
            problems.append(f"api_token_id: '{token}' belongs to another user than api_user '{user}'; leave api_user out")
        user, token = (owner, name) if separator else (user, token)
        if not user:
            problems.append(f"api_token_id: '{token}' names no user; write user@realm!{token}")
        if not params["api_token_secret"]:
            problems.append("api_token_secret: must be given with api_token_id")
    elif not (user and params["api_password"]):
        problems.append("credentials: give api_token_id and api_token_secret, or api_user and api_password")
    if user and "@" not in user:
        problems.append(f"api_user: '{user}' has no realm; write for example {user}@pam")
    refuse(problems)
    return user, token


def _satisfied(need, granted):
    allowed = all(set(need.privileges) & _rights_at(path, granted) for path in need.paths)
    return allowed or any(_satisfied(other, granted) for other in need.others)


def _rights_at(path, granted):
    """Privileges at a path. The server lists the paths that have entries; below them holds what propagates."""
    if path in granted:
        return set(granted[path])
    while path != "/":
        path = path.rsplit("/", 1)[0] or "/"
        if path in granted:
            return {privilege for privilege, propagates in granted[path].items() if propagates}
    return set()
