"""The privileges of users and tokens, and the permission checks of the schema (pve-access-control 9.1.1, RPCEnvironment.pm).

Privileges at a path are a map privilege -> propagate flag; a key means granted, regardless of the flag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from .errors import ApiError, permission_error
from .schema import Schema
from .state import UserConfig
from .values import split_list, true

TOPS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")
CAPABILITY_PATHS = ("/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping")
CAPABILITIES = {  # first segment of the path -> privileges that apply there
    "vms": r"VM\.|Permissions\.Modify",
    "access": r"(User|Group)\.|Permissions\.Modify",
    "storage": r"Datastore\.|Permissions\.Modify",
    "nodes": r"Sys\.|Permissions\.Modify",
    "sdn": r"SDN\.|Permissions\.Modify",
    "dc": r"Sys\.Audit|Sys\.Modify|SDN\.",
    "mapping": r"Mapping\.|Permissions\.Modify",
}
POOL_CAPABILITIES = {"vms": r"VM\.|Permissions\.Modify$", "storage": r"Datastore\.|Permissions\.Modify$"}
USER_READERS = ["User.Modify", "Sys.Audit"]
ACL_KEEPERS = {"storage": "Datastore.Allocate", "vms": "VM.Allocate", "pool": "Pool.Allocate"}


def normalize_path(path: str | None) -> str | None:
    """An ACL path with single slashes, a leading and no trailing slash; None if it is invalid."""
    if path is None or not true(path):
        return None
    path = re.sub("/+", "/", path).removesuffix("/")
    path = path if path.startswith("/") else f"/{path}"
    return path if re.fullmatch(r"[A-Za-z0-9.\-_/]+", path) else None


def _fill_template(template: str, param: dict[str, Any]) -> str:
    return re.sub(r"\{([^}]+)\}", lambda name: str(param[name[1]]) if true(param.get(name[1])) else "-", template)


class Permissions:
    def __init__(self, config: UserConfig, schema: Schema) -> None:
        self._config = config
        self._schema = schema

    def of(self, authid: str, path: str | None) -> dict[str, int]:
        """The privileges of a user or full token id at `path`."""
        if authid == "root@pam":
            return dict.fromkeys(self._config.roles["Administrator"], 1)
        if path is None:
            return {}
        if not self._schema.matches("pve-tokenid", authid):
            return self._privileges(authid, path) if self._schema.matches("pve-userid", authid) else {}
        userid, _mark, tokenid = authid.rpartition("!")
        token = self._config.users.get(userid, {}).get("tokens", {}).get(tokenid)
        if token is None:
            return {}
        owner = self.of(userid, path)
        if not token["privsep"]:
            return owner
        own = self._privileges(authid, path)
        return own if userid == "root@pam" else {name: own[name] and owner[name] for name in own if name in owner}

    def check(self, authid: str, path: str | None, privileges: list[str], any_of: bool = False) -> None:
        granted = self.of(authid, path)
        missing = [name for name in privileges if name not in granted]
        if missing and (not any_of or len(missing) == len(privileges)):
            raise permission_error(f"{path or ''}, {'|'.join(privileges) if any_of else missing[0]}")

    def has(self, authid: str, path: str | None, privileges: list[str], any_of: bool = False) -> bool:
        try:
            self.check(authid, path, privileges, any_of)
        except ApiError:
            return False
        return True

    def groups_with(self, authid: str, privileges: list[str]) -> list[str]:
        return [
            name for name in self._config.groups if self.has(authid, f"/access/groups/{name}", privileges, any_of=True)
        ]

    def members_with(self, authid: str, privileges: list[str]) -> set[str]:
        """The members of all groups that `authid` has any of `privileges` on."""
        return set().union(*(self._config.groups[name]["users"] for name in self.groups_with(authid, privileges)))

    def readable_users(self, authid: str) -> set[str]:
        """The users visible to `authid`: itself, and those that it may change or audit."""
        if self.has(authid, "/access/groups", USER_READERS, any_of=True):
            return set(self._config.users)
        return self.members_with(authid, USER_READERS) | {authid}

    def check_acl_change(self, authid: str, path: str) -> None:
        top, below = (path.split("/", 2) + [""])[1:3]
        keeper = [ACL_KEEPERS[top]] if below and top in ACL_KEEPERS else []
        self.check(authid, path, ["Permissions.Modify", *keeper], any_of=True)

    def may_change_acl(self, authid: str, path: str) -> bool:
        try:
            self.check_acl_change(authid, path)
        except ApiError:
            return False
        return True

    def effective(self, authid: str) -> dict[str, dict[str, int]]:
        """The privileges at all listed paths, without paths that have none."""
        paths = self._acl_paths().union(TOPS, *map(_members, self._config.pools.values()))
        return {path: granted for path in paths if (granted := self.of(authid, path))}

    def capabilities(self, authid: str) -> dict[str, dict[str, int]]:
        """The `cap` of a login: the privileges held on any path, by part of the product."""
        capabilities: dict[str, dict[str, int]] = {name: {} for name in CAPABILITIES}
        for path in self._acl_paths().union(CAPABILITY_PATHS):
            top = path.split("/")[1] or "dc"
            patterns = POOL_CAPABILITIES if top == "pool" else {top: CAPABILITIES.get(top, "(?!)")}
            for name, pattern in patterns.items():
                granted = [privilege for privilege in self.of(authid, path) if re.match(pattern, privilege)]
                capabilities.get(name, {}).update(dict.fromkeys(granted, 1))
        return capabilities

    def _acl_paths(self) -> set[str]:
        """The paths in the ACL tree: those with entries, and their parents."""
        paths = {"/"}
        for path in self._config.acl:
            parts = path.strip("/").split("/") if path != "/" else []
            paths |= {"/" + "/".join(parts[:end]) for end in range(1, len(parts) + 1)}
        return paths

    def _privileges(self, authid: str, path: str) -> dict[str, int]:
        privileges: dict[str, int] = {}
        for role, propagate in self._roles_with_pools(authid, path).items():
            for privilege in self._config.roles[role]:
                privileges[privilege] = privileges.get(privilege) or propagate
        return privileges

    def _roles_with_pools(self, authid: str, path: str) -> dict[str, int]:
        roles = self._roles(authid, path)
        inherited: set[str] = set()
        for poolid, pool in self._config.pools.items():
            if path in _members(pool):
                inherited |= set(self._roles(authid, f"/pool/{poolid}"))
        if "NoAccess" in roles or not inherited:
            return roles
        return {"NoAccess": 0} if "NoAccess" in inherited else {**dict.fromkeys(inherited, 0), **roles}

    def _roles(self, authid: str, path: str) -> dict[str, int]:
        """The roles at `path` by the ACL alone.

        Entries of a deeper level replace inherited ones; a user's own entries take precedence over those of its
        groups; entries that do not propagate apply to their own path only.
        """
        parts = [part for part in path.split("/") if part]
        roles: dict[str, int] = {}
        for depth in range(len(parts) + 1):
            level = self._config.acl.get("/" + "/".join(parts[:depth]), {})
            own = [level.get(("token", authid), {}), level.get(("user", authid), {}), self._group_roles(authid, level)]
            for entries in own:
                effective = {role: flag for role, flag in entries.items() if flag or depth == len(parts)}
                if effective:
                    roles = effective
                    break
        return {"NoAccess": roles["NoAccess"]} if "NoAccess" in roles else roles

    def _group_roles(self, userid: str, level: dict[tuple[str, str], dict[str, int]]) -> dict[str, int]:
        granted: dict[str, int] = {}
        for (kind, name), roles in level.items():
            if kind == "group" and userid in self._config.groups.get(name, {"users": ()})["users"]:
                granted.update(roles)
        return granted

    # The checks of the schema. Some always refuse, some return False if they are an alternative of an "or". The product
    # ignores the result of the outermost check: only an error refuses the request.

    def verify(self, permissions: dict[str, Any], authid: str | None, param: dict[str, Any]) -> None:
        """Refuse the request unless the `permissions` of its endpoint allow it for `authid`."""
        if authid is None and permissions.get("user") == "world":
            return
        if authid is None:
            raise permission_error("user != null")
        if authid == "root@pam" or permissions.get("user") == "all":
            return
        if "check" not in permissions:
            raise permission_error()
        self._test(permissions["check"], authid, param)

    def _test(self, check: list[Any], authid: str, param: dict[str, Any], quiet: bool = False) -> bool:
        test = {
            "and": self._and,
            "or": self._or,
            "perm": self._perm,
            "userid-group": self._userid_group,
            "userid-param": self._userid_param,
            "perm-modify": self._perm_modify,
        }[check[0]]
        return test(check[1:], authid, param, quiet)

    def _and(self, checks: list[Any], authid: str, param: dict[str, Any], _quiet: bool) -> bool:
        for check in checks:
            self._test(check, authid, param)
        return True

    def _or(self, checks: list[Any], authid: str, param: dict[str, Any], quiet: bool) -> bool:
        if any(self._test(check, authid, param, quiet=True) for check in checks):
            return True
        return _refused(quiet)

    def _perm(self, check: list[Any], authid: str, param: dict[str, Any], quiet: bool) -> bool:
        template, privileges, *options = check
        path = normalize_path(_fill_template(template, param))
        any_of = bool(_options(options).get("any"))
        if quiet:
            return self.has(authid, path, privileges, any_of)
        self.check(authid, path, privileges, any_of)
        return True

    def _userid_group(self, check: list[Any], authid: str, param: dict[str, Any], quiet: bool) -> bool:
        privileges, *options = check
        groups_param = _options(options).get("groups_param")
        userid = param.get("userid")
        if groups_param != "create" and not self._exists(userid, quiet):
            return False
        if self.has(authid, "/access/groups", privileges, any_of=True):
            return True
        if groups_param:
            self._check_all_groups(authid, privileges, split_list(param.get("groups")))
        if groups_param != "create" and userid not in self.members_with(authid, privileges):
            return _refused(quiet)
        return True

    def _check_all_groups(self, authid: str, privileges: list[str], groups: Iterable[str]) -> None:
        wanted = "|".join(privileges)
        if not groups:
            raise permission_error(f"/access/groups, {wanted}")
        allowed = self.groups_with(authid, privileges)
        for name in groups:
            if name not in allowed:
                raise permission_error(f"/access/groups/{name}, {wanted}")

    def _userid_param(self, check: list[Any], authid: str, param: dict[str, Any], quiet: bool) -> bool:
        userid = self._schema.require("pve-userid", _scalar(param.get("userid")))
        if check[0] == "self":
            if not self._exists(userid, quiet):
                return False
            return authid == userid or _refused(quiet)
        realm = userid.rpartition("@")[2]
        return self._perm([f"/access/realm/{realm}", check], authid, param, quiet)

    def _perm_modify(self, check: list[Any], authid: str, param: dict[str, Any], quiet: bool) -> bool:
        path = normalize_path(_fill_template(check[0], param))
        if path is None:
            return False  # the handler itself refuses such a path
        if quiet:
            return self.may_change_acl(authid, path)
        self.check_acl_change(authid, path)
        return True

    def _exists(self, userid: object, quiet: bool) -> bool:
        try:
            self._config.user(self._schema.require("pve-userid", _scalar(userid)))
        except ApiError:
            if quiet:
                return False
            raise
        return True


def _members(pool: dict[str, Any]) -> set[str]:
    """The ACL paths of a pool's guests and storages."""
    return {f"/vms/{vmid}" for vmid in pool["vms"]} | {f"/storage/{name}" for name in pool["storage"]}


def _scalar(value: object) -> str:
    return str(value) if true(value) else ""


def _options(pairs: list[Any]) -> dict[str, Any]:
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def _refused(quiet: bool) -> bool:
    if quiet:
        return False
    raise permission_error()
