# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of authentik (core/users)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.fields import PASSWORD, Flag, Mapping, Names, Text
from ..core.resource import Reference, Step
from .lockout import ALLOW_LOCKOUT, lockouts
from .member import joined_and_left, membership
from .resource import AuthentikResource, named

if TYPE_CHECKING:
    from ..core.errors import Problem
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change

_ATOM = r"[^@\s.,:;<>()\[\]\\\"]+"


class User(AuthentikResource):
    name = "user"
    plural = "users"
    key = ("username",)
    collection = ("core", "users")
    linked = ("groups", "password")
    fields = (
        named("username", Text(longest=150), needed=True),
        named("name"),
        # as Django validates it
        named(
            "email",
            Text(
                pattern=rf"{_ATOM}(\.{_ATOM})*@(localhost|([^\W_]([^\W_]|-)*\.)+[^\W_]([^\W_]|-)*[^\W_])",
                rule="is not an e-mail address",
                longest=254,
            ),
        ),
        named("is_active", Flag(), default=True),
        named(
            "path",
            Text(pattern=r"[^/]+(/[^/]+)*", rule="must not begin or end with a slash or have consecutive slashes"),
            default="users",
        ),
        named("type", Text(choices=("internal", "external", "service_account")), default="internal"),
        named("attributes", Mapping()),
        named("groups", Names()),
        named("password", PASSWORD, write_only=True, secret=True),
        ALLOW_LOCKOUT,
    )

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.read_all(*self.collection, include_roles="false"))

    def decode(self, raw: dict[str, Any]) -> Actual:
        return super().decode({**raw, "groups": [group["name"] for group in raw["groups_obj"] or ()]})

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if actual is None:
            values.setdefault("name", entry["username"])
        return values, problems

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("group", (name,)) for name in values.get("groups") or ()]

    def built_in(self, actual: Actual) -> bool:
        username, kind = actual.values["username"], actual.values["type"]
        return bool(username == "akadmin" or kind == "internal_service_account")

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        return lockouts(changes, server)

    def request_body(self, change: Change) -> dict[str, Any]:
        # the server requires a name, but it may be empty
        return {"name": "", **super().request_body(change)} if change.creates else super().request_body(change)

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        steps = super().steps_for(change, server)
        if not change.removes and change.values.get("password"):
            body = {"password": change.values["password"]}
            steps.append(
                Step("POST", (*self.item_path(change.key), "set_password"), f"{change.label}: password", body=body)
            )
        return steps

    def last_steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        return [
            membership(change.label, group, change.key[0], joins)
            for change in changes
            for group, joins in joined_and_left(change, "groups")
        ]
