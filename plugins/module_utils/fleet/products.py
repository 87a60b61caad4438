# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The products of a fleet, one object each: everything in which Proxmox VE and Proxmox Backup Server differ for a playbook.

Nothing else asks which product a host is. A product that is added here is known to the compiler, the modules for fleets and
the declaration of rights; a playbook only needs its group in the pattern of hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.client import Client
from ..core.system import System
from ..pbs.system import PBS as PBS_SYSTEM
from ..pve.names import GROUP as PVE_GROUP
from ..pve.system import PVE as PVE_SYSTEM


@dataclass(frozen=True)
class Server:
    """What a server reports about itself: its cluster ("" for a server by itself), the names of its nodes, and their addresses."""

    cluster: str = ""
    nodes: tuple[str, ...] = ()
    ips: tuple[str, ...] = ()


@dataclass(frozen=True)
class Automation:
    """What the identity gets that `bootstrap` creates: a role on a path.

    - `privileges`: those of the role that the automation depends on. None where they are declared, and the role is made of them.
    - `token`: further options of the token.
    - `token_in_acl`: whether the token needs an entry of its own beside that of its user.
    """

    path: str
    role: str
    privileges: tuple[str, ...] | None = None
    token: Mapping[str, Any] = field(default_factory=dict)
    token_in_acl: bool = False


@dataclass(frozen=True)
class Product:
    """One kind of server.

    - `name`: its inventory group, and its key under `rights`; `title` names it in sentences.
    - `port`: the port of its web interface, which is where browsers are sent back to after a sign-on.
    - `system`: the engine's description of its API.
    - `local_realm`: the realm of users that the server itself keeps.
    - `default_realm`: the realm that a new server has as its default, "" where none is marked as such.
    - `group_name`: the rule for names of groups, None where the product has no groups: every member then gets the rights.
    - `server`: reads what a server reports about itself.
    - `client_name`: the name of an OIDC client that nobody declared, {} for that of the cluster or host.
    - `is_one_host`: whether the name of the inventory host is a name of the server, and not that of a cluster.
    - `realm_defaults`: options of a realm that nobody declared.
    - `not_in_realm`: options of `fleetgate_realm` that its realms do not have.
    - `not_in_scopes`: scopes that its realms need not request.
    - `token`: the options that name an API token in an entry for the state module.
    - `automation`: what the identity of the automation gets.
    - `outlives_user`: what a user that is removed keeps for a while, in sentences.
    """

    name: str
    title: str
    port: int
    system: System
    local_realm: str
    server: Callable[[Client], Server]
    token: Callable[[str], dict[str, Any]]
    client_name: str
    automation: Automation
    default_realm: str = ""
    group_name: Any = None
    is_one_host: bool = False
    realm_defaults: Mapping[str, Any] = field(default_factory=dict)
    not_in_realm: frozenset[str] = frozenset()
    not_in_scopes: frozenset[str] = frozenset()
    outlives_user: tuple[str, ...] = ()

    @property
    def has_groups(self) -> bool:
        return self.group_name is not None


def _pve_server(client: Client) -> Server:
    status = client.read("cluster", "status")
    cluster = next((entry["name"] for entry in status if entry["type"] == "cluster"), "")
    nodes = sorted((entry for entry in status if entry["type"] == "node"), key=lambda entry: entry["name"])
    return Server(
        cluster, tuple(entry["name"] for entry in nodes), tuple(entry["ip"] for entry in nodes if entry.get("ip"))
    )


def _pbs_server(_client: Client) -> Server:
    """The name of the node is reported to root only."""
    return Server()


PVE = Product(
    name="pve",
    title="Proxmox VE",
    port=8006,
    system=PVE_SYSTEM,
    local_realm="pve",
    server=_pve_server,
    token=lambda name: {"tokenid": name, "privsep": True},
    client_name="Proxmox VE {}",
    automation=Automation(path="/", role="FleetAccess", token={"privsep": False}),
    group_name=PVE_GROUP,
    # groups_overwrite: whoever is removed from a group at the provider leaves it here at the next sign-on
    realm_defaults={
        "username_claim": "preferred_username",
        "groups_claim": "groups",
        "groups_overwrite": True,
        "autocreate": True,
    },
    # pve-manager 9.2.11, PVE/HTTPServer.pm: each request checks that the user of its ticket exists
    outlives_user=(
        "consoles (noVNC, xterm.js, SPICE) that are open stay connected until they are closed, and tasks that run are finished",
        "tickets that were issued in the last two hours are refused, unless a user of that name is created again meanwhile",
    ),
)

PBS = Product(
    name="pbs",
    title="Proxmox Backup Server",
    port=8007,
    system=PBS_SYSTEM,
    local_realm="pbs",
    server=_pbs_server,
    token=lambda name: {"token_name": name},
    client_name="Proxmox Backup {}",
    # no other role may manage access; on /access it reaches nothing else
    automation=Automation(
        path="/access",
        role="Admin",
        privileges=("Permissions.Modify", "Realm.Allocate", "Sys.Audit"),
        token_in_acl=True,
    ),
    default_realm="pam",
    is_one_host=True,
    # autocreate: everybody with rights is created beforehand, so nobody else needs an account
    realm_defaults={"username_claim": "preferred_username", "autocreate": False},
    not_in_realm=frozenset(("groups_claim", "groups_autocreate", "groups_overwrite", "query_userinfo")),
    not_in_scopes=frozenset(("groups",)),
    outlives_user=(
        "consoles, backups and restores that are connected stay so until they end, and tasks that run are finished",
        "tickets that were issued in the last two hours are refused, unless a user of that name is created again meanwhile",
    ),
)

PRODUCTS: dict[str, Product] = {product.name: product for product in (PVE, PBS)}


def product_of(groups: list[str]) -> Product | None:
    """The product of an inventory host that is in these groups; None where it is in the group of none or of several."""
    found = [product for name, product in PRODUCTS.items() if name in groups]
    return found[0] if len(found) == 1 else None
