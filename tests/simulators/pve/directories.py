"""Directory realms: the connection test on request, and the sync.

Sources: pve-access-control 9.1.1 (API2/Domains.pm, Auth/LDAP.pm, Auth/AD.pm), pve-common 9.2.1 (LDAP.pm, RESTEnvironment.pm).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..directory import (
    BAD_FILTER,
    NO_PASSWORD,
    OPERATIONS_ERROR,
    REFUSED,
    UNKNOWN,
    UNTRUSTED,
    Access,
    Attributes,
    DirectoryError,
    bind,
    connect,
    search,
)
from ..tasks import Log, TaskError
from .errors import ApiError, parameter_error
from .values import split_list

if TYPE_CHECKING:
    from .cluster import Cluster
    from .state import UserConfig

KINDS = ("ad", "ldap")
SYNC_OPTIONS = "realm-sync-options"
USER_CLASSES = "inetorgperson, posixaccount, person, user"
GROUP_CLASSES = "groupOfNames, group, univentionGroup, ipausergroup"
ATTRIBUTES = ("enable", "expire", "firstname", "lastname", "email", "comment", "keys")
WHAT = {"users": "users", "groups": "groups", "both": "users and groups"}
CERTIFICATE = "SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed"
REASONS = {
    UNKNOWN: "Name or service not known",
    REFUSED: "Connection refused",
    UNTRUSTED: CERTIFICATE,
    BAD_FILTER: "Bad filter",
    OPERATIONS_ERROR: "Operations error",
    32: "No such object",
    49: "Invalid credentials",
}


def access(section: dict[str, Any], password: str | None) -> Access:
    """The access of a realm to its directory; the CA path is used only if certificates are verified."""
    mode = section.get("mode", "ldaps" if section.get("secure") else "ldap")
    verify = mode != "ldap" and bool(section.get("verify"))
    return Access(
        servers=tuple(section[name] for name in ("server1", "server2") if name in section),
        base_dn=section.get("base_dn", ""),
        port=section.get("port"),
        mode=mode,
        verify=verify,
        capath=section.get("capath") if verify else None,
        bind_dn=section.get("bind_dn"),
        password=password,
    )


def connect_and_bind(cluster: Cluster, realm: str, section: dict[str, Any], password: str | None) -> None:
    """The test of `check-connection`. A missing base DN is read from the directory and stored with the realm."""
    wanted = access(section, cluster.bind_passwords.get(realm) if password is None else password)
    context = ""
    try:
        directory = connect(cluster.directories, wanted)
        context = "ldap bind failed: "
        bind(directory, wanted)
    except DirectoryError as error:
        raise ApiError(f"{_reason(error, realm, context)}\n") from error
    if "base_dn" not in section and directory.naming_context is not None:
        section["base_dn"] = directory.naming_context


def _reason(error: DirectoryError, realm: str, context: str) -> str:
    return f"missing password for realm {realm}" if error.cause == NO_PASSWORD else context + REASONS[error.cause]


def sync_options(cluster: Cluster, section: dict[str, Any], param: dict[str, Any]) -> dict[str, Any]:
    """The options of a sync: those of the request, or else of the realm."""
    defaults = cluster.schema.parse_property_string(SYNC_OPTIONS, section.get("sync-defaults-options", ""))
    options = {"remove-vanished": "none", "enable-new": 1, **defaults}
    options.update({name: param[name] for name in ("scope", *options) if param.get(name) is not None})
    if "scope" not in options:
        raise parameter_error({"scope": "Not passed as parameter and not defined in realm default sync options."})
    return options


@dataclass
class Sync:
    """The sync task of a realm, which creates and updates users and groups from the directory.

    `options`: scope, remove-vanished and enable-new.
    """

    cluster: Cluster
    realm: str
    section: dict[str, Any]
    options: dict[str, Any]
    dry_run: bool

    def __call__(self, log: Log) -> None:
        scope = self.options["scope"]
        what = WHAT[scope]
        log(f"{'(dry test run) ' if self.dry_run else ''}starting sync for realm {self.realm}")
        users, userids = self._users(log)
        groups = self._groups(log, userids) if scope != "users" else {}
        try:
            with self.cluster.edit("user.cfg", f"syncing {what} failed") as config:
                log(f"got data from server, updating {what}")
                if scope != "groups":
                    self._update_users(log, config, users)
                if scope != "users":
                    self._update_groups(log, config, groups)
                if self.dry_run:
                    raise _Discard
        except _Discard:
            log("\nNOTE: Dry test run, changes were NOT written to the configuration.")
            return
        except ApiError as error:
            raise TaskError(error.message.strip().replace("\n", " ")) from error
        log(f"successfully updated {what} configuration")

    @property
    def _vanished(self) -> list[str]:
        return str(self.options["remove-vanished"]).split(";")

    def _users(self, log: Log) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
        """The users of the directory with their properties, and their ids by DN."""
        name_attribute = self.section.get("user_attr", "sAMAccountName" if self.section["type"] == "ad" else "uid")
        ours = {name: name for name in ATTRIBUTES}
        for pair in split_list(self.section.get("sync_attributes")):
            property_name, _equals, attribute = pair.partition("=")
            ours[attribute] = property_name
        classes = split_list(self.section.get("user_classes", USER_CLASSES))
        attributes = [name_attribute, *ours]
        having = "".join(f"({attribute}=*)" for attribute in attributes)
        condition = f"(&(|{having})(|{_any_class(classes)}))"
        base, only = self.section.get("base_dn"), self.section.get("filter")
        users, userids = {}, {}
        for dn, entry in self._search("user", base, only, condition, attributes).items():
            userid = f"{entry.get(name_attribute, [''])[0]}@{self.realm}"
            try:
                self.cluster.schema.require("pve-userid", userid)
            except ApiError as error:
                log(error.message.strip())
                continue
            userids[dn.lower()] = userid
            users[userid] = self._properties(log, userid, entry, ours)
        return users, userids

    def _properties(self, log: Log, userid: str, entry: Attributes, ours: dict[str, str]) -> dict[str, Any]:
        rules, kept = self.cluster.schema.properties("POST", "/access/users"), {}
        for attribute, name in ours.items():
            if attribute not in entry:
                continue
            value = entry[attribute][0]
            broken = None if name == "enable" else self.cluster.schema.value_error(value, rules[name])
            if broken and self.cluster.product["checks_attributes"]:
                refused = f"skipping attribute mapping '{attribute}'->'{name}' for user '{userid}'"
                log(f"{refused} - 400 invalid value '{value}'\n_root: {broken.strip()}")
            else:
                kept[name] = value
        return kept

    def _groups(self, log: Log, userids: dict[str, str]) -> dict[str, set[str]]:
        """The groups of the directory with those members that are users of the realm."""
        name = self.section.get("group_name_attr")
        condition = f"(|{_any_class(split_list(self.section.get('group_classes', GROUP_CLASSES)))})"
        base = self.section.get("group_dn", self.section.get("base_dn"))
        wanted = ["member", "uniqueMember", *([name] if name else [])]
        groups = {}
        for group_dn, entry in self._search("group", base, self.section.get("group_filter"), condition, wanted).items():
            common_name = entry[name][0] if name in entry else group_dn.partition(",")[0].partition("=")[2].strip()
            groupid = f"{common_name}-{self.realm}"
            try:
                self.cluster.schema.require("pve-groupid", groupid)
            except ApiError as error:
                log(error.message.strip())
                continue
            members = entry.get("member") or entry.get("uniqueMember") or []
            groups[groupid] = {userids[dn.lower()] for dn in members if dn.lower() in userids}
        return groups

    def _search(
        self, what: str, base: str | None, only: str | None, condition: str, attributes: list[str]
    ) -> dict[str, Attributes]:
        if only:
            only = only if re.fullmatch(r"\(.*\)", only) else f"({only})"
            condition = f"(&{only}{condition})"
        wanted = access(
            {**self.section, **({"base_dn": base} if base else {})}, self.cluster.bind_passwords.get(self.realm)
        )
        context = ""
        try:
            directory = connect(self.cluster.directories, wanted)
            context = "ldap bind failed: "
            bind(directory, wanted)
            if not base and directory.naming_context is not None:
                return self._search(what, directory.naming_context, None, condition, attributes)
            context = f"ldap {what} search error: "
            return search(self.cluster.directories, wanted, condition, attributes)
        except DirectoryError as error:
            raise TaskError(_reason(error, self.realm, context)) from error

    def _update_users(self, log: Log, config: UserConfig, synced: dict[str, dict[str, Any]]) -> None:
        self._forget(log, "user", config, synced, f"@{self.realm}")
        for userid, properties in sorted(synced.items()):
            before = config.users.get(userid)
            if before is None:
                log(f"adding user '{userid}'")
                config.users[userid] = {**properties, "enable": int(self.options["enable-new"])}
            elif "properties" in self._vanished:
                log(f"overwriting user '{userid}'")
                kept = {name: value for name, value in before.items() if name in ("enable", "tokens")}
                config.users[userid] = {**properties, **kept}
            else:
                log(f"updating user '{userid}'")
                before.update(properties)

    def _update_groups(self, log: Log, config: UserConfig, synced: dict[str, set[str]]) -> None:
        """The first sync removes members that are not in the directory."""
        self._forget(log, "group", config, synced, f"-{self.realm}")
        for groupid, members in sorted(synced.items()):
            before = config.groups.get(groupid)
            if before is None:
                log(f"adding group '{groupid}'")
            else:
                log(f"{'overwriting' if 'properties' in self._vanished else 'updating'} group '{groupid}'")
            kept = {} if before is None or "properties" in self._vanished else before
            config.groups[groupid] = {**kept, "users": members}

    def _forget(self, log: Log, kind: str, config: UserConfig, synced: dict[str, Any], end: str) -> None:
        """Remove vanished entries. Any group whose name ends with the suffix of the realm is treated as synced."""
        known = config.users if kind == "user" else config.groups
        log(f"syncing {kind}s (remove-vanished opts: {self.options['remove-vanished']})")
        if "entry" in self._vanished:
            log(f"deleting outdated existing {kind}s first")
        for name in sorted(known):
            if not name.endswith(end) or name in synced:
                continue
            if "entry" in self._vanished:
                log(f"remove {kind} '{name}'")
                del known[name]
            if "acl" in self._vanished:
                log(f"purge {kind}s '{name}' ACL entries")
                config.drop_acl(kind, name)


class _Discard(Exception):
    """A dry run discards its draft of the configuration."""


def _any_class(classes: list[str]) -> str:
    return "".join(f"(objectclass={name})" for name in classes)
