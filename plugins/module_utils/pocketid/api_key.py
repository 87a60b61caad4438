# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API keys of Pocket ID (2.14.0, apikey). Only a session of the owner can list and create the keys of a user.

An administrator gets such a session with a one-time access token for the owner.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Field, Flag, Number, Path, Text
from ..core.resource import OneTimeSecret, Reference, Step
from .client_secrets import moment
from .resource import ALLOW_LOCKOUT, PocketIdResource, consents

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change


class ApiKey(PocketIdResource):
    name = "api_key"
    plural = "api_keys"
    key = ("username", "name")
    collection = ("api", "api-keys")
    fields = (
        Field("username"),
        Field("name", Text(shortest=3, longest=50)),
        Field("description", Text(), immutable=True),
        Field("expires_at", wire="expiresAt", write_only=True),
        Field("valid_days", Number(1, 3650), task_only=True),
        Field("secret_file", Path(), task_only=True),
        Field("return_secret", Flag(), task_only=True),
        ALLOW_LOCKOUT,
    )

    def spec(self) -> dict[str, Any]:
        return {option: definition for option, definition in super().spec().items() if option != "expires_at"}

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        # there is no list of the keys of all users
        for username in sorted({key[0] for key in keys or ()}):
            if (username,) in server.actual("user"):
                for api_key in server.client.acting_as(username).read_all(*self.collection, sort="createdAt"):
                    yield {**api_key, "username": username}

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("user", key[:1])]

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if actual and moment(actual.raw["expiresAt"]) <= datetime.now(UTC):
            values["expires_at"] = "renewed"
        file = entry["secret_file"]
        if (actual is None or values) and not (file or entry["return_secret"]):
            problems.append(
                Problem("secret_file", "or return_secret is required, because the key is returned only once")
            )
        if file and not os.access(os.path.dirname(os.path.abspath(file)), os.W_OK):
            problems.append(
                Problem(
                    "secret_file",
                    f"'{file}' cannot be written on the node that runs the task; create its directory first",
                )
            )
        return values, problems

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to remove the key that authenticates the task, unless allow_lockout is set."""
        client = server.client
        removed = [change for change in changes if change.resource is self and change.removes and not consents(change)]
        own = [change for change in removed if change.key[0] == client.myself["username"]]
        # the server does not report which key a request carries, but this request is the latest use of any key
        listed = client.read_all(*self.collection, sort="createdAt") if own else ()
        latest = max((api_key["lastUsedAt"] or "" for api_key in listed), default="")
        in_use = {api_key["id"] for api_key in listed if (api_key["lastUsedAt"] or "") == latest}
        return [
            f"{change.label}: this key authenticates the task and would stop working; set allow_lockout=true if that is intended"
            for change in own
            if change.existing.raw["id"] in in_use
        ]

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, Reference(self.name, key))

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        owner, caller = "!".join(change.key), change.key[0]
        if change.removes:
            return [Step("DELETE", self.item_path(change.key), f"{change.label} is declared absent", caller=caller)]
        entry = change.entry
        secret = OneTimeSecret(owner, "token", entry["secret_file"], bool(entry["return_secret"]))
        ends = datetime.now(UTC) + timedelta(days=entry["valid_days"] or 365)
        body = {"expiresAt": ends.isoformat(timespec="seconds")}
        if not change.creates:
            path = (*self.item_path(change.key), "renew")
            return [Step("POST", path, f"{change.label} has expired", body=body, secret=secret, caller=caller)]
        body.update({"name": entry["name"], "description": entry["description"]})
        return [Step("POST", self.collection, f"{change.label} is missing", body=body, secret=secret, caller=caller)]
