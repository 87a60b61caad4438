# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Changes that would revoke the rights of the task's own token: of its user, and of the groups that grant them."""

from __future__ import annotations

from typing import Any

from ..core.fields import Field, Flag
from ..core.plan import ServerState
from ..core.resource import Change

ALLOW_LOCKOUT = Field("allow_lockout", Flag(), task_only=True)
# the options of groups that grant superuser rights and roles
_DECISIVE = ("is_superuser", "users", "parents")


def consents(change: Change) -> bool:
    """Whether the entry of a change allows locking the caller out; pruned objects have no entry."""
    return bool(change.entry.get(ALLOW_LOCKOUT.option))


def lockouts(changes: list[Change], server: ServerState) -> list[str]:
    """Problems of changes of users and groups by which the user of the token would lose the token or its rights."""
    people = [change for change in changes if change.resource.name in ("user", "group")]
    if not people:
        return []
    me = server.client.myself["username"]
    own = next((change for change in people if change.resource.name == "user" and change.key == (me,)), None)
    if own and not consents(own) and (own.removes or own.values.get("is_active") is False):
        return [
            f"{own.label}: this user owns the token of this task, which would stop working; set allow_lockout=true if"
            " that is intended"
        ]
    decisive = [
        change
        for change in people
        if (change is own and not change.removes and "groups" in change.values)
        or (
            change.resource.name == "group" and change.found and (change.removes or set(_DECISIVE) & set(change.values))
        )
    ]
    if not decisive or any(consents(change) for change in decisive):
        return []
    before = _rights(me, _groups(server, []))
    culprits = [change for change in decisive if before - _rights(me, _groups(server, [change], own, me))] or decisive
    lost = before - _rights(me, _groups(server, decisive, own, me))
    if not lost:
        return []
    labels = ", ".join(change.label for change in culprits)
    what = "would no longer be a superuser" if "superuser" in lost else "would lose roles"
    return [f"{labels}: {me}, the owner of this task's token, {what}; set allow_lockout=true if that is intended"]


def _groups(
    server: ServerState, changes: list[Change], own: Change | None = None, me: str = ""
) -> dict[str, dict[str, Any]]:
    """The groups by name after some changes, where `own` is the change of the user `me`."""
    groups = {
        name: {**{option: group.values[option] for option in _DECISIVE}, "roles": group.raw.get("roles") or []}
        for (name,), group in server.actual("group", None).items()
    }
    for change in changes:
        if change is own:
            for name, group in groups.items():
                others = [user for user in group["users"] if user != me]
                groups[name] = {**group, "users": [*others, me] if name in change.values["groups"] else others}
        elif change.removes:
            del groups[change.key[0]]
        else:
            groups[change.key[0]].update(
                {option: change.values[option] for option in _DECISIVE if option in change.values}
            )
    return groups


def _rights(me: str, groups: dict[str, dict[str, Any]]) -> set[str]:
    """The rights that a user has through groups and their parents: "superuser", and roles by id."""
    reached, waiting = set(), [name for name, group in groups.items() if me in group["users"]]
    while waiting:
        name = waiting.pop()
        if name in groups and name not in reached:
            reached.add(name)
            waiting += groups[name]["parents"]
    rights = {role for name in reached for role in groups[name]["roles"]}
    return rights | ({"superuser"} if any(groups[name]["is_superuser"] for name in reached) else set())
