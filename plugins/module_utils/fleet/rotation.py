# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is rotated, and the decision for one OIDC client: which secret its hosts are to have, and which ones are removed.

The decision needs no state but that of the servers, so that a run that was killed is completed by the next one. A generated
secret has the time of its creation in it, and the beginnings of the hashed ids of the secrets that it replaces: whoever finds it
in a realm knows what is still to be removed.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from ..core.errors import refuse
from ..pocketid.client_secrets import ROTATION_MARK
from .compiler import Client
from .entries import typed_options
from .secret_stores import KnownClient, ListedSecret, SecretStore

CLIENTS, AUTOMATION, MONITORING = "clients", "automation", "monitoring"
OPTIONS: dict[str, dict[str, Any]] = {
    "what": {"type": "list", "elements": "str", "choices": [CLIENTS, AUTOMATION, MONITORING], "required": True},
    "older_than": {"type": "str"},
}
_UNITS = {"d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,5})([dw])")


@dataclass(frozen=True)
class Order:
    """What is to be rotated, and the age from which on; without an age everything is."""

    what: frozenset[str]
    older_than: timedelta | None = None

    @classmethod
    def of(cls, options: Any) -> Order:
        """From the variable `fleetgate_rotate`."""
        typed = typed_options(options, OPTIONS, "fleetgate_rotate")
        if not typed["what"]:
            refuse([f"fleetgate_rotate: what: must have at least one of {', '.join(OPTIONS['what']['choices'])}"])
        limit = typed["older_than"]
        if limit is None:
            return cls(frozenset(typed["what"]))
        parts = _AGE.fullmatch(limit)
        if not parts:
            refuse([f"fleetgate_rotate: older_than: '{limit}' must be a number of days or weeks, such as 90d"])
        return cls(frozenset(typed["what"]), timedelta(**{_UNITS[parts[2]]: int(parts[1])}) if parts else None)

    def is_due(self, created: datetime | None) -> bool:
        """Whether something is to be rotated; what has an unknown age is only rotated where no age is asked for."""
        # comments of tokens have a date only, which is taken for its end
        if not self.older_than:
            return True
        return created is not None and datetime.now(UTC) - created >= self.older_than


def unknown_age(place: str, token: str) -> str:
    """Why a token is not rotated by its age."""
    return (
        f"{place}: the age of the secret of {token} is not known, because no server reports it and its comment has no date, so"
        " it is not rotated; rotate it once without older_than"
    )


# -- secrets that are generated here -------------------------------------------------------------------------------

_LETTERS = string.ascii_letters + string.digits
_GENERATED = re.compile(rf"{ROTATION_MARK}\w{{34}}_(\d{{14}})((?:_[0-9a-f]{{8}})*)", re.ASCII)


def generated(replaces: Iterable[str], prefixes: Collection[str] = ()) -> str:
    """A new secret that says when it was made and what it replaces; no listed secret begins like it."""
    parts = [f"{datetime.now(UTC):%Y%m%d%H%M%S}", *map(_short, replaces)]
    while True:
        random = "".join(secrets.choice(_LETTERS) for _each in range(34))
        if ROTATION_MARK + random[:2] not in prefixes:
            return "_".join([ROTATION_MARK + random, *parts])


