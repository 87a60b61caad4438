# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that differ from others only in case: PVE and PBS keep them apart, people and identity providers often do not."""

from __future__ import annotations

from ..core.plan import ServerState
from ..core.resource import Change, Resource


def similar_names(resource: Resource, changes: list[Change], server: ServerState) -> list[str]:
    """A warning for each object that is created beside one whose name differs from its own only in case."""
    created = sorted(change.key for change in changes if change.resource is resource and change.creates)
    removed = {change.key for change in changes if change.resource is resource and change.removes}
    if not created:
        return []
    others: dict[str, list[tuple[str, ...]]] = {}
    for key in sorted({*server.actual(resource.name), *created} - removed):
        others.setdefault("!".join(key).casefold(), []).append(key)
    return [
        f"{resource.label(key)} is created although {resource.label(other)}, which differs only in case, exists or is declared as well;"
        " both are kept apart, so correct the name unless both are meant"
        for key in created
        for other in others["!".join(key).casefold()]
        if other != key
    ]
