"""Directory realms: the connection test before a realm is saved, and the sync (src/server/realm_sync_job.rs)."""

from __future__ import annotations

import copy
from typing import Any

from ..directory import Access, Attributes, DirectoryError, check, connect, search
from ..tasks import Log, TaskError
from .call import Call
from .errors import ApiError
from .identity import is_token, owner, realm_of
from .parameters import broken_limit, split_list
from .state import Sections

KINDS = ("ldap", "ad")
CLASSES = "posixaccount,person,inetorgperson,user"
PROPERTIES = ("firstname", "lastname", "email")


def access(section: dict[str, Any], password: str | None) -> Access:
    """The access of a realm to its directory; `password` is that of its bind-dn."""
    return Access(
        servers=tuple(section[name] for name in ("server1", "server2") if name in section),
        base_dn=section.get("base-dn", ""),
        port=section.get("port"),
        mode=section.get("mode", "ldap"),
        verify=section.get("verify", False),
        capath=section.get("capath"),
        bind_dn=section.get("bind-dn"),
        password=password,
    )


def test_connection(call: Call, kind: str, section: dict[str, Any], password: str | None) -> None:
    """Connect, bind and search the base DN, which an Active Directory may provide itself."""
    directories = call.server.directories
    try:
        if kind == "ad" and "base-dn" not in section:
            context = connect(directories, access(section, password)).naming_context
            if context is None:
                reason = "failed to retrieve root DSE attribute 'defaultNamingContext'"
                raise ApiError(400, f"failed to determine base_dn: {reason}")
            section["base-dn"] = context
        check(directories, access(section, password))
    except DirectoryError as error:
        raise ApiError(400, str(error)) from error


def properties_of(text: str) -> dict[str, str]:
    """A property string as a dict."""
    return dict(part.split("=", 1) for part in text.split(",") if part)


class Sync:
    """The sync task of a realm, which creates and updates users from the directory, and removes them on request."""

    def __init__(self, call: Call, realm: str, kind: str) -> None:
        self._call, self._realm, self._kind = call, realm, kind

    def __call__(self, log: Log) -> None:
        state, params = self._call.state, self._call.params
        if self._kind not in KINDS:
            raise TaskError(f"cannot sync realm {self._realm} of type {self._kind}")
        section = state.realms.sections[self._realm]
        defaults = properties_of(section.get("sync-defaults-options", ""))
        gone = set(split_list(params.get("remove-vanished", defaults.get("remove-vanished", ""))))
        enable = params.get("enable-new", defaults.get("enable-new", "1") in ("1", "on", "yes", "true"))
        dry_run = params.get("dry-run", False)
        if dry_run:
            log("this is a DRY RUN - changes will not be persisted")
        users, acl = copy.deepcopy(state.users.sections), copy.deepcopy(state.acl.sections)
        synced = self._take_over(log, section, users, enable, "properties" in gone)
        removed = self._vanished(users, synced) if "entry" in gone else []
        for userid in removed:
            log(f"deleting user {userid}")
            identities = [auth_id for auth_id in users if owner(auth_id) == userid]
            for identity in identities:
                del users[identity]
                for rows in acl.values() if "acl" in gone else ():
                    rows.pop(identity, None)
        if not dry_run:
            for file, sections in ((state.users, users), (state.acl, acl)):
                with file.change() as stored:
                    stored.clear()
                    stored.update(sections)
            for token in [token for token in state.secrets if owner(token) in removed]:
                del state.secrets[token]

    def _take_over(self, log: Log, section: dict[str, Any], users: Sections, enable: bool, exactly: bool) -> set[str]:
        """Create and update users, and return their ids; `exactly` unsets properties that the directory lacks."""
        named = {**dict.fromkeys(PROPERTIES), **properties_of(section.get("sync-attributes", ""))}
        user_attr = "sAMAccountName" if self._kind == "ad" else section["user-attr"]
        wanted = [user_attr, *filter(None, named.values())]
        any_of = ["".join(f"({name}=*)" for name in wanted)]
        any_of.append("".join(f"(objectClass={name})" for name in split_list(section.get("user-classes", CLASSES))))
        condition = f"(&{section.get('filter', '')}(|{any_of[0]})(|{any_of[1]}))"
        password = self._call.state.bind_passwords.get(self._realm)
        try:
            entries = search(self._call.server.directories, access(section, password), condition, wanted)
        except DirectoryError as error:
            raise TaskError(str(error)) from error
        synced = set()
        for entry in entries.values():
            if user_attr not in entry:
                log(f"could not create/update user: userid attribute `{user_attr}` not in LDAP search result")
                continue
            userid = f"{entry[user_attr][0]}@{self._realm}"
            if broken_limit(self._call.server.schema.types["userid"], userid):
                log(f"could not create/update user: could not parse username `{userid}` - invalid user name")
                continue
            synced.add(userid)
            before = users.get(userid)
            after = self._account(log, userid, before or {}, entry, named, enable, exactly)
            if before is None:
                log(f"creating user {userid}")
            elif before != after:
                log(f"updating user {userid}")
            users[userid] = after
        return synced

    def _account(
        self,
        log: Log,
        userid: str,
        before: dict[str, Any],
        entry: Attributes,
        named: dict[str, str | None],
        enable: bool,
        exactly: bool,
    ) -> dict[str, Any]:
        """A user with the properties of the directory, and from then on explicit values of enable and expire."""
        rule = self._call.server.schema.types["person-name-or-email"]
        account = {"type": "user", "enable": enable, "expire": 0}
        account.update({name: value for name, value in before.items() if not (exactly and name in PROPERTIES)})
        for name in PROPERTIES:
            values = entry.get(named[name] or "")
            if not values:
                continue
            broken = broken_limit(rule, values[0])
            if broken:
                log(f"{userid}: ignoring attribute `{name}`: {broken}", warns=True)
                account.update({name: before[name]} if name in before and not exactly else {})
            else:
                account[name] = values[0]
        return account

    def _vanished(self, users: Sections, synced: set[str]) -> list[str]:
        return [
            auth_id
            for auth_id in users
            if not is_token(auth_id) and realm_of(auth_id) == self._realm and auth_id not in synced
        ]
