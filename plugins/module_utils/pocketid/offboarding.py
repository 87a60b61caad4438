# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person has at Pocket ID (2.14.0): API keys, authorizations of clients, memberships, and the user itself.

API keys and authorizations can only be removed in a session of the person, which a disabled user cannot have; while the user is
disabled, keys, sessions, passkeys and one-time access tokens are all refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ..core.checks import Check, failed
from ..core.errors import FleetgateError
from ..core.resource import Step
from ..oidc.offboarding import Offboarding, Removal
from .client import PocketIdClient, in_path
from .user import STATIC_ACCOUNT

_USERS, _KEYS = ("api", "users"), ("api", "api-keys")


class PocketIdOffboarding(Offboarding):
    client: PocketIdClient
    _session: PocketIdClient | None = None

    def _find(self) -> Mapping[str, Any] | None:
        found = self.client.look_up(*_USERS, by="username", names={self.person})
        return next((user for user in found if user["username"] == self.person), None)

    def names(self) -> Iterable[str]:
        return [user["username"] for user in self.client.read_all(*_USERS, sort="username")]

    def claims(self) -> dict[str, str]:
        user = self.existing
        return {"preferred_username": self.person, "email": user["email"] or "", "sub": user["id"]}

    def blockers(self) -> list[str]:
        user = self.existing
        if user["id"] in (self.client.myself["id"], STATIC_ACCOUNT):
            return [
                f"{self.person} owns the API key in fleetgate_idp, which would stop working; give the key of another administrator"
            ]
        if not user["isAdmin"] or user["disabled"]:
            return []
        others = [
            other
            for other in self.client.read_all(*_USERS, sort="username")
            if other["isAdmin"] and not other["disabled"] and other["id"] not in (STATIC_ACCOUNT, user["id"])
        ]
        if others:
            return []
        return [
            f"{self.person} is the last administrator who can sign in at {self.client.title}; make another user an administrator"
            " (is_admin) first"
        ]

    def options(self) -> dict[str, Any]:
        return {"username": self.person, "disabled": True}

    def removals_before(self) -> list[Removal]:
        if self.existing["disabled"]:
            self.notes.append(
                f"the API keys of {self.person} cannot be listed, because the user is disabled already; they are refused"
                " until it is enabled again"
            )
            return []
        try:
            self._session = self.client.acting_as(self.person)
            return [*self._api_keys(self._session), *self._authorizations(self._session)]
        except FleetgateError as error:
            if error.no_answer:
                raise
            self.notes.append(
                f"the API keys of {self.person} cannot be listed ({error}); they are refused as long as the user is disabled"
            )
            return []

    def _api_keys(self, session: PocketIdClient) -> list[Removal]:
        return [
            Removal(
                f"api_key {self.person}!{key['name']}",
                {"username": self.person, "name": key["name"], "expires_at": key["expiresAt"]},
                Step("DELETE", (*_KEYS, key["id"]), f"API key {key['name']} of {self.person}", caller=self.person),
            )
            for key in session.read_all(*_KEYS, sort="createdAt")
        ]

    def _authorizations(self, session: PocketIdClient) -> list[Removal]:
        """The clients that the person has signed in to; removing one ends the tokens that the client has for the person."""
        path = ("api", "oidc", "users", "me", "authorized-clients")
        try:
            listed = session.read_all(*path, sort="createdAt")
        except FleetgateError as error:
            if error.status != 404:
                raise
            return []
        return [
            Removal(
                f"authorization {self.person} {one['client']['id']}",
                {"username": self.person, "client": one["client"]["id"]},
                Step(
                    "DELETE",
                    (*path, in_path(one["client"]["id"])),
                    f"tokens of client {one['client']['id']} for {self.person}",
                    caller=self.person,
                ),
            )
            for one in listed
        ]

    def removals_after(self, left: Collection[str] = ()) -> list[Removal]:
        """The memberships, but for those in groups of a directory, whose next sync would restore them."""
        groups = self.existing["userGroups"]
        kept = [group for group in groups if group.get("ldapId") and self.client.has_directory]
        leaves = [group["name"] for group in groups if group not in kept and group["name"] not in left]
        self.notes += [f"{self.person} is a member of {group['name']} in the LDAP directory" for group in kept]
        if not leaves:
            return []
        body = {"userGroupIds": [group["id"] for group in kept]}
        reason = f"user {self.person} leaves {', '.join(leaves)}"
        step = Step("PUT", (*_USERS, self.existing["id"], "user-groups"), reason, body=body)
        return [Removal(f"memberships {self.person}", {"groups": leaves}, step)]

    def requests(self) -> list[Check]:
        if self._session is None:
            return []
        name = "session is refused"
        try:
            self._session.read(*_USERS, "me")
        except FleetgateError as error:
            if error.status not in (401, 403):
                raise
            return [
                Check(
                    name, self.person, detail=f"a request in the name of {self.person} is refused with {error.status}"
                )
            ]
        return [
            failed(
                name,
                f"{self.client.title} still answers in a session of {self.person}, although the user is disabled",
                "delete the user at the provider",
                self.person,
            )
        ]

    def remaining(self) -> list[str]:
        return [
            "access tokens that Pocket ID has issued to other applications are accepted by them until they expire, an hour by default"
        ]
