"""/access/acl, /access/roles and /access/permissions: ACL entries and effective privileges."""

from __future__ import annotations

from typing import Any

from .call import Call, route
from .errors import ApiError
from .identity import is_group, is_token, owner

ALWAYS_LISTED = ("/", "/access", "/datastore", "/remote", "/system")


@route("GET", "/access/acl")
def list_acl(call: Call) -> list[dict[str, Any]]:
    """All rows with Sys.Audit on /access/acl, otherwise those of the caller's own tokens, none for a token."""
    path, exact = call.params.get("path"), call.params.get("exact", False)
    audits = call.may("Sys.Audit", "/access/acl")
    rows = []
    for node in sorted(call.state.acl.sections, key=lambda path: path.strip("/").split("/")):
        if not _is_wanted(node, path, exact):
            continue
        for auth_id, roles in call.shuffled(list(call.state.acl.sections[node].items())):
            if audits or _is_own_token(auth_id, call.caller):
                rows += [
                    # with `path=/` the names below the root start with two slashes
                    {
                        "path": f"/{node}" if path == "/" and node != "/" else node,
                        "ugid": auth_id.removeprefix("@"),
                        "ugid_type": "group" if is_group(auth_id) else "user",
                        "roleid": role,
                        "propagate": propagate,
                    }
                    for role, propagate in call.shuffled(list(roles.items()))
                ]
    return rows


def _is_wanted(node: str, path: str | None, exact: bool) -> bool:
    root = path or "/"
    return node == root or not exact and (root == "/" or node.startswith(root + "/"))


def _is_own_token(auth_id: str, caller: str) -> bool:
    return is_token(auth_id) and not is_token(caller) and owner(auth_id) == caller


@route("PUT", "/access/acl")
def update_acl(call: Call) -> None:
    """Add or remove a role of a subject on a path; removal never fails."""
    path, role, auth_id = call.params["path"], call.params["role"], call.params.get("auth-id")
    adds = not call.params.get("delete", False)
    if not call.may("Permissions.Modify", "/access/acl"):
        _check_unprivileged(call, auth_id)
    with call.change() as acl:
        if "group" in call.params:
            raise ApiError(400, "parameter 'group' - groups are currently not supported.")
        if auth_id is None:
            raise ApiError(400, "missing 'userid' or 'group' parameter.")
        if adds and auth_id not in call.state.users.sections:
            raise ApiError(400, "no such API token." if is_token(auth_id) else "no such user.")
        if adds and not call.server.schema.is_acl_path(path):
            raise ApiError(400, f"invalid acl path '{path}'.")
        roles = acl.setdefault(path, {}).setdefault(auth_id, {})
        if not adds:
            # an entry that was read as that of a group is not found under the name of a user
            if not is_group(auth_id):
                roles.pop(role, None)
            return
        if role == "NoAccess":
            roles.clear()
        else:
            roles.pop("NoAccess", None)
        roles[role] = call.params.get("propagate", True)


def _check_unprivileged(call: Call, auth_id: str | None) -> None:
    """A user may change the entries of its own tokens; every refusal is a 400, not a 403."""
    if "group" in call.params:
        raise ApiError(400, "Unprivileged users are not allowed to create group ACL item.")
    if auth_id is None:
        raise ApiError(400, "Unprivileged user needs to provide auth_id to update ACL item.")
    if is_token(call.caller):
        raise ApiError(400, "Unprivileged API tokens can't set ACL items.")
    if not _is_own_token(auth_id, call.caller):
        raise ApiError(400, "Unprivileged users can only set ACL items for API tokens.")


@route("GET", "/access/roles")
def list_roles(call: Call) -> list[dict[str, Any]]:
    """The roles of the release, in the order of a hash map created when the process starts."""
    schema = call.server.schema
    rows = [
        {"roleid": role, "privs": privileges, "comment": schema.role_comments[role]}
        for role, privileges in schema.roles.items()
    ]
    return sorted(rows, key=lambda row: hash((call.server.node, row["roleid"])))


@route("GET", "/access/permissions")
def list_permissions(call: Call) -> dict[str, dict[str, bool]]:
    """{path: {privilege: propagate}}, without paths that have no privileges."""
    auth_id, path = call.params.get("auth-id", call.caller), call.params.get("path")
    if not (auth_id == call.caller or call.may("Sys.Audit", "/access") or _is_own_token(auth_id, call.caller)):
        raise ApiError(400, f"not allowed to list permissions of {auth_id}")
    paths = [path] if path else {*ALWAYS_LISTED, *_nodes(call.state.acl.sections)}
    held = {path: call.rights.on(auth_id, path) for path in paths}
    return {path: privileges for path, privileges in held.items() if privileges}


def _nodes(paths: dict[str, dict[str, Any]]) -> set[str]:
    """Every node of the tree: the paths that have entries, and their parents."""
    return {"/".join(path.split("/")[:depth]) or "/" for path in paths for depth in range(1, path.count("/") + 2)}
