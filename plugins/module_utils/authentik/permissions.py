# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The permissions that requests to authentik require (2024.12 to 2026.2, authentik/rbac), as roles grant them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.resource import Permission

# only a superuser is known to see everything
SUPERUSER = Permission(("everything",), ("superuser",))
# application and model of objects, by the path of their list
_KINDS = {
    ("core", "applications"): ("authentik_core", "application"),
    ("core", "groups"): ("authentik_core", "group"),
    ("core", "users"): ("authentik_core", "user"),
    ("core", "tokens"): ("authentik_core", "token"),
    ("providers", "oauth2"): ("authentik_providers_oauth2", "oauth2provider"),
    ("propertymappings", "provider", "scope"): ("authentik_providers_oauth2", "scopemapping"),
    ("policies", "bindings"): ("authentik_policies", "policybinding"),
    ("policies", "all"): ("authentik_policies", "policy"),
    ("flows", "instances"): ("authentik_flows", "flow"),
    ("crypto", "certificatekeypairs"): ("authentik_crypto", "certificatekeypair"),
}
_VERBS = {"GET": "view", "POST": "add", "PUT": "change", "PATCH": "change", "DELETE": "delete"}
_ACTIONS = {
    "add_user": "authentik_core.add_user_to_group",
    "remove_user": "authentik_core.remove_user_from_group",
    "set_password": "authentik_core.reset_user_password",
    "view_key": "authentik_core.view_token_key",
    "set_key": "authentik_core.set_token_key",
    "set_icon": "authentik_core.change_application",
    "set_icon_url": "authentik_core.change_application",
}
FILES = ("admin", "file")
# to read which roles have permissions for an object
SEE_ROLES = "authentik_rbac.view_role"


def permission_for(verb: str, path: Sequence[Any]) -> str | None:
    """The permission that a request requires, or None if unknown; `path` has an item per segment."""
    path = tuple(path)
    if path[: len(FILES)] == FILES:
        return f"authentik_rbac.{'view' if verb == 'GET' else 'manage'}_media_files"
    if path[-1] in _ACTIONS:
        return _ACTIONS[path[-1]]
    app, model = _KINDS.get(path) or _KINDS.get(path[:-1]) or (None, None)
    return app and f"{app}.{_VERBS[verb]}_{model}"


def probing_verb(verb: str, path: Sequence[Any]) -> str | None:
    """The verb that OPTIONS reports for a path if and only if the request is allowed, or None.

    The server reports whether the caller may POST to a list and PUT to an existing object.
    """
    path = tuple(path)
    if path in _KINDS:
        return "POST" if verb == "POST" else None
    return "PUT" if verb in ("PUT", "PATCH") and path[:-1] in _KINDS else None


def object_of(path: Sequence[Any]) -> tuple[Any, ...]:
    """The path of the object that a request changes."""
    path = tuple(path)
    return path[:-1] if path[-1] in _ACTIONS else path


def model_of(path: Sequence[Any]) -> str:
    """The model of the object that a request changes, with its application."""
    return ".".join(_KINDS[object_of(path)[:-1]])


def is_owned(verb: str, path: Sequence[Any]) -> bool:
    """Whether the user of an object may send a request without any permission."""
    return verb == "DELETE" and tuple(path[:-1]) == ("core", "tokens")
