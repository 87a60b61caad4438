# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Syncs of realms that the cluster begins by itself (pve-access-control 9.1.1, API2/Jobs/RealmSync.pm)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Flag, Names, Text
from ..core.resource import Permission, Reference, Resource
from ..proxmox.realm import DIRECTORIES
from .names import REALM, Line

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change


_JOB = Text(
    pattern=r"[A-Za-z][A-Za-z0-9_-]+",
    rule="must begin with a letter and have letters, digits, '_' and '-' only, at least two",
    longest=64,
)
_SCHEDULE = Text(
    pattern=r"[A-Za-z0-9*/.:, -]+", rule="is not a calendar event, for example daily or mon..fri 6:30", longest=128
)


class Vanished(Names):
    """What a sync removes. Nothing is \"none\" on the wire."""

    def decode(self, wire: Any) -> list[str]:
        return [] if wire == "none" else super().decode(wire)


class RealmSyncJob(Resource):
    name = "realm_sync_job"
    plural = "realm_sync_jobs"
    key = ("id",)
    collection = ("cluster", "jobs", "realm-sync")
    made_at_item = True
    unset_by = "delete"
    since = (8, 0)
    audit_permission = Permission(("/",), ("Sys.Audit",))
    fields = (
        Field("id", _JOB),
        Field("realm", REALM, needed=True, immutable=True),
        Field("schedule", _SCHEDULE, needed=True),
        Field("scope", Text(choices=("users", "groups", "both")), needed=True),
        Field("remove_vanished", Vanished(Text(choices=("acl", "entry", "properties")), separator=";")),
        Field("enable_new", Flag(), default=True),
        Field("enabled", Flag(), default=True),
        Field("comment", Line(longest=512)),
    )

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        try:
            return list(server.client.read(*self.collection))
        except FleetgateError as error:
            if error.status != 403:
                raise
            return ()

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        realm = server.actual("realm").get((values.get("realm", ""),))
        if realm and realm.values["type"] not in DIRECTORIES:
            why = (
                f"'{entry['realm']}' is of type {realm.values['type']}, and only realms of type ldap and ad are synced"
            )
            problems.append(Problem("realm", why))
        return values, problems

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("realm", (values["realm"],))] if values.get("realm") else ()

    def request_body(self, change: Change) -> dict[str, Any]:
        """Repeat the schedule, which every update must contain."""
        schedule = {"schedule": change.found.values["schedule"]} if change.found else {}
        return {**schedule, **super().request_body(change)}

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        """Updates are checked against a realm named `-`, because the request does not contain the realm."""
        if change.removes:
            return (Permission(("/",), ("Sys.Modify",)),)
        realm = change.values["realm"] if change.creates else "-"
        return Permission((f"/access/realm/{realm}",), ("Realm.AllocateUser",)), Permission(
            ("/access/groups",), ("User.Modify",)
        )
