"""The configuration of the server: files of sections with digests, secrets beside them, and the rules of deletion."""

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
    """One configuration file: sections by id. Sections are replaced as a whole and never changed in place.

    `built_in` sections appear in every read, whether the file has them or not.
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
        """SHA-256 of the whole file, so that any change in it counts; a missing file is an empty one."""
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
        """What a later read returns: the file is made of lines, so blanks at both ends of a value are lost."""
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
    """The ACL: path -> subject -> role -> propagate. A subject is the id of a user or token, or a group behind an @.

    Subjects are separated by commas in the file and not escaped. One that has a comma itself makes the file unreadable.
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
        """Rows of the user root@pam are dropped without a word: it has every right anyway."""
        read_back: Sections = {}
        rows = [(path, each, roles) for path, subjects in draft.items() for each, roles in subjects.items()]
        for line, (path, written, roles) in enumerate(rows, 1):
            for subject in written.split(",") if roles and written != ROOT else ():
                if not (is_group(subject) or accepts(self._subject, subject)):
                    where = f'"/etc/proxmox-backup/{self.name}", line {line}'
                    self._unreadable = f"unable to parse acl config {where} - not a valid user id"
                read_back.setdefault(path, {}).setdefault(subject, {}).update(roles)
        return read_back


def lookup(sections: Sections, kind: str, identifier: str) -> dict[str, Any]:
    """A section of the wanted type, or the error that the server gives."""
    if identifier not in sections:
        raise ApiError(400, f"no such {kind} '{identifier}'")
    section = sections[identifier]
    if section["type"] != kind:
        raise ApiError(400, f"got unexpected type '{section['type']}' for {kind} '{identifier}'")
    return section


def shown(section: dict[str, Any]) -> dict[str, Any]:
    """A section as the API gives it: what is not set is absent, and so is its type."""
    return {name: value for name, value in section.items() if name != "type"}


class State:
    """Everything that is stored. `passwords`, `bind_passwords` (of realms) and `secrets` (of tokens) are in clear: nothing
    here is worth a hash."""

    def __init__(self, schema: Schema, clock: Callable[[], float]) -> None:
        self._schema = schema
        self._clock = clock
        # Realms are sections of domains.cfg like any other since 3.3.7-1; before, pam and pbs are fixed.
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
        """The realms that people can choose at the login."""
        return self.realms.sections if self._stores_all_realms else {**BUILT_IN_REALMS, **self.realms.sections}

    def is_realm_taken(self, realm: str) -> bool:
        return realm in self.listed_realms()

    def realm_type(self, realm: str) -> str:
        """pam and pbs work even where their sections were deleted."""
        known = {**BUILT_IN_REALMS, **self.realms.sections}
        if realm not in known:
            raise ApiError(400, f"unknown realm '{realm}'")
        return str(known[realm]["type"])

    def is_active(self, auth_id: str) -> bool:
        """Whether an identity exists, is enabled and has not expired; a token needs an active owner, too."""
        sections = self.users.sections
        return all(
            identity in sections
            and sections[identity].get("enable", True)
            and not 0 < sections[identity].get("expire", 0) <= self._clock()
            for identity in (auth_id, owner(auth_id))
        )

    def tokens_of(self, userid: str) -> Sections:
        return {
            each: section for each, section in self.users.sections.items() if is_token(each) and owner(each) == userid
        }

    def store_password(self, userid: str, password: str) -> None:
        kind = self.realm_type(realm_of(userid))
        if kind in NO_PASSWORDS_HERE:
            raise ApiError(501, f"storing passwords is not implemented for {NO_PASSWORDS_HERE[kind]} realms")
        if kind == "pam" and userid not in self.passwords:
            raise ApiError(400, f"changing the password of {userid} failed: the system has no such account")
        self.passwords[userid] = password

    def delete_user(self, userid: str, digest: str | None) -> None:
        """Remove a user. Its own ACL rows stay, and apply again to the next user of that name.

        Where its realm is gone, the user is removed, the call fails, and what belongs to the user is left behind.
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
        """Remove a token, since 3.3.7-1 with its ACL rows."""
        with self.users.change(digest) as users:
            if users.pop(token, None) is None:
                raise ApiError(400, f"token '{token.rpartition('!')[2]}' of user '{owner(token)}' does not exist.")
        self.secrets.pop(token, None)
        if self._schema.since("3.3.7-1"):
            with self.acl.change() as acl:
                for rows in acl.values():
                    rows.pop(token, None)
