# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What PBS accepts as a name (proxmox-backup 4.2.3, pbs-api-types 1.0.18)."""

from __future__ import annotations

from ..core.fields import Text

SAFE_ID = r"[A-Za-z0-9_][A-Za-z0-9._-]*"
_SAFE_WORDS = "may only have letters, digits, '.', '_' and '-', and may not begin with '.' or '-'"
# PBS creates users with other names too. It then refuses a leading dot in a path, reads a leading @ in acl.cfg as a group, and splits
# the subjects there at commas: with an ACL entry for such a user the file cannot be parsed any more, and nobody can authenticate.
_USER_NAME = r"(?![.@])[^\s:/,\x00-\x1f\x7f]+"

REALM = Text(pattern=SAFE_ID, rule=_SAFE_WORDS, shortest=2, longest=32)
USER = Text(
    pattern=rf"{_USER_NAME}@{SAFE_ID}",
    rule="must be a name and a realm, NAME@REALM; the name may not have blanks, ':', '/' or ',', nor begin with '.' or '@'",
    shortest=3,
    longest=64,
)


def user_problem(userid: str) -> str | None:
    """Why a user id, for example one from an identity provider, cannot safely be used on PBS; None if it can."""
    return USER.problem(userid)


TOKEN_NAME = Text(pattern=SAFE_ID, rule=_SAFE_WORDS)
TOKEN = Text(
    pattern=rf"{_USER_NAME}@{SAFE_ID}!{SAFE_ID}",
    rule="must be a full token id, NAME@REALM!TOKEN; NAME may not have blanks, ':', '/' or ',', nor begin with '.' or '@'",
    shortest=3,
    longest=64,
)
ROLE = Text(
    pattern=r"[A-Za-z]+",
    rule="is not the name of a role; PBS has a fixed list, for example Admin, Audit and DatastoreAdmin",
)
COMMENT = Text(longest=128)
PERSON = Text(shortest=2, longest=64)

# section 7 of the contract: the tree that ACL entries can be made in
_PATHS = (
    r"/",
    rf"/access(/(acl|users|domains)|/openid(/{SAFE_ID})?)?",
    rf"/datastore(/{SAFE_ID}){{0,8}}",
    rf"/remote(/{SAFE_ID}){{0,9}}",
    r"/system(/(certificates|disks|log|notifications|status|tasks|time))?",
    rf"/system/(services|s3-endpoint|encryption-keys)(/{SAFE_ID})?",
    rf"/system/network(/dns|/interfaces(/{SAFE_ID})?)?",
    rf"/tape(/(device|pool|job)(/{SAFE_ID})?)?",
)
# the part of it that came later, and roles that did
NEWER_PATHS = {
    rf"/remote(/{SAFE_ID}){{3,}}": (3, 2, 11),
    r"/system/s3-endpoint(/.*)?": (4, 0, 9),
    r"/system/encryption-keys(/.*)?": (4, 1, 9),
}
NEWER_ROLES = dict.fromkeys(("RemoteSyncPushOperator", "RemoteDatastorePowerUser", "RemoteDatastoreAdmin"), (3, 2, 11))
ACL_PATH = Text(
    pattern="|".join(_PATHS),
    rule="is not a path for PBS's ACL entries; it must be one of /, /access, /datastore, /remote, /system, /tape or a valid path below",
    longest=128,
)
