# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bindings of authentik: groups, users and policies that grant access to an application (policies/bindings).

An application without an enabled binding is open to everybody, so removing the last requires allow_everybody.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..core.errors import Problem
from ..core.fields import Field, Flag, Number
from ..core.resource import Guard, Reference, Step
from .resource import AuthentikResource, named

if TYPE_CHECKING:
    from ..core.plan import Plan, ServerState
    from ..core.resource import Actual, Change

HOLDERS = ("group", "user", "policy")


class Binding(AuthentikResource):
    """Bindings have no name: they are identified by application and holder, and duplicates may exist."""

    name = "binding"
    plural = "bindings"
    key = ("application", *HOLDERS)
    collection = ("policies", "bindings")
    scope = (named("application"),)
    fields = (
        named("application", needed=True),
        *(named(holder) for holder in HOLDERS),
        named("order", Number(0, 2**31 - 1)),
        named("enabled", Flag(), default=True),
        named("negate", Flag()),
        Field("policy_timeout", Number(0, 2**31 - 1), wire="timeout", default=30),
        named("failure_result", Flag()),
        Field("allow_everybody", Flag(), task_only=True),
    )

    # -- declared entries --------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        spec = super().spec()
        for holder in HOLDERS:
            spec[holder]["required"] = False
        return spec

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        return {**entry, **{holder: entry[holder] or "" for holder in HOLDERS}}

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        named_holders = [holder for holder in HOLDERS if entry[holder]]
        wrong = (
            [] if len(named_holders) == 1 else [Problem("group", "exactly one of group, user and policy must be given")]
        )
        return super().problems(entry) + wrong

    def label(self, key: tuple[str, ...]) -> str:
        application, *names = key
        return f"{self.name} of {application} to " + " ".join(
            f"{holder} {name}" for holder, name in zip(HOLDERS, names) if name
        )

    def conflicts(self, entries: dict[str, list[dict[str, Any]]]) -> list[str]:
        """Require distinct orders per application."""
        problems, bindings = [], entries[self.name]
        declared: dict[tuple[str, int], tuple[str, ...]] = {}
        for entry in bindings:
            application, key, order = (entry["application"], self.key_of(entry), entry["order"])
            if order is not None and declared.setdefault((application, order), key) != key:
                problems.append(
                    f"order: {self.label(key)} uses order {order}, as does another declared binding of this application; choose another"
                )
        return problems

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        application, *names = key
        return [
            Reference("application", (application,)),
            *(Reference(holder, (name,)) for holder, name in zip(HOLDERS, names) if name),
        ]

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        values, problems = super().compare(server, entry, actual)
        if entry["order"] is not None and entry["order"] in self._orders(server, self.key_of(entry)):
            problems.append(
                Problem(
                    "order",
                    f"{entry['order']} is already used by another binding of this application on the server; choose another",
                )
            )
        return values, problems

    def complete(
        self,
        change: Change,
        plan: Plan,
        entries: dict[tuple[str, tuple[str, ...]], dict[str, Any]],
        server: ServerState,
    ) -> None:
        """Give a binding without a declared order a free one. Every new binding needs one.

        The server keeps two bindings with one order, but rejects changes that leave the order as it is.
        """
        if change.removes or "order" in change.values:
            return
        others = self._orders(server, change.key)
        if not (change.creates or change.existing.values["order"] in others):
            return
        application = change.key[0]
        declared = [
            entry["order"] for (kind, key), entry in entries.items() if kind == self.name and key[0] == application
        ]
        planned = [
            other.values.get("order")
            for other in plan.changes
            if other.resource is self and other.key[0] == application
        ]
        taken = [*others, *(order for order in (*declared, *planned) if order is not None)]
        change.values["order"] = max(taken, default=-1) + 1

    def _orders(self, server: ServerState, key: tuple[str, ...]) -> set[int]:
        """The orders of the other bindings of an application."""
        return {
            binding.values["order"]
            for other, binding in server.actual(self.name).items()
            if other[0] == key[0] and other != key
        }

    def matches_condition(self, condition: str, wanted: Any, key: tuple[str, ...]) -> bool:
        return condition == "application" and wanted == key[0]

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Refuse to leave an application open to everybody by removing its bindings, or the groups and users they name."""
        gone = {(change.resource.name, change.key) for change in changes if change.removes}
        ours = {change.key: change for change in changes if change.resource is self}
        if not (ours or any(kind in HOLDERS for kind, _key in gone)):
            return []
        found = server.actual(self.name, None)
        problems = []
        for application in sorted({key[0] for key in found}):
            if ("application", (application,)) in gone:
                continue
            bound = {key for key, binding in found.items() if key[0] == application and binding.values["enabled"]}
            left = {key for key in bound if not gone & {(holder, (name,)) for holder, name in zip(HOLDERS, key[1:])}}
            for key, change in ours.items():
                if change.removes or change.values.get("enabled") is False:
                    left.discard(key)
                elif key[0] == application and (change.creates or change.values.get("enabled")):
                    left.add(key)
            if bound and not left and not any(ours[key].entry.get("allow_everybody") for key in bound if key in ours):
                problems.append(
                    f"application {application} would have no binding left and be open to everybody; add another binding"
                    " first, or set allow_everybody on the last binding"
                )
        return problems

    # -- the server --------------------------------------------------------------------------------------------

    def key_of(self, entry: dict[str, Any]) -> tuple[str, ...]:
        return tuple(entry[option] or "" for option in self.key)

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        applications = server.actual("application", {key[:1] for key in keys or ()})
        slugs = {application.raw["id"]: slug for (slug,), application in applications.items()}
        read: list[dict[str, Any]] = []
        same: dict[tuple[str, ...], list[str]] = {}
        for binding in server.client.read_all(*self.collection):
            if binding["target"] in slugs:
                row = {**binding, **_holders(binding), "application": slugs[binding["target"]]}
                same.setdefault(self.key_of(row), []).append(binding["pk"])
                read.append({**row, "all": same[self.key_of(row)]})
        return read

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        raw = server.client.read_or_none(*self.collection, server.actual(self.name)[key].raw["pk"])
        return raw and self.decode({**raw, **_holders(raw), "application": key[0]})

    # -- requests ----------------------------------------------------------------------------------------------

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        if change.removes:
            reason = f"remove {change.label}"
            return [Step("DELETE", (*self.collection, binding_id), reason) for binding_id in change.existing.raw["all"]]
        target, holder = self.references(change.key, {})
        values = {**(change.found.values if change.found else {}), **change.values}
        settings = {
            field.name: values[field.option]
            for field in self.fields
            if field.option in values and not (field.task_only or field.option in self.key)
        }
        body = {"target": target, holder.kind: holder, **settings}
        if change.creates:
            return [Step("POST", self.collection, f"{change.label} is missing", body=body)]
        listed = ", ".join(sorted(change.values))
        # an update without target and holder causes an internal error of the server
        path, guard = (*self.collection, change.existing.raw["pk"]), Guard(self.name, change.key)
        return [Step("PUT", path, f"{change.label}: {listed}", body=body, guard=guard)]


def _holders(binding: dict[str, Any]) -> dict[str, str | None]:
    """The names of the holders of a binding."""
    return {
        "group": binding["group_obj"] and binding["group_obj"]["name"],
        "user": binding["user_obj"] and binding["user_obj"]["username"],
        "policy": binding["policy_obj"] and binding["policy_obj"]["name"],
    }
