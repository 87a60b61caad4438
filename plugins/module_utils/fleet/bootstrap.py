# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity that the playbooks work with on one host of a fleet: a user, its API token, and their permissions.

The preflight signs in with the stored token. A host where that finds everything as declared is settled; on the others the token is
created or repaired as root. Nodes of one cluster share a token: one of them creates it, the others copy its secret.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ..core.errors import FleetgateError, refuse
from ..core.fields import CREDENTIAL
from ..core.module import Definition, argument_problems
from ..core.plan import Desired, converge
from ..core.resource import STORE
from ..core.secret_file import SecretFile, kept_secret
from ..core.secrets import every_form
from ..proxmox.client import ROOT, ProxmoxClient
from ..proxmox.token import REGENERATE, dated, stand_in_for
from .declaration import secrets_in
from .entries import MAX_REMOVALS, Entries, connection_of, typed_options
from .hidden import hidden as hidden_of_fleet
from .host import Problems
from .products import PRODUCTS, Product

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "review", "apply", "copy"], "required": True},
    "product": {"type": "str", "choices": list(PRODUCTS)},
    "host": {"type": "str", "default": ""},
    "hosts": {"type": "dict", "default": {}},
    "api": {"type": "raw"},
    "bootstrap": {"type": "raw"},
    "token_file": {"type": "raw", "no_log": False},
    "privileges": {"type": "raw"},
    "source": {"type": "path"},
    "ticket": {"type": "str", "no_log": True},
}

OPTIONS: dict[str, dict[str, Any]] = {
    "via": {"type": "str", "choices": ["ssh", "password"], "default": "ssh"},
    "api_user": {"type": "str", "default": ROOT},
    "api_password": {"type": "str", "no_log": True},
    "api_totp": {"type": "str", "no_log": True},
    "vault_id": {"type": "str"},
    "replace_secret": {"type": "bool", "default": False},
}
# variables that are no dictionaries of options, under their own names
_VARIABLES: dict[str, dict[str, Any]] = {
    "fleetgate_token_file": {"type": "path", "required": True},
    "fleetgate_privileges": {"type": "list", "elements": "str"},
}

COMMENT = "fleetgate.proxmox"
_CREDENTIALS = ("api_user", "api_password", "api_totp", "api_token_id", "api_token_secret")
_HTTPS: Mapping[str, Any] = {**dict.fromkeys(_CREDENTIALS), "connection": "https"}

# what the engine says of options that are declared under another name
_DECLARED_AS = {
    "fleetgate_api.userid:": "fleetgate_api: api_token_id:",
    "fleetgate_api.tokenid:": "fleetgate_api: api_token_id:",
    "fleetgate_api.token_name:": "fleetgate_api: api_token_id:",
    "fleetgate_api.required_privileges:": "fleetgate_privileges:",
    "fleetgate_api.secret_file:": "fleetgate_token_file:",
    "fleetgate_api.secret_file_vault_id:": "fleetgate_bootstrap: vault_id:",
    "fleetgate_privileges.privs:": "fleetgate_privileges:",
    "secret_file:": "fleetgate_token_file:",
}
# a wrong name is reported once, and not for the ACL and the token of rotate again
_OF_NAMES_IN_ACL = ("fleetgate_api.users:", "fleetgate_api.tokens:", "fleetgate_api.rotation.")
_REPLACED_BY_ENGINE = "set secret=if_invalid to replace the secret"
_REPLACED_HERE = "set fleetgate_bootstrap.replace_secret to replace the secret, which ends the access of everybody else who uses the token"


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["stage"] == "review":
        return _review(params["hosts"])
    with named_as_declared():
        host = automation_host(params)
    with named_as_declared(host.secrets):
        if params["stage"] == "preflight":
            return _preflight(host)
        if params["stage"] == "apply":
            return _apply(host, check_mode)
        if not params["source"]:
            refuse(["source: must be given with stage=copy"])
        return _copy(host, params["source"], check_mode)


@contextmanager
def named_as_declared(secrets: Iterable[str] = ()) -> Iterator[None]:
    """Problems name the variables that users set, and show no secret that was read meanwhile."""
    try:
        yield
    except FleetgateError as error:
        problems = [text for text in error.problems if not text.startswith(_OF_NAMES_IN_ACL)] or error.problems
        problems = [text.replace(_REPLACED_BY_ENGINE, _REPLACED_HERE) for text in problems]
        for option, declared in _DECLARED_AS.items():
            problems = [declared + text.removeprefix(option) if text.startswith(option) else text for text in problems]
        error.problems = remove_values(list(dict.fromkeys(problems)), every_form(secrets))
        raise


