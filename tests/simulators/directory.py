"""A directory server for realms: connection, bind and search.

Names, ports and certificates are those of `Directory`; entries are matched by the filters of `ldap_filter`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from .ldap_filter import FilterError, parse

Attributes = dict[str, list[str]]

EXAMPLE = "dc=example,dc=org"
PORTS = {"ldap": 389, "ldap+starttls": 389, "ldaps": 636}


class DirectoryError(Exception):
    """A failed request to a directory, with the message of proxmox-ldap (rust crate ldap3).

    `cause` is for products with other messages: one of the constants below, or an LDAP result code.
    """

    def __init__(self, text: str, cause: str | int) -> None:
        super().__init__(text)
        self.cause = cause


UNKNOWN, REFUSED, UNTRUSTED, NO_PASSWORD, BAD_FILTER = "unknown", "refused", "untrusted", "no password", "bad filter"
OPERATIONS_ERROR, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 1, 32, 49
RESULTS = {
    OPERATIONS_ERROR: "operationsError",
    NO_SUCH_OBJECT: "noSuchObject",
    INVALID_CREDENTIALS: "invalidCredentials",
}


@dataclass
class Directory:
    """An LDAP server. `entries` are by DN, and may bind with their `userPassword`.

    `naming_context` is that of an Active Directory, `authority` the path of its CA certificate on the hosts that
    connect to it.
    """

    hosts: tuple[str, ...]
    base_dn: str
    entries: dict[str, Attributes] = field(default_factory=dict)
    anonymous: bool = True
    naming_context: str | None = None
    authority: str = "/etc/ssl/example-ca.pem"
    is_up: bool = True

    def tree(self) -> dict[str, Attributes]:
        """All entries, including the base itself."""
        return {self.base_dn: {"objectClass": ["domain"]}, **self.entries}


@dataclass(frozen=True)
class Access:
    """The access of a realm to its directory. `mode` is one of PORTS; without a `bind_dn` no password is required."""

    servers: tuple[str, ...]
    base_dn: str = ""
    port: int | None = None
    mode: str = "ldap"
    verify: bool = False
    capath: str | None = None
    bind_dn: str | None = None
    password: str | None = None


def connect(directories: Iterable[Directory], access: Access) -> Directory:
    """The first of a realm's servers that accepts the connection."""
    known = list(directories)
    if access.capath is not None and access.capath not in {directory.authority for directory in known}:
        raise DirectoryError("No such file or directory (os error 2)", UNTRUSTED)
    for server in access.servers:
        found = next((directory for directory in known if server in directory.hosts), None)
        if found is None and not re.fullmatch("[0-9.]+", server):
            reason = "I/O error: failed to lookup address information: Name or service not known", UNKNOWN
        elif found is None or not found.is_up or (access.port or PORTS[access.mode]) != PORTS[access.mode]:
            reason = "I/O error: Connection refused (os error 111)", REFUSED
        elif access.verify and access.mode != "ldap" and access.capath != found.authority:
            why = "certificate verify failed: (unable to get local issuer certificate)"
            reason = f"native TLS error: {why}", UNTRUSTED
        else:
            return found
    raise DirectoryError(*reason)


def check(directories: Iterable[Directory], access: Access) -> None:
    """The test before a realm is saved: connect, bind, and search the base DN."""
    directory = connect(directories, access)
    _bind_to_read(directory, access, "LDAP bind failed, bind_dn or password could be incorrect: ")
    if access.base_dn.lower() not in {dn.lower() for dn in directory.tree()}:
        raise _failure(NO_SUCH_OBJECT, "Could not search LDAP realm, base_dn could be incorrect: ")


def search(
    directories: Iterable[Directory], access: Access, condition: str, attributes: list[str]
) -> dict[str, Attributes]:
    """The requested attributes, by DN, of all entries below the base that match a filter; missing ones are omitted."""
    directory = connect(directories, access)
    _bind_to_read(directory, access)
    try:
        matches = parse(condition)
    except FilterError:
        raise DirectoryError("filter parse error", BAD_FILTER) from None
    below = {dn: entry for dn, entry in directory.tree().items() if dn.lower().endswith(access.base_dn.lower())}
    if not below:
        raise _failure(NO_SUCH_OBJECT)
    wanted = {name.lower() for name in attributes}
    return {
        dn: {name: values for name, values in entry.items() if values and name.lower() in wanted}
        for dn, entry in below.items()
        if matches(entry)
    }


def bind(directory: Directory, access: Access, context: str = "") -> None:
    """Bind as the user of the realm, or anonymously, which every directory accepts."""
    if not access.bind_dn:
        return
    if access.password is None:
        raise DirectoryError(f"Missing bind password for {access.bind_dn}", NO_PASSWORD)
    entries = {dn.lower(): entry for dn, entry in directory.entries.items()}
    if access.password not in entries.get(access.bind_dn.lower(), {}).get("userPassword", ()):
        raise _failure(INVALID_CREDENTIALS, context)


def _bind_to_read(directory: Directory, access: Access, context: str = "") -> None:
    """Bind, and refuse an anonymous search if the directory does not allow it."""
    bind(directory, access, context)
    if not access.bind_dn and not directory.anonymous:
        raise _failure(OPERATIONS_ERROR, context, "bind first")


def _failure(code: int, context: str = "", text: str = "") -> DirectoryError:
    return DirectoryError(f"{context}LDAP operation result: rc={code} ({RESULTS[code]}), dn: '', text: '{text}'", code)


def person(uid: str, *classes: str, **attributes: str) -> tuple[str, Attributes]:
    """The DN and entry of a person in the example company."""
    fixed = {"objectClass": list(classes or ("inetOrgPerson", "person")), "uid": [uid], "sAMAccountName": [uid]}
    return f"uid={uid},ou=people,{EXAMPLE}", {**fixed, **{name: [text] for name, text in attributes.items()}}


def team(name: str, *members: str, kind: str = "groupOfNames") -> tuple[str, Attributes]:
    """The DN and entry of a group in the example company."""
    dns = [f"uid={uid},ou=people,{EXAMPLE}" for uid in members]
    return f"cn={name},ou=groups,{EXAMPLE}", {"objectClass": [kind], "cn": [name], "member": dns}


def example_directories() -> tuple[Directory, ...]:
    """The directories of the example company: an LDAP server, its replica, and an Active Directory that requires a bind."""
    entries = dict(
        (
            (f"cn=proxmox,{EXAMPLE}", {"objectClass": ["account"], "userPassword": ["a-bind-password"]}),
            person("ann", givenName="Ann", sn="Lee", mail="ann@example.org"),
            person("bob", givenName="Bob", sn="X", mail="bob@example.org"),
            person("printer", "device"),
            team("admins", "ann"),
            team("staff", "ann", "bob"),
        )
    )
    return (
        Directory(("ldap.example.org", "ldap2.example.org"), EXAMPLE, dict(entries)),
        Directory(("dc1.example.org",), EXAMPLE, dict(entries), anonymous=False, naming_context=EXAMPLE),
    )
