# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of PVE and PBS: the server tells their secret once, in its answer to the request that makes them."""

from __future__ import annotations

import os
from dataclasses import replace

from ..core.fields import Field, Flag, Path
from ..core.resource import OneTimeSecret, Reference
from .identity import Identity

WHERE_THE_SECRET_GOES = (Field("secret_file", Path(), local=True), Field("return_secret", Flag(), local=True))


class Token(Identity):
    name = "token"
    plural = "tokens"
    made_at_item = True

    def item(self, key):
        userid, token_name = key
        return ("access", "users", userid, "token", token_name)

    def references(self, key, values):
        return [Reference("user", key[:1])]

    def compare(self, world, entry, found):
        values, problems = super().compare(world, entry, found)
        file = entry["secret_file"]
        if found is None and not (file or entry["return_secret"]):
            problems.append(
                ("secret_file", "or return_secret is needed to make a token, because its secret is told only once")
            )
        if found is None and file and not os.access(os.path.dirname(os.path.abspath(file)), os.W_OK):
            problems.append(
                ("secret_file", f"'{file}' cannot be written on the node that runs the task; make its folder first")
            )
        if found and file and not os.path.exists(file):
            problems.append(
                (
                    "secret_file",
                    f"'{file}' is not there, but the token is, and its secret cannot be told again; bring the file back or remove the token",
                )
            )
        return values, problems

    def steps_for(self, change, world):
        steps = super().steps_for(change, world)
        if not change.creates:
            return steps
        secret = OneTimeSecret(
            "!".join(change.key), "value", change.entry["secret_file"], bool(change.entry["return_secret"])
        )
        return [replace(step, secret=secret) for step in steps]
