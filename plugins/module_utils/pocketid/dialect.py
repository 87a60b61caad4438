# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs between the releases of Pocket ID from 2.0 on, and how to tell them apart.

Everything that depends on the version is here; the options that came later say so themselves, with `since` in their
tables. Established with 2.0.0, 2.9.0, 2.13.0 and 2.14.0, and by the sources of those between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError
from ..core.oidc import secret_is_right

if TYPE_CHECKING:
    from .client import PocketIdClient

OLDEST = (2, 0)
NEWEST_WITHOUT_VERSION = (2, 2)

# Options of users that can only be empty from a version on.
MAY_BE_EMPTY = {"first_name": (2, 4), "display_name": (2, 4)}


@dataclass(frozen=True)
class Dialect:
    """The way of one release. `version` has its numbers."""

    version: tuple

    def __str__(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def several_secrets(self) -> bool:
        """Whether a client has any number of secrets, which can be listed; before, a new one replaced the only one."""
        return self.version >= (2, 14)

    @property
    def secret_route(self) -> str:
        return "secrets" if self.several_secrets else "secret"

    @property
    def takes_chosen_secrets(self) -> bool:
        """Whether a secret may be chosen; before, the server silently made one of its own instead."""
        return self.version >= (2, 12)

    @property
    def longest_secret(self) -> int | None:
        """The length that a chosen secret may have, in bytes; up to 2.13 bcrypt takes no more. None where any is taken."""
        return None if self.several_secrets else 72

    @property
    def shortest_username(self) -> int:
        return 1 if self.version >= (2, 5) else 2

    def needed_for_a_user(self) -> list[str]:
        """The options that a new user must have."""
        return [option for option, version in MAY_BE_EMPTY.items() if self.version < version]

    def one_time_access(self, user: Any, seconds: int | None = None) -> dict[str, Any]:
        """The body of a request for a one-time access token. Up to 2.3 it must name the user, whom the path names too."""
        named = {"userId": user} if self.version < (2, 4) else {}
        return {**named, **({"ttl": seconds} if seconds else {})}

    def accepts_secret(self, client: PocketIdClient, client_id: str, secret: str) -> bool:
        """Whether a secret is one that an OIDC client has now, asked without side effect.

        Up to 2.9 the token endpoint told a wrong secret from a wrong code by its text only; introspection of a token that
        cannot exist tells it by the status. The secrets of these versions are letters and digits, so nothing is coded.
        """
        if self.version >= (2, 10):
            return secret_is_right(client, f"{client.base_url}/api/oidc/token", client_id, secret, "https://localhost/")
        response = client.probe(
            f"{client.base_url}/api/oidc/introspect", {"token": "none"}, (client_id, secret), allowed_status=(400, 401)
        )
        return response.status_code == 200


def dialect_of(client: PocketIdClient) -> Dialect:
    """The dialect of a server. It tells its version from 2.3 on; before, its settings tell it (one of them is new in 2.2)."""
    try:
        text = client.read("api", "version", "current")["currentVersion"]
        version = tuple(int(number) for number in text.lstrip("v").split("-")[0].split("."))
    except FleetgateError as error:
        if error.status != 404:
            raise
        settings = {row["key"] for row in client.read("api", "application-configuration", "all")}
        version = NEWEST_WITHOUT_VERSION if "emailVerificationEnabled" in settings else OLDEST
        if "ldapAdminGroupName" not in settings:
            version = (1,)
    except ValueError:
        raise FleetgateError(f"{client.title} says that its version is '{text}', which is no number") from None
    if version < OLDEST:
        raise FleetgateError(
            f"{client.title} is of version 1, and this collection manages 2.0 and later; update Pocket ID (1.x has no"
            " restriction of clients to groups that could be kept)"
        )
    return Dialect(version)
