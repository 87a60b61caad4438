# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person has at authentik (2026.5): tokens, sessions, memberships, and the user itself.

The server deletes the sessions and OAuth2 tokens of a user that is deactivated (2026.5, with PATCH), and refuses its other tokens,
which are removed all the same, so that they do not come back with the user.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..core.resource import Step
from ..oidc.offboarding import Offboarding, Removal
from .client import AuthentikClient

_USERS, _TOKENS, _SESSIONS = ("core", "users"), ("core", "tokens"), ("core", "authenticated_sessions")


class AuthentikOffboarding(Offboarding):
    client: AuthentikClient

    def _find(self) -> Mapping[str, Any] | None:
        found = self.client.read_all(*_USERS, username=self.person, include_roles="false")
        return next((user for user in found if user["username"] == self.person), None)

    def names(self) -> Iterable[str]:
        return [user["username"] for user in self._users()]

    def _users(self) -> list[dict[str, Any]]:
        return self.client.read_all(*_USERS, include_roles="false")

    def claims(self) -> dict[str, str]:
        user = self.existing
        return {"preferred_username": self.person, "email": user["email"], "sub": user["uid"]}

    def blockers(self) -> list[str]:
        user = self.existing
        if user["pk"] == self.client.myself["pk"]:
            return [
                f"{self.person} owns the token in fleetgate_idp, which would stop working; give the token of another administrator"
            ]
        if not (user["is_superuser"] and user["is_active"]):
            return []
        if any(other["is_superuser"] and other["is_active"] and other["pk"] != user["pk"] for other in self._users()):
            return []
        return [
            f"{self.person} is the last active superuser of {self.client.title}; add another user to a group of superusers first"
        ]

    def options(self) -> dict[str, Any]:
        return {"username": self.person, "is_active": False, "groups": []}

    def removals_after(self, left: Collection[str] = ()) -> list[Removal]:
        """The tokens, and the sessions of a user that was deactivated in another way before."""
        if not self.client.myself["is_superuser"]:
            self.notes.append(
                f"{self.client.myself['username']}, the owner of the token in fleetgate_idp, is not a superuser, so tokens and sessions of"
                f" {self.person} may be hidden from it; they are refused as long as the user is inactive"
            )
        sessions = [] if self.existing["is_active"] else self._owned(_SESSIONS)
        return [
            *(
                self._removal(
                    "token", token["identifier"], (*_TOKENS, token["identifier"]), {"intent": token["intent"]}
                )
                for token in self._owned(_TOKENS)
            ),
            *(
                self._removal(
                    "session", session["uuid"], (*_SESSIONS, session["uuid"]), {"expires": session["expires"]}
                )
                for session in sessions
            ),
        ]

    def _owned(self, collection: tuple[str, ...]) -> list[dict[str, Any]]:
        listed = self.client.read_all(*collection, user__username=self.person)
        return [one for one in listed if one["user"] == self.existing["pk"]]

    def _removal(self, kind: str, name: str, path: tuple[str, ...], values: Mapping[str, Any]) -> Removal:
        step = Step("DELETE", path, f"{kind} {name} of {self.person}")
        return Removal(f"{kind} {self.person}!{name}", {"user": self.person, **values}, step)

    def remaining(self) -> list[str]:
        return ["sessions that other applications keep by themselves end when they expire there"]
