# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What PVE accepts as a name (pve-access-control 9.1.1; 8.4 is the same)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..core.fields import Text


@dataclass(frozen=True)
class Line(Text):
    """Text of PVE, which reads a lone 0 in its files as no text."""

    def problem(self, value: Any) -> str | None:
        return "must not be 0, which PVE reads as no text" if value == "0" else super().problem(value)


@dataclass(frozen=True)
class Comment(Line):
    """A comment in user.cfg, which may have several lines. Blanks at its ends are lost; see `trimmed`."""

    def problem(self, value: Any) -> str | None:
        return super().problem(re.sub(r"[\n\r\t]", " ", value).strip(" "))


def trimmed(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry with its comment as the server stores it."""
    return {**entry, "comment": entry["comment"] and entry["comment"].strip(" ")}


# a part of a path that is "." or ".." leads elsewhere, so such an object could be created but never addressed again
_WORD = r"(?!\.{1,2}$)[A-Za-z0-9._-]+"

GROUP = Line(
    pattern=_WORD,
    rule="may only have letters, digits, '.', '_' and '-', and not be '.' or '..' (PVE silently drops others at sign-on)",
)
ROLE_IN_USE = Line(pattern=_WORD, rule="is not the name of a role: it may only have letters, digits, '.', '_' and '-'")
REALM = Text(
    pattern=r"[A-Za-z][A-Za-z0-9._-]+",
    rule="must begin with a letter and have letters, digits, '.', '_' and '-' only, at least two",
    longest=32,
)
USER = Text(
    # PVE creates a user with a character outside ASCII, but can never address it again; it splits lists of users at ',' and ';',
    # so that a user with one of them in its name can have neither group nor privilege
    pattern=r"[!-+.0-9<-~-]+@[A-Za-z][A-Za-z0-9._-]+",
    rule="must be a name and a realm, NAME@REALM; the name may not have blanks, any of ':/,;' or characters outside ASCII",
    shortest=3,
    longest=64,
)


def user_problem(userid: str) -> str | None:
    """Why a user id, for example one from an identity provider, cannot safely be used on PVE; None if it can."""
    return USER.problem(userid)


TOKEN_NAME = Text(
    pattern=r"[A-Za-z][A-Za-z0-9._-]+",
    rule="must begin with a letter and have letters, digits, '.', '_' and '-' only, at least two",
)
TOKEN = Text(pattern=USER.pattern + "!" + TOKEN_NAME.pattern, rule="must be a full token id, NAME@REALM!TOKEN")

# section 11 of the contract: the forms that an ACL path may have, by its first part
_NAME = r"[A-Za-z0-9._-]+"
_ID = r"[A-Za-z0-9]+"
_PATHS = (
    r"",
    rf"/access(/groups(/{_NAME})?|/realm(/{_NAME})?)?",
    rf"/nodes(/{_NAME})?",
    rf"/pool(/{_NAME}){{0,3}}",
    rf"/storage(/{_NAME})?",
    r"/vms(/[1-9][0-9]{2,})?",
    rf"/mapping(/{_NAME}){{0,2}}",
    rf"/sdn(/controllers(/[A-Za-z0-9_-]+)?|/(dns|fabrics|ipams|prefix-lists|route-maps)(/{_ID})?)?",
    rf"/sdn/zones(/{_NAME}(/{_NAME}(/[1-9][0-9]{{0,3}})?)?)?",
    rf"/sdn/vnets/{_NAME}",
)
# section 13: the version of the product that introduced a form of paths (access control 8.0, 8.0.7, 9.0.1 and 9.1.0)
PATHS_SINCE = (
    (r"/mapping(/.*)?", (8, 0)),
    (r"/sdn/(zones|zones/[^/]+/.*|(controllers|dns|ipams)(/.*)?)", (8, 0)),
    (r"/pool/[^/]+/.*", (8, 1)),
    (r"/sdn/fabrics(/.*)?", (9, 0)),
    (r"/sdn/(prefix-lists|route-maps)(/.*)?", (9, 1, 14)),
)
# and the form that was removed, with the first version without it
PATHS_UNTIL = (r"/sdn/vnets/.*", (8, 0))
ACL_PATH = Text(
    pattern="/|" + "|".join(form for form in _PATHS if form),
    rule="is not a path for PVE's ACL entries; it must be one of /, /access, /nodes, /pool, /sdn, /storage, /vms, /mapping or a valid path below",
)
