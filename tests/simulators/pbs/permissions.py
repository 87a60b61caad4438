"""Effective rights: the walk down the ACL tree, and tokens that never hold more than their owner."""

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
    """Questions about one ACL; `roles` gives the privileges of each role."""

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
        """Whether one of `privileges` is held on something below `path`."""
        if any(propagate for name, propagate in self.on(auth_id, path).items() if name in privileges):
            return True
        below = [each for each, rows in self._acl.items() if each.startswith(path + "/") and auth_id in rows]
        return any(privileges & self.on(auth_id, each).keys() for each in below)

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
        """The roles from the deepest node that has any: all of them at the path itself, propagating ones above.

        Nobody is a member of a group, and a row that is read as one of a group is none of the user of that name.
        """
        if is_group(auth_id):
            return {}
        segments = [segment for segment in path.split("/") if segment]
        found: dict[str, bool] = {}
        for depth in range(len(segments) + 1):
            rows = self._acl.get("/" + "/".join(segments[:depth]), {}).get(auth_id, {})
            here = {role: propagate for role, propagate in rows.items() if propagate or depth == len(segments)}
            found = here or found
        return found
