"""A directory server as realms meet it: how it is reached, who may bind, and what a search finds.

ldap3's mock answers binds and searches; what stands before them (names, ports, certificates) is told by `Directory`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from ldap3 import BASE, MOCK_SYNC, NONE, SUBTREE, Connection, Server
from ldap3.core.exceptions import LDAPInvalidFilterError

Attributes = dict[str, list[str]]

EXAMPLE = "dc=example,dc=org"
PORTS = {"ldap": 389, "ldap+starttls": 389, "ldaps": 636}


class DirectoryError(Exception):
    """Why a directory gives no answer, in the words of proxmox-ldap (rust crate ldap3).

    `cause` says the same for products with other words: one of the constants below, or the result code of LDAP.
    """

    def __init__(self, text: str, cause: str | int) -> None:
        super().__init__(text)
        self.cause = cause


UNKNOWN, REFUSED, UNTRUSTED, NO_PASSWORD, BAD_FILTER = "unknown", "refused", "untrusted", "no password", "bad filter"
OPERATIONS_ERROR = 1


@dataclass
class Directory:
    """An LDAP server. `entries` are by DN, and may bind with their `userPassword`.

    `naming_context` is what an Active Directory says of itself, `authority` the path of the certificate of its
    authority on the hosts that connect to it.
    """

    hosts: tuple[str, ...]
    base_dn: str
    entries: dict[str, Attributes] = field(default_factory=dict)
    anonymous: bool = True
    naming_context: str | None = None
    authority: str = "/etc/ssl/example-ca.pem"
    is_up: bool = True


@dataclass(frozen=True)
class Access:
    """What a realm says of its directory. `mode` is one of PORTS; without a `bind_dn` nobody is asked for a password."""

    servers: tuple[str, ...]
    base_dn: str = ""
    port: int | None = None
    mode: str = "ldap"
    verify: bool = False
    capath: str | None = None
    bind_dn: str | None = None
    password: str | None = None


def connect(directories: Iterable[Directory], access: Access) -> Directory:
    """The first of a realm's servers that takes the connection."""
    known = list(directories)
    if access.capath is not None and access.capath not in {each.authority for each in known}:
        raise DirectoryError("No such file or directory (os error 2)", UNTRUSTED)
    for server in access.servers:
        found = next((each for each in known if server in each.hosts), None)
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
    """What is tried before a realm is saved: connect, bind, and look the base up."""
    context = "LDAP bind failed, bind_dn or password could be incorrect: "
    session = _readable(connect(directories, access), access, context)
    if not session.search(access.base_dn, "(objectClass=*)", BASE):
        raise _failure(session, "Could not search LDAP realm, base_dn could be incorrect: ")


def search(
    directories: Iterable[Directory], access: Access, condition: str, attributes: list[str]
) -> dict[str, Attributes]:
    """The attributes, by DN, of all entries below the base for which a filter holds; those that an entry lacks are left out."""
    session = _readable(connect(directories, access), access, "")
    try:
        found = session.search(access.base_dn, condition, SUBTREE, attributes=attributes)
    except LDAPInvalidFilterError:
        raise DirectoryError("filter parse error", BAD_FILTER) from None
    if not found and session.result["result"]:
        raise _failure(session, "")
    return {
        entry["dn"]: {
            name: [value.decode() for value in values] for name, values in entry["raw_attributes"].items() if values
        }
        for entry in session.response
    }


def bind(directory: Directory, access: Access, context: str = "") -> Connection:
    """A session of whom the realm names, or of nobody, which every directory takes."""
    if access.bind_dn and access.password is None:
        raise DirectoryError(f"Missing bind password for {access.bind_dn}", NO_PASSWORD)
    server = Server(directory.hosts[0], get_info=NONE)
    session = Connection(server, access.bind_dn, access.password, client_strategy=MOCK_SYNC, check_names=False)
    for dn, attributes in {directory.base_dn: {"objectClass": ["domain"]}, **directory.entries}.items():
        session.strategy.add_entry(dn, dict(attributes))
    if not session.bind():
        raise _failure(session, context)
    return session


def _readable(directory: Directory, access: Access, context: str) -> Connection:
    """A session that may search."""
    session = bind(directory, access, context)
    if not access.bind_dn and not directory.anonymous:
        why = f"{context}LDAP operation result: rc=1 (operationsError), dn: '', text: 'bind first'"
        raise DirectoryError(why, OPERATIONS_ERROR)
    return session


def _failure(session: Connection, context: str) -> DirectoryError:
    told = session.result
    code = told["result"]
    return DirectoryError(f"{context}LDAP operation result: rc={code} ({told['description']}), dn: '', text: ''", code)


def person(uid: str, *classes: str, **attributes: str) -> tuple[str, Attributes]:
    """An entry for somebody in the example company, and its DN."""
    told = {"objectClass": list(classes or ("inetOrgPerson", "person")), "uid": [uid], "sAMAccountName": [uid]}
    return f"uid={uid},ou=people,{EXAMPLE}", {**told, **{name: [text] for name, text in attributes.items()}}


def team(name: str, *members: str, kind: str = "groupOfNames") -> tuple[str, Attributes]:
    """An entry for a group of people in the example company, and its DN."""
    dns = [f"uid={uid},ou=people,{EXAMPLE}" for uid in members]
    return f"cn={name},ou=groups,{EXAMPLE}", {"objectClass": [kind], "cn": [name], "member": dns}


def example_directories() -> tuple[Directory, ...]:
    """The directories of the example company: an LDAP server, its replica, and an Active Directory that wants a bind."""
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
