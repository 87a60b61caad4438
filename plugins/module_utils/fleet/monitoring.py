# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity that Pulse signs in with, and the options of the role `monitoring`.

Privileges after section 16 of the contract of Pulse 6.3.0: what it reads, and which privilege lets it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..core.errors import FleetgateError
from ..core.hosts import in_url
from ..proxmox.token import dated
from .entries import Entries
from .products import Product

COMMENT = "Pulse, which monitors this server"
GUEST_AGENT = "FleetgateGuestAgent"

OPTIONS: dict[str, dict[str, Any]] = {
    "user": {"type": "str", "default": "pulse-monitor"},
    "token": {"type": "str", "default": "pulse"},
    "guest_agent": {"type": "bool", "default": False},
    "backup_volumes": {"type": "bool", "default": False},
    "pull_jobs": {"type": "bool", "default": False},
    "certificate": {"type": "str", "choices": ["pin", "verify", "ignore"], "default": "pin"},
}
# the options of a user or token that are declared under another name
_DECLARED_AS = {"userid": "user", "tokenid": "token", "token_name": "token"}

_OF_NAMES_IN_ACL = ("fleetgate_monitoring.users:", "fleetgate_monitoring.tokens:")


@dataclass(frozen=True)
class Grant:
    """A role on a path, and the privileges on it that Pulse needs. `privs` define a role that the server does not have."""

    path: str
    role: str
    needed: tuple[str, ...]
    privs: tuple[str, ...] = ()


def token_id(options: Mapping[str, Any], product: Product) -> str:
    return f"{options['user']}@{product.local_realm}!{options['token']}"


def identity(
    options: Mapping[str, Any], product: Product, version: str, secret: str = "keep", rotation: str = ""
) -> Entries:
    """The user and the token of Pulse with all of their privileges; the rotation is named in the comment of a new secret.

    A token has what both it and its user have, so each gets every role. None of them can write unless an option asks for it.
    """
    userid = f"{options['user']}@{product.local_realm}"
    token, where = token_id(options, product), "fleetgate_monitoring."
    grants = _GRANTS[product.name](options, version)
    entries = Entries()
    for grant in grants:
        if grant.privs:
            entries.add("role", {"roleid": grant.role, "privs": list(grant.privs)}, where)
        subjects = {"users": [userid], "tokens": [token]}
        entries.add("acl", {"path": grant.path, "roles": [grant.role], **subjects}, where)
    needed = [{"path": grant.path, "privileges": list(grant.needed)} for grant in grants]
    keep = {"secret": secret, "return_secret": True, "required_privileges": needed}
    keep["secret_comment"] = dated(COMMENT, rotation)
    entries.add("user", {"userid": userid, "comment": COMMENT}, where)
    entries.add("token", {"userid": userid, **product.token(options["token"]), **keep}, where)
    entries.complete("acl", subject=userid)
    entries.complete("acl", subject=token)
    return entries


def optional_grants(product: Product, version: str) -> dict[str, list[Grant]]:
    """What each of the options that can be switched on adds."""
    switches = {option: False for option, spec in OPTIONS.items() if spec["type"] == "bool"}
    always = _GRANTS[product.name](switches, version)
    added = {
        option: [grant for grant in _GRANTS[product.name]({**switches, option: True}, version) if grant not in always]
        for option in switches
    }
    return {option: grants for option, grants in added.items() if grants}


def as_declared(error: FleetgateError) -> list[str]:
    """Problems with the names that users declare options by. A wrong name is reported once, and not for the ACL again."""
    problems = [text for text in error.problems if not text.startswith(_OF_NAMES_IN_ACL)] or error.problems
    for option, declared in _DECLARED_AS.items():
        problems = [
            text.replace(f"fleetgate_monitoring.{option}:", f"fleetgate_monitoring.{declared}:") for text in problems
        ]
    return problems


def _on_pve(options: Mapping[str, Any], version: str) -> list[Grant]:
    grants = [Grant("/", "PVEAuditor", ("Sys.Audit", "VM.Audit", "Datastore.Audit"))]
    if options["guest_agent"]:
        # Proxmox VE 9 has a privilege for each thing that VM.Monitor allowed together
        privilege = "VM.GuestAgent.FileRead" if int(version.split(".")[0]) >= 9 else "VM.Monitor"
        grants.append(Grant("/", GUEST_AGENT, (privilege,), (privilege,)))
    if options["backup_volumes"]:
        grants.append(Grant("/storage", "PVEDatastoreAdmin", ("Datastore.Allocate",)))
    return grants


def _on_pbs(options: Mapping[str, Any], _version: str) -> list[Grant]:
    grants = [Grant("/datastore", "DatastoreAudit", ("Datastore.Audit",)), Grant("/system", "Audit", ("Sys.Audit",))]
    if options["pull_jobs"]:
        grants.append(Grant("/remote", "RemoteAudit", ("Remote.Audit",)))
    return grants


_GRANTS: dict[str, Callable[[Mapping[str, Any], str], list[Grant]]] = {"pve": _on_pve, "pbs": _on_pbs}


def node_addresses(names: Sequence[str], ips: Sequence[str], port: int, domain: str = "") -> list[str]:
    """The URLs that a cluster may be known by: those of its nodes' addresses, and of their names in a domain.

    Their short names are left out, because nodes of several clusters may have the same.
    """
    hosts = [in_url(ip) for ip in ips] + [f"{name}.{domain}" for name in names if domain]
    return [f"https://{host}:{port}" for host in hosts]
