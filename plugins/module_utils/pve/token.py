# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of users (pve-access-control 9.1.1, API2/User.pm)."""

from __future__ import annotations

from dataclasses import replace

from ..core.fields import Field, Flag, Number, Path
from ..core.resource import Need, OneTimeSecret, Reference, Resource
from .names import TOKEN_NAME, USER


class Token(Resource):
    name = "token"
    plural = "tokens"
    key = ("userid", "tokenid")
    fields = (
        Field("userid", USER),
        Field("tokenid", TOKEN_NAME),
        Field("privsep", Flag(), default=True),
        Field("expire", Number()),
        Field("comment"),
        Field("secret_file", Path(), local=True),
        Field("return_secret", Flag(), local=True),
    )

    def read(self, client, keys):
        users = client.read("access", "users", full=True)
        return [{**token, "userid": user["userid"]} for user in users for token in user.get("tokens") or ()]

    def item(self, key):
        userid, tokenid = key
        return ("access", "users", userid, "token", tokenid)

    def references(self, key, values):
        return [Reference("user", key[:1])]

    def compare(self, world, entry, found):
        values, problems = super().compare(world, entry, found)
        if found is None and not (entry["secret_file"] or entry["return_secret"]):
            problems.append(("secret_file", "or return_secret is needed to make a token: its secret is told only once"))
        return values, problems

    def steps_for(self, change):
        if not change.creates:
            return super().steps_for(change)
        secret = OneTimeSecret("!".join(change.key), "value", change.entry["secret_file"], bool(change.entry["return_secret"]))
        (step,) = super().steps_for(change)
        return [replace(step, path=self.item(change.key), secret=secret)]

    def rights(self, change):
        return (Need(("/access/groups",), ("User.Modify",), oneself=change.key[0]),)

    def visibility(self, key):
        return Need(("/access/groups",), ("User.Modify", "Sys.Audit"), oneself=key[0])
