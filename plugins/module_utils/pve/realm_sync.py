# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The sync of realms (pve-access-control 7.4-3 to 9.1.1, API2/Domains.pm)."""

from __future__ import annotations

from typing import Any

from ..core.errors import FleetgateError
from ..core.resource import Permission
from ..proxmox.realm_sync import RealmSync
from .realm import VANISHED
from .system import PVE


class PveRealmSync(RealmSync):
    """Users and groups. The log lists all existing ones as updated, so they are read before and after the sync."""

    def _problems(self, params: dict[str, Any]) -> list[str]:
        vanished = params["remove_vanished"] or ()
        broken = VANISHED.problem(vanished)
        mixed = [f"remove_vanished: {broken}"] if broken else []
        return super()._problems(params) + mixed

    def _dry_run(self, client: Any, realm: str, path: tuple[str, ...], body: dict[str, Any]) -> str:
        try:
            return super()._dry_run(client, realm, path, body)
        except FleetgateError as error:
            if error.status != 400 or "scope: Not passed" not in str(error):
                raise
            why = f"scope: must be set, because realm {realm} has none in its sync_defaults_options"
            raise FleetgateError(why) from None

    def _observed(self, client: Any, realm: str) -> Any:
        """The users and groups of a realm by name, with the ACL entries that the caller may see."""
        rows: dict[tuple[str, str], set[tuple[str, str, Any]]] = {}
        for row in client.read("access", "acl"):
            granted = (row["path"], row["roleid"], row["propagate"])
            rows.setdefault((row["type"], row["ugid"]), set()).add(granted)
        groups = {row["groupid"]: row for row in client.read("access", "groups")}
        users = {row["userid"]: row for row in client.read("access", "users")}
        return {
            name: (values, rows.get((kind, name)))
            for kind, known, end in (("user", users, f"@{realm}"), ("group", groups, f"-{realm}"))
            for name, values in known.items()
            if name.endswith(end)
        }

    def _predicted(self, dry: dict[str, list[str]], before: Any) -> dict[str, list[str]]:
        """A dry run does not report whether an update changes anything, except for removed ACL entries."""
        updated = [name for name in dry["purged"] if name not in dry["removed"] and before[name][1]]
        return {**dry, "updated": updated}

    def _changed(self, done: dict[str, list[str]], before: Any, after: Any) -> dict[str, list[str]]:
        return {
            **done,
            "added": sorted(after.keys() - before.keys()),
            "updated": sorted(name for name in after.keys() & before.keys() if after[name] != before[name]),
            "removed": sorted(before.keys() - after.keys()),
        }


REALM_SYNC = PveRealmSync(
    PVE,
    {
        "scope": {"type": "str", "choices": ["users", "groups", "both"]},
        "enable_new": {"type": "bool"},
        "remove_vanished": VANISHED.spec(),
    },
    {
        "added": "adding (?:user|group) '(.+)'",
        "updated": "(?:updating|overwriting) (?:user|group) '(.+)'",
        "removed": "remove (?:user|group) '(.+)'",
        "purged": "purge (?:users|groups) '(.+)' ACL entries",
        "problem": "(value '.*' does not look like a valid user name|user name '.*' is too .*"
        "|group name '.*' contains invalid characters|skipping .*)",
    },
    lambda realm: (
        Permission((f"/access/realm/{realm}",), ("Realm.AllocateUser",)),
        Permission(("/access/groups",), ("User.Modify",)),
    ),
)
