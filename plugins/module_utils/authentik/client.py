# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connection to authentik (API v3 of 2024.12 to 2026.8)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from ..core.client import Authorization, Client, connection_options, outdated, session_for, verification
from ..core.errors import FleetgateError, refuse
from ..core.resource import Permission
from .permissions import FILES, SEE_ROLES, SUPERUSER, is_owned, model_of, object_of, permission_for, probing_verb

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Step

CONNECTION = connection_options("AUTHENTIK", "token")

OLDEST = (2024, 12)
# from 2025.12 on the server caps the page size at this
PAGE = 100


class AuthentikClient(Client):
    """One authentik server, signed in with an API token (intent api)."""

    def __init__(self, params: dict[str, Any], check_mode: bool) -> None:
        session = session_for(
            params,
            "the address where users sign in, for example https://id.example.org",
            "token",
            "an administrator creates a token of intent API under Directory, Tokens (or the server sets AUTHENTIK_BOOTSTRAP_TOKEN)",
            "Authorization",
            "Bearer ",
        )
        self.url = params["url"].rstrip("/")
        super().__init__(
            f"authentik {self.url}", session, f"{self.url}/api/v3", check_mode, params["timeout"], verification(params)
        )

    def is_authorized_by(self, key: str) -> bool:
        """Whether this is the key of the token in use."""
        authorization = self.session.auth
        return isinstance(authorization, Authorization) and authorization.value == f"Bearer {key}"

    def route(self, path: Sequence[Any]) -> str:
        # the server rejects paths without a trailing slash
        return super().route(path) + "/"

    def uploaded(self, source: Any, body: Any) -> dict[str, Any]:
        # versions without the field derive the name from the file, without its directory
        return {"data": body, "files": {"file": (body["name"], source)}}

    def unwrap(self, body: Any) -> Any:
        """Add the id of objects as `id`, as other systems have it, besides `pk`."""
        for entry in body.get("results", (body,)) if isinstance(body, dict) else ():
            if "pk" in entry:
                entry["id"] = entry["pk"]
        return body

    def read_all(self, *path: Any, **query: Any) -> list[dict[str, Any]]:
        """All objects of a list. The server ignores unknown filters, so callers check each result."""
        objects, page = [], 1
        while page:
            answer = self.read(*path, page=page, page_size=PAGE, **query)
            objects += answer["results"]
            page = int(answer["pagination"]["next"])
        return objects

    def providers_named(self, name: str) -> list[dict[str, Any]]:
        """The providers of any type with this name; those hidden from the token are omitted."""
        try:
            return [provider for provider in self.read_all("providers", "all", search=name) if provider["name"] == name]
        except FleetgateError as error:
            if error.status != 403:
                raise
            return []

    def read_or_none(self, *path: Any) -> Any:
        """The response to a GET, or None where the object does not exist or is hidden from the token."""
        try:
            return self.read(*path)
        except FleetgateError as error:
            if error.status != 404:
                raise
            return None

    def explain(self, response: Any) -> str:
        if response.status_code == 405 and "json" not in response.headers.get("Content-Type", ""):
            return (
                "authentik returned a response that hides an internal error; check its log"
                f" (request {response.headers.get('X-authentik-id', 'without id')}), or check whether the address is that of its API"
            )
        try:
            reasons = "; ".join(_reasons(response.json()))
        except ValueError:
            return str(response.reason)
        if response.status_code == 403:
            if "Token invalid" in reasons or "credentials were not provided" in reasons:
                return (
                    f"the token is not accepted ({reasons}); it is wrong, has expired or does not have the intent API"
                )
            path = unquote(urlsplit(response.url).path).removeprefix(urlsplit(self.base_url).path)
            permission = permission_for(response.request.method, path.strip("/").split("/"))
            lacks = f"the permission {permission}" if permission else "a permission"
            return f"{reasons} (the token's user lacks {lacks}; administrators have all)"
        if "already exists" in reasons or "must be unique" in reasons:
            return f"{reasons} (the token's user cannot see it; grant that user the permission to view such objects)"
        return reasons

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Version of the server, for example (2026, 8)."""
        return tuple(int(number) for number in self.read("admin", "version")["version_current"].split(".")[:2])

    @cached_property
    def keeps_files(self) -> bool:
        """Whether the server has persistent storage for uploaded files."""
        return "can_save_media" in self.read("root", "config")["capabilities"]

    def has_file(self, name: str) -> bool:
        """Whether an uploaded file of this name exists."""
        # the server compares lower-case names with the search text as given
        found = self.read("admin", "file", search=name.lower(), manageable_only="true")
        return name in {file["name"] for file in found}

    def refuse_old_versions(self) -> None:
        if self.version < OLDEST:
            raise outdated(self.title, dotted(self.version), dotted(OLDEST), "authentik")

    @cached_property
    def myself(self) -> dict[str, Any]:
        """The owner of the token."""
        user: dict[str, Any] = self.read("core", "users", "me")["user"]
        return user

    def permissions_for(self, steps: list[Step], server: ServerState) -> list[tuple[Permission, str]]:
        """The permissions for steps on existing objects; the server cannot report them for objects yet to be created."""
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

    @cached_property
    def _granted(self) -> set[str]:
        """The permissions that the roles of the caller grant for all objects."""
        return {
            f"{permission['app_label']}.{permission['codename']}"
            for role in self.myself["roles"]
            for permission in self.read_all("rbac", "permissions", role=role["pk"], ordering="id")
        }

    def check_permissions(self, permissions: list[tuple[Permission, str]]) -> list[str]:
        missing, uncertain = self._examine(permissions)
        refuse(missing)
        return uncertain

    def missing_permissions(self, permissions: list[tuple[Permission, str]]) -> list[str]:
        return self._examine(permissions)[0]

    def _examine(self, permissions: list[tuple[Permission, str]]) -> tuple[list[str], list[str]]:
        """Sentences for permissions that are missing, and for those that may be; only a superuser is known to see all objects."""
        missing: list[str] = []
        uncertain: list[str] = []
        if not permissions or self.myself["is_superuser"]:
            return missing, uncertain
        caller = self.myself["username"]
        answers = {need: self._may(need) for need, _purpose in permissions}
        for need, purpose in permissions:
            what = "superuser rights" if need == SUPERUSER else f"the permission {need.privileges[0]}"
            if answers[need] is False:
                missing.append(f"{caller} lacks {what} ({purpose})")
            elif answers[need] is None:
                uncertain.append(
                    f"the request may be refused ({purpose}): no role of {caller} has {what} for all objects, and whether"
                    f" one has it for this object cannot be read without the permission {SEE_ROLES}; grant one of the two"
                )
        return list(dict.fromkeys(missing)), list(dict.fromkeys(uncertain))

    def _may(self, need: Permission) -> bool | None:
        """Whether a request is allowed, as far as the server reports; None if that depends on what the caller cannot read."""
        if need == SUPERUSER:
            return False
        verb, *parts = need.paths
        path = tuple(parts)
        if path == FILES:
            return "manage_media_files" in self.myself["system_permissions"]
        asked = probing_verb(verb, path)
        if not asked:
            return self._is_granted(verb, path, need.privileges[0])
        # OPTIONS changes nothing
        answer = self._send("OPTIONS", path, allowed_status=range(300, 600))
        try:
            reported = answer.json()
        except ValueError:
            # from a reverse proxy, or an internal error
            return True
        return "renders" not in reported or asked in reported.get("actions", {})

    def _is_granted(self, verb: str, path: tuple[Any, ...], permission: str) -> bool | None:
        """Whether the caller has a permission that OPTIONS does not report; servers before 2025.12 do not report roles."""
        me = self.myself
        if "roles" not in me or permission in self._granted:
            return True
        target = self.read_or_none(*object_of(path))
        if target is None or (is_owned(verb, path) and target["user"] == me["pk"]):
            return True
        if SEE_ROLES.partition(".")[2] not in me["system_permissions"]:
            # roles often have permissions on the objects that were created with them only, so the request may be allowed
            return None
        roles, (app, codename) = {role["pk"] for role in me["roles"]}, permission.split(".")
        granting = self.read_all(
            "rbac", "permissions", "assigned_by_roles", model=model_of(path), object_pk=target["pk"], ordering="name"
        )
        return any(
            (one["app_label"], one["codename"], one["object_pk"]) == (app, codename, str(target["pk"]))
            for role in granting
            if role["role_pk"] in roles
            for one in role["object_permissions"]
        )


def dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _reasons(body: Any, where: str = "") -> Iterator[str]:
    """The reasons of an error response, each with its field; lists and objects may be nested."""
    if isinstance(body, dict):
        for name, value in body.items():
            plain = name in ("detail", "non_field_errors")
            yield from _reasons(value, where if plain else f"{where}.{name}".lstrip("."))
    elif isinstance(body, list):
        for value in body:
            yield from _reasons(value, where)
    else:
        yield f"{where}: {body}" if where else str(body)
