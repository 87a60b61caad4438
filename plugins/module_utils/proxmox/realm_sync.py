# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sync of a realm of PVE and PBS with its directory, as a module.

A dry run comes first: what it says is the prediction of check mode, the sync follows only where there is something to do,
and a directory that came out empty does not empty the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.plan import check_removals
from ..core.system import LIMIT, System
from .realm import DIRECTORIES
from .task import log_of

if TYPE_CHECKING:
    from ..core.resource import Permission

OUTCOMES = ("added", "updated", "removed")


@dataclass(frozen=True)
class RealmSync:
    """How a product syncs a realm.

    `options` are those of the request beside the realm; `said` has patterns for lines of the log: for those that tell of a
    user or a group, by each of OUTCOMES, and for those that tell of a `problem`; `needs` gives the rights for a realm.
    """

    system: System
    options: dict[str, Any]
    said: dict[str, str]
    permissions: Callable[[str], tuple[Permission, ...]]

    def definition(self) -> Definition:
        spec = {
            "realm": {"type": "str", "required": True},
            **self.options,
            **LIMIT,
            "wait": {"type": "int", "default": 300},
        }
        return Definition({**self.system.connection, **spec}, self._run, self.system.address)

    def _run(self, params: dict[str, Any], check_mode: bool) -> dict[str, Any]:
        realm = params["realm"]
        refuse(self._problems(params))
        client = self.system.client(params, check_mode)
        client.check_permissions([(need, f"to sync realm {realm}") for need in self.permissions(realm)])
        self._check_type(client, realm)
        path = ("access", "domains", realm, "sync")
        body = {name.replace("_", "-"): _wire(params[name]) for name in self.options if params[name] is not None}
        dry = self._as_filter_error(log_of(client, self._rehearse(client, realm, path, body), params["wait"]))
        check_removals([label(name) for name in dry["removed"]], params["max_removals"])
        before = self._observed(client, realm)
        outcome_of_sync = self._foretold(dry, before)
        if not check_mode and any(names for kind, names in dry.items() if kind != "problem"):
            done = self._as_filter_error(log_of(client, client.write("POST", path, body), params["wait"]))
            outcome_of_sync = self._seen(done, before, self._observed(client, realm))
        changed = any(outcome_of_sync[outcome] for outcome in OUTCOMES)
        reason = ", ".join(f"{len(outcome_of_sync[outcome])} {outcome}" for outcome in OUTCOMES)
        step = {"verb": "POST", "path": "/" + "/".join(path), "reason": f"realm {realm}: {reason}"}
        return {
            "changed": changed,
            "plan": [step] if changed else [],
            "diff": _difference(outcome_of_sync),
            **{outcome: outcome_of_sync[outcome] for outcome in OUTCOMES},
            **({"warnings": outcome_of_sync["problem"]} if outcome_of_sync["problem"] else {}),
        }

    def _problems(self, params: dict[str, Any]) -> list[str]:
        """What is wrong with the options, as sentences."""
        empty = [name for name in self.options if params[name] in ([], "")]
        return [f"{name}: must not be empty; leave it out for what the realm says" for name in empty]

    def _rehearse(self, client: Any, realm: str, path: tuple[str, ...], body: dict[str, Any]) -> str:
        """Begin the dry run; returns its task."""
        return str(client.dry_run(path, {**body, "dry-run": True}))

    def _observed(self, client: Any, realm: str) -> Any:
        """What there is of a realm, for a product whose log does not tell all that a sync does."""

    def _foretold(self, dry: dict[str, list[str]], before: Any) -> dict[str, list[str]]:
        """What a sync will do, of what a dry run said."""
        return dry

    def _seen(self, done: dict[str, list[str]], before: Any, after: Any) -> dict[str, list[str]]:
        """What a sync did, of what it said."""
        return done

    def _check_type(self, client: Any, realm: str) -> None:
        kinds = {realm_listed["realm"]: realm_listed["type"] for realm_listed in client.read("access", "domains")}
        if realm not in kinds:
            raise FleetgateError(f"realm: realm {realm} does not exist")
        if kinds[realm] not in DIRECTORIES:
            raise FleetgateError(
                f"realm: '{realm}' is of type {kinds[realm]}, and only realms of type {' and '.join(DIRECTORIES)} have a directory to sync with"
            )

    def _as_filter_error(self, lines: list[str]) -> dict[str, list[str]]:
        """What a log says: users by outcome, and whole lines that tell of a problem."""
        return {
            name: sorted({match[1] for match in (re.fullmatch(pattern, line) for line in lines) if match})
            for name, pattern in self.said.items()
        }


def _wire(value: Any) -> Any:
    return ";".join(value) if isinstance(value, list) else value


def label(name: str) -> str:
    """A user or a group in words; only the names of users have an at sign."""
    return f"{'user' if '@' in name else 'group'} {name}"


def _difference(report: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """The diff of a task. What of a user or a group is updated no server tells."""
    before = {label(name): "there" for name in report["removed"]}
    after = {label(name): "there" for name in report["added"]}
    before.update({label(name): "as it was" for name in report["updated"]})
    after.update({label(name): "as the directory says" for name in report["updated"]})
    return {"before": before, "after": after}
