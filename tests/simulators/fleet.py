"""Whole fleets of simulators: the servers of the example inventories, on loopback addresses."""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from .authentik import AuthentikSimulator
from .browser import AtAuthentik, AtPocketId, Person
from .directory import example_directories
from .host import install
from .pbs import PbsSimulator
from .pocketid import PocketIdSimulator
from .pulse import PulseSimulator
from .pve import PveSimulator
from .relying_party import RelyingParty
from .server import Application, Authority, Exchange, Observed, free_port, serve

PVE_PORT, PBS_PORT, POCKETID_PORT, AUTHENTIK_PORT, PULSE_PORT = 8006, 8007, 8443, 9443, 7655

# seconds during which PBS checks may use an old ACL, which reveals code that does not wait; five on a real server
ACL_CACHE_SECONDS = 0.5

# POST requests that change nothing: those for a ticket or an authorization URL, to the token endpoint with an invalid
# code, for a connection test of Pulse, and logins with a one-time token
PROBES = re.compile(
    "/api2/json/access/(ticket|openid/auth-url)|/api/one-time-access-token/.*|/api/oidc/token|/application/o/token/"
    "|/api/config/nodes/(test-config|[^/]+/test)"
)
# how to sign in to Pocket ID as a user: a token is created, and exchanged at once
ONE_TIME = re.compile("/one-time-access-token")


@dataclass(frozen=True)
class Description:
    """The servers of a fleet: nodes by PVE cluster (an inventory host each), PBS hosts, and the product versions.

    Every fleet has all identity providers; `idp` is the type of the provider in its inventory. `pulse_reload` are the seconds in
    which Pulse loses changes of others, `totp` has the second factors of users on PVE and PBS.
    """

    clusters: dict[str, tuple[str, ...]]
    backups: tuple[str, ...]
    pve: str = "9.2"
    pbs: str = "4.2"
    pocketid: str = "2.14"
    authentik: str = "2026.8"
    idp: str = "pocketid"
    pulse: str = "6.3"
    pulse_reload: float = 0
    totp: dict[str, str] = field(default_factory=dict)


FLEETS = {
    "homelab": Description({"pve1": ("pve1",)}, ("pbs1",)),
    "fleet": Description(
        {name: tuple(f"{name}{number}" for number in (1, 2, 3)) for name in ("berlin", "vienna", "lab")},
        ("backup-berlin", "backup-vienna"),
    ),
    "authentik": Description({"lab": ("pve1", "pve2")}, ("backup",), idp="authentik"),
    "oidc": Description({"lab": ("pve1", "pve2")}, ("backup",), idp="oidc"),
}
# at the provider of type oidc, which is not managed by the collection
CLIENTS = ("proxmox-pve", "proxmox-pbs")
PEOPLE = {"proxmox-admins": "alice", "proxmox-users": "bob"}


@dataclass
class Server:
    """A simulated server: its address, and the journal and faults of its WSGI wrapper."""

    name: str
    host: str
    port: int
    observed: Observed
    renew_certificate: Callable[[], None]
    # of PVE and PBS: its clock, and whether it trusts the authority of the fleet
    relying_party: RelyingParty | None = None

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def named_url(self) -> str:
        """The URL of the web interface in a browser, by the name of the server."""
        return f"https://{self.name}:{self.port}"


