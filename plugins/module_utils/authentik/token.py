# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of authentik (core/tokens, intent api). Their keys can be read whenever one may, so none gets lost."""

from __future__ import annotations

from ..core.errors import FleetgateError
from ..core.fields import Field, Flag, Text
from ..core.plan import GENERATED
from ..core.resource import Guard, Reference, Step
from .lockout import ALLOW_LOCKOUT, consents
from .resource import AuthentikResource, named


class Token(AuthentikResource):
    name = "token"
    plural = "tokens"
    key = ("identifier",)
    collection = ("core", "tokens")
    immutable_remedy = "remove the token and make it again"
    fields = (
        named(
            "identifier",
            Text(pattern=r"[-a-zA-Z0-9_]+", rule="may only have letters, digits, '-' and '_'", longest=255),
            needed=True,
        ),
        named("user", immutable=True),
        named("description"),
        named("expiring", Flag(), default=True),
        named(
            "key",
            Text(pattern=r"[\x21-\x7e]+", rule="may only have printable ASCII characters", shortest=16, longest=255),
            write_only=True,
            secret=True,
        ),
        Field("return_secret", Flag(), task_only=True),
        ALLOW_LOCKOUT,
    )

    def problems(self, entry):
        empty = [(option, "must not be empty") for option in ("user", "key") if entry[option] == ""]
        return super().problems(entry) + empty

    def read(self, server, keys):
        if keys is None:
            return [one for one in map(_with_names, server.client.read_all(*self.collection)) if one["intent"] == "api"]
        answers = (server.client.read_if_there(*self.collection, identifier) for (identifier,) in keys)
        return [_with_names(answer) for answer in answers if answer]

    def with_names(self, server, raw):
        return _with_names(raw)

    def compare(self, server, entry, found):
        values, problems = super().compare(server, entry, found)
        if found is None:
            values.setdefault("user", server.client.myself["username"])
            problems += self._beyond_the_caller(server.client.myself, values)
            key = entry["key"] or GENERATED
        elif found.raw["intent"] != "api":
            problems.append(
                ("identifier", f"'{entry['identifier']}' is a token of intent {found.raw['intent']}; take another name")
            )
            key = None
        elif entry["key"] or entry["return_secret"]:
            key = server.client.read(*self.item_path(self.key_of(entry)), "view_key")["key"]
            if entry["key"] and key != entry["key"]:
                values["key"] = key = entry["key"]
        else:
            key = None
        if entry["return_secret"]:
            entry["known_secret"] = key
        return values, problems

    @staticmethod
    def _beyond_the_caller(me, values):
        """What the server would ignore without a word for somebody who is no superuser."""
        if me["is_superuser"]:
            return []
        problems = []
        if values["user"] != me["username"]:
            problems.append(("user", f"only superusers create tokens of others, and {me['username']} is not one"))
        if values.get("expiring") is False:
            rule = f"must be true, because only superusers create tokens that do not expire, and {me['username']} is not one"
            problems.append(("expiring", rule))
        return problems

    def safety_checks(self, changes, server):
        """A task does not take away the token that it works with, unless it is asked to."""
        me = server.client.myself["username"] if any(change.resource is self for change in changes) else ""
        return [
            f"{change.label}: this task works with this token, which would stop working; set allow_lockout=true if that is"
            " intended"
            for change in changes
            if change.resource is self and change.found and change.found.values["user"] == me and not consents(change)
            if change.removes or "key" in change.values or change.values.get("expiring")
            if self._is_in_use(change, server.client)
        ]

    def _is_in_use(self, change, client):
        """Whether a token may be the one that requests are sent with; the key of an expired one cannot be read."""
        try:
            shown = client.read_if_there(*self.item_path(change.key), "view_key")
        except FleetgateError as error:
            if error.status != 403:
                raise
            return True
        return bool(shown) and client.is_authorized_by(shown["key"])

    def references(self, key, values):
        return [Reference("user", (values["user"],))] if values.get("user") else []

    def built_in(self, found):
        # those that authentik makes for itself are managed, and one for the pipeline is made with the server
        return bool(found.raw["managed"]) or found.values["identifier"] == "authentik-bootstrap-token"

    def item_path(self, key):
        return (*self.collection, *key)

    def steps_for(self, change, server):
        if change.removes:
            return super().steps_for(change, server)
        steps = []
        values = {**(change.found.values if change.found else {"expiring": True, "description": ""}), **change.values}
        # what is not in an update goes to the caller, or back to what new tokens have
        body = {
            "identifier": change.key[0],
            "intent": "api",
            "user": Reference("user", (values["user"],)),
            "description": values["description"],
            "expiring": values["expiring"],
        }
        own = sorted(option for option in change.values if option != "key")
        if change.creates:
            steps.append(Step("POST", self.collection, f"{change.label} is missing", body=body))
        elif own:
            reason, guard = f"{change.label}: {', '.join(own)}", Guard(self.name, change.key)
            steps.append(Step("PATCH", self.item_path(change.key), reason, body=body, guard=guard))
        if change.values.get("key"):
            body = {"key": change.values["key"]}
            steps.append(Step("POST", (*self.item_path(change.key), "set_key"), f"{change.label}: key", body=body))
        return steps


def _with_names(token):
    return {**token, "user": token["user_obj"]["username"]}
