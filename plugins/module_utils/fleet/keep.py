# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What runs leave alone although it differs from the declaration: the variable `fleetgate_keep`, which adopt writes.

It has a list for each inventory host, and one for the identity provider. An entry is the name of an object as diffs have it, such
as "user alice@pocketid", or of one of its options, such as "group admins-pocketid: comment".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.errors import refuse
from ..core.plan import Desired, ServerState
from ..core.resource import Resource
from ..core.system import System
from .entries import Entries
from .undeclared import Report

VARIABLE = "fleetgate_keep"
# the key of the list for the identity provider; no inventory host is called that
PROVIDER = "fleetgate_idp"
SPEC: dict[str, dict[str, Any]] = {"keep": {"type": "list", "elements": "str", "default": []}}


def kept_names(declared: Any, place: str) -> list[str]:
    """The entries of the variable for one inventory host, or for the identity provider."""
    if declared is None:
        return []
    if not isinstance(declared, Mapping):
        refuse([f"{VARIABLE}: must have a list of names for each inventory host, and for {PROVIDER}"])
    names = declared.get(place) or []
    if not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        refuse([f"{VARIABLE}[{place}]: must be a list of names"])
    return list(names)


@dataclass(frozen=True)
class Keep:
    """What is left alone on one server."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, names: Iterable[str]) -> Keep:
        return cls(frozenset(names))

    def has(self, label: str, option: str = "") -> bool:
        """Whether an object, or one of its options, is left alone."""
        return (f"{label}: {option}" if option else label) in self.names

    def touches(self, label: str) -> bool:
        """Whether an object, or any of its options, is left alone."""
        return any(name == label or name.startswith(f"{label}: ") for name in self.names)

    def apply(self, desired: list[Desired], server: ServerState, system: System, connection: Any) -> list[Desired]:
        """What is left to do. ACL entries that are kept are desired as they are, so that no scope prunes them."""
        if not self.names:
            return desired
        left = [rest for one in desired for rest in self._without(one, server)]
        return [*left, *self._existing_rows(server).desired(system, connection)]

    def _without(self, one: Desired, server: ServerState) -> Iterator[Desired]:
        rows = [one.resource.identify(row, server) for row in one.resource.expand(one.entry)]
        kept = [self.has(_label(one.resource, row)) for row in rows]
        if not any(kept):
            yield Desired(one.resource, self._unset(one, rows), one.where)
            return
        for row, is_kept in zip(rows, kept):
            if not is_kept:
                yield Desired(one.resource, one.resource.entry_for(one.entry, row), one.where)

    def _unset(self, one: Desired, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The entry without the options that are left alone. Only entries for a single object have such options."""
        label = _label(one.resource, rows[0]) if rows and not one.resource.many else ""
        return {option: None if label and self.has(label, option) else value for option, value in one.entry.items()}

    def _existing_rows(self, server: ServerState) -> Entries:
        entries, acl = Entries(), server.resources.get("acl")
        for key, row in server.actual("acl").items() if acl else ():
            if acl and self.has(acl.label(key)):
                entries.add("acl", acl.to_result(row.values), f"{VARIABLE}: ")
        return entries

    def reduce(self, report: Report) -> Report:
        """The report without what is left alone."""
        report.found = [one for one in report.found if one.label not in self.names]
        return report


def names_in(diff: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What a diff changes, as `fleetgate_keep` names it."""
    before, after = diff.get("before", {}), diff.get("after", {})
    names = []
    for label in dict.fromkeys([*before, *after]):
        is_changed = label in before and label in after and not label.startswith("acl ")
        names += [f"{label}: {option}" for option in sorted(after[label])] if is_changed else [label]
    return names


def _label(resource: Resource, row: dict[str, Any]) -> str:
    return resource.label(resource.key_of(row))