@dataclass
class AutomationHost:
    """A server, and what is declared of the identity there. `address` has no credentials."""

    product: Product
    name: str
    address: Mapping[str, Any]
    options: Mapping[str, Any]
    token: str
    file: str
    privileges: tuple[str, ...]
    shell: Any
    ticket: str
    # those that were read from files
    secrets: set[str] = field(default_factory=set)

    # -- ways to the server ------------------------------------------------------------------------------------

    def by_token(self, secret: str, read_only: bool = True, token: str = "") -> ProxmoxClient:
        signed_in = {"api_token_id": token or self.token, "api_token_secret": secret}
        return self._client({**self.address, **_HTTPS, **signed_in}, read_only)

    def as_root(self, read_only: bool) -> ProxmoxClient:
        """The way to a host without a token; `ticket` stands for a password and a code that were used by the preflight."""
        if self.options["via"] == "ssh":
            shell = {"shell": self.shell} if self.shell else {}
            return self._client({**self.address, "connection": "shell", **shell}, read_only)
        user, password, code = (
            self.options[option] or self.address[option] for option in ("api_user", "api_password", "api_totp")
        )
        if not password:
            refuse(["fleetgate_bootstrap: api_password: must be given with via=password, here or in the environment"])
        given = {"api_user": user, "api_password": self.ticket or password, "api_totp": None if self.ticket else code}
        return self._client({**self.address, **_HTTPS, **given}, read_only)

    def _client(self, connection: Mapping[str, Any], read_only: bool) -> ProxmoxClient:
        client: ProxmoxClient = self.product.system.client(dict(connection), read_only)
        return client

    def identity(self, client: ProxmoxClient) -> list[str]:
        """What is the same for all inventory hosts that share the token.

        Names of clusters need not be unique, and a node in none is known by its place in the inventory.
        """
        with client.understanding():
            server = self.product.server(client)
        place = [server.cluster, *server.nodes] if server.cluster else [self.name]
        return [self.product.name, self.token, *place]

    # -- the identity ------------------------------------------------------------------------------------------

    @property
    def stand_in(self) -> str:
        """The token that the playbook rotate works with while it replaces the secret of this one."""
        return stand_in_for(self.token)

    @property
    def stand_in_file(self) -> str:
        """The file of the secret of that token."""
        name, ending = os.path.splitext(self.file)
        return f"{name}.rotation{ending}"

    def desired(self, stand_in: Mapping[str, Any] | None = None, **secret: Any) -> list[Desired]:
        """User, token and permissions; `secret` has the options of the token for its secret, `stand_in` those of the other token.

        That exists only while rotate runs, or when it was killed.
        """
        access, (owner, _mark, name) = self.product.automation, self.token.rpartition("!")
        privileges = list(self.privileges if access.privileges is None else access.privileges)
        required = [{"path": access.path, "privileges": privileges}]
        token = {**access.token, "required_privileges": required}
        tokens = [self.token]
        other = {"userid": owner, **self.product.token(self.stand_in.rpartition("!")[2])}
        if stand_in is None:
            other["state"] = "absent"
        else:
            other.update({**token, **stand_in})
            tokens.append(self.stand_in)
        subjects = {"users": [owner], **({"tokens": tokens} if access.token_in_acl else {})}
        entries = Entries()
        if access.privileges is None:
            entries.add("role", {"roleid": access.role, "privs": privileges}, "fleetgate_privileges.")
        entries.add("user", {"userid": owner, "comment": COMMENT, "enable": True}, "fleetgate_api.")
        entries.add("token", {"userid": owner, **self.product.token(name), **token, **secret}, "fleetgate_api.")
        entries.add("token", other, "fleetgate_api.rotation.")
        entries.add("acl", {"path": access.path, "roles": [access.role], **subjects}, "fleetgate_api.")
        return entries.desired(self.product.system, self.address)

    def converge(self, client: ProxmoxClient, desired: list[Desired], check_mode: bool) -> dict[str, Any]:
        return converge(client, self.product.system.kinds, desired, {}, check_mode, MAX_REMOVALS)[0]

    def differences(self, secret: str, stand_in: Mapping[str, Any] | None = None) -> list[str]:
        """What the token itself finds to be other than declared."""
        desired = self.desired(stand_in)
        return [step["reason"] for step in self.converge(self.by_token(secret), desired, True)["plan"]]

    # -- the file of its secret --------------------------------------------------------------------------------

    def stored(self, file: str = "") -> str:
        """The stored secret; empty where there is none, or what is stored cannot be one."""
        secret, _encrypted, unreadable = kept_secret(file or self.file)
        if unreadable:
            refuse([f"fleetgate_token_file: {unreadable}"])
        if not secret or CREDENTIAL.problem(secret):
            return ""
        self.secrets.add(secret)
        return secret

    def accepts(self, secret: str, token: str = "") -> bool:
        return bool(secret) and self.by_token(secret, token=token).accepts(token or self.token, secret)

    @property
    def is_being_rotated(self) -> bool:
        """Whether a run of rotate was killed after it had stored the secret of its own token."""
        return os.path.exists(self.stand_in_file)

    def end_rotation(self) -> None:
        with suppress(FileNotFoundError):
            os.unlink(self.stand_in_file)

    def make_folder(self, check_mode: bool) -> None:
        """Create the directory of the file, and those above it that are missing, for their owner only."""
        missing: list[str] = []
        folder = os.path.dirname(os.path.abspath(self.file))
        while not os.path.exists(folder):
            missing.insert(0, folder)
            folder = os.path.dirname(folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            refuse([f"fleetgate_token_file: '{self.file}' cannot be created, because '{folder}' cannot be written to"])
        for path in [] if check_mode else missing:
            # another host may have created it meanwhile
            os.makedirs(path, 0o700, exist_ok=True)

    @contextmanager
    def file_to_write(self, check_mode: bool) -> Iterator[str]:
        """The file for a new secret. In check mode it is in another directory if its own does not exist yet."""
        self.make_folder(check_mode)
        if os.path.isdir(os.path.dirname(os.path.abspath(self.file))):
            yield self.file
            return
        with TemporaryDirectory() as folder:
            file = os.path.join(folder, os.path.basename(self.file))
            try:
                yield file
            except FleetgateError as error:
                error.problems = [text.replace(file, self.file) for text in error.problems]
                raise

    def verify(self, done: Mapping[str, Any], stand_in: Mapping[str, Any] | None = None) -> None:
        """Sign in with the secret that was just stored, and compare everything with what is declared."""
        hint = ""
        try:
            found = self.differences(self.stored(), stand_in)
        except FleetgateError as error:
            found = error.problems
            hint = f"; {_REPLACED_HERE}" if error.status == 401 else ""
        if found:
            why = f"{self.token} could not be verified with the secret in '{self.file}': {'; '.join(found)}{hint}"
            failure = FleetgateError(why)
            failure.done, failure.diff = done["plan"], done["diff"]
            raise failure


def automation_host(params: dict[str, Any]) -> AutomationHost:
    """The host of a task; everything wrong with its variables is refused together, before anything is read."""
    product, problems, api = PRODUCTS[params["product"]], Problems(), params["api"] or {}
    address = problems.of(connection_of, product.system, _without_credentials(api), "fleetgate_api")
    options = problems.of(typed_options, params["bootstrap"], OPTIONS, "fleetgate_bootstrap")
    variables = {f"fleetgate_{name}": params[name] for name in ("token_file", "privileges")}
    given = problems.of(_typed_variables, variables)
    token = problems.of(_token_id, api, product)
    if address is None or options is None or given is None or token is None:
        raise problems.error()
    host = AutomationHost(
        product,
        params["host"],
        address,
        options,
        token,
        _file_of(given["fleetgate_token_file"]),
        tuple(given["fleetgate_privileges"] or ()),
        params.get("shell"),
        params["ticket"] or "",
    )
    problems.of(host.desired)
    refuse(problems)
    return host


def _without_credentials(api: Any) -> Any:
    """The connection options of the other playbooks without those that this one signs in without."""
    if not isinstance(api, Mapping):
        return api
    return {option: value for option, value in api.items() if option not in ("connection", *_CREDENTIALS)}


def _typed_variables(variables: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in variables.items() if value is not None}
    refuse(argument_problems(_VARIABLES, given))
    return dict(ArgumentSpecValidator(_VARIABLES).validate(given).validated_parameters)


def _token_id(api: Any, product: Product) -> str:
    """The full ID of the token, which may be declared without its user."""
    declared = api if isinstance(api, Mapping) else {}
    token = str(declared.get("api_token_id") or f"fleetgate@{product.local_realm}!automation")
    if "!" not in token and declared.get("api_user"):
        token = f"{declared['api_user']}!{token}"
    if "!" not in token:
        refuse([f"fleetgate_api: api_token_id: '{token}' has no user; write user@realm!{token}"])
    return token


def _file_of(path: str) -> str:
    """The file of the secret. An earlier version stored it without the suffix that keeps Ansible from reading it as an inventory."""
    earlier = path.removesuffix(".txt")
    return earlier if os.path.isfile(earlier) and not os.path.isfile(path) else path


# -- stages ----------------------------------------------------------------------------------------------------


def _preflight(host: AutomationHost) -> dict[str, Any]:
    """Whether the stored token works and everything is as declared; only reads are sent."""
    secret, accepted, settled = host.stored(), False, False
    if secret:
        try:
            accepted, settled = True, not (host.differences(secret) or host.is_being_rotated)
        except FleetgateError as error:
            if error.no_answer:
                raise
            # other problems are repaired as root
            accepted = error.status != 401
    client = host.by_token(secret) if settled else host.as_root(read_only=True)
    return {
        "changed": False,
        "settled": settled,
        "accepted": accepted,
        "rotating": host.is_being_rotated,
        "token_file": host.file,
        "identity": host.identity(client),
        **({"secrets": {"ticket": client.ticket}} if client.ticket else {}),
    }


def _review(hosts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Which hosts create or repair their token, and which copy the secret of another node of their cluster.

    The node that knows the secret comes before those that would have to replace it, and of these the one on which a rotation of
    the secret was interrupted. A host whose preflight failed is left out.
    """
    clusters: dict[tuple[str, ...], list[str]] = {}
    for name, found in hosts.items():
        clusters.setdefault(tuple(found["identity"]), []).append(name)
    creates, copies = [], {}
    for nodes in clusters.values():
        first = max(nodes, key=lambda name: (hosts[name]["settled"], hosts[name]["accepted"], hosts[name]["rotating"]))
        pending = [name for name in nodes if not hosts[name]["settled"]]
        creates += [name for name in pending if name == first]
        copies.update({name: first for name in pending if name != first})
    return {"changed": False, "creates": creates, "copies": copies, "pending": [*creates, *copies]}


def _apply(host: AutomationHost, check_mode: bool) -> dict[str, Any]:
    """Create or repair the identity as root, store a new secret, and verify it."""
    accepted, exists = host.accepts(host.stored()), os.path.exists(host.file)
    with host.file_to_write(check_mode) as file:
        options: dict[str, Any] = {"secret_file": file, "secret_file_vault_id": host.options["vault_id"]}
        options["secret_comment"] = dated(COMMENT)
        # a rotation that was killed may have replaced the secret, and nobody has the new one
        if not accepted and (host.options["replace_secret"] or host.is_being_rotated):
            options["secret"] = REGENERATE
        client, desired = host.as_root(check_mode), host.desired(**options)
        if exists and not accepted and "secret" not in options and not host.converge(client, desired, True)["plan"]:
            why = f"'{host.file}' has a secret that {client.title} does not accept for {host.token}"
            refuse([f"fleetgate_token_file: {why}; restore the file, or {_REPLACED_HERE}"])
        done = host.converge(client, desired, check_mode)
    if not check_mode:
        host.verify(done)
        host.end_rotation()
    return done


def _copy(host: AutomationHost, source: str, check_mode: bool) -> dict[str, Any]:
    """Store the secret that another node of the cluster has, encrypted or not as it is there, and verify it."""
    done: dict[str, Any] = {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    if os.path.realpath(source) != os.path.realpath(host.file) and not host.accepts(host.stored()):
        reason = f"token {host.token}: its secret is in {source}"
        step = {"verb": STORE, "path": os.path.abspath(host.file), "reason": reason}
        diff = {"before": {}, "after": {f"file {host.file}": {"mode": "0600"}}}
        done = {"changed": True, "diff": diff, "plan": [step]}
    if check_mode:
        return done
    if done["changed"]:
        host.make_folder(check_mode)
        try:
            with open(source, encoding="utf-8") as stored:
                text = stored.read().strip()
        except FileNotFoundError:
            why = f"'{source}' does not exist, because the token of the cluster could not be created on another node"
            raise FleetgateError(f"fleetgate_token_file: {why}; see the problem of that node") from None
        with closing(SecretFile(host.file)) as file:
            file.keep(text)
    host.verify(done)
    return done


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_fleet(params)
    yield from secrets_in(OPTIONS, params.get("bootstrap"))


BOOTSTRAP = Definition(SPEC, run, hidden=hidden)
