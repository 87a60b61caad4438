"""The state of a Pocket ID server: users, groups, clients with their secrets and logos, keys, consents and running logins."""

from __future__ import annotations

import secrets
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ALPHANUMERIC = string.ascii_letters + string.digits
STATIC_USER = "00000000-0000-0000-0000-000000000000"


def now() -> datetime:
    return datetime.now(UTC)


def new_id() -> str:
    return str(uuid.uuid4())


def random_text(length: int, alphabet: str = ALPHANUMERIC) -> str:
    return "".join(secrets.choice(alphabet) for _index in range(length))


@dataclass
class User:
    """`profile` has the names of the API: username, email, emailVerified, firstName, lastName, displayName, …"""

    id: str
    profile: dict[str, Any]
    claims: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=now)
    ldap_id: str | None = None

    @property
    def disabled(self) -> bool:
        return bool(self.profile["disabled"])


@dataclass
class Group:
    id: str
    name: str
    friendly_name: str
    claims: dict[str, str] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)
    created: datetime = field(default_factory=now)
    ldap_id: str | None = None


@dataclass
class Secret:
    value: str
    expires: datetime | None = None
    id: str = field(default_factory=new_id)
    created: datetime = field(default_factory=now)

    @property
    def active(self) -> bool:
        return self.expires is None or self.expires > now()


@dataclass
class Logo:
    extension: str
    data: bytes


@dataclass
class Client:
    """`settings` has the names of the API; `logos` have the key True for light and False for dark."""

    id: str
    settings: dict[str, Any]
    pkce_supported: bool = False
    groups: list[str] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    logos: dict[bool, Logo] = field(default_factory=dict)
    created: datetime = field(default_factory=now)
    type: str = "standard"

    def has_secret(self, value: str) -> bool:
        return any(secret.active and secret.value == value for secret in self.secrets)


@dataclass
class ScimProvider:
    client: str
    endpoint: str
    token: str
    id: str = field(default_factory=new_id)
    created: datetime = field(default_factory=now)


@dataclass
class ApiKey:
    owner: str
    token: str
    name: str
    description: str | None
    expires: datetime
    last_used: datetime | None = None
    id: str = field(default_factory=new_id)
    created: datetime = field(default_factory=now)


@dataclass
class OneTimeToken:
    user: str
    expires: datetime


@dataclass
class Interaction:
    """A pending login: the parameters of the request, and the remaining steps."""

    client: str
    scopes: list[str]
    parameters: dict[str, str]
    steps: list[str]
    user: str | None
    id: str = field(default_factory=new_id)


@dataclass
class Grant:
    """The grant of a login to a client: an authorization code, and the tokens issued for it."""

    client: str
    user: str
    scopes: list[str]
    redirect_uri: str
    parameters: dict[str, str]
    session: dict[str, Any]
    expires: datetime
    requested: datetime = field(default_factory=now)
    code_used: bool = False
    challenge_spent: bool = False
    revoked: bool = False
    refresh_token: str = ""


class State:
    """The whole state. Links are stored on one side: members in the group, allowed groups in the client."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, Group] = {}
        self.clients: dict[str, Client] = {}
        self.keys: dict[str, ApiKey] = {}
        self.scim_providers: dict[str, ScimProvider] = {}
        self.one_time: dict[str, OneTimeToken] = {}
        self.consents: dict[tuple[str, str], list[str]] = {}
        self.interactions: dict[str, Interaction] = {}
        self.codes: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.access_tokens: dict[str, Grant | None] = {}
        self.configuration: dict[str, str] = {}

    def groups_of(self, user: str) -> list[Group]:
        return [group for group in self.groups.values() if user in group.members]

    def admits(self, client: Client, user: str) -> bool:
        """Whether the client's restriction to groups admits the user; a restriction without groups admits none."""
        return not client.settings["isGroupRestricted"] or any(
            group.id in client.groups for group in self.groups_of(user)
        )

    def set_groups(self, user: str, chosen: list[str]) -> None:
        """Make the user a member of these groups and no others; unknown ids are dropped."""
        for group in self.groups.values():
            group.members = [member for member in group.members if member != user]
            if group.id in chosen:
                group.members.append(user)

    def drop_user(self, user: str) -> None:
        del self.users[user]
        self.set_groups(user, [])
        self.keys = {name: key for name, key in self.keys.items() if key.owner != user}
        self._forget(lambda consenting, _client: consenting == user)

    def drop_group(self, group: str) -> None:
        del self.groups[group]
        for client in self.clients.values():
            client.groups = [allowed for allowed in client.groups if allowed != group]

    def drop_client(self, client: str) -> None:
        del self.clients[client]
        self.scim_providers = {
            key: provider for key, provider in self.scim_providers.items() if provider.client != client
        }
        self._forget(lambda _user, consented: consented == client)

    def _forget(self, matches: Callable[[str | None, str], bool]) -> None:
        """Drop the consents and logins whose user and client match."""
        self.consents = {pair: scopes for pair, scopes in self.consents.items() if not matches(*pair)}
        self.interactions = {
            key: each for key, each in self.interactions.items() if not matches(each.user, each.client)
        }
        for table in (self.codes, self.refresh_tokens, self.access_tokens):
            for key in [key for key, grant in table.items() if grant and matches(grant.user, grant.client)]:
                del table[key]
