# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sync of a realm of PVE and PBS with its directory, as a module.

A dry run comes first. It is the prediction of check mode, the sync is only started if it changes anything, and removals are
limited in case the directory returns nothing by mistake.
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
    """The sync of realms of a product.

    `options` are those of the request besides the realm. `log_patterns` match lines of the log: with a user or a group, for
    each of OUTCOMES, and with a `problem`. `permissions` returns those that the sync of a realm requires.
    """

    system: System
    options: dict[str, Any]
    log_patterns: dict[str, str]
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
        client.check_permissions([(permission, f"to sync realm {realm}") for permission in self.permissions(realm)])
        self._check_type(client, realm)
        path = ("access", "domains", realm, "sync")
        body = {name.replace("_", "-"): _wire(params[name]) for name in self.options if params[name] is not None}
        dry = self._report(log_of(client, self._dry_run(client, realm, path, body), params["wait"]))
        check_removals([label(name) for name in dry["removed"]], params["max_removals"])
        before = self._observed(client, realm)
        outcome_of_sync = self._predicted(dry, before)
        if not check_mode and any(names for kind, names in dry.items() if kind != "problem"):
            done = self._report(log_of(client, client.write("POST", path, body), params["wait"]))
            outcome_of_sync = self._changed(done, before, self._observed(client, realm))
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
        """Return the problems with the options, as sentences."""
        empty = [name for name in self.options if params[name] in ([], "")]
        return [f"{name}: must not be empty; leave it out to use the default of the realm" for name in empty]

    def _dry_run(self, client: Any, realm: str, path: tuple[str, ...], body: dict[str, Any]) -> str:
        """Start the dry run and return its task."""
        return str(client.dry_run(path, {**body, "dry-run": True}))

    def _observed(self, client: Any, realm: str) -> Any:
        """Return the state of a realm, for a product whose log does not have all changes of a sync."""

    def _predicted(self, dry: dict[str, list[str]], before: Any) -> dict[str, list[str]]:
        """Return what a sync will change, from the report of a dry run."""
        return dry

    def _changed(self, done: dict[str, list[str]], before: Any, after: Any) -> dict[str, list[str]]:
        """Return what a sync changed, from its report."""
        return done

    def _check_type(self, client: Any, realm: str) -> None:
        kinds = {realm_listed["realm"]: realm_listed["type"] for realm_listed in client.read("access", "domains")}
        if realm not in kinds:
            raise FleetgateError(f"realm: realm {realm} does not exist")
        if kinds[realm] not in DIRECTORIES:
            raise FleetgateError(
                f"realm: '{realm}' is of type {kinds[realm]}, and only realms of type {' and '.join(DIRECTORIES)} have a directory to sync with"
            )

    def _report(self, lines: list[str]) -> dict[str, list[str]]:
        """Return the users and groups in a log by outcome, and the lines with problems."""
        return {
            name: sorted({match[1] for match in (re.fullmatch(pattern, line) for line in lines) if match})
            for name, pattern in self.log_patterns.items()
        }


def _wire(value: Any) -> Any:
    return ";".join(value) if isinstance(value, list) else value


def label(name: str) -> str:
    """Return the label of a user or a group; only the names of users contain an at sign."""
    return f"{'user' if '@' in name else 'group'} {name}"


def _difference(report: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """Return the diff of a task. Servers do not report which properties are updated."""
    before = {label(name): "present" for name in report["removed"]}
    after = {label(name): "present" for name in report["added"]}
    before.update({label(name): "before the sync" for name in report["updated"]})
    after.update({label(name): "as in the directory" for name in report["updated"]})
    return {"before": before, "after": after}
