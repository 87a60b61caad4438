"""Roles, the permissions of users other than superusers (authentik/rbac). Here they apply to all objects of a type."""

from __future__ import annotations

from typing import Any

from . import values
from .call import Call, route
from .errors import Crash, Invalid, not_found
from .kinds import Kind
from .state import Row
from .values import Field

ROLES_HAVE_USERS = (2025, 12)


def _on_create_role(_call: Call, row: Row) -> None:
    row.update(permissions=[], users=[])


ROLE = Kind(
    "role",
    "/rbac/roles/",
    "Role",
    "authentik_rbac",
    lambda call: [Field("name", values.text(blank=False, longest=150))],
    lambda call, row: {"pk": row["pk"], "name": row["name"]},
    unique=(("name", "This field must be unique."),),
    filters=("name",),
    on_create=_on_create_role,
)
ROLE.register()


@route("POST", "/rbac/permissions/assigned_by_roles/<key>/assign/")
def assign(call: Call, key: str) -> tuple[int, Any]:
    role, wanted = ROLE.find(call, key), call.body().get("permissions", [])
    if not all("." in permission for permission in wanted):
        text = "When assigning global permissions, codename must be given as app_label.codename"
        raise Invalid({"permissions": [text]})
    if not all(permission.startswith("authentik_") for permission in wanted):
        raise Crash
    role["permissions"] += wanted
    return 200, [{"id": str(number)} for number, _one in enumerate(wanted)]


@route("POST", "/rbac/roles/<key>/add_user/", since=ROLES_HAVE_USERS)
def add_user(call: Call, key: str) -> tuple[int, Any]:
    role, user = ROLE.find(call, key), call.body().get("pk")
    if call.state.get("user", user) is None:
        raise not_found()
    role["users"].append(user)
    return 204, None
