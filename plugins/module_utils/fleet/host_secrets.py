# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which secret a host is to have for its client: that of its realm where it is valid, or one that the provider shows or adds.

Runs for slices of a fleet may do this at the same time for one client. They do not exchange secrets, so where no realm of a slice
has a valid one, the slice adds its own; a provider that keeps one secret only must show it, or have no other user of the client.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import FleetgateError
from ..core.plan import GENERATED, add_diff
from .compiler import Client, Wiring
from .secret_stores import KnownClient, SecretStore


def with_own_secret(
    store: SecretStore, hosts: Iterable[Wiring], shared: Iterable[Client], secrets: Mapping[str, str]
) -> list[str]:
    """The hosts whose realm has a valid secret other than the one in `secrets`, such as one that a slice has added."""
    by_id = {client.id: client for client in shared}
    # a new secret, or one that is declared, is for all of them
    found = {
        client_id
        for client_id, secret in secrets.items()
        if secret in by_id[client_id].known_secrets and not by_id[client_id].options.get("secret")
    }
    others = [
        host for host in hosts if host.client["id"] in found and host.secret not in ("", secrets[host.client["id"]])
    ]
    if not others or not store.keeps_several:
        return []
    pairs = dict.fromkeys((host.client["id"], host.secret) for host in others)
    valid = [pair for pair in pairs if store.accepts(by_id[pair[0]], pair[1])]
    return [host.host for host in others if (host.client["id"], host.secret) in valid]


@dataclass
class Supply:
    """The secret of each client, the hosts that keep the one in their realm, and what was done for it.

    `incomplete` are the clients that are not at the provider as declared; only check mode goes on with them. `problems` are
    those of each client; where there are any nothing is written.
    """

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    own_secret: list[str] = field(default_factory=list)
    incomplete: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)
    result: dict[str, Any] = field(
        default_factory=lambda: {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    )


def supply(
    store: SecretStore, shared: Iterable[Client], hosts: Iterable[Wiring], left_alone: Collection[str], check_mode: bool
) -> Supply:
    """Find a secret for each client without changing anything else of it.

    Clients that are `left_alone` need not be as declared.
    """
    found, hosts, lacking = Supply(), list(hosts), list[Client]()
    for client in shared:
        problems = list[str]()
        known = store.find(client)
        wrong = "" if known and client.id in left_alone else _not_as_declared(store, client, known)
        if wrong:
            found.incomplete.append(client.id)
            (found.warnings if check_mode else problems).append(
                f"client {client.id} {wrong}; run the playbook wire_provider"
            )
        if known is None:
            found.secrets.update({} if client.is_public else {client.id: GENERATED})
        elif not client.is_public and not _find_secret(store, client, known, hosts, found):
            problems += _why_none(store, client, known)
            lacking.append(client)
        found.problems.update({client.id: problems} if problems else {})
    if found.problems:
        return found
    for client in lacking:
        try:
            done, found.secrets[client.id] = store.add(client)
        except FleetgateError as error:
            error.done = [*found.result["plan"], *error.done]
            raise
        found.result["plan"] += done["plan"]
        add_diff(found.result["diff"], done["diff"])
    found.result["changed"] = bool(found.result["plan"])
    return found


def _not_as_declared(store: SecretStore, client: Client, known: KnownClient | None) -> str:
    """What a client lacks that people need to sign in, "" where it lacks nothing."""
    if known is None:
        return f"does not exist at {store.title}"
    missing = [uri for uri in client.certain_uris if uri not in known.redirect_uris]
    if missing:
        return f"does not have the redirect URI {' or '.join(missing)} at {store.title}"
    declared = client.options.get("secret")
    return (
        ""
        if not declared or store.is_valid(client, known, declared)
        else f"does not have its declared secret at {store.title}"
    )


def _find_secret(store: SecretStore, client: Client, known: KnownClient, hosts: list[Wiring], found: Supply) -> bool:
    """Add the secret of a client to what was `found`; whether there is one."""
    if client.options.get("secret"):
        found.secrets[client.id] = client.options["secret"]
        return True
    valid = [secret for secret in client.known_secrets if store.is_valid(client, known, secret)]
    found.own_secret += [host.host for host in hosts if host.host in client.hosts and host.secret in valid]
    secret = next(iter(valid), known.readable)
    if secret:
        found.secrets[client.id] = secret
    return bool(secret)


def _why_none(store: SecretStore, client: Client, known: KnownClient) -> list[str]:
    """Why a client cannot be given a secret."""
    no_secret = f"client {client.id}: no secret in the realms of {', '.join(client.hosts)} is valid"
    if not store.generates:
        return [f"{no_secret}, and {store.title} does not show it; declare fleetgate_client.secret"]
    others = sorted(known.redirect_uris - set(client.redirect_uris))
    if store.keeps_several or not others:
        return []
    declare = ", or declare fleetgate_client.secret" if store.takes_chosen else ""
    return [
        f"{no_secret}, and {store.title} keeps one secret per client, so a new one would end the sign-on of whoever has the redirect URI"
        f" {' or '.join(others)}; run the playbook wire once for all hosts that share this client{declare}"
    ]
