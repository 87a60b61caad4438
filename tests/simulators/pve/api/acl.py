"""/access/acl (pve-access-control 9.1.1, API2/ACL.pm)."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call, route
from ..errors import ApiError, parameter_error
from ..permissions import normalize_path
from ..state import UserConfig
from ..values import split_list, true

SUBJECTS = ("users", "groups", "tokens")


@route("GET", "/access/acl")
def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    audit = call.has("/access", ["Sys.Audit"])
    return [
        {"path": path, "type": kind, "ugid": name, "roleid": role, "propagate": propagate}
        for path, subjects in sorted(call.config.acl.items())
        if audit or call.permissions.may_change_acl(call.caller, path)
        for (kind, name), roles in subjects.items()
        for role, propagate in roles.items()
    ]


@route("PUT", "/access/acl")
def update(call: Call, param: dict[str, Any]) -> None:
    remove = true(param.get("delete"))
    if not any(true(param.get(name)) for name in SUBJECTS):
        raise parameter_error(dict.fromkeys(SUBJECTS, "either 'users', 'groups' or 'tokens' is required."))
    path = normalize_path(param["path"])
    if path is None or not (remove or _is_acl_path(call, path)):
        raise parameter_error({"path": f"invalid ACL path '{param['path']}'"})
    propagate = 1 if param.get("propagate") is None else int(true(param["propagate"]))
    with call.cluster.edit("user.cfg", "ACL update failed") as config:
        for role in split_list(param["roles"]):
            _check_role(call, config, path, role, remove, propagate)
            for subject in _subjects(config, param):
                roles = config.acl.setdefault(path, {}).setdefault(subject, {})
                if remove:
                    roles.pop(role, None)
                else:
                    roles[role] = propagate


def _is_acl_path(call: Call, path: str) -> bool:
    return any(re.fullmatch(known, path) for known in call.cluster.product["acl_paths"])


def _check_role(call: Call, config: UserConfig, path: str, role: str, remove: bool, propagate: int) -> None:
    """Without Permissions.Modify, as with VM.Allocate on a guest, only roles within the caller's own privileges are allowed."""
    privileges = config.role(role)
    own = call.permissions.of(call.caller, path)
    if "Permissions.Modify" in own or not call.cluster.product["limits_managers"]:
        return
    verb = "remove" if remove else "add"
    for privilege in privileges:
        if privilege not in own:
            reason = "requires 'Permissions.Modify' or superset of privileges."
            raise parameter_error({"role": f"Cannot {verb} role '{role}' - {reason}"})
        if propagate and not own[privilege] and not remove:
            reason = "requires 'Permissions.Modify' or propagated superset of privileges."
            raise parameter_error({"role": f"Cannot {verb} role '{role}' with propagation - {reason}"})
    if role == "NoAccess":
        raise parameter_error({"role": f"Cannot {verb} role '{role}' - requires 'Permissions.Modify'"})


def _subjects(config: UserConfig, param: dict[str, Any]) -> list[tuple[str, str]]:
    """All subjects of the request, which must exist even if the entry is removed."""
    groups, users, tokens = (split_list(param.get(name)) for name in ("groups", "users", "tokens"))
    for kind, names, known in (("group", groups, config.groups), ("user", users, config.users)):
        for name in names:
            if name not in known:
                raise ApiError(f"{kind} '{name}' does not exist\n")
    for full_tokenid in tokens:
        userid, _mark, tokenid = full_tokenid.rpartition("!")
        config.token(userid, tokenid)
    return [(kind, name) for kind, names in (("group", groups), ("user", users), ("token", tokens)) for name in names]
