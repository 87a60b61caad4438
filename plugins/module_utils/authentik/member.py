# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Group membership, which both users and groups may declare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core.resource import Reference, Step

if TYPE_CHECKING:
    from ..core.resource import Change


def membership(label: str, group: str, user: str, joins: bool) -> Step:
    """The request by which a user joins or leaves a group. It affects no other member and is idempotent."""
    return Step(
        "POST",
        ("core", "groups", Reference("group", (group,)), "add_user" if joins else "remove_user"),
        f"{label}: {user} {'joins' if joins else 'leaves'} {group}",
        body={"pk": Reference("user", (user,))},
    )


def joined_and_left(change: Change, option: str) -> list[tuple[str, bool]]:
    """The names that a change adds or removes, as (name, whether it is added)."""
    wanted, has = change.values.get(option), (change.found.values[option] if change.found else [])
    if wanted is None:
        return []
    return [(name, True) for name in dict.fromkeys(wanted) if name not in has] + [
        (name, False) for name in has if name not in wanted
    ]
