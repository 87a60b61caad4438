# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of PVE and PBS."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from ..core.errors import Problem
from ..core.plan import ServerState
from ..core.resource import Change
from .client import ROOT
from .identity import Identity, realm_of
from .realm import Realm
from .similar import similar_names

if TYPE_CHECKING:
    from ..core.resource import Actual, Permission


def account_problem(values: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why an existing user cannot sign in, and what to do on the server; None if the account can be used."""
    if values.get("enable") is False:
        return "is disabled", "enable the user there"
    if 0 < (values.get("expire") or 0) <= time.time():
        return "has expired", "set another expiry date there"
    return None


class User(Identity):
    name = "user"
    plural = "users"
    key = ("userid",)
    collection = ("access", "users")
    audit_permission: Permission

    def built_in(self, actual: Actual) -> bool:
        return bool(actual.values["userid"] == ROOT)

    def deletion_blockers(self, entry: dict[str, Any], actual: Actual) -> list[Problem]:
        """Refuse to delete root, which the server would recreate without its tokens."""
        return [Problem("userid", f"'{ROOT}' cannot be removed")] if entry["userid"] == ROOT else []

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        return replace(self.audit_permission, oneself=key[0])

    def warnings(
        self, entries: dict[tuple[str, ...], dict[str, Any]], changes: list[Change], server: ServerState
    ) -> list[str]:
        """Warn of accounts that cannot be used, unless the task declares it."""
        planned = {change.key: change for change in changes if change.resource is self}
        warnings = similar_names(self, changes, server)
        for key, entry in entries.items():
            if entry["state"] == "absent":
                continue
            change, actual = planned.get(key), server.actual(self.name).get(key)
            if actual is not None:
                warnings += self._unusable(key, entry, {**actual.values, **(change.values if change else {})})
            elif change is not None:
                warnings += self._without_realm(key, changes, server)
        return warnings

    def _unusable(self, key: tuple[str, ...], entry: dict[str, Any], values: dict[str, Any]) -> list[str]:
        if not values["enable"] and entry["enable"] is None:
            return [
                f"{self.label(key)} is disabled on the server and cannot sign in; declare enable=true to change that"
            ]
        if 0 < values["expire"] <= time.time() and entry["expire"] is None:
            return [
                f"{self.label(key)} has expired on the server and cannot sign in; declare another expire to change that"
            ]
        return []

    def _without_realm(self, key: tuple[str, ...], changes: list[Change], server: ServerState) -> list[str]:
        realm = realm_of(key[0])
        if cast(Realm, server.resources["realm"]).is_built_in(realm):
            return []
        created = {change.key for change in changes if change.resource.name == "realm" and change.creates}
        if (realm,) in server.actual("realm") or (realm,) in created:
            return []
        return [
            f"{self.label(key)} is created, but the realm {realm} neither exists nor is declared, so this user cannot sign in;"
            " correct the name of the realm, or create the realm as well"
        ]
