# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of Pocket ID. They sign in with a passkey, so there are no passwords (Pocket ID 2.14.0, user_controller)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Field, Flag, Number, Text
from ..core.resource import OneTimeSecret, Reference, Step
from ..core.unique import conflicts_over, released_first
from .resource import ALLOW_LOCKOUT, EMAIL, Claims, Nullable, PocketIdResource, consents

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change
    from .client import PocketIdClient

# the account that the server creates for STATIC_API_KEY
STATIC_ACCOUNT = "00000000-0000-0000-0000-000000000000"


class User(PocketIdResource):
    name = "user"
    plural = "users"
    key = ("username",)
    collection = ("api", "users")
    response_only = ("id", "customClaims", "userGroups", "ldapId")
    linked = ("custom_claims", "one_time_access")
    # the server also accepts a locale for such a user, but the next sync clears it (2.14.0 with OpenLDAP, observed)
    not_from_directory = ("custom_claims", "one_time_access")
    fields = (
        Field(
            "username",
            Text(
                pattern=r"[a-zA-Z0-9]([a-zA-Z0-9_.@-]*[a-zA-Z0-9])?",
                rule="may only have letters, digits, '.', '_', '-' and '@', and must begin and end with a letter or digit",
                longest=50,
            ),
        ),
        Field("email", Nullable(pattern=EMAIL, rule="is not an e-mail address")),
        Field("first_name", Text(longest=50), wire="firstName"),
        Field("last_name", Text(longest=50), wire="lastName"),
        Field("display_name", Text(longest=100), wire="displayName"),
        Field("is_admin", Flag(), wire="isAdmin"),
        Field("disabled", Flag()),
        Field("email_verified", Flag(), wire="emailVerified", since=(2, 2)),
        Field("locale", Nullable()),
        Field("custom_claims", Claims(), wire="customClaims"),
        Field("one_time_access", Text(choices=("new", "always")), write_only=True),
        Field("one_time_access_seconds", Number(2, 31 * 86400), task_only=True),
        ALLOW_LOCKOUT,
    )

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        return list(server.client.look_up(*self.collection, by="username", names=server.names(self.name)))

    def built_in(self, actual: Actual) -> bool:
        """Protect the server's own account for STATIC_API_KEY."""
        return bool(actual.raw["id"] == STATIC_ACCOUNT)

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if entry["one_time_access"] == "always":
            values["one_time_access"] = "always"
        email = values.get("email", actual.values["email"] if actual else "")
        if (actual is None or "email" in values) and not email and server.client.settings["requireUserEmail"] == "true":
            problems.append(Problem("email", "is required by the server's setting requireUserEmail"))
        if actual is None:
            # the server treats names that differ only in case as equal
            alike = [name for (name,) in server.actual(self.name) if name.casefold() == entry["username"].casefold()]
            problems += [
                Problem("username", f"'{entry['username']}' exists as '{name}' on the server; use the same case")
                for name in alike
            ]
            if len(entry["username"]) < server.client.dialect.shortest_username:
                problems.append(
                    Problem(
                        "username",
                        f"'{entry['username']}' is too short for Pocket ID before 2.5, which requires 2 characters",
                    )
                )
            problems += [
                Problem(option, f"is required to create {self.label(self.key_of(entry))} (in Pocket ID up to 2.3)")
                for option in server.client.dialect.needed_for_a_user()
                if not entry[option]
            ]
        return values, problems

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        return [
            *super().safety_checks(changes, server),
            *self._taken_names(changes),
            *self._taken_addresses(changes, server.client),
            *self._lockouts(changes, server.client),
        ]

    def _taken_names(self, changes: list[Change]) -> list[str]:
        """Names of new users that differ only in case, which the server treats as equal."""
        names: dict[str, Change] = {}
        problems = []
        for change in changes:
            if change.resource is self and change.creates:
                other = names.setdefault(change.key[0].casefold(), change)
                if other is not change:
                    problems.append(
                        f"{change.label}: differs only in case from {other.label}, which is also declared; remove one of them"
                    )
        return problems

    def _taken_addresses(self, changes: list[Change], client: PocketIdClient) -> list[str]:
        wanted = {change.values.get("email", "") for change in changes if change.resource is self} - {""}
        found = client.look_up(*self.collection, by="email", names=wanted)
        return conflicts_over(self, "email", changes, [self.decode(user) for user in found])

    def steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        return super().steps(released_first(changes, "email"), server)

    def _lockouts(self, changes: list[Change], client: PocketIdClient) -> list[str]:
        """Refuse to demote the owner of the task's API key or the last administrator, unless allow_lockout is set."""
        ours = {change.found.raw["id"]: change for change in changes if change.resource is self and change.found}
        demoted = [
            change
            for change in ours.values()
            if change.existing.values["is_admin"] and not change.existing.values["disabled"] and not _is_admin(change)
        ]
        if not demoted or any(consents(change) for change in demoted):
            return []
        own = ours.get(client.myself["id"])
        if own in demoted:
            return [
                f"{own.label}: this user owns the API key of this task, which would stop working; set allow_lockout=true if"
                " that is intended"
            ]
        listed = client.read_all(*self.collection, sort="username")
        admins = {user["id"] for user in listed if user["isAdmin"] and not user["disabled"]} - {STATIC_ACCOUNT}
        left = {user_id for user_id in admins if user_id not in ours} | {
            user_id for user_id, change in ours.items() if _is_admin(change)
        }
        created = [change for change in changes if change.resource is self and change.creates and _is_admin(change)]
        if left or created:
            return []
        labels = ", ".join(change.label for change in demoted)
        return [f"{labels}: no administrator would be left who can sign in; set allow_lockout=true if that is intended"]

    def kept_by_directory(self, client: PocketIdClient, actual: Actual) -> bool:
        """Allow removing a user that was disabled because the directory no longer has it."""
        return self.from_directory(client, actual) and not actual.values["disabled"]

    def links(self, change: Change, server: ServerState) -> list[Step]:
        steps = self.claims_step(change, "user")
        if change.values.get("one_time_access"):
            steps.append(
                Step(
                    "POST",
                    (*self.item_path(change.key), "one-time-access-token"),
                    f"{change.label}: one_time_access",
                    body=server.client.dialect.one_time_access(
                        Reference(self.name, change.key), change.entry["one_time_access_seconds"]
                    ),
                    secret=OneTimeSecret(self.label(change.key), "token", None, True),
                )
            )
        return steps


def _is_admin(change: Change) -> bool:
    """Whether the user is an administrator that can sign in after the change."""
    if change.removes:
        return False
    values = {**(change.found.values if change.found else {}), **change.values}
    return bool(values.get("is_admin")) and not values.get("disabled")
