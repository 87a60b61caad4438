# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SCIM providers, to which Pocket ID sends the users and groups of a client (2.14.0, scimsync); at most one per client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import FleetgateError
from ..core.fields import CREDENTIAL, Field, Text
from ..core.resource import Reference
from .client import in_path
from .resource import PocketIdResource

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change


class ScimProvider(PocketIdResource):
    name = "scim_provider"
    plural = "scim_providers"
    key = ("client",)
    collection = ("api", "scim", "service-provider")
    response_only = ("id", "lastSyncedAt", "oidcClient", "createdAt", "client")
    fields = (
        Field("client"),
        Field("endpoint", Text(pattern=r"https?://.+", rule="must be an http or https URL"), needed=True),
        Field("token", CREDENTIAL, secret=True),
    )

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        return next(map(self.decode, self.read(server, {key})), None)

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Read the provider of each client, because the server has no list of them."""
        clients = [key[0] for key in keys or ()]
        if keys is None:
            clients = [client["id"] for client in server.client.read_all("api", "oidc", "clients", sort="name")]
        for client in clients:
            try:
                yield {
                    **server.client.read("api", "oidc", "clients", in_path(client), "scim-service-provider"),
                    "client": client,
                }
            except FleetgateError as error:
                if error.status != 404:
                    raise

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        return [Reference("client", key)]

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        body.pop("client", None)
        # the server requires the client in every request
        return {**body, "oidcClientId": Reference("client", change.key)} if body else body
