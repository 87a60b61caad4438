# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Differences between the releases of Pocket ID from 2.0 on, and how to detect the release.

Everything that depends on the version is here, except that options added later have `since` in their
tables. Verified with 2.0.0, 2.9.0, 2.13.0 and 2.14.0, and with the sources of those between.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.client import outdated
from ..core.errors import FleetgateError
from ..core.oidc import secret_is_right

if TYPE_CHECKING:
    from .client import PocketIdClient

OLDEST = (2, 0)
NEWEST_WITHOUT_VERSION = (2, 2)
# from this version on a client has several secrets
SEVERAL_SECRETS = (2, 14)
# from this version on a secret may be chosen; before, the server silently generated one instead
CHOSEN_SECRETS = (2, 12)

# Options of users that may be empty only from this version on.
MAY_BE_EMPTY = {"first_name": (2, 4), "display_name": (2, 4)}


@dataclass(frozen=True)
class Dialect:
    """The behaviour of one release, whose numbers are `version`."""

    version: tuple[int, ...]

    def __str__(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def several_secrets(self) -> bool:
        """Whether a client has several secrets, which can be listed; before, a new secret replaced the only one."""
        return self.version >= SEVERAL_SECRETS

    @property
    def secret_route(self) -> str:
        return "secrets" if self.several_secrets else "secret"

    @property
    def longest_secret(self) -> int | None:
        """The maximum length of a chosen secret in bytes (the limit of bcrypt up to 2.13), or None."""
        return None if self.several_secrets else 72

    @property
    def shortest_username(self) -> int:
        return 1 if self.version >= (2, 5) else 2

    def needed_for_a_user(self) -> list[str]:
        """The options that are required to create a user."""
        return [option for option, version in MAY_BE_EMPTY.items() if self.version < version]

    def one_time_access(self, user: Any, seconds: int | None = None) -> dict[str, Any]:
        """The body of a request for a one-time access token. Up to 2.3 it must repeat the user of the path."""
        named = {"userId": user} if self.version < (2, 4) else {}
        return {**named, **({"ttl": seconds} if seconds else {})}

    def accepts_secret(self, client: PocketIdClient, client_id: str, secret: str) -> bool:
        """Whether a secret is currently valid for an OIDC client, checked without side effects.

        Up to 2.9 the token endpoint distinguishes a wrong secret from a wrong code by its text only; introspection of a token that
        cannot exist does so by the status. Secrets of these versions are letters and digits, so no encoding is needed.
        """
        if self.version >= (2, 10):
            return secret_is_right(client, f"{client.base_url}/api/oidc/token", client_id, secret, "https://localhost/")
        response = client.probe(
            f"{client.base_url}/api/oidc/introspect", {"token": "none"}, (client_id, secret), allowed_status=(400, 401)
        )
        return bool(response.status_code == 200)


def dialect_of(client: PocketIdClient) -> Dialect:
    """Detect the dialect of a server. It reports its version from 2.3 on; before, its settings reveal it (2.2 added a setting)."""
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
        raise FleetgateError(f"{client.title} reports the version '{text}', which is not a version number") from None
    if version < OLDEST:
        raise outdated(client.title, "1", "2.0", "Pocket ID", "1.x has no group restriction of clients")
    return Dialect(version)
