"""Roles, the permissions of users other than superusers (authentik/rbac), for single objects or for all of a model."""

from __future__ import annotations

from typing import Any

from . import values
from .call import Call, route
from .errors import Crash, Invalid, not_found
from .kinds import KINDS, Kind, page_of
from .state import Row
from .values import Field

# permissions belong to roles only, and callers can read theirs
ROLES_HAVE_USERS = (2025, 12)
# models that have no path of their own here
BASES = (("authentik_core", "provider"), ("authentik_policies", "policy"))
OTHERS = {
    "authentik_core.group": (
        *("add_user_to_group", "remove_user_from_group"),
        *("enable_group_superuser", "disable_group_superuser"),
    ),
    "authentik_core.user": ("reset_user_password",),
    "authentik_core.token": ("view_token_key", "set_token_key"),
    "authentik_rbac.role": ("assign_role_permissions", "unassign_role_permissions"),
    "authentik_rbac.systempermission": (
        *("view_system_info", "access_admin_interface"),
        *("view_media_files", "manage_media_files"),
    ),
}


def _on_create_role(_call: Call, row: Row) -> None:
    row.update(permissions=[], objects=[], users=[])


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


def managed_role(call: Call) -> Row:
    """The role that the server creates for the permissions of the caller for objects of its own."""
    name = f"ak-managed-role--user-{call.user['pk']}"
    role = call.state.find("role", name=name)
    if role is None:
        role = call.state.add("role", {"name": name})
        role.update(permissions=[], objects=[], users=[call.user["pk"]])
    return role


def _all_permissions() -> dict[str, Row]:
    """All permissions by name, in the order of their ids."""
    models = [".".join(base) for base in BASES] + [f"{kind.app}.{kind.model.lower()}" for kind in KINDS]
    named = [
        f"{model}.{verb}_{model.partition('.')[2]}" for model in models for verb in ("add", "change", "delete", "view")
    ]
    named += [f"{model}.{codename}" for model, codenames in OTHERS.items() for codename in codenames]
    return {
        f"{app}.{codename}": {
            "id": number,
            "codename": codename,
            "model": model,
            "app_label": app,
            "name": f"Can {codename}",
        }
        for number, (app, model, codename) in enumerate((name.split(".") for name in named), 1)
    }


@route("GET", "/rbac/permissions/", needs="", since=ROLES_HAVE_USERS)
def permissions(call: Call) -> tuple[int, Any]:
    """The permissions for all objects of a model, those of a role or all that exist; any caller may read them."""
    rows = list(_all_permissions().values())
    if "role" in call.request.args:
        role = call.state.get("role", call.request.args["role"])
        if role is None:
            raise Invalid({"role": ["Select a valid choice. That choice is not one of the available choices."]})
        rows = [row for row in rows if f"{row['app_label']}.{row['codename']}" in role["permissions"]]
    rows.sort(key=lambda row: row["id"] if call.request.args.get("ordering") == "id" else row["name"])
    return 200, page_of(
        call, rows, lambda row: {**row, "app_label_verbose": row["app_label"], "model_verbose": row["model"]}
    )


@route("GET", "/rbac/permissions/assigned_by_roles/", needs="", since=ROLES_HAVE_USERS)
def assigned(call: Call) -> tuple[int, Any]:
    """The roles with any permission for a model, or for an object of it, each with all of its permissions."""
    model, key, known = call.request.args.get("model"), call.request.args.get("object_pk"), _all_permissions()
    visible = ROLE.visible(call)
    if not model:
        raise Invalid({"model": ["This field is required."]})
    of_model = {name for name, row in known.items() if f"{row['app_label']}.{row['model']}" == model}
    if not of_model:
        raise Invalid({"model": [f"Select a valid choice. {model} is not one of the available choices."]})
    chosen = [
        role
        for role in visible
        if of_model & set(role["permissions"]) or any(name in of_model and pk == key for name, pk in role["objects"])
    ]
    return 200, page_of(
        call,
        sorted(chosen, key=lambda role: role["name"]),
        lambda role: {
            "role_pk": role["pk"],
            "name": role["name"],
            "object_permissions": [{**known[name], "object_pk": pk} for name, pk in role["objects"]],
            "model_permissions": [known[name] for name in role["permissions"]],
        },
    )


@route("POST", "/rbac/permissions/assigned_by_roles/<key>/assign/")
def assign(call: Call, key: str) -> tuple[int, Any]:
    role, body = ROLE.find(call, key), call.body()
    wanted, known, alone = body.get("permissions", []), _all_permissions(), {"model", "object_pk"} & body.keys()
    if len(alone) == 1:
        raise Invalid({"non_field_errors": ["The fields model, object_pk must be used together."]})
    if not (alone or all("." in permission for permission in wanted)):
        text = "When assigning global permissions, codename must be given as app_label.codename"
        raise Invalid({"permissions": [text]})
    if not known.keys() >= set(wanted):
        raise Crash
    if alone:
        role["objects"] += [(permission, str(body["object_pk"])) for permission in wanted]
    else:
        role["permissions"] += wanted
    return 200, [{"id": str(known[name]["id"])} for name in wanted]


@route("POST", "/rbac/roles/<key>/add_user/", since=ROLES_HAVE_USERS)
def add_user(call: Call, key: str) -> tuple[int, Any]:
    role, user = ROLE.find(call, key), call.body().get("pk")
    if call.state.get("user", user) is None:
        raise not_found()
    role["users"].append(user)
    return 204, None