def made_on(secret: str) -> datetime | None:
    """When a secret was generated, None for a secret that was not generated here."""
    parts = _GENERATED.fullmatch(secret)
    return datetime.strptime(parts[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC) if parts else None


def replaced_by(secret: str, known: KnownClient) -> list[ListedSecret]:
    """The listed secrets that a generated one replaces."""
    parts = _GENERATED.fullmatch(secret)
    names = parts[2].split("_")[1:] if parts else []
    return [one for one in known.listed if _short(one.id) in names]


def _short(secret_id: str) -> str:
    return sha256(secret_id.encode()).hexdigest()[:8]


# -- one client ----------------------------------------------------------------------------------------------------


@dataclass
class Decision:
    """What is done about a client.

    - `target`: the secret that its hosts are to have, "" where nothing is done or the server generates it.
    - `previous`: the secret that is valid until then.
    - `is_new`: whether the provider does not have the target yet.
    - `reason`: why the client is rotated.
    - `obsolete`: the listed secrets to remove at the end.
    - `unused`: those that a run left that was killed; they are removed first.
    - `outside`: who may use the client and is not in this run.
    """

    client: Client
    created: datetime | None = None
    target: str = field(default="", repr=False)
    previous: str = field(default="", repr=False)
    is_new: bool = False
    reason: str = ""
    obsolete: list[ListedSecret] = field(default_factory=list)
    unused: list[ListedSecret] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def acts(self) -> bool:
        return bool(self.reason)


def decide(
    store: SecretStore, client: Client, has: Mapping[str, str], outside: Iterable[str], order: Order
) -> Decision:
    """What is done about a client, whose hosts in this run have these secrets."""
    decision = Decision(client, outside=list(outside))
    known = store.find(client)
    if known is None:
        decision.problems.append(f"client {client.id} does not exist at {store.title}; run the playbook wire first")
        return decision
    foreign = sorted(known.redirect_uris - set(client.redirect_uris)) if not decision.outside else []
    if foreign:
        decision.outside.append(f"whoever has the redirect URI {' or '.join(foreign)}")
    valid = [secret for secret in dict.fromkeys(has.values()) if store.accepts(client, secret)]
    decide_on = _among_several if store.keeps_several else _for_one
    decide_on(store, decision, known, valid, has, order)
    if not decision.acts and order.older_than is not None and valid and decision.created is None:
        decision.warnings.append(
            f"client {client.id}: the age of its secret is not known, because {store.title} does not report it and it was"
            " not generated by rotate, so it is not rotated; rotate it once without older_than"
        )
    return decision


def _among_several(
    store: SecretStore, decision: Decision, known: KnownClient, valid: list[str], has: Mapping[str, str], order: Order
) -> None:
    """The new secret is added, and the old one removed when nobody has it any more."""
    client = decision.client
    listed = {secret: store.matching(known, secret) for secret in valid}
    used = {one.id for secret in has.values() for one in store.matching(known, secret)}
    if not decision.outside:
        # no host of the fleet has them, and nobody else generates such secrets
        decision.unused = [one for one in known.listed if one.prefix.startswith(ROTATION_MARK) and one.id not in used]
    newest = max(valid, key=lambda secret: (_created(listed[secret]) or _LONG_AGO, bool(made_on(secret))), default="")
    decision.created = _created(listed[newest]) if newest else None
    replaced = replaced_by(newest, known)
    # other secrets than those of a rotation may differ by host: slices of a fleet add them
    differ = made_on(newest) is not None and any(secret != newest for secret in has.values())
    unfinished = bool(newest) and (bool(replaced) or differ)
    decision.unused = [one for one in decision.unused if one not in replaced]
    if unfinished and (order.older_than is None or not order.is_due(decision.created)):
        decision.target = newest
        others = [one for secret in valid if secret != newest for one in _certain(listed[secret])]
        decision.obsolete = list(dict.fromkeys([*replaced, *others]))
        decision.reason = "its rotation was not finished"
    elif not valid or order.is_due(decision.created):
        decision.is_new = True
        certain = [one for secret in valid for one in _certain(listed[secret])]
        decision.obsolete = list(dict.fromkeys([*certain, *replaced]))
        decision.target = generated((one.id for one in decision.obsolete), {one.prefix for one in known.listed})
        decision.reason = _why(decision, bool(valid), order)
        for secret in valid:
            if len(listed[secret]) != 1:
                decision.warnings.append(
                    f"client {client.id}: {store.title} lists several secrets that may be the old one, so it is not removed;"
                    " remove it there"
                )
    elif decision.unused:
        decision.target = newest
        decision.reason = "a run that was killed left a secret"
    rest = [one for one in known.listed if one.id not in used and one not in (*decision.obsolete, *decision.unused)]
    if rest:
        days = ", ".join(f"{one.prefix or '(unknown)'}... of {one.created:%Y-%m-%d}" for one in rest)
        decision.warnings.append(
            f"client {client.id} has secrets that no host of this run uses, and they stay: {days}; remove those that nobody"
            f" needs at {store.title}"
        )


def _for_one(
    store: SecretStore, decision: Decision, known: KnownClient, valid: list[str], has: Mapping[str, str], order: Order
) -> None:
    """The new secret replaces the old one, so that all hosts must have it at the same time."""
    client = decision.client
    pending = [secret for secret in dict.fromkeys(has.values()) if secret not in valid and made_on(secret)]
    current = (valid or [known.readable])[0]
    decision.previous, decision.created = current, made_on(current)
    if store.takes_chosen and pending:
        decision.target, decision.is_new = max(pending, key=lambda secret: made_on(secret) or _LONG_AGO), True
        decision.reason = "its rotation was not finished"
    elif current and any(secret != current for secret in has.values()):
        decision.target, decision.reason = current, "its rotation was not finished"
    elif not current or order.is_due(decision.created):
        decision.target, decision.is_new = generated(()) if store.takes_chosen else "", True
        decision.reason = _why(decision, bool(current), order)
    if decision.is_new and decision.outside:
        decision.problems.append(
            f"client {client.id}: {store.title} keeps one secret per client, so its sign-on would end for"
            f" {', '.join(decision.outside)}; run rotate for all of them together, when all are up, and remove redirect URIs"
            " that no host has (fleetgate_undeclared: remove)"
        )
    elif decision.is_new:
        undone = (
            "if that fails, the old secret is restored"
            if store.takes_chosen and decision.previous
            else "the old secret cannot be restored if that fails"
        )
        decision.warnings.append(
            f"client {client.id}: {store.title} keeps one secret per client, so nobody can sign in to"
            f" {', '.join(client.hosts)} while the secret is replaced, which takes seconds; {undone}"
        )


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _created(listed: Collection[ListedSecret]) -> datetime | None:
    return max((one.created for one in listed), default=None)


def _certain(listed: list[ListedSecret]) -> list[ListedSecret]:
    """A secret in the list that can be recognised: another one may begin with the same characters."""
    return listed if len(listed) == 1 else []


def _why(decision: Decision, valid: bool, order: Order) -> str:
    if not valid:
        return "no secret of its hosts is accepted"
    if order.older_than is None or decision.created is None:
        return "its secret is rotated on demand"
    return f"its secret is of {decision.created:%Y-%m-%d}"
