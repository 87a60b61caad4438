# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The removal of the clients of a fleet at its identity provider, after the realms that use them.

People and groups stay: nothing marks them as created by wire, and other applications may use them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.module import Definition
from ..core.plan import ServerState, converge
from .compiler import Listed, leaders
from .declaration import Declaration, declaration
from .entries import Entries
from .hidden import hidden
from .host import Problems, with_warnings
from .provider import provider_of, wiring_from
from .providers import Provider, Registered

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["preflight", "apply"], "required": True},
    "idp": {"type": "raw"},
    "realm": {"type": "raw"},
    "users": {"type": "raw"},
    "groups": {"type": "raw"},
    "hosts": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "outside": {"type": "dict", "default": {}},
    "left_out": {"type": "list", "elements": "str", "default": []},
}


@dataclass(frozen=True)
class _Host(Listed):
    """What the preflight of a host found: the IDs of its clients, and those that realms use which stay there (`kept`).

    `done` says whether its realm is removed, or is about to be removed in this run.
    """

    clients: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    kept: Mapping[str, str]
    pending: bool
    unconfirmed: tuple[str, ...]
    done: bool


@dataclass
class _Decision:
    """Which clients are removed, and why others stay."""

    removed: list[Registered] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    idp, preflight = params["idp"], params["stage"] == "preflight"
    problems = Problems()
    provider = problems.of(provider_of, idp)
    if provider:
        problems += provider.missing(idp)
    declared = problems.of(declaration, params["users"] or [], params["groups"] or [], params["realm"])
    hosts = [_Host(**wiring_from(host)) for host in params["hosts"]]
    if preflight and not check_mode:
        problems += _confirmations(hosts)
    if problems or not (provider and declared):
        raise problems.error()
    decision, entries = _Decision(), Entries()
    result: dict[str, Any] = {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    if provider.system is None:
        used = dict.fromkeys(name for host in hosts for name in host.clients)
        decision.stays = [
            f"client {name} stays, because clients of {provider.title} are managed elsewhere" for name in used
        ]
    else:
        connection = provider.connection(idp)
        client = provider.system.client(connection, check_mode or preflight)
        with client.understanding():
            state = ServerState(client, provider.system.kinds)
            wanted = [name for host in hosts for name in host.clients]
            decision = _decide(
                provider, provider.registered(state, wanted), hosts, params["outside"], params["left_out"]
            )
        for removed in decision.removed:
            entries.add(removed.kind, removed.removal, "fleetgate_client: ")
        desired = entries.desired(provider.system, connection)
        result, _objects, _secrets = converge(client, provider.system.kinds, desired, {}, check_mode or preflight)
    stays = [*decision.stays, *_people(declared)]
    first = leaders(hosts)
    return {
        **result,
        "changed": result["changed"] and not preflight,
        "removes": [removed.name for removed in decision.removed],
        "stays": stays,
        "pending": [host.host for host in hosts if host.pending and first[host.host] is host],
        **with_warnings([*(f"{provider.title}: {text}" for text in stays), *result.get("warnings", ())]),
    }


def _confirmations(hosts: Iterable[_Host]) -> list[str]:
    """A playbook whose name is typed by mistake must not remove the sign-on of a fleet."""
    missing = sorted({name for host in hosts for name in host.unconfirmed})
    if not missing:
        return []
    value = missing[0] if len(missing) == 1 else missing
    given = f'{{"fleetgate_unwire": {{"confirm": {value!r}}}}}'.replace("'", '"')
    return [
        f"fleetgate_unwire.confirm: must name the realms that are removed, {', '.join(missing)}; read what --check prints, then add"
        f" -e '{given}'"
    ]


def _decide(
    provider: Provider,
    registered: Mapping[str, Registered],
    hosts: list[_Host],
    outside: Mapping[str, Iterable[str]],
    left_out: Iterable[str],
) -> _Decision:
    """A client is removed if only hosts use it whose realm is gone. Redirect URIs of none of them are those of something else."""
    decision, first = _Decision(), leaders(hosts)
    used = {name: [host for host in hosts if name in host.clients] for name in registered}
    kept = {
        client_id: f"the realm {realm} on {host.host} uses it"
        for host in hosts
        for client_id, realm in host.kept.items()
    }
    known = {uri for host in hosts for uri in host.redirect_uris}
    # a host may still have a client that is not declared any more
    others = [*left_out, *(host.host for host in hosts if not first[host.host].done)]
    for name, client in registered.items():
        if not used[name] and not known & set(client.redirect_uris):
            continue
        waiting = list(outside.get(name, ())) if used[name] else others
        waiting = [*waiting, *(host.host for host in used[name] if not first[host.host].done)]
        foreign = sorted(set(client.redirect_uris) - known)
        reasons = [
            *(
                [f"hosts that this run has not removed it from may use it: {', '.join(dict.fromkeys(waiting))}"]
                if waiting
                else ()
            ),
            *([kept[name]] if name in kept else ()),
            *([f"it has redirect URIs that are not those of these hosts: {', '.join(foreign)}"] if foreign else ()),
            *([client.blocker] if client.blocker else ()),
        ]
        if reasons:
            decision.stays.append(f"{client.name} stays, because {'; '.join(reasons)}")
        else:
            decision.removed.append(client)
    return decision


def _people(declared: Declaration) -> list[str]:
    """The declared people and groups, which stay."""
    named = [
        f"{kind} {', '.join(holder.name for holder in holders if holder.present)}"
        for kind, holders in (("users", declared.users), ("groups", declared.groups))
        if any(holder.present for holder in holders)
    ]
    if not named:
        return []
    why = "nothing there says that wire created them, and other applications may use them"
    return [f"{' and '.join(named)} stay, because {why}"]


UNWIRE_PROVIDER = Definition(SPEC, run, hidden=hidden)
