"""The configuration of the server: section files with digests, secrets, and the rules of deletion."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..second_factor import SecondFactor
from .errors import ApiError
from .identity import ROOT, is_group, is_token, owner, realm_of
from .parameters import accepts
from .schema import Schema

Sections = dict[str, dict[str, Any]]

BUILT_IN_USERS: Sections = {ROOT: {"type": "user", "comment": "Superuser"}}
BUILT_IN_REALMS: Sections = {
    "pam": {"type": "pam", "comment": "Linux PAM standard authentication", "default": True},
    "pbs": {"type": "pbs", "comment": "Proxmox Backup authentication server"},
}
NO_PASSWORDS_HERE = {"openid": "OpenID", "ldap": "LDAP", "ad": "Active Directory"}


class ConfigFile:
    """A configuration file: sections by id. Sections are replaced as a whole and never changed in place.

    `built_in` sections are in every read, even if the file does not have them.
    """

    def __init__(
        self, name: str, lock: threading.RLock, id_rule: dict[str, Any], built_in: Sections | None = None
    ) -> None:
        self.name = name
        self.generation = 0
        self._lock = lock
        self._id_rule = id_rule
        self._built_in = built_in or {}
        self._stored: Sections = {}

    @property
    def sections(self) -> Sections:
        return {**self._built_in, **self._stored}

    @property
    def digest(self) -> str:
        """SHA-256 of the whole file, so any change in it invalidates the digest; a missing file is like an empty one."""
        text = json.dumps(self._stored, sort_keys=True) if self._stored else ""
        return hashlib.sha256(text.encode()).hexdigest()

    @contextmanager
    def change(self, digest: str | None = None) -> Iterator[Sections]:
        """Sections to edit; they are saved when the block ends without an error."""
        with self._lock:
            if digest not in (None, self.digest):
                raise ApiError(400, "detected modified configuration - file changed by other user? Try again.")
            draft = copy.deepcopy(self.sections)
            yield draft
            self._stored = self._saved(draft)
            self.generation += 1

    def _saved(self, draft: Sections) -> Sections:
        """The content that a later read returns: leading and trailing blanks of values are lost."""
        for identifier, section in draft.items():
            if not accepts(self._id_rule, identifier):
                raise ApiError(400, f"writing {self.name} failed: syntax error in section identifier")
            for key, value in section.items():
                if isinstance(value, str):
                    if any(unicodedata.category(character) == "Cc" for character in value):
                        raise ApiError(
                            400,
                            f"writing {self.name} failed: detected unexpected control character in "
                            f"section '{identifier}' key '{key}'",
                        )
                    section[key] = value.strip()
        return draft


class AclFile(ConfigFile):
    """The ACL: path -> subject -> role -> propagate. A subject is the id of a user or token, or @ and a group.

    Subjects are separated by commas in the file and not escaped. One that contains a comma makes the file unreadable.
    """

    def __init__(self, name: str, lock: threading.RLock, id_rule: dict[str, Any], subject: dict[str, Any]) -> None:
        super().__init__(name, lock, id_rule)
        self._subject = subject
        self._unreadable = ""

    @property
    def sections(self) -> Sections:
        if self._unreadable:
            raise ApiError(400, self._unreadable)
        return super().sections

    def _saved(self, draft: Sections) -> Sections:
        """Entries of the user root@pam, which has all privileges, are dropped silently."""
        read_back: Sections = {}
        rows = [(path, subject, roles) for path, subjects in draft.items() for subject, roles in subjects.items()]
        for line, (path, written, roles) in enumerate(rows, 1):
            for subject in written.split(",") if roles and written != ROOT else ():
                if not (is_group(subject) or accepts(self._subject, subject)):
                    where = f'"/etc/proxmox-backup/{self.name}", line {line}'
                    self._unreadable = f"unable to parse acl config {where} - not a valid user id"
                read_back.setdefault(path, {}).setdefault(subject, {}).update(roles)
        return read_back


def lookup(sections: Sections, kind: str, identifier: str) -> dict[str, Any]:
    """A section of the wanted type, or the error of the server."""
    if identifier not in sections:
        raise ApiError(400, f"no such {kind} '{identifier}'")
    section = sections[identifier]
    if section["type"] != kind:
        raise ApiError(400, f"got unexpected type '{section['type']}' for {kind} '{identifier}'")
    return section


def shown(section: dict[str, Any]) -> dict[str, Any]:
    """A section as the API returns it, without its type; unset properties are absent."""
    return {name: value for name, value in section.items() if name != "type"}


class State:
    """The stored state. `passwords`, `bind_passwords` (of realms) and `secrets` (of tokens) are in plain text."""

    def __init__(self, schema: Schema, clock: Callable[[], float]) -> None:
        self._schema = schema
        self._clock = clock
        # pam and pbs are sections of domains.cfg since 3.3.7-1, and fixed before
        self._stores_all_realms = schema.since("3.3.7-1")
        lock = threading.RLock()
        types = schema.types
        self.users = ConfigFile("user.cfg", lock, types["auth-id"], BUILT_IN_USERS)
        self.acl = AclFile("acl.cfg", lock, types["acl-path"], types["auth-id"])
        self.realms = ConfigFile("domains.cfg", lock, types["realm"])
        self.datastores = ConfigFile("datastore.cfg", lock, types["datastore-name"])
        self.files = {file.name: file for file in (self.users, self.acl, self.realms, self.datastores)}
        self.passwords: dict[str, str] = {}
        self.bind_passwords: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.second_factors: dict[str, SecondFactor] = {}
        if self._stores_all_realms:
            with self.realms.change() as realms:
                realms.update(copy.deepcopy(BUILT_IN_REALMS))

    def listed_realms(self) -> Sections:
        """The realms that the login offers."""
        return self.realms.sections if self._stores_all_realms else {**BUILT_IN_REALMS, **self.realms.sections}

    def is_realm_taken(self, realm: str) -> bool:
        return realm in self.listed_realms()

    def realm_type(self, realm: str) -> str:
        """The type of a realm; pam and pbs work even if their sections are deleted."""
        known = {**BUILT_IN_REALMS, **self.realms.sections}
        if realm not in known:
            raise ApiError(400, f"unknown realm '{realm}'")
        return str(known[realm]["type"])

    def is_active(self, auth_id: str) -> bool:
        """Whether a user or token exists, is enabled and has not expired; the owner of a token must be active, too."""
        sections = self.users.sections
        return all(
            identity in sections
            and sections[identity].get("enable", True)
            and not 0 < sections[identity].get("expire", 0) <= self._clock()
            for identity in (auth_id, owner(auth_id))
        )

    def tokens_of(self, userid: str) -> Sections:
        return {
            token: section
            for token, section in self.users.sections.items()
            if is_token(token) and owner(token) == userid
        }

    def store_password(self, userid: str, password: str) -> None:
        kind = self.realm_type(realm_of(userid))
        if kind in NO_PASSWORDS_HERE:
            raise ApiError(501, f"storing passwords is not implemented for {NO_PASSWORDS_HERE[kind]} realms")
        if kind == "pam" and userid not in self.passwords:
            raise ApiError(400, f"changing the password of {userid} failed: the system has no such account")
        self.passwords[userid] = password

    def delete_user(self, userid: str, digest: str | None) -> None:
        """Delete a user. Its ACL entries are kept, and apply again to the next user of that name.

        If its realm is missing, the user is deleted, the call fails, and its tokens and secrets are kept.
        """
        with self.users.change(digest) as users:
            if users.pop(userid, None) is None:
                raise ApiError(400, f"user '{userid}' does not exist.")
        if self.realm_type(realm_of(userid)) == "pbs":
            self.passwords.pop(userid, None)
        self.second_factors.pop(userid, None)
        if self._schema.since("3.3.7-1"):
            for token in self.tokens_of(userid):
                self.delete_token(token, None)

    def delete_token(self, token: str, digest: str | None) -> None:
        """Delete a token, since 3.3.7-1 with its ACL entries."""
        with self.users.change(digest) as users:
            if users.pop(token, None) is None:
                raise ApiError(400, f"token '{token.rpartition('!')[2]}' of user '{owner(token)}' does not exist.")
        self.secrets.pop(token, None)
        if self._schema.since("3.3.7-1"):
            with self.acl.change() as acl:
                for rows in acl.values():
                    rows.pop(token, None)
