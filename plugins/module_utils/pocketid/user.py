# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Users of Pocket ID. They sign in with a passkey, so there are no passwords (Pocket ID 2.14.0, user_controller)."""

from __future__ import annotations

from ..core.fields import Field, Flag, Text
from .resource import Nullable, PocketIdResource


class User(PocketIdResource):
    name = "user"
    plural = "users"
    key = ("username",)
    collection = ("api", "users")
    told = ("id", "customClaims", "userGroups", "ldapId")
    fields = (
        Field(
            "username",
            Text(
                pattern=r"[a-zA-Z0-9]([a-zA-Z0-9_.@-]*[a-zA-Z0-9])?",
                rule="may only have letters, digits, '.', '_', '-' and '@', and must begin and end with a letter or digit",
                longest=50,
            ),
        ),
        Field("email", Nullable(pattern=r"[^@\s]+@[^@\s]+", rule="is not an e-mail address")),
        Field("first_name", Text(longest=50), wire="firstName"),
        Field("last_name", Text(longest=50), wire="lastName"),
        Field("display_name", Text(longest=100), wire="displayName"),
        Field("is_admin", Flag(), wire="isAdmin"),
        Field("disabled", Flag()),
        Field("email_verified", Flag(), wire="emailVerified"),
        Field("locale", Nullable()),
    )

    def read(self, world, keys):
        return world.client.read_all("api", "users", sort="username")

    def built_in(self, found):
        """The server's own account for STATIC_API_KEY."""
        return found.raw["id"] == "00000000-0000-0000-0000-000000000000"

    def compare(self, world, entry, found):
        values, problems = super().compare(world, entry, found)
        if found is None:
            # the server takes names that only differ in case for the same
            alike = [name for (name,) in world.found(self.name) if name.casefold() == entry["username"].casefold()]
            problems += [
                ("username", f"'{entry['username']}' is called '{name}' on the server; write it so") for name in alike
            ]
        return values, problems
