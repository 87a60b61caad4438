# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Updates of lists that PVE replaces as a whole: the groups of a user, the privileges of a role (pve-access-control 9.1.1).

Neither carries a digest, so a concurrent change by another client would be reverted silently.
"""

from __future__ import annotations

from typing import Any

from ..core.errors import FleetgateError
from ..core.plan import ServerState
from ..core.resource import Actual, Change, Guard, Resource


class ReplacedList(Resource):
    """A kind with a list that updates replace. It is read again just before, and mere additions are sent as such."""

    replaced = ""

    def guard(self, change: Change) -> Guard | None:
        return Guard(self.name, change.key, (self.replaced,)) if self.replaced in change.values else None

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        try:
            return super().read_again(server, key)
        except FleetgateError as error:
            # the answer for an object that does not exist
            if error.status != 500:
                raise
            return None

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        if change.found and self.replaced in change.values:
            current, wanted = set(change.found.values[self.replaced]), set(change.values[self.replaced])
            if current < wanted:
                return {**body, self.replaced: sorted(wanted - current), "append": True}
        return body
