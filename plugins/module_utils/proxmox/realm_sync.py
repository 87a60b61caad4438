# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sync of a realm of PVE and PBS with its directory, as a module.

A dry run comes first: what it says is the prediction of check mode, the sync follows only where there is something to do,
and a directory that came out empty does not empty the server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable

from ..core.errors import FleetgateError, refuse
from ..core.module import Definition
from ..core.plan import check_removals
from ..core.system import LIMIT, System
from .realm import DIRECTORIES
from .task import log_of

OUTCOMES = ("added", "updated", "removed")


@dataclass(frozen=True)
class RealmSync:
    """How a product syncs a realm.

    `options` are those of the request beside the realm; `said` has a pattern for the lines of the log that tell of a user,
    for each of OUTCOMES and for a `problem`; `needs` gives the rights for a realm.
    """

    system: System
    options: dict
    said: dict
    needs: Callable[[str], tuple]

    def definition(self):
        spec = {
            "realm": {"type": "str", "required": True},
            **self.options,
            **LIMIT,
            "wait": {"type": "int", "default": 300},
        }
        return Definition({**self.system.connection, **spec}, self._run, self.system.address)

    def _run(self, params, check_mode):
        realm = params["realm"]
        refuse([f"{name}: must not be empty; leave it out for what the realm says" for name in self._empty(params)])
        client = self.system.client(params, check_mode)
        client.check_rights([(need, f"to sync realm {realm}") for need in self.needs(realm)])
        self._check_type(client, realm)
        path = ("access", "domains", realm, "sync")
        body = {name.replace("_", "-"): _wire(params[name]) for name in self.options if params[name] is not None}
        told = self._told(log_of(client, client.rehearse(path, {**body, "dry-run": True}), params["wait"]))
        check_removals([f"user {userid}" for userid in told["removed"]], params["max_removals"])
        changed = any(told[outcome] for outcome in OUTCOMES)
        if changed and not check_mode:
            told = self._told(log_of(client, client.write("POST", path, body), params["wait"]))
        reason = ", ".join(f"{len(told[outcome])} users are {outcome}" for outcome in OUTCOMES)
        step = {"verb": "POST", "path": "/" + "/".join(path), "reason": f"realm {realm}: {reason}"}
        return {
            "changed": changed,
            "plan": [step] if changed else [],
            "diff": _difference(told),
            **{outcome: told[outcome] for outcome in OUTCOMES},
            **({"warnings": told["problem"]} if told["problem"] else {}),
        }

    def _empty(self, params):
        return [name for name in self.options if params[name] in ([], "")]

    def _check_type(self, client, realm):
        kinds = {one["realm"]: one["type"] for one in client.read("access", "domains")}
        if realm not in kinds:
            raise FleetgateError(f"realm: realm {realm} does not exist")
        if kinds[realm] not in DIRECTORIES:
            raise FleetgateError(
                f"realm: '{realm}' is of type {kinds[realm]}, and only realms of type {' and '.join(DIRECTORIES)} have a directory to sync with"
            )

    def _told(self, lines):
        """What a log says: users by outcome, and whole lines that tell of a problem."""
        return {
            name: sorted({found[1] for found in (re.fullmatch(pattern, line) for line in lines) if found})
            for name, pattern in self.said.items()
        }


def _wire(value):
    return ";".join(value) if isinstance(value, list) else value


def _difference(told):
    """The diff of a task. What of a user is updated no server tells."""
    before = {f"user {userid}": "there" for userid in told["removed"]}
    after = {f"user {userid}": "there" for userid in told["added"]}
    before.update({f"user {userid}": "as it was" for userid in told["updated"]})
    after.update({f"user {userid}": "as the directory says" for userid in told["updated"]})
    return {"before": before, "after": after}
