"""The configuration of a cluster: user.cfg, and the section files domains.cfg and jobs.cfg.

Every write goes to a copy, and `read_back()` returns what is left of it after the product has written and read the
file: there, empty values, entries of missing roles and tokens, and whole objects disappear.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from .errors import ApiError
from .values import number, true

Section: TypeAlias = dict[str, Any]
T = TypeVar("T")

TEXTS = ("firstname", "lastname", "comment", "keys")
BUILTIN_REALMS = {
    "pve": {"type": "pve", "comment": "Proxmox VE authentication server"},
    "pam": {"type": "pam", "comment": "Linux PAM standard authentication", "plugin": "PVE::Auth::PAM"},
}


@dataclass
class UserConfig:
    """user.cfg (pve-access-control 9.1.1, AccessControl.pm).

    users: `{userid: {enable, expire, firstname, lastname, email, comment, keys,
    tokens: {tokenid: {privsep, expire, comment}}}}`
    groups: `{groupid: {users: {userid}, comment}}`, pools: `{poolid: {vms: {id}, storage: {id}, comment}}`
    roles: `{roleid: {privilege}}`, acl: `{path: {(user|group|token, id): {roleid: propagate}}}`
    """

    builtin_roles: dict[str, list[str]]
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    roles: dict[str, set[str]] = field(default_factory=dict)
    acl: dict[str, dict[tuple[str, str], dict[str, int]]] = field(default_factory=dict)
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)

    def user(self, userid: str) -> dict[str, Any]:
        if userid not in self.users:
            raise ApiError(f"no such user ('{userid}')\n")
        return self.users[userid]

    def tokens(self, userid: str) -> dict[str, dict[str, Any]]:
        tokens: dict[str, dict[str, Any]] = self.user(userid).get("tokens", {})
        return tokens

    def token(self, userid: str, tokenid: str) -> dict[str, Any]:
        if tokenid not in self.tokens(userid):
            raise ApiError(f"no such token '{tokenid}' for user '{userid}'\n")
        return self.tokens(userid)[tokenid]

    def group(self, groupid: str) -> dict[str, Any]:
        return _existing("group", self.groups, groupid)

    def role(self, roleid: str) -> set[str]:
        return _existing("role", self.roles, roleid)

    def pool(self, poolid: str) -> dict[str, Any]:
        return _existing("pool", self.pools, poolid)

    def groups_of(self, userid: str) -> list[str]:
        return sorted(name for name, group in self.groups.items() if userid in group["users"])

    def join_groups(self, userid: str, groups: list[str]) -> None:
        for group in groups:
            if group not in self.groups:
                raise ApiError(f"no such group '{group}'\n")
            self.groups[group]["users"].add(userid)

    def leave_groups(self, userid: str) -> None:
        for group in self.groups.values():
            group["users"].discard(userid)

    def delete_user(self, userid: str) -> None:
        self.users.pop(userid, None)
        self.leave_groups(userid)
        self.drop_acl("user", userid)

    def delete_group(self, groupid: str) -> None:
        del self.groups[groupid]
        self.drop_acl("group", groupid)

    def delete_pool(self, poolid: str) -> None:
        del self.pools[poolid]
        if (
            "/" not in poolid
        ):  # the product compares the whole id with the first level only, so a nested pool keeps its ACL
            top = f"/pool/{poolid}/"
            self.acl = {path: acl for path, acl in self.acl.items() if not f"{path}/".startswith(top)}

    def drop_acl(self, kind: str, name: str) -> None:
        for subjects in self.acl.values():
            subjects.pop((kind, name), None)

    def read_back(self) -> UserConfig:
        stored = UserConfig(self.builtin_roles)
        stored.users = {userid: _user_read_back(user) for userid, user in self.users.items()}
        stored.users.setdefault("root@pam", {"enable": 1})
        for name, group in self.groups.items():
            # a colon, which 8.2 accepts, ends the name in the file; what follows shifts the other fields
            name, colon, _rest = name.partition(":")
            if true(name):
                kept = stored.groups.setdefault(name, {"users": set()})
                kept["users"] |= set() if colon else group["users"]
                kept.update({} if colon else _comment(group))
        stored.roles = {name: set(privileges) for name, privileges in self.roles.items() if true(name)}
        stored.roles.update({name: set(privileges) for name, privileges in self.builtin_roles.items()})
        stored.pools = {
            name: {"vms": pool["vms"], "storage": pool["storage"], **_comment(pool)}
            for name, pool in self.pools.items()
        }
        for path, subjects in self.acl.items():
            entries = {
                subject: {role: flag for role, flag in roles.items() if role in stored.roles}
                for subject, roles in subjects.items()
                if stored._keeps_acl_of(*subject)
            }
            if entries := {subject: roles for subject, roles in entries.items() if roles}:
                stored.acl[path] = entries
        return stored

    def _keeps_acl_of(self, kind: str, name: str) -> bool:
        """root@pam is always an administrator and needs no entry; entries of a missing token are not read."""
        if kind == "token":
            userid, _mark, tokenid = name.rpartition("!")
            return tokenid in self.users.get(userid, {}).get("tokens", {})
        return (kind, name) != ("user", "root@pam")


def _existing(kind: str, entries: dict[str, T], name: str) -> T:
    if name not in entries:
        raise ApiError(f"{kind} '{name}' does not exist\n")
    return entries[name]


def _comment(entry: dict[str, Any]) -> dict[str, Any]:
    comment = str(entry.get("comment") or "").strip(" ")
    return {"comment": comment} if true(comment) else {}


def _user_read_back(user: dict[str, Any]) -> dict[str, Any]:
    stored: dict[str, Any] = {"enable": int(true(user.get("enable"))), "expire": number(user.get("expire"))}
    texts = {name: str(user.get(name) or "").strip(" ") for name in TEXTS}
    stored.update({name: text for name, text in texts.items() if true(text)})
    email = str(user.get("email") or "").strip(" ")
    if any(ord(letter) > 0xFF for letter in email):
        # other fields are percent-encoded; this one is written unchanged, and its bytes are read as characters
        email = email.encode().decode("latin-1")
    if email or "comment" in stored or "keys" in stored:
        stored["email"] = email  # the field before these two in the line, so it is read even if it is empty
    if user.get("tokens"):
        stored["tokens"] = {
            name: {"privsep": int(true(token.get("privsep"))), "expire": number(token.get("expire")), **_comment(token)}
            for name, token in user["tokens"].items()
        }
    return stored


@dataclass
class SectionConfig:
    """A section file (pve-common 9.2.1, SectionConfig.pm): `{id: {type, option: value}}`.

    `types` holds the required and optional options of every type, `properties` the schema of every option. A section
    that lost a required option is read as None: it exists without a type, and the file can no longer be written.
    """

    types: dict[str, dict[str, list[str]]]
    properties: dict[str, dict[str, Any]]
    builtin: dict[str, dict[str, Any]] = field(default_factory=dict)
    sections: dict[str, Section | None] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return hashlib.sha1(json.dumps(self.sections, sort_keys=True).encode()).hexdigest()

    def assert_unmodified(self, digest: str | None) -> None:
        if digest and digest != self.digest:
            raise ApiError("detected modified configuration - file changed by other user? Try again.\n")

    def checked(self, kind: str, param: dict[str, Any], create: bool) -> dict[str, Any]:
        """The options of a section of type `kind` as they will be stored."""
        options = self.types[kind]
        for name, value in param.items():
            if value is None:
                raise ApiError(f"got undefined value for option '{name}'\n")
            if name != "type" and name not in options["required"] + options["optional"]:
                raise ApiError(f"unexpected property '{name}'\n")
            if isinstance(value, str) and ("\n" in value or "\r" in value):
                raise ApiError("property contains a line feed\n")
        missing = [name for name in options["required"] if create and name not in param]
        if missing:
            raise ApiError(f"missing value for required option '{missing[0]}'\n")
        return {name: self._typed(name, value) for name, value in param.items()} | {"type": kind}

    def read_back(self) -> SectionConfig:
        stored = copy.copy(self)
        stored.sections = {name: self._section_read_back(name, section) for name, section in self.sections.items()}
        for name, defaults in self.builtin.items():
            stored.sections[name] = {**defaults, **(stored.sections.get(name) or {})}
        return stored

    def _section_read_back(self, name: str, section: Section | None) -> Section | None:
        section = section or {}
        kind = section.get("type")
        if kind not in self.types:
            raise ApiError(f"unknown section type '{kind or ''}'\n")
        options = self.types[kind]
        for option in options["required"]:
            if option not in section:
                raise ApiError(f"section '{name}' - missing value for required option '{option}'\n")
        kept: Section = {"type": kind}
        for option in options["required"] + options["optional"]:
            value = self._typed(option, section.get(option))
            value = value.strip() if isinstance(value, str) else value
            if value not in (None, "") and (option != "comment" or true(value)):
                kept[option] = value
        return kept if set(options["required"]) <= set(kept) else None

    def _typed(self, option: str, value: Any) -> Any:
        numeric = value is not None and self.properties.get(option, {}).get("type") in ("boolean", "integer")
        return number(value) if numeric else value