@dataclass
class Fleet:
    """A running fleet. PVE servers are in the order of their nodes; the first is in the inventory."""

    authority: Authority
    pve: dict[str, list[Server]] = field(default_factory=dict)
    pbs: dict[str, Server] = field(default_factory=dict)
    idp: str = "pocketid"
    pocketid: Server = field(init=False)
    authentik: Server = field(init=False)
    pulse: Server = field(init=False)
    api_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    client_secrets: dict[str, str] = field(default_factory=dict)
    authentik_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    tokens: dict[str, str] = field(default_factory=dict)
    ssh: Path | None = None

    @property
    def servers(self) -> list[Server]:
        return [
            *(node for nodes in self.pve.values() for node in nodes),
            *self.pbs.values(),
            self.pocketid,
            self.authentik,
            self.pulse,
        ]

    def exchanges(self) -> list[tuple[str, Exchange]]:
        return [(server.name, exchange) for server in self.servers for exchange in server.observed.journal]

    def writes(self) -> list[tuple[str, Exchange]]:
        """The requests so far that change something, with the name of the server."""
        exchanges = self.exchanges()
        following = [exchange.path for _name, exchange in exchanges[1:]] + [""]
        return [
            (name, one)
            for (name, one), then in zip(exchanges, following)
            if one.writes
            and not PROBES.fullmatch(one.path)
            and not (ONE_TIME.search(one.path) and ONE_TIME.search(then))
        ]

    def forget(self) -> None:
        """Clear the journals."""
        for server in self.servers:
            server.observed.journal.clear()

    def secrets(self) -> list[str]:
        """The values that must never be in any output."""
        return [self.api_key, self.authentik_token, *self.tokens.values(), *self.client_secrets.values()]

    def provider(self) -> dict[str, Any]:
        """The variable `fleetgate_idp` for this fleet."""
        trust = str(self.authority.bundle)
        return {
            "pocketid": {"type": "pocketid", "url": self.pocketid.url, "api_key": self.api_key, "ca_path": trust},
            "authentik": {
                "type": "authentik",
                "url": self.authentik.url,
                "token": self.authentik_token,
                "ca_path": trust,
            },
            # the issuer is Pocket ID here, but without an API key
            "oidc": {"type": "oidc", "issuer": self.pocketid.url, "ca_path": trust},
        }[self.idp]

    def person(self, username: str) -> Person:
        """A user of the identity provider of this fleet."""
        trust = str(self.authority.bundle)
        if self.idp == "authentik":
            return Person(AtAuthentik(self.authentik.url, self.authentik_token, username, trust), trust)
        return Person(AtPocketId(self.pocketid.url, self.api_key, username, trust), trust)

    def set_password(self, username: str, password: str) -> None:
        """Give a user of authentik a password; users of Pocket ID have none."""
        if self.idp == "authentik":
            user = self._user_of_authentik(username)
            self._ask_authentik("POST", f"users/{user}/set_password/", json={"password": password})

    def app_password(self, username: str) -> str:
        """Create an app password of a user of authentik."""
        token = {
            "identifier": f"app-of-{username}",
            "intent": "app_password",
            "expiring": False,
            "user": self._user_of_authentik(username),
        }
        self._ask_authentik("POST", "tokens/", json=token)
        return str(self._ask_authentik("GET", f"tokens/app-of-{username}/view_key/")["key"])

    def _user_of_authentik(self, username: str) -> int:
        users = self._ask_authentik("GET", "users/", params={"username": username})["results"]
        return int(next(user["pk"] for user in users if user["username"] == username))

    def _ask_authentik(self, verb: str, path: str, **content: Any) -> Any:
        headers, trust = {"Authorization": f"Bearer {self.authentik_token}"}, str(self.authority.bundle)
        url = f"{self.authentik.url}/api/v3/core/{path}"
        answer = requests.request(verb, url, headers=headers, verify=trust, timeout=10, **content)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def inventory(self) -> dict[str, Any]:
        """An inventory to be passed after that of an example: the same hosts, with addresses and credentials of this fleet."""
        trust = str(self.authority.bundle)
        provider = self.provider()

        def host(server: Server, name: str) -> dict[str, Any]:
            api = {
                "api_port": server.port,
                "api_token_id": "root@pam!fleet",
                "api_token_secret": self.tokens[name],
                "ca_path": trust,
            }
            return {
                "ansible_host": server.host,
                "ansible_ssh_executable": str(self.ssh),
                "fleetgate_api": api,
                "fleetgate_idp": provider,
                "vault_client_secrets": self.client_secrets,
            }

        clusters = {name: host(nodes[0], name) for name, nodes in self.pve.items()}
        backups = {name: host(server, name) for name, server in self.pbs.items()}
        api = {"url": self.pulse.url, "api_token": self.tokens["pulse1"], "ca_path": trust}
        monitors = {"pulse1": {"ansible_host": self.pulse.host, "fleetgate_api": api}}
        hosts = {"pve": clusters, "pbs": backups, "pulse": monitors}
        return {"all": {"children": {group: {"hosts": members} for group, members in hosts.items()}}}


