# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""API tokens of authentik (core/tokens, intent api). Their keys can be read whenever one may, so none gets lost."""

from __future__ import annotations

from ..core.fields import Field, Flag, Text
from ..core.plan import GENERATED
from ..core.resource import Reference, Step
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
    )

    def problems(self, entry):
        empty = [(option, "must not be empty") for option in ("user", "key") if entry[option] == ""]
        return super().problems(entry) + empty

    def read(self, server, keys):
        if keys is None:
            return [
                one for one in map(_as_filter_error, server.client.read_all(*self.collection)) if one["intent"] == "api"
            ]
        answers = (server.client.read_if_there(*self.collection, identifier) for (identifier,) in keys)
        return [_as_filter_error(answer) for answer in answers if answer]

    def compare(self, server, entry, found):
        values, problems = super().compare(server, entry, found)
        if found is None:
            values.setdefault("user", server.client.myself["username"])
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
            steps.append(Step("PATCH", self.item_path(change.key), f"{change.label}: {', '.join(own)}", body=body))
        if change.values.get("key"):
            body = {"key": change.values["key"]}
            steps.append(Step("POST", (*self.item_path(change.key), "set_key"), f"{change.label}: key", body=body))
        return steps


def _as_filter_error(token):
    return {**token, "user": token["user_obj"]["username"]}
