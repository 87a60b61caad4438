"""Effective privileges: the evaluation of the ACL tree, and the limits of tokens by their owner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .identity import is_group, is_superuser, is_token, owner
from .state import ConfigFile, Sections


class AclCache:
    """The ACL that checks use: up to `seconds` old. Writes of users and tokens renew it, writes of the ACL do not."""

    def __init__(self, acl: ConfigFile, users: ConfigFile, clock: Callable[[], float], seconds: float) -> None:
        self._acl, self._users, self._clock, self._seconds = acl, users, clock, seconds
        self._taken = float("-inf")
        self._generation = -1
        self._copy: Sections = {}

    def current(self) -> Sections:
        now = self._clock()
        if self._generation != self._users.generation or now - self._taken >= self._seconds:
            self._copy, self._taken, self._generation = self._acl.sections, now, self._users.generation
        return self._copy


class Rights:
    """The privileges granted by an ACL; `roles` has the privileges of each role."""

    def __init__(self, acl: Sections, roles: dict[str, list[str]]) -> None:
        self._acl = acl
        self._roles = roles

    def on(self, auth_id: str, path: str) -> dict[str, bool]:
        """The privileges on `path`, each with its propagate flag."""
        if is_superuser(auth_id):
            return dict.fromkeys(self._roles["Admin"], True)
        held: dict[str, bool] = {}
        for role, propagate in self._roles_on(auth_id, path).items():
            for privilege in self._roles[role]:
                held[privilege] = held.get(privilege, False) or propagate
        if is_token(auth_id):
            limit = self.on(owner(auth_id), path)
            held = {name: propagate and limit[name] for name, propagate in held.items() if name in limit}
        return held

    def any_below(self, auth_id: str, path: str, privileges: set[str]) -> bool:
        """Whether any of `privileges` is held below `path`."""
        if any(propagate for name, propagate in self.on(auth_id, path).items() if name in privileges):
            return True
        below = [other for other, rows in self._acl.items() if other.startswith(path + "/") and auth_id in rows]
        return any(privileges & self.on(auth_id, other).keys() for other in below)

    def allow(self, permission: dict[str, Any], caller: str | None, values: dict[str, str]) -> bool:
        """Whether a declared permission admits `caller`; `values` are those of the path parameters."""
        if permission.get("world") or is_superuser(caller):
            return True
        if caller is None or permission.get("superuser"):
            return False
        if "or" in permission:
            return any(self.allow(choice, caller, values) for choice in permission["or"])
        if "self" in permission:
            return values[permission["self"]] == caller
        if "privilege" in permission:
            return permission["privilege"] in self.on(caller, permission["path"])
        return True

    def _roles_on(self, auth_id: str, path: str) -> dict[str, bool]:
        """The roles of the deepest node that has any: all at the path itself, above it only those that propagate.

        Groups have no members, and an entry that is read as that of a group does not apply to the user of that name.
        """
        if is_group(auth_id):
            return {}
        segments = [segment for segment in path.split("/") if segment]
        effective: dict[str, bool] = {}
        for depth in range(len(segments) + 1):
            rows = self._acl.get("/" + "/".join(segments[:depth]), {}).get(auth_id, {})
            roles = {role: propagate for role, propagate in rows.items() if propagate or depth == len(segments)}
            effective = roles or effective
        return effective
