"""Names of users (`name@realm`) and tokens (`name@realm!token`); the last `@` separates, a name may contain others."""

from __future__ import annotations

ROOT = "root@pam"


def is_token(auth_id: str) -> bool:
    return "!" in auth_id.rpartition("@")[2]


def owner(auth_id: str) -> str:
    """The user itself, or the owner of a token."""
    name, at, rest = auth_id.rpartition("@")
    return name + at + rest.partition("!")[0]


def realm_of(userid: str) -> str:
    return userid.rpartition("@")[2]


def is_group(subject: str) -> bool:
    """Whether a subject in acl.cfg is read as a group, regardless of what was written."""
    return subject.startswith("@")


def is_superuser(auth_id: str | None) -> bool:
    """root@pam by ticket; a token of root@pam is an ordinary identity."""
    return auth_id == ROOT