class FleetServers:
    """Start a fleet and stop it when the block ends; `real_ports` uses the ports of the products."""

    def __init__(self, description: Description, folder: Path, real_ports: bool = False) -> None:
        self._description = description
        self._real_ports = real_ports
        self._stack = ExitStack()
        self._folder = folder
        self.fleet = Fleet(Authority(folder), idp=description.idp)

    def __enter__(self) -> Fleet:
        with ExitStack() as stack:
            self._start_pocketid(stack)
            self._start_authentik(stack)
            for number, (name, nodes) in enumerate(self._description.clusters.items()):
                self._start_cluster(stack, number, name, nodes)
            for number, name in enumerate(self._description.backups):
                self._start_backup(stack, number, name)
            self._start_pulse(stack)
            self.fleet.ssh = install(self._folder / "shell", self._hosts())
            if self._description.idp == "oidc":
                self._register()
            self._stack = stack.pop_all()
        return self.fleet

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    def _start_pocketid(self, stack: ExitStack) -> None:
        host = "127.0.30.1"
        # the server returns its issuer, so the port must be known first
        port = POCKETID_PORT if self._real_ports else free_port(host)
        simulator = PocketIdSimulator(
            self._description.pocketid, issuer=f"https://{host}:{port}", api_key=self.fleet.api_key
        )
        self.fleet.pocketid = self._serve(stack, "pocketid", simulator.app(), host, port)

    def _register(self) -> None:
        """Create the clients, users and groups of the provider of type oidc."""
        fleet = self.fleet

        def make(path: str, body: dict[str, Any]) -> dict[str, Any]:
            key, trust = {"X-API-Key": fleet.api_key}, str(fleet.authority.bundle)
            answer = requests.post(f"{fleet.pocketid.url}/api/{path}", json=body, headers=key, verify=trust, timeout=10)
            answer.raise_for_status()
            made: dict[str, Any] = answer.json()
            return made

        for name in CLIENTS:
            make("oidc/clients", {"id": name, "name": name, "callbackURLs": ["https://*:*"]})
            fleet.client_secrets[name] = make(f"oidc/clients/{name}/secrets", {})["secret"]
        for group, username in PEOPLE.items():
            group_id = make("user-groups", {"name": group, "friendlyName": group})["id"]
            person = {"username": username, "email": f"{username}@example.org", "firstName": username.title()}
            make("users", {**person, "userGroupIds": [group_id]})

    def _start_authentik(self, stack: ExitStack) -> None:
        simulator = AuthentikSimulator(self._description.authentik, token=self.fleet.authentik_token)
        port = AUTHENTIK_PORT if self._real_ports else 0
        self.fleet.authentik = self._serve(stack, "authentik", simulator.app(), "127.0.31.1", port)

    def _start_cluster(self, stack: ExitStack, number: int, name: str, nodes: tuple[str, ...]) -> None:
        addresses = {node: f"127.0.{10 + number}.{position}" for position, node in enumerate(nodes, 1)}
        simulator = PveSimulator(
            version=self._description.pve,
            nodes=nodes,
            cluster=name if len(nodes) > 1 else None,
            addresses=addresses,
            passwords={"root@pam": self._secret(f"{name} root")},
            totp=self._description.totp,
            tokens={"root@pam!fleet": self._secret(name)},
            directories=example_directories(),
            trust=self.fleet.authority.bundle,
        )
        # all nodes of a cluster have the same port, which clients rely on
        port = PVE_PORT if self._real_ports else free_port(addresses[nodes[0]])
        self.fleet.pve[name] = [
            self._serve(stack, node, simulator.app(node), address, port, simulator.cluster.nodes[node].relying_party)
            for node, address in addresses.items()
        ]

    def _start_backup(self, stack: ExitStack, number: int, name: str) -> None:
        simulator = PbsSimulator(
            version=self._description.pbs,
            node=name,
            passwords={"root@pam": self._secret(f"{name} root")},
            totp=self._description.totp,
            tokens={"root@pam!fleet": self._secret(name)},
            directories=example_directories(),
            trust=self.fleet.authority.bundle,
            acl_cache_seconds=ACL_CACHE_SECONDS,
        )
        host = f"127.0.20.{number + 1}"
        port = PBS_PORT if self._real_ports else free_port(host)
        self.fleet.pbs[name] = self._serve(stack, name, simulator.app(), host, port, simulator.relying_party)

    def _start_pulse(self, stack: ExitStack) -> None:
        host = "127.0.40.1"
        trust = self.fleet.authority.bundle
        simulator = PulseSimulator(
            self._description.pulse,
            api_token=self._secret("pulse1"),
            trust=trust,
            reload_seconds=self._description.pulse_reload,
        )
        port = PULSE_PORT if self._real_ports else 0
        self.fleet.pulse = self._serve(stack, "pulse1", simulator.app(), host, port)

    def _hosts(self) -> dict[str, dict[str, str]]:
        """The data that the shell of each host needs to act as root."""
        nodes = [(node, f"{name} root") for name, cluster in self.fleet.pve.items() for node in cluster]
        nodes += [(server, f"{name} root") for name, server in self.fleet.pbs.items()]
        trust = str(self.fleet.authority.bundle)
        return {
            server.host: {"url": server.url, "trust": trust, "password": self.fleet.tokens[owner]}
            for server, owner in nodes
        }

    def _secret(self, owner: str) -> str:
        return self.fleet.tokens.setdefault(owner, str(uuid.uuid4()))

    def _serve(
        self,
        stack: ExitStack,
        name: str,
        app: Application,
        host: str,
        port: int,
        relying_party: RelyingParty | None = None,
    ) -> Server:
        observed, authority = Observed(app), self.fleet.authority
        tls = authority.tls(host, name)
        bound = stack.enter_context(serve(observed, tls, host, port))
        return Server(name, host, bound, observed, lambda: authority.renew(tls, host, name), relying_party)
