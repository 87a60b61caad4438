# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets of OIDC clients: which known secrets are valid, which are missing, and which they supersede.

The server returns only the id, first four characters, age and expiry of a secret (Pocket ID 2.14.0). So a secret is
recognised by testing its value, and found in the list by its prefix; where that is ambiguous, nothing is removed.
Names of secrets exist only in the task: the server has none. Secrets generated here begin with a mark, so that a secret
left by an interrupted run can be distinguished from those of other people.
"""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import Problem
from ..core.fields import Field, Flag, Kind, Names, Number, Text
from ..core.resource import OneTimeSecret, Probe, Step, fields_spec, rule_violations
from .dialect import CHOSEN_SECRETS, SEVERAL_SECRETS

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PocketIdClient
    from .dialect import Dialect

MOST_SECRETS = 20
# The server itself generates letters and digits only and returns four characters: two are left to distinguish secrets.
MARK = "f_"
# the same for those that the playbook rotate generates
ROTATION_MARK = "r_"
# how long a run may take to hand out a secret that it created
_HANDED_OUT_WITHIN = timedelta(hours=1)


def moment(text: str) -> datetime:
    """Parse a point in time as the server or YAML writes it, in whole seconds."""
    return datetime.fromisoformat(re.sub(r"\.\d+", "", text).replace("Z", "+00:00"))


@dataclass(frozen=True)
class Moment(Text):
    """A point in time in the future, with its time zone."""

    def problem(self, value: Any) -> str | None:
        try:
            when = moment(value)
        except ValueError:
            when = None
        if when is None or when.tzinfo is None:
            return "must be a date and time with a time zone, such as 2027-01-31T12:00:00Z"
        return None if when > datetime.now(UTC) else "is in the past"

    def encode(self, value: Any) -> Any:
        return moment(value).isoformat()


_ALPHANUMERIC = string.ascii_letters + string.digits
_SECRET = Text(pattern=r"[\x20-\x7e]+", rule="may only have printable ASCII characters", shortest=16)
_ENTRY = (
    Field(
        "name", Text(pattern=r"[A-Za-z0-9._-]+", rule="may only have letters, digits, '.', '_' and '-'"), needed=True
    ),
    Field("value", _SECRET, secret=True),
    Field("candidates", Names(), secret=True),
    Field("expires_at", Moment()),
)


class SecretSet(Kind):
    """Several secrets of a client, each with a name within the task."""

    empty = ()

    def spec(self) -> dict[str, Any]:
        return {"type": "list", "elements": "dict", "options": fields_spec(_ENTRY, ("name",))}

    def problem(self, value: Any) -> str | None:
        broken = [
            problem.at(f"[{index}].")
            for index, secret in enumerate(value)
            for problem in rule_violations(_ENTRY, secret)
        ]
        names = [secret["name"] for secret in value]
        broken += [f"'{name}' is a duplicate secret name" for name in sorted(set(names)) if names.count(name) > 1]
        return ", ".join(broken) or None


SECRET_OPTIONS = (
    Field("secret", _SECRET, write_only=True, secret=True),
    Field("secret_candidates", Names(), task_only=True, secret=True),
    Field("secret_candidates_complete", Flag(), task_only=True),
    Field("secret_expires_at", Moment(), task_only=True),
    Field("secret_max_age", Number(1), task_only=True),
    Field("secret_overlap", Number(0), task_only=True),
    Field("secrets", SecretSet(), write_only=True, secret=True),
    Field("return_secret", Flag(), task_only=True),
    Field("replace_secret", Flag(), task_only=True),
)


@dataclass
class DesiredSecret:
    """A desired secret of a client: a chosen `value`, or one that may be among `candidates`."""

    name: str
    value: str | None
    candidates: list[str] | None
    expires_at: str | None
    where: str
    known: str | None = None
    recreate_reason: str | None = None


@dataclass
class SecretWork:
    """The secrets that a task declares for one client, and the changes they require."""

    wanted: list[DesiredSecret] = field(default_factory=list)
    make: list[DesiredSecret] = field(default_factory=list)
    expired: list[dict[str, Any]] = field(default_factory=list)
    orphaned: list[dict[str, Any]] = field(default_factory=list)
    superseded: list[dict[str, Any]] = field(default_factory=list)


def secret_problems(entry: dict[str, Any]) -> list[Problem]:
    """Problems of the secret options that need no server to detect."""
    problems = []
    single = entry["secret"] or entry["return_secret"] and not entry["secrets"]
    if entry["is_public"] and (single or entry["secrets"]):
        problems.append(Problem("secret", "must not be set for a public client"))
    if entry["secrets"] and (entry["secret"] or entry["secret_candidates"] or entry["secret_expires_at"]):
        problems.append(Problem("secrets", "is mutually exclusive with the options of a single secret"))
    if entry["secret_max_age"] and (entry["secret"] or any(secret.get("value") for secret in entry["secrets"] or ())):
        problems.append(
            Problem(
                "secret_max_age", "applies only to generated secrets; to renew a chosen secret, declare another value"
            )
        )
    if any(not secret.get("value") for secret in entry["secrets"] or ()) and not entry["return_secret"]:
        problems.append(
            Problem("return_secret", "is required for secrets without a value, because they are returned only once")
        )
    if entry["secret_candidates_complete"] and entry["callback_urls"] is None:
        problems.append(
            Problem(
                "secret_candidates_complete", "requires callback_urls, which prove that no other host uses the client"
            )
        )
    if entry["secret_overlap"] is not None and not (single or entry["secrets"]):
        problems.append(Problem("secret_overlap", "requires a declared secret that is kept"))
    return problems


def work_on_secrets(server: ServerState, key: tuple[str, ...], entry: dict[str, Any], actual: Actual | None) -> Probe:
    """Try the secrets of a client. `values` are those to add to its change."""
    client, work, problems = server.client, SecretWork(_wanted(entry)), []
    if not work.wanted:
        return Probe({}, work=work)
    rows = actual.raw["credentials"].get("secrets", []) if actual else []
    for secret in work.wanted:
        if actual:
            # a secret that this run created is recognised as well
            _recognise(client, entry, actual, rows, secret, server.minted.get(_owner(key, secret)))
        if secret.known is None or secret.recreate_reason:
            work.make.append(secret)
            problems += _creation_problems(client, entry, actual, secret)
    _supersede(entry, rows, work)
    if old_server := version_problem(client, SEVERAL_SECRETS):
        later = [option for option in ("secret_expires_at", "secret_max_age") if entry[option]]
        later += ["secrets"] if len(work.wanted) > 1 or any(secret.expires_at for secret in work.wanted) else []
        problems += [Problem(option, old_server) for option in dict.fromkeys(later)]
    else:
        excess = len(rows) - len(work.expired) + len(work.make) - MOST_SECRETS
        if actual:
            work.orphaned = _orphans(entry, actual, rows, work, excess)
        if excess > len(work.orphaned):
            problems.append(
                Problem(
                    "secret",
                    f"the client has {len(rows)} secrets, and Pocket ID keeps at most {MOST_SECRETS}; remove unused"
                    " secrets on the client's page in Pocket ID, or set secret_overlap, which removes superseded"
                    " secrets",
                )
            )
    option = "secrets" if entry["secrets"] else "secret"
    to_do = work.make or work.expired or work.orphaned or work.superseded
    known = {_owner(key, secret): secret.known for secret in work.wanted if secret.known and secret not in work.make}
    return Probe({option: ""} if to_do else {}, problems, known if entry["return_secret"] else {}, work)


def secret_steps(change: Change, item: tuple[Any, ...], dialect: Dialect) -> list[Step]:
    """The requests for the secrets of a client: new secrets are created before those they supersede are removed."""
    if not ({"secret", "secrets"} & set(change.values)):
        return []
    work, label = change.work, change.label
    made = [_create_step(change, secret, item, dialect) for secret in work.make]
    return [
        *(Step("DELETE", (*item, "secrets", row["id"]), f"{label}: a secret has expired") for row in work.expired),
        *(
            Step("DELETE", (*item, "secrets", row["id"]), f"{label}: a secret left by an interrupted run")
            for row in work.orphaned
        ),
        *made,
        *(Step("DELETE", (*item, "secrets", row["id"]), f"{label}: a secret is superseded") for row in work.superseded),
    ]


def _owner(key: tuple[str, ...], secret: DesiredSecret) -> str:
    return "!".join(key) + (f"/{secret.name}" if secret.name else "")


def _wanted(entry: dict[str, Any]) -> list[DesiredSecret]:
    if entry["secrets"]:
        return [
            DesiredSecret(
                secret["name"],
                secret.get("value"),
                secret.get("candidates"),
                secret.get("expires_at"),
                f"secrets: {secret['name']}: candidates",
            )
            for secret in entry["secrets"]
        ]
    if entry["secret"] or entry["return_secret"]:
        return [
            DesiredSecret(
                "", entry["secret"], entry["secret_candidates"], entry["secret_expires_at"], "secret_candidates"
            )
        ]
    return []


def _recognise(
    client: PocketIdClient,
    entry: dict[str, Any],
    actual: Actual,
    rows: list[dict[str, Any]],
    secret: DesiredSecret,
    minted: str | None,
) -> None:
    """Record which of the given values is valid; a secret that is too old or has another expiry is recreated."""
    for value in [secret.value] if secret.value else dict.fromkeys((*(secret.candidates or ()), minted)):
        if not (value and client.accepts_secret(actual.raw["id"], value)):
            continue
        its = matching_rows(rows, value)
        too_old = entry["secret_max_age"] and its and _youngest(its) > timedelta(days=entry["secret_max_age"])
        if secret.known is None or not too_old:
            secret.known = value
            secret.recreate_reason = "it is older than secret_max_age" if too_old else None
        if not too_old:
            break
    if secret.known and not secret.recreate_reason and secret.expires_at:
        ends = [moment(row["expiresAt"]) if row["expiresAt"] else None for row in matching_rows(rows, secret.known)]
        if ends and moment(secret.expires_at) not in ends:
            # the expiry of a secret cannot be changed, but the same value can be added with another expiry
            secret.value, secret.recreate_reason = secret.known, "its expiry differs"


def matching_rows(rows: list[dict[str, Any]], value: Any) -> list[dict[str, Any]]:
    """The listed secrets that may be this value: those with its prefix, or else those without a known prefix."""
    active = [row for row in rows if row["isActive"]]
    return [row for row in active if row["prefix"] == value[:4]] or [row for row in active if not row["prefix"]]


def _youngest(rows: list[dict[str, Any]]) -> timedelta:
    return min(datetime.now(UTC) - moment(row["createdAt"]) for row in rows)


def _supersede(entry: dict[str, Any], rows: list[dict[str, Any]], work: SecretWork) -> None:
    """Record the listed secrets to remove: expired ones, and all others once the kept secrets are old enough."""
    for secret in work.wanted:
        if secret.recreate_reason and secret.value:
            its = matching_rows(rows, secret.known)
            work.superseded += its if len(its) == 1 else []
    if entry["secret_overlap"] is None:
        return
    stay = [
        row
        for secret in work.wanted
        if secret.known and not (secret.recreate_reason and not secret.value)
        for row in matching_rows(rows, secret.known)
    ]
    work.expired = [row for row in rows if not row["isActive"]]
    gone = [row["id"] for row in (*stay, *work.expired, *work.superseded)]
    others = [row for row in rows if row["id"] not in gone]
    settled = [
        _youngest(matching_rows(rows, secret.known))
        for secret in work.wanted
        if secret.known and not secret.recreate_reason and matching_rows(rows, secret.known)
    ]
    age = min(settled) if len(settled) == len(work.wanted) else timedelta(0)
    if age >= timedelta(days=entry["secret_overlap"]):
        work.superseded += others


def _orphans(
    entry: dict[str, Any], actual: Actual, rows: list[dict[str, Any]], work: SecretWork, excess: int
) -> list[dict[str, Any]]:
    """The generated secrets that no host has, because an interrupted run did not hand them out.

    Another host may hold such a secret unless all callback URLs of the client are declared, and a concurrent run may be
    about to hand out a recent one; recent secrets are only removed where no room is left for a new one.
    """
    if not entry["secret_candidates_complete"] or set(actual.values["callback_urls"]) - set(
        entry["callback_urls"] or ()
    ):
        return []
    known = [
        value for secret in work.wanted for value in (secret.value, secret.known, *(secret.candidates or ())) if value
    ]
    kept = [row["id"] for value in known for row in matching_rows(rows, value)]
    kept += [row["id"] for row in (*work.expired, *work.superseded)]
    marked = [row for row in rows if row["prefix"].startswith((MARK, ROTATION_MARK)) and row["id"] not in kept]
    marked.sort(key=lambda row: moment(row["createdAt"]))
    old = [row for row in marked if _youngest([row]) > _HANDED_OUT_WITHIN]
    return marked[: max(len(old), excess)]


def _creation_problems(
    client: PocketIdClient, entry: dict[str, Any], actual: Actual | None, secret: DesiredSecret
) -> list[Problem]:
    """Problems that prevent creating a secret."""
    problems = []
    if secret.value:
        if too_old := version_problem(client, CHOSEN_SECRETS):
            problems.append(Problem("secret", f"with a chosen value {too_old}; use a generated secret"))
        longest = client.dialect.longest_secret
        if longest and len(secret.value) > longest:
            problems.append(
                Problem("secret", f"must not be longer than {longest} characters for {client.title} ({client.dialect})")
            )
        return problems
    if actual and secret.candidates is None:
        problems.append(
            Problem(
                secret.where,
                "must be given for an existing client (it may be empty), or every run would create a new secret",
            )
        )
    if actual and not client.dialect.several_secrets and not entry["replace_secret"]:
        server = f"Pocket ID {client.dialect} stores one secret per client"
        why = f"must be true: {server}, and a new one invalidates the current one"
        problems.append(Problem("replace_secret", why))
    return problems


def _create_step(change: Change, secret: DesiredSecret, item: tuple[Any, ...], dialect: Dialect) -> Step:
    body = {"secret": secret.value} if secret.value else {}
    if not secret.value and dialect.several_secrets:
        body = {"secret": MARK + "".join(secrets.choice(_ALPHANUMERIC) for _each in range(38))}
    if secret.expires_at:
        body["expiresAt"] = Moment().encode(secret.expires_at)
    why = secret.recreate_reason or (
        "the declared secret is not accepted" if secret.value else "no known secret is accepted"
    )
    named = f"{secret.name}: " if secret.name else ""
    entry = change.entry
    returned = OneTimeSecret(_owner(change.key, secret), "secret", None, bool(entry["return_secret"]))
    return Step(
        "POST",
        (*item, dialect.secret_route),
        f"{change.label}: {named}{why}",
        body=body,
        secret=returned if entry["return_secret"] else None,
    )
