# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to Pocket ID."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from copy import copy
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from ..core.client import Authorization, Client, connection_options, session_for, use_transport, verification
from ..core.errors import FleetgateError
from ..core.transport import requests
from .dialect import dialect_of

CONNECTION = connection_options("POCKETID", "api_key")

PAGE = 100
MOST_SEARCHES = 3


def in_path(client_id: str) -> str:
    """The id of an OIDC client as part of a path; a client that registered itself has a URL as id (2.13.0 and 2.14.0, observed)."""
    if "/" not in client_id:
        return client_id
    return "~" + urlsafe_b64encode(client_id.encode()).decode().rstrip("=")


class PocketIdClient(Client):
    """One Pocket ID server, signed in with an API key of an administrator."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        session = session_for(
            params,
            "the address where users sign in, for example https://id.example.org",
            "api_key",
            "an administrator creates a key under Settings, API keys (or the server sets STATIC_API_KEY)",
            "X-API-Key",
        )
        super().__init__(
            f"Pocket ID {params['url']}", session, params["url"], check_mode, params["timeout"], verification(params)
        )
        self._others: dict[str, PocketIdClient] = {}
        # read the version first, so that nothing is left half-configured on a server that is too old
        with self.understanding():
            self.dialect = dialect_of(self)

    def read_all(self, *path: Any, sort: str, search: str = "") -> list[dict[str, Any]]:
        """All entries of a list. The server clamps a page number that is too high, so the loop ends by the reported page count."""
        entries, page, pages = [], 1, 1
        while page <= pages:
            answer = self.read(
                *path, **{"pagination[page]": page, "pagination[limit]": PAGE, "sort[column]": sort, "search": search}
            )
            entries += answer["data"]
            pages = answer["pagination"]["totalPages"]
            page += 1
        return entries

    def look_up(self, *path: Any, by: str, names: set[str] | None) -> list[dict[str, Any]]:
        """The entries of a list whose field `by` is in `names`, or all entries where that takes fewer requests than a search each."""
        if names is None or len(names) > MOST_SEARCHES:
            return self.read_all(*path, sort=by)
        found = (entry for name in sorted(names) for entry in self.read_all(*path, sort=by, search=name))
        # the search also matches parts of a name; callers decide whether case matters
        alike = {name.casefold() for name in names}
        return list({entry["id"]: entry for entry in found if (entry[by] or "").casefold() in alike}.values())

    @cached_property
    def myself(self) -> dict[str, Any]:
        """The owner of the API key."""
        owner: dict[str, Any] = self.read("api", "users", "me")
        return owner

    def user_id(self, username: str) -> str:
        """The id of a user, which requests need in place of the name."""
        found = [
            user
            for user in self.look_up("api", "users", by="username", names={username})
            if user["username"] == username
        ]
        if not found:
            raise FleetgateError(f"{self.title}: user {username} does not exist")
        return str(found[0]["id"])

    def acting_as(self, username: str) -> PocketIdClient:
        """Return a client signed in as a user through a one-time token, for requests that need a session of that user.

        Signing in changes nothing else, so it happens in check mode too, once per user.
        """
        if username not in self._others:
            other = self._without_credentials()
            other.session.auth = Authorization("Authorization", f"Bearer {self.session_of(username)}")
            self._others[username] = other
        return self._others[username]

    def session_of(self, username: str) -> str:
        """Sign a user in through a one-time token, and return the session."""
        user = self.user_id(username)
        body = self.dialect.one_time_access(user)
        token = self._send("POST", ("api", "users", user, "one-time-access-token"), json=body).json()["token"]
        answer = self._without_credentials()._send("POST", ("api", "one-time-access-token", token))
        return str(answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2])

    def _without_credentials(self) -> PocketIdClient:
        other = copy(self)
        other.session = requests.Session()
        # the session cookie is restricted to https; the header works everywhere
        other.session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        use_transport(other.session)
        return other

    def explain(self, response: Any) -> str:
        if response.status_code == 401:
            return "the API key is not accepted; it is wrong, has expired or was removed"
        try:
            body = response.json()
        except ValueError:
            return str(response.reason)
        text = body.get("error", response.reason)
        details = body.get("details") or {}
        fields = "; ".join(f"{field.get('field')}: {field.get('message')}" for field in details.get("fields") or ())
        if response.status_code == 403:
            text += " (the owner of the API key must be an administrator)"
        return f"{text}: {fields}" if fields else str(text)

    def read_bytes(self, *path: Any, **query: Any) -> bytes:
        """Return the content of a path that does not respond with JSON."""
        content: bytes = self._send("GET", path, params=query).content
        return content

    def accepts_secret(self, client_id: str, secret: str) -> bool:
        """Whether a secret is currently valid for an OIDC client."""
        return self.dialect.accepts_secret(self, client_id, secret)

    @property
    def version(self) -> tuple[int, ...]:
        """Version of the server as numbers, for example (2, 14, 0)."""
        return self.dialect.version

    @cached_property
    def has_directory(self) -> bool:
        """Whether an LDAP directory manages users and groups."""
        return self.settings["ldapEnabled"] == "true"

    @property
    def settings(self) -> dict[str, str]:
        """The public settings, by name."""
        return {row["key"]: row["value"] for row in self.read("api", "application-configuration")}
