# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Realms (proxmox-backup 4.2.3, src/api2/config/access; pbs-api-types 1.0.18). PBS knows no groups."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.client import version_problem
from ..core.errors import FleetgateError, Problem
from ..core.fields import Field, Flag, Names, Properties, Text
from ..proxmox.realm import ATTRIBUTE, DIRECTORIES, NAME, OPENID, VALUE, UsernameClaim
from ..proxmox.realm import Realm as ProxmoxRealm
from .names import COMMENT, REALM, SAFE_ID

if TYPE_CHECKING:
    from ..core.plan import ServerState
    from ..core.resource import Actual, Change, Step


OWN = ("pam", "pbs")
# Before, the two realms that every server has were fixed, and no other could be the default.
ALL_ARE_SETTINGS = (3, 3, 7)

_WORD = Text(pattern=SAFE_ID, rule="may only have letters, digits, '.', '_' and '-', and may not begin with '.' or '-'")
_CLAIM = UsernameClaim(_WORD.pattern, _WORD.rule, longest=64)
VANISHED = Names(Text(choices=("acl", "entry", "properties")), separator=";")


class Realm(ProxmoxRealm):
    types = (*OPENID, *DIRECTORIES, *OWN)
    collection = ("config", "access")
    audit_path = "/access/domains"
    fields = (
        Field("realm", REALM),
        Field("type", Text(choices=types), immutable=True),
        *ProxmoxRealm.openid,
        Field("username_claim", _CLAIM, types=OPENID, default="sub", immutable=True),
        Field("autocreate", Flag(), types=OPENID),
        Field("scopes", Names(_WORD, separator=" "), types=OPENID, default=["email", "profile"]),
        Field("prompt", _WORD, types=OPENID),
        Field("acr_values", Names(VALUE, separator=","), types=OPENID),
        Field("audiences", Names(replace(VALUE, longest=256), separator=","), types=OPENID, since=(4, 2, 1)),
        *ProxmoxRealm.directory,
        Field("base_dn", NAME, types=DIRECTORIES, needed=("ldap",)),
        # updates accept it without effect
        Field("capath", Text(), types=DIRECTORIES, immutable=True),
        Field(
            "sync_attributes",
            Properties((Field("email", ATTRIBUTE), Field("firstname", ATTRIBUTE), Field("lastname", ATTRIBUTE))),
            types=DIRECTORIES,
        ),
        Field(
            "sync_defaults_options",
            Properties((Field("enable_new", Flag()), Field("remove_vanished", VANISHED))),
            types=DIRECTORIES,
        ),
        Field("default", Flag(), since=ALL_ARE_SETTINGS),
        Field("comment", COMMENT),
        ProxmoxRealm.on_immutable_change,
        ProxmoxRealm.update_password,
        ProxmoxRealm.check_connection,
    )

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        problems = super().problems(entry)
        if entry["type"] == "ad" and entry["base_dn"] == "":
            problems.append(
                Problem("base_dn", "must not be empty: the server asks the directory only when it is left out")
            )
        return problems

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if entry["type"] in OWN and values:
            old = version_problem(server.client, ALL_ARE_SETTINGS)
            if old:
                problems.append(Problem("realm", f"'{entry['realm']}' cannot be changed here: that {old}"))
            elif actual is None:
                problems.append(Problem("realm", f"'{entry['realm']}' was removed; restart the server to restore it"))
        return values, problems

    def place(self, name: str, kind: str) -> tuple[Any, ...]:
        return (*self.collection, *(() if kind in OWN else (kind,)), name)

    def _detail(self, server: ServerState, listed: dict[str, Any]) -> dict[str, Any]:
        try:
            return super()._detail(server, listed)
        except FleetgateError as error:
            if error.status != 404:
                raise
            return listed

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        """Return steps whose path contains the type of the realm."""
        name = change.key[0]

        def placed(step: Step) -> tuple[Any, ...]:
            if step.verb == "POST":
                return (*self.collection, change.values.get("type") or change.existing.values["type"])
            return self.place(name, change.existing.values["type"])

        return [replace(step, path=placed(step)) for step in super().steps_for(change, server)]

    def request_body(self, change: Change) -> dict[str, Any]:
        body = super().request_body(change)
        body.pop("type", None)
        if not change.creates and {**change.existing.values, **change.values}["default"]:
            # an update without the flag of the default realm clears it
            body["default"] = True
        if "bind-dn" in body.get("delete", ()):
            body["delete"].append("password")
        return body
