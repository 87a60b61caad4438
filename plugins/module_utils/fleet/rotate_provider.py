# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The identity provider in the rotation of a fleet: before the hosts it decides and adds secrets, after them it removes the old ones.

Where a client has several secrets the new one is valid before any host has it, and the old one until all hosts have the new one.
Where it has one that the caller chooses, the hosts have the new one first: a run that is killed then leaves it in their realms.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.plan import add_diff
from .compiler import Client, Wiring, clients, leaders
from .declaration import Declaration
from .hidden import hidden as hidden_of_fleet
from .host import Problems, with_warnings
from .provider import provider_of, wiring_from
from .rotation import CLIENTS, Decision, Order, decide
from .secret_stores import ListedSecret, SecretStore

SPEC: dict[str, dict[str, Any]] = {
    "stage": {"type": "str", "choices": ["begin", "finish", "report"], "required": True},
    "rotate": {"type": "raw"},
    "idp": {"type": "raw"},
    "hosts": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "outside": {"type": "dict", "default": {}},
    "rotations": {"type": "list", "elements": "dict", "default": [], "no_log": False},
    "failed_hosts": {"type": "list", "elements": "str", "default": []},
}


def run(params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
    if params["stage"] == "report":
        raise FleetgateError("stage: report is done by the action plugin on the control node")
    order = Order.of(params["rotate"])
    result: dict[str, Any] = {"changed": False, "diff": {"before": {}, "after": {}}, "plan": []}
    if CLIENTS not in order.what:
        return {**result, "rotations": [], "pending": [], "rollback": [], "refused": {}}
    provider = provider_of(params["idp"])
    refuse(provider.missing(params["idp"]))
    store = provider.secrets_of_clients(params["idp"], check_mode)
    # hosts without the realm or without a secret do not use the client
    hosts = [Wiring(**wiring_from(host)) for host in params["hosts"] if host.get("secret")]
    shared = {client.id: client for client in clients(hosts, Declaration((), (), {}), {}) if not client.is_public}
    rotation = _Rotation(store, check_mode, hosts, shared, result)
    if params["stage"] == "begin":
        return rotation.begin(order, params["outside"])
    return rotation.finish(params["rotations"], params["failed_hosts"])


@dataclass
class _Rotation:
    """The clients of the hosts in one run; `result` collects what is done to them."""

    store: SecretStore
    check_mode: bool
    hosts: list[Wiring]
    shared: Mapping[str, Client]
    result: dict[str, Any]

    def begin(self, order: Order, outside: Mapping[str, Iterable[str]]) -> dict[str, Any]:
        """Decide about all clients, and add the secrets that can be added; everything that can be known is refused before."""
        problems, decisions = Problems(), []
        for client in self.shared.values():
            has = {host.host: host.secret for host in self.hosts if host.host in client.hosts}
            decision = problems.of(decide, self.store, client, has, outside.get(client.id, ()), order)
            if decision:
                problems += decision.problems
                decisions.append(decision)
        refuse(problems)
        refused: dict[str, str] = {}
        acting = [decision for decision in decisions if decision.acts]
        for decision in list(acting):
            try:
                self._add(decision)
            except FleetgateError as error:
                # the other clients are completed, because their hosts may need it already
                acting.remove(decision)
                why = str(error).replace(decision.target, "********") if decision.target else str(error)
                refused.update(dict.fromkeys(decision.client.hosts, why))
        first = leaders(self.hosts)
        pending = [
            host.host
            for decision in acting
            for host in self.hosts
            if host.host in decision.client.hosts and first[host.host] is host and host.secret != decision.target
        ]
        secrets = {f"{name} {one.client.id}": getattr(one, name) for one in acting for name in ("target", "previous")}
        return {
            **self.result,
            "changed": bool(self.result["plan"]),
            "rotations": [_to_result(decision) for decision in acting],
            "clients": [_described(decision) for decision in decisions],
            "pending": pending,
            "refused": refused,
            "secrets": {name: secret for name, secret in secrets.items() if secret},
            **with_warnings([text for decision in decisions for text in (*decision.warnings, *_outside(decision))]),
        }

    def _add(self, decision: Decision) -> None:
        """Remove what a killed run left, and add the new secret and prove it, where hosts need not have it before."""
        store, client, label = self.store, decision.client, f"client {decision.client.id}"
        left = "a secret left by an interrupted run"
        self.result["plan"] += store.apply(store.removal(client, one, f"{label}: {left}") for one in decision.unused)
        if not decision.is_new or (store.takes_chosen and not store.keeps_several):
            return
        self._set(decision)
        if not self._accepts(decision):
            raise FleetgateError(
                f"{store.title} does not accept the new secret of {label} at its token endpoint; run again"
            )

    def _accepts(self, decision: Decision) -> bool:
        """Whether the provider accepts the new secret; in check mode it does not have it."""
        return self.check_mode or self.store.accepts(decision.client, decision.target)

    def _set(self, decision: Decision) -> None:
        found, decision.target = self.store.set(decision.client, decision.target)
        reason = f"client {decision.client.id}: {decision.reason}"
        self.result["plan"] += [{**step, "reason": reason} for step in found["plan"]]
        add_diff(self.result["diff"], found["diff"])

    def finish(self, rotations: Iterable[Mapping[str, Any]], failed_hosts: Collection[str]) -> dict[str, Any]:
        """Remove or replace the old secrets of the clients whose hosts all have the new one."""
        store, first = self.store, leaders(self.hosts)
        refused: dict[str, str] = {}
        rollback: list[str] = []
        warnings: list[str] = []
        for rotation in rotations:
            decision = _from_result(rotation, self.shared)
            users, label = decision.client.hosts, f"client {decision.client.id}"
            failed = [name for name in users if first[name].host in failed_hosts]
            try:
                if store.keeps_several:
                    warnings += self._remove_old(decision, failed)
                    continue
                if not decision.is_new or not store.takes_chosen:
                    continue
                problem = self._replace(decision, failed)
            except FleetgateError as error:
                problem = f"{label}: {error}"
                refused.update(dict.fromkeys(users, f"{problem}; run again"))
                continue
            if problem:
                refused.update(dict.fromkeys(users, problem))
                rollback += [name for name in users if first[name].host == name] if decision.previous else []
        return {
            **self.result,
            "changed": bool(self.result["plan"]),
            "rollback": rollback,
            "refused": refused,
            **with_warnings(warnings),
        }

    def _remove_old(self, decision: Decision, failed: list[str]) -> list[str]:
        """Remove the old secrets unless somebody may need them; returns why they stay."""
        store, client, label = self.store, decision.client, f"client {decision.client.id}"
        kept_for = [*failed, *decision.outside]
        if not decision.obsolete:
            return []
        if kept_for:
            return [f"{label}: the old secret stays valid for {', '.join(kept_for)}; run rotate again for all of them"]
        if not self._accepts(decision):
            raise FleetgateError(f"{store.title} does not accept the new secret, so the old one stays")
        why = f"{label}: all hosts have the new secret"
        self.result["plan"] += store.apply(store.removal(client, one, why) for one in decision.obsolete)
        return []

    def _replace(self, decision: Decision, failed: list[str]) -> str:
        """Replace the only secret, which all hosts have now; returns why that is undone."""
        store, client = self.store, decision.client
        undone = "the old secret is restored" if decision.previous else "run again when that is mended"
        if failed:
            return f"client {client.id} was not rotated, because {', '.join(failed)} failed; {undone}"
        try:
            self._set(decision)
            if self._accepts(decision):
                return ""
            why = "it does not accept the new secret"
        except FleetgateError as error:
            why = str(error)
            # the server may have done what it did not answer
            if not self.check_mode and store.accepts(client, decision.target):
                return ""
        if decision.previous and not store.accepts(client, decision.previous):
            store.set(client, decision.previous)
        return f"client {client.id} was not rotated at {store.title} ({why}); {undone}"


# -- between the stages --------------------------------------------------------------------------------------------


def _to_result(decision: Decision) -> dict[str, Any]:
    """A decision for the stage finish, without its secrets."""
    obsolete = [{"id": one.id, "prefix": one.prefix, "created": one.created.isoformat()} for one in decision.obsolete]
    return {
        "id": decision.client.id,
        "is_new": decision.is_new,
        "reason": decision.reason,
        "obsolete": obsolete,
        "outside": decision.outside,
    }


def _from_result(rotation: Mapping[str, Any], shared: Mapping[str, Client]) -> Decision:
    """The decision, with the secrets that the action plugin adds."""
    return Decision(
        shared[rotation["id"]],
        target=rotation["target"],
        previous=rotation.get("previous", ""),
        is_new=rotation["is_new"],
        reason=rotation["reason"],
        obsolete=[
            ListedSecret(one["id"], one["prefix"], datetime.fromisoformat(one["created"]))
            for one in rotation["obsolete"]
        ],
        outside=list(rotation["outside"]),
    )


def _described(decision: Decision) -> dict[str, Any]:
    """What the result reports of a client."""
    return {
        "id": decision.client.id,
        "created": decision.created.isoformat() if decision.created else None,
        "hosts": decision.client.hosts,
        "outside": decision.outside,
        "reason": decision.reason,
    }


def _outside(decision: Decision) -> Iterator[str]:
    if decision.acts and decision.outside:
        who = ", ".join(decision.outside)
        yield f"client {decision.client.id} is also used by {who}, not in this run; the old secret stays valid for them"


def hidden(params: Mapping[str, Any]) -> Iterator[str]:
    """The secrets in the options."""
    yield from hidden_of_fleet(params)
    yield from _secrets_of(params.get("hosts"), "secret")
    yield from _secrets_of(params.get("rotations"), "target", "previous")


def _secrets_of(entries: Any, *names: str) -> Iterable[str]:
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict):
            yield from (str(entry[name]) for name in names if entry.get(name))


ROTATE_PROVIDER = Definition(SPEC, run, hidden=hidden)
