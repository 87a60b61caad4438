# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the resources of Pocket ID have in common: updates replace the whole object, and links go by id."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from ..core.fields import Text
from ..core.resource import Reference, Resource, Step


@dataclass(frozen=True)
class Nullable(Text):
    """Text that is not set when it is null; the server refuses an empty one."""

    def encode(self, value):
        return value or None


class PocketIdResource(Resource):
    """`told` are the fields of an answer that are no fields of a request."""

    told: tuple = ()

    def normalise(self, entry):
        """The server keeps text in the composed form of Unicode."""
        return {option: _composed(value) for option, value in entry.items()}

    def item(self, key):
        return (*self.collection, Reference(self.name, key))

    def steps_for(self, change, world):
        reference = Reference(self.name, change.key)
        if change.removes:
            return [Step("DELETE", self.item(change.key), f"{change.label} is declared absent")]
        body = self.written(change)
        if change.creates:
            return [
                Step("POST", self.collection, f"{change.label} is missing", body=body, provides=reference),
                *self.links(change, world),
            ]
        steps = self.links(change, world)
        if body:
            # a PUT replaces the object, so what is not named in the task is sent as the server has it
            kept = {name: value for name, value in change.found.raw.items() if name not in self.told}
            changed = ", ".join(sorted(option for option in change.values if self.field(option).name in body))
            steps.insert(0, Step("PUT", self.item(change.key), f"{change.label}: {changed}", body={**kept, **body}))
        return steps

    def links(self, change, world) -> list:
        """Requests for what is no part of the object's own body."""
        return []


def _composed(value):
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    return [_composed(one) for one in value] if isinstance(value, list) else value
