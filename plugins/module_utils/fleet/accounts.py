# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that belongs to a user of PVE or PBS, the proof that it is removed, and other accounts that may be those of the same person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..core.checks import Check, failed, skipped
from ..core.errors import FleetgateError
from ..core.plan import ServerState
from ..core.resource import Resource
from ..core.waiting import wait_until
from ..proxmox.acl import Acl
from ..proxmox.client import ROOT, ProxmoxClient
from ..proxmox.identity import token_id
from ..proxmox.user import account_problem
from .entries import Entries

Key = tuple[str, ...]


@dataclass(frozen=True)
class Account:
    """A user with everything that belongs to it."""

    userid: str
    exists: bool
    tokens: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    groups: tuple[str, ...]

    @classmethod
    def on(cls, state: ServerState, userid: str) -> Account:
        user = state.actual("user").get((userid,))
        return cls(
            userid,
            user is not None,
            tuple(sorted(key for key in state.actual("token") if key[0] == userid)),
            tuple(sorted(key for key in state.actual("acl") if key[2] == userid or key[2].startswith(f"{userid}!"))),
            tuple(sorted(user.values.get("groups") or ())) if user else (),
        )

    def names(self) -> list[str]:
        """Everything by name, in the order in which it is removed."""
        return [
            *(f"token {token_id(key)}" for key in self.tokens),
            *(f"{role} on {path} of {subject}" for path, _kind, subject, role in self.rows),
            *(f"membership in {group}" for group in self.groups),
            *([f"user {self.userid}"] if self.exists else []),
        ]

    def labels(self, state: ServerState) -> list[str]:
        """Everything by the names that diffs have for it."""
        tokens, acl, users = (state.resources[kind] for kind in ("token", "acl", "user"))
        return [*map(tokens.label, self.tokens), *map(acl.label, self.rows), users.label((self.userid,))]

    def add_removals(self, state: ServerState, entries: Entries, where: str) -> None:
        """The entries that remove the account. Its memberships go with it, and so do its rows, unless it does not exist any more."""
        tokens, acl = state.resources["token"], cast(Acl, state.resources["acl"])
        for key in self.tokens:
            entries.add("token", {**dict(zip(tokens.key, key)), "state": "absent"}, where)
        options = {kind: option for option, kind in acl.subjects.items()}
        for path, kind, subject, role in () if self.exists else self.rows:
            entries.add("acl", {"path": path, "roles": [role], options[kind]: [subject], "state": "absent"}, where)
        if self.exists:
            entries.add("user", {"userid": self.userid, "state": "absent"}, where)


def proof_of_removal(client: ProxmoxClient, kinds: Collection[Resource], userid: str, place: str) -> list[Check]:
    """The server's own state, and what it answers when it is asked for the privileges of the user."""
    left = Account.on(ServerState(client, kinds), userid).names()
    checks = [Check("no user, token, membership and ACL entry", userid)]
    if left:
        why = f"{place} has {', '.join(left)} again"
        checks = [failed("user", why, "run this playbook again, when the person cannot sign in any more", userid)]
    name = "no privileges"
    try:
        held = wait_until(
            lambda paths: not paths,
            lambda: [path for path, names in client.permissions_of(userid).items() if names],
            client.acl_effective_after,
        )
    except FleetgateError as error:
        if error.status not in (400, 403):
            raise
        return [*checks, skipped(name, str(error), userid)]
    if held:
        why = f"{place} still grants privileges to {userid} on {', '.join(held)}"
        return [*checks, failed(name, why, "run this playbook again", userid)]
    return [*checks, Check(name, userid)]


def other_accounts(state: ServerState, account: Account, person: str, email: str) -> list[str]:
    """Users of other names or realms that may be the same person. Whether they are is for people to decide."""
    names = {person.casefold(), account.userid.rpartition("@")[0].casefold()}
    found = []
    for (userid,), user in sorted(state.actual("user").items()):
        if userid == account.userid:
            continue
        same_name = userid.rpartition("@")[0].casefold() in names
        same_email = bool(email) and str(user.values.get("email") or "").casefold() == email.casefold()
        if same_name or same_email:
            other = Account.on(state, userid)
            details = ["the same name" if same_name else f"the e-mail address {email}"]
            details += [f"token {token_id(key)}" for key in other.tokens]
            found.append(f"user {userid} ({', '.join(details)})")
    return found


def administrators(users: Mapping[Key, Mapping[str, Any]], rows: Iterable[Key], role: str) -> set[str]:
    """Root, and the users who can use their account and have a role on /. Roles of a user replace those of its groups."""
    held: dict[str, set[str]] = {}
    for path, _kind, subject, name in rows:
        if path == "/":
            held.setdefault(subject, set()).add(name)

    def roles(userid: str, groups: Iterable[str]) -> set[str]:
        return held.get(userid) or {name for group in groups for name in held.get(group, ())}

    return {
        userid
        for (userid,), values in users.items()
        if not account_problem(values)
        if userid == ROOT or role in roles(userid, values.get("groups") or ())
    }


def last_administrator(state: ServerState, userid: str, place: str) -> tuple[list[str], list[str]]:
    """Why the user must stay, and otherwise what people should know, as sentences."""
    role = state.client.all_powerful
    users = {key: user.values for key, user in state.actual("user").items()}
    found = administrators(users, state.actual("acl"), role)
    left = found - {userid}
    if userid not in found or left - {ROOT}:
        return [], []
    if not left:
        return [
            f"{userid} is the last administrator of {place} (role {role} on /), where {ROOT} is disabled; give another user this"
            " role first"
        ], []
    return [], [f"{place}: without {userid} only {ROOT} is left as an administrator (role {role} on /)"]
