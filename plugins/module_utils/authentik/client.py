# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to authentik (API v3 of 2024.12 to 2026.8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..core.client import Client, connection_options, session_for, verification
from ..core.errors import FleetgateError
from ..core.resource import Permission
from .permissions import FILES, SUPERUSER, permission_for, told_by

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Step

CONNECTION = connection_options("AUTHENTIK", "token")

OLDEST = (2024, 12)
# from 2025.12 on the server cuts off what is more than this
PAGE = 100


class AuthentikClient(Client):
    """One authentik server, signed in with an API token (intent api)."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        session = session_for(
            params,
            "the address that people sign in at, for example https://id.example.org",
            "token",
            "an administrator makes one of intent API under Directory, Tokens (or the server has AUTHENTIK_BOOTSTRAP_TOKEN)",
            "Authorization",
            "Bearer ",
        )
        self.url = params["url"].rstrip("/")
        super().__init__(
            f"authentik {self.url}", session, f"{self.url}/api/v3", check_mode, params["timeout"], verification(params)
        )

    def is_authorized_by(self, key: str) -> bool:
        """Whether this is the key of the token that requests are sent with."""
        return self.session.auth.value == f"Bearer {key}"

    def route(self, path: Sequence[Any]) -> str:
        # without the slash the server knows no such page
        return super().route(path) + "/"

    def uploaded(self, source: Any, body: Any) -> dict[str, Any]:
        # versions that do not ask for the name take it from the file, and leave out its folder
        return {"data": body, "files": {"file": (body["name"], source)}}

    def unwrap(self, body: Any) -> Any:
        """Objects have their id under `id`, as those of other systems do, and not only under `pk`."""
        for entry in body.get("results", (body,)) if isinstance(body, dict) else ():
            if "pk" in entry:
                entry["id"] = entry["pk"]
        return body

    def read_all(self, *path: Any, **query: Any) -> list[dict[str, Any]]:
        """All objects of a list. Filters the server does not know are ignored by it, so callers look at each result."""
        objects, page = [], 1
        while page:
            answer = self.read(*path, page=page, page_size=PAGE, **query)
            objects += answer["results"]
            page = int(answer["pagination"]["next"])
        return objects

    def providers_named(self, name: str) -> list[dict[str, Any]]:
        """The providers of all types that have a name; those that the token may not see are left out."""
        try:
            return [provider for provider in self.read_all("providers", "all", search=name) if provider["name"] == name]
        except FleetgateError as error:
            if error.status != 403:
                raise
            return []

    def read_if_there(self, *path: Any) -> Any:
        """The answer to a GET, or None where there is no such object, or none that the token may see."""
        try:
            return self.read(*path)
        except FleetgateError as error:
            if error.status != 404:
                raise
            return None

    def explain(self, response: Any) -> str:
        if response.status_code == 405 and "json" not in response.headers.get("Content-Type", ""):
            return (
                "authentik hides a fault of its own behind this answer; its log has the reason"
                f" (request {response.headers.get('X-authentik-id', 'without id')}), or the address is none of its API"
            )
        try:
            reasons = "; ".join(_reasons(response.json()))
        except ValueError:
            return response.reason
        if response.status_code == 403:
            if "Token invalid" in reasons or "credentials were not provided" in reasons:
                return f"the token is not accepted ({reasons}); it is wrong, has expired, or is not of intent API"
            path = unquote(urlsplit(response.url).path).removeprefix(urlsplit(self.base_url).path)
            permission = permission_for(response.request.method, path.strip("/").split("/"))
            lacks = f"the permission {permission}" if permission else "a permission"
            return f"{reasons} (the token's user lacks {lacks}; administrators have all)"
        if "already exists" in reasons or "must be unique" in reasons:
            return f"{reasons} (the token's user may not see it; give it the permission to view such objects)"
        return reasons

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Version of the server, for example (2026, 8)."""
        return tuple(int(number) for number in self.read("admin", "version")["version_current"].split(".")[:2])

    @cached_property
    def keeps_files(self) -> bool:
        """Whether the server has a place for uploaded files: one that is lost with its container does not count."""
        return "can_save_media" in self.read("root", "config")["capabilities"]

    def has_file(self, name: str) -> bool:
        """Whether there is an uploaded file of this name."""
        # names are searched in small letters, and for what is given as it is
        found = self.read("admin", "file", search=name.lower(), manageable_only="true")
        return name in {file["name"] for file in found}

    def refuse_what_is_too_old(self) -> None:
        if self.version < OLDEST:
            raise FleetgateError(
                f"{self.title} is too old: it is {dotted(self.version)}, and {dotted(OLDEST)} or later is needed"
            )

    @cached_property
    def myself(self) -> dict[str, Any]:
        """The user that the token belongs to."""
        return self.read("core", "users", "me")["user"]

    def permissions_for(self, steps: list[Step], server: ServerState) -> list[tuple[Permission, str]]:
        """The permissions for steps on what is there before the first of them; of the rest the server cannot tell."""
        if not steps or self.myself["is_superuser"]:
            return []
        made = {step.provides for step in steps if step.provides}
        new = made | {reference.key[-1] for reference in made}
        permissions = []
        for step in steps:
            permission = permission_for(step.verb, step.path)
            if permission and new.isdisjoint(step.path):
                path = server.identify(step.path, {})
                permissions.append((Permission((step.verb, *path), (permission,)), step.reason))
        return permissions

    def missing_permissions(self, permissions: list[tuple[Permission, str]]) -> list[str]:
        """What the server tells ahead of permissions, and that only a superuser is known to see all objects."""
        if not permissions or self.myself["is_superuser"]:
            return []
        lacking = {need: self._lacking(need) for need, _purpose in permissions}
        return list(
            dict.fromkeys(
                f"{self.myself['username']} lacks {lacking[need]} ({purpose})"
                for need, purpose in permissions
                if lacking[need]
            )
        )

    def _lacking(self, need: Permission) -> str | None:
        if need == SUPERUSER:
            return "the rights of a superuser"
        verb, *path = need.paths
        return None if self._may(verb, tuple(path)) else f"the permission {need.privileges[0]}"

    def _may(self, verb: str, path: tuple[Any, ...]) -> bool:
        """Whether a request is allowed, as far as the server tells; asking changes nothing."""
        if path == FILES:
            return "manage_media_files" in self.myself["system_permissions"]
        asked = told_by(verb, path)
        if not asked:
            return True
        answer = self._send("OPTIONS", path, allowed_status=range(300, 600))
        try:
            told = answer.json()
        except ValueError:
            # of something that stands before the server, or a fault
            return True
        return "renders" not in told or asked in told.get("actions", {})


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _reasons(body: Any, where: str = "") -> Iterator[str]:
    """The sentences of a refusal, each with the field that it is about; lists and objects may be in one another."""
    if isinstance(body, dict):
        for name, value in body.items():
            plain = name in ("detail", "non_field_errors")
            yield from _reasons(value, where if plain else f"{where}.{name}".lstrip("."))
    elif isinstance(body, list):
        for value in body:
            yield from _reasons(value, where)
    else:
        yield f"{where}: {body}" if where else str(body)
