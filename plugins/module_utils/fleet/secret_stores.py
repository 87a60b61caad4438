# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The secrets of OIDC clients at the identity providers, one class each: what a provider reports of them, and how they change."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..core.oidc import secret_is_right
from ..core.plan import ServerState, converge
from ..core.resource import Actual, Step
from ..core.system import System
from ..pocketid.client_secrets import matching_rows, moment
from ..pocketid.dialect import CHOSEN_SECRETS
from .compiler import Client
from .entries import Entries

# redirect URIs that authentik is asked about a secret with; each is registered unless somebody removed it
_MOST_URIS = 3


@dataclass(frozen=True)
class ListedSecret:
    """A secret in the list of a provider, which does not return its value."""

    id: str
    prefix: str
    created: datetime


@dataclass(frozen=True)
class KnownClient:
    """A client at the provider: its redirect URIs, its listed secrets, and its secret where that can be read."""

    redirect_uris: frozenset[str]
    listed: tuple[ListedSecret, ...] = ()
    readable: str = ""


class SecretStore(ABC):
    """The provider as the store of the secrets of clients.

    - `keeps_several`: whether a client has several secrets at the same time. Elsewhere a new one replaces the old one.
    - `takes_chosen`: whether the caller chooses a secret. Elsewhere the server generates it and returns it once.
    - `generates`: whether a client can be given a secret that is generated and returned.
    """

    keeps_several = False
    takes_chosen = True
    generates = False

    def __init__(self, system: System, connection: Mapping[str, Any], read_only: bool) -> None:
        self._system, self._read_only = system, read_only
        self._api: Any = system.client(connection, read_only)
        self._connection = connection

    @property
    def title(self) -> str:
        return str(self._api.title)

    @abstractmethod
    def find(self, client: Client) -> KnownClient | None:
        """The client at the provider, None if it does not exist there."""

    @abstractmethod
    def accepts(self, client: Client, secret: str) -> bool:
        """Whether the token endpoint accepts a secret."""

    @abstractmethod
    def set(self, client: Client, secret: str) -> tuple[dict[str, Any], str]:
        """Give a client a secret ("": one that the server generates); returns the result of the task and the secret."""

    def is_valid(self, client: Client, known: KnownClient, secret: str) -> bool:
        """Whether a secret is that of the client, or one of them; asks the token endpoint only where it is not shown."""
        return secret == known.readable if known.readable else self.accepts(client, secret)

    def add(self, client: Client) -> tuple[dict[str, Any], str]:
        """Give a client a generated secret, beside those that it has where it has several; returns the same as `set`."""
        return self.set(client, "")

    def matching(self, known: KnownClient, secret: str) -> list[ListedSecret]:
        """The listed secrets that may be this one."""
        return []

    def removal(self, client: Client, listed: ListedSecret, reason: str) -> Step:
        """The request that removes a listed secret."""
        raise NotImplementedError

    def apply(self, steps: Iterable[Step]) -> list[dict[str, Any]]:
        """Send requests; in check mode they are only returned."""
        done = []
        for step in steps:
            if not self._read_only:
                self._api.write(step.verb, step.path, step.body)
            done.append(step.to_diff())
        return done

    def _read(self, kind: str, name: str) -> Actual | None:
        state = ServerState(self._api, self._system.kinds)
        state.wanted = {kind: {(name,)}}
        with self._api.understanding():
            return state.actual(kind, {(name,)}).get((name,))

    def _converge(self, kind: str, options: Mapping[str, Any], client: Client) -> tuple[dict[str, Any], dict[str, str]]:
        entries = Entries()
        entries.add(kind, options, f"{client.where}.")
        desired = entries.desired(self._system, self._connection)
        result, _objects, secrets = converge(self._api, self._system.kinds, desired, {}, self._read_only)
        return result, secrets


class PocketIdSecrets(SecretStore):
    """From 2.14 on a client has several secrets; up to 2.11 the server generates the only one."""

    generates = True

    def __init__(self, system: System, connection: Mapping[str, Any], read_only: bool) -> None:
        super().__init__(system, connection, read_only)
        self.keeps_several = self._api.dialect.several_secrets
        self.takes_chosen = self._api.version >= CHOSEN_SECRETS

    def find(self, client: Client) -> KnownClient | None:
        actual = self._read("client", client.id)
        if actual is None:
            return None
        rows = actual.raw["credentials"].get("secrets", ())
        listed = tuple(
            ListedSecret(row["id"], row["prefix"], moment(row["createdAt"])) for row in rows if row["isActive"]
        )
        return KnownClient(frozenset(actual.values["callback_urls"]), listed)

    def accepts(self, client: Client, secret: str) -> bool:
        return bool(self._api.accepts_secret(client.id, secret))

    def set(self, client: Client, secret: str) -> tuple[dict[str, Any], str]:
        if secret:
            return self._converge("client", {"id": client.id, "secret": secret}, client)[0], secret
        generated = {"return_secret": True, "secret_candidates": [], "replace_secret": True}
        result, secrets = self._converge("client", {"id": client.id, **generated}, client)
        return result, secrets[client.id]

    def matching(self, known: KnownClient, secret: str) -> list[ListedSecret]:
        by_id = {one.id: one for one in known.listed}
        rows = [{"id": one.id, "prefix": one.prefix, "isActive": True} for one in known.listed]
        return [by_id[row["id"]] for row in matching_rows(rows, secret)]

    def removal(self, client: Client, listed: ListedSecret, reason: str) -> Step:
        return Step("DELETE", ("api", "oidc", "clients", client.id, "secrets", listed.id), reason)


class AuthentikSecrets(SecretStore):
    """authentik keeps one secret and returns it."""

    def find(self, client: Client) -> KnownClient | None:
        actual = self._read("application", client.slug)
        if actual is None or actual.values["client_id"] != client.id:
            return None
        return KnownClient(
            frozenset(actual.values["redirect_uris"] or ()), readable=actual.values["client_secret"] or ""
        )

    def accepts(self, client: Client, secret: str) -> bool:
        """authentik compares the redirect URI as well; those that the hosts send are registered."""
        endpoint = f"{self._api.url}/application/o/token/"
        return any(
            secret_is_right(self._api, endpoint, client.id, secret, uri) for uri in client.certain_uris[:_MOST_URIS]
        )

    def set(self, client: Client, secret: str) -> tuple[dict[str, Any], str]:
        options = {"slug": client.slug, "client_secret": secret}
        return self._converge("application", options, client)[0], secret
