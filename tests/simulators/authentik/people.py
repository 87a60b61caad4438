"""Users, groups and tokens (authentik/core/api)."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from . import values
from .call import Call, is_expired, route
from .errors import Crash, Invalid, not_found
from .kinds import Kind, page_of
from .roles import ROLES_HAVE_USERS, managed_role
from .state import Row, now, random_text, stamp
from .values import Field

EMAIL = r"[^@\s.]+(\.[^@\s.]+)*@(localhost|([^@\s.]+\.)+[^@\s.]{2,})"
SEVERAL_PARENTS = (2025, 12)
SEE_KEY = "authentik_core.view_token_key"
SYSTEM_PERMISSIONS = (
    *("view_system_info", "access_admin_interface", "view_media_files", "manage_media_files"),
    *("add_role", "change_role", "delete_role", "view_role", "assign_role_permissions", "unassign_role_permissions"),
)


def _path(_state: Any, value: Any) -> str:
    path = str(value)
    if not path.strip("/") or path.strip("/") != path:
        raise Invalid(["No leading or trailing slashes allowed."])
    if "//" in path:
        raise Invalid(["No empty segments in user path allowed."])
    return path


def _user_type(_state: Any, value: Any) -> Any:
    if value == "internal_service_account":
        raise Invalid(["Setting a user to internal service account is not allowed."])
    return values.choice("internal", "external", "service_account")(None, value)


# -- users ---------------------------------------------------------------------------------------------------------


def _user_fields(_call: Call) -> list[Field]:
    return [
        Field("username", values.text(blank=False, longest=150)),
        Field("name", values.text()),
        Field("is_active", values.flag, True),
        Field("email", values.text(pattern=EMAIL, message="Enter a valid email address."), ""),
        Field("groups", values.many_of("group"), None),
        Field("attributes", values.mapping, dict),
        Field("path", _path, "users"),
        Field("type", _user_type, "internal"),
        Field("last_login", values.text(), None, nullable=True),
    ]


def _on_create_user(_call: Call, row: Row) -> None:
    row.update(uuid=str(uuid.uuid4()), date_joined=stamp(now()))


def _saved_user(call: Call, row: Row) -> None:
    """Store the groups, whose rows hold the members."""
    chosen = row.pop("groups", None)
    if chosen is not None:
        for group in call.state.all("group"):
            group["users"] = [member for member in group["users"] if member != row["pk"]]
            if group["pk"] in chosen:
                group["users"].append(row["pk"])
    if not row["is_active"]:
        state, user = call.state, row["pk"]
        state.access_tokens = {key: grant for key, grant in state.access_tokens.items() if grant.user != user}
        if call.request.method == "PATCH":
            state.sessions = {name: one for name, one in state.sessions.items() if one.user != user}
    call.state.listed.clear()


def view_user(call: Call, row: Row) -> Row:
    groups = call.state.groups_of(row["pk"])
    result = {
        **row,
        "groups": [group["pk"] for group in groups],
        "groups_obj": [_short_group(group) for group in groups],
        "is_superuser": call.state.is_superuser(row["pk"]),
        "uid": call.state.uid(row),
        "avatar": "data:image/svg+xml;base64,",
    }
    if call.request.args.get("include_groups") == "false":
        result["groups_obj"] = None
    if call.version >= (2025, 12):
        roles = [role for role in call.state.all("role") if row["pk"] in role["users"]]
        result.update(roles=[role["pk"] for role in roles], roles_obj=_references(roles))
        if call.request.args.get("include_roles") == "false":
            result["roles_obj"] = None
    return result


def _short_group(group: Row) -> Row:
    return {name: group[name] for name in ("pk", "name", "is_superuser", "attributes")}


def _references(rows: list[Row]) -> list[Row]:
    return [{"name": row["name"], "pk": row["pk"]} for row in sorted(rows, key=lambda row: row["name"])]


USER = Kind(
    "user",
    "/core/users/",
    "User",
    "authentik_core",
    _user_fields,
    view_user,
    unique=(("username", "This field must be unique."),),
    search=("username", "name", "email", "uuid"),
    filters=("username", "email", "uuid", "path", "type", "is_active"),
    on_create=_on_create_user,
    saved=_saved_user,
)


@route("GET", "/core/users/me/", needs="")
def me(call: Call) -> tuple[int, Any]:
    state, shown = call.state, view_user(call, call.user)
    names = ("pk", "username", "name", "is_active", "is_superuser", "email", "uid", "type", "avatar")
    result = {name: shown[name] for name in names}
    result["groups"] = _references([state.row("group", pk) for pk in state.all_groups_of(call.user["pk"])])
    if call.version >= ROLES_HAVE_USERS:
        result["roles"] = _references(state.roles_of(call.user["pk"]))
    result["system_permissions"] = [name for name in SYSTEM_PERMISSIONS if call.may(f"authentik_rbac.{name}")]
    return 200, {"user": result}


@route("POST", "/core/users/service_account/")
def service_account(call: Call) -> tuple[int, Any]:
    body = {"username": call.body().get("name"), "name": call.body().get("name"), "type": "service_account"}
    user = USER.create(call, body)
    name = f"service-account-{user['username']}-password"
    token = _new_token(
        call,
        {
            "identifier": name,
            "intent": "app_password",
            "user": user["pk"],
            "description": "",
            "expiring": True,
            "managed": None,
            "expires": call.state.lasting(360 * 24 * 60),
        },
    )
    return 200, {
        "username": user["username"],
        "token": token["key"],
        "user_uid": call.state.uid(user),
        "user_pk": user["pk"],
    }


@route("POST", "/core/users/<key>/set_password/", needs="authentik_core.reset_user_password")
def set_password(call: Call, key: str) -> tuple[int, Any]:
    user = USER.find(call, key)
    call.state.passwords[user["pk"]] = values.read_body(
        call.state, [Field("password", values.text(blank=False))], call.body(), False, True
    )["password"]
    return 204, None


USER.register()


# -- groups --------------------------------------------------------------------------------------------------------


def _group_fields(call: Call) -> list[Field]:
    several = call.version >= SEVERAL_PARENTS
    parents = (
        Field("parents", values.many_of("group"), list)
        if several
        else Field("parent", values.one_of("group"), None, True)
    )
    return [
        Field("name", values.text(blank=False)),
        Field("is_superuser", values.flag, False),
        parents,
        Field("users", values.many_of("user"), list),
        Field("attributes", values.mapping, dict),
        Field("roles", values.many_of("role"), list),
    ]


def _check_group(call: Call, given: dict[str, Any], row: Row | None) -> None:
    wanted = given.get("is_superuser", False)
    if "is_superuser" not in given or wanted == (row["is_superuser"] if row else False):
        return
    if not call.may(f"authentik_core.{'enable' if wanted else 'disable'}_group_superuser"):
        text = f"User does not have permission to set superuser status to {wanted}."
        raise Invalid({"is_superuser": [text]})


def _saved_group(call: Call, row: Row) -> None:
    row.setdefault("parents", [])
    if "parent" in row:
        parent = row.pop("parent")
        row["parents"] = [parent] if parent else []
    call.state.listed.clear()


def view_group(call: Call, row: Row) -> Row:
    members = [call.state.row("user", pk) for pk in row["users"]]
    result = {**row, "num_pk": int(row["pk"][:6], 16), "roles_obj": []}
    result["users_obj"] = None
    if call.request.args.get("include_users") != "false":
        result["users_obj"] = [
            {name: user[name] for name in ("pk", "username", "name", "is_active", "email")} for user in members
        ]
    if call.version < SEVERAL_PARENTS:
        del result["parents"]
        result["parent"] = next(iter(row["parents"]), None)
    else:
        result.update(parents_obj=None, children=[], children_obj=None, inherited_roles_obj=None)
    return result


GROUP = Kind(
    "group",
    "/core/groups/",
    "Group",
    "authentik_core",
    _group_fields,
    view_group,
    unique=(("name", "Group with this name already exists."),),
    search=("name",),
    filters=("name", "is_superuser"),
    check=_check_group,
    saved=_saved_group,
)
GROUP.register()


@route("POST", "/core/groups/<key>/add_user/", needs="authentik_core.add_user_to_group")
def add_user(call: Call, key: str) -> tuple[int, Any]:
    group, user = _membership(call, key)
    if user not in group["users"]:
        group["users"].append(user)
    return 204, None


@route("POST", "/core/groups/<key>/remove_user/", needs="authentik_core.remove_user_from_group")
def remove_user(call: Call, key: str) -> tuple[int, Any]:
    group, user = _membership(call, key)
    group["users"] = [member for member in group["users"] if member != user]
    return 204, None


def _membership(call: Call, key: str) -> tuple[Row, int]:
    group = GROUP.find(call, key)
    user = values.read_body(call.state, [Field("pk", values.number())], call.body(), False, True)["pk"]
    if call.state.get("user", user) is None or not call.may(USER.permission("view")):
        raise not_found()
    call.state.listed.clear()
    return group, user


# -- tokens --------------------------------------------------------------------------------------------------------


def _token_fields(call: Call) -> list[Field]:
    return [
        Field(
            "identifier",
            values.text(
                blank=False,
                longest=255,
                pattern=r"[-a-zA-Z0-9_]+",
                message="Enter a valid \u201cslug\u201d consisting of letters, numbers, underscores or hyphens.",
            ),
        ),
        Field("intent", values.choice("verification", "api", "recovery", "app_password"), "api"),
        Field("user", values.one_of("user"), lambda: call.user["pk"]),
        Field("description", values.text(), ""),
        Field("expires", values.text(), None, nullable=True),
        Field("expiring", values.flag, True),
        Field("managed", values.text(), None, nullable=True),
    ]


def _check_token(call: Call, given: dict[str, Any], row: Row | None) -> None:
    """Updates without a user hand the token to the caller, and none moves the end of an API token but to the default."""
    if row is not None and given.get("user", row["user"]) != row["user"]:
        raise Invalid({"user": ["User cannot be changed"]})
    given.setdefault("user", call.user["pk"])
    if row is None and not call.is_superuser:
        given.update(user=call.user["pk"], expiring=True)
    given.setdefault("intent", "api")
    if given["intent"] not in ("api", "app_password"):
        raise Invalid({"intent": [f"Invalid intent {given['intent']}"]})
    if given["intent"] == "api":
        given["expires"] = call.state.lasting()


def _on_create_token(call: Call, row: Row) -> None:
    row["key"] = random_text(60)
    if not call.is_superuser:
        managed_role(call)["objects"].append((SEE_KEY, row["pk"]))


def _new_token(call: Call, row: Row) -> Row:
    token = call.state.add("token", row)
    _on_create_token(call, token)
    return token


def view_token(call: Call, row: Row) -> Row:
    user = call.state.get("user", row["user"])
    if user is None:
        raise Crash
    result = {name: value for name, value in row.items() if name not in ("key", "user__username")}
    return {**result, "user_obj": view_user(call, user)}


TOKEN = Kind(
    "token",
    "/core/tokens/",
    "Token",
    "authentik_core",
    _token_fields,
    view_token,
    key="identifier",
    unique=(("identifier", "Token with this identifier already exists."),),
    search=("identifier", "intent", "description"),
    filters=("identifier", "intent", "description", "expiring", "managed"),
    filters_of_user=("user__username",),
    owner="user",
    check=_check_token,
    on_create=_on_create_token,
)
TOKEN.register()


@route("GET", "/core/tokens/<key>/view_key/", needs="")
def view_key(call: Call, key: str) -> tuple[int, Any]:
    token = TOKEN.find(call, key)
    call.require(SEE_KEY, token)
    if is_expired(token):
        raise not_found("Token")
    return 200, {"key": token["key"]}


@route("POST", "/core/tokens/<key>/set_key/", needs="")
def set_key(call: Call, key: str) -> tuple[int, Any]:
    """As for all requests with POST to a token, its user or the permission to add tokens is required besides."""
    token, given = TOKEN.find(call, key), call.body().get("key")
    call.require("authentik_core.set_token_key", token)
    if not given:
        raise Invalid({"key": ["This field is required."]})
    if token["user"] != call.user["pk"]:
        call.require(TOKEN.permission("add"), token)
    token["key"] = given
    return 204, None


# -- sessions ------------------------------------------------------------------------------------------------------

SESSIONS = "/core/authenticated_sessions/"
SESSION = Kind(
    "session",
    SESSIONS,
    "AuthenticatedSession",
    "authentik_core",
    lambda _call: [],
    lambda _call, row: dict(row),
    key="uuid",
    filters_of_user=("user__username",),
    owner="user",
)


def _sessions(call: Call) -> list[Row]:
    """The browser sessions that are signed in, as rows."""
    current = call.request.cookies.get("authentik_session")
    return [
        {
            "pk": session.id,
            "uuid": session.id,
            "current": name == current,
            "user_agent": {},
            "geo_ip": None,
            "asn": None,
            "user": session.user,
            "last_ip": "127.0.0.1",
            "last_user_agent": "",
            "last_used": stamp(session.since),
            "expires": stamp(session.since + timedelta(days=14)),
        }
        for name, session in call.state.sessions.items()
        if session.user is not None and call.state.get("user", session.user)
    ]


def _seen(call: Call) -> list[Row]:
    may = call.may(SESSION.permission("view"))
    return [row for row in _sessions(call) if may or row["user"] == call.user["pk"]]


def _found(call: Call, key: str) -> Row:
    row = next((row for row in _seen(call) if row["uuid"] == key), None)
    if row is None:
        raise not_found(SESSION.model)
    return row


def _view_session(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "pk"}


@route("GET", SESSIONS, needs="")
def list_sessions(call: Call) -> tuple[int, Any]:
    return 200, page_of(call, SESSION.filtered(call, _seen(call)), _view_session)


@route("GET", f"{SESSIONS}<key>/", needs="")
def get_session(call: Call, key: str) -> tuple[int, Any]:
    return 200, _view_session(_found(call, key))


@route("DELETE", f"{SESSIONS}<key>/", needs="")
def delete_session(call: Call, key: str) -> tuple[int, Any]:
    row = _found(call, key)
    if row["user"] != call.user["pk"]:
        call.require(SESSION.permission("delete"), row)
    call.state.sessions = {name: one for name, one in call.state.sessions.items() if one.id != row["uuid"]}
    return 204, None
