# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resources: kinds of objects on a server, described by a table of fields.

A subclass of `Resource` provides the table and reads the objects. The argument_spec, the rules for values, the
comparison and the usual requests follow from the table; a subclass overrides a hook only where its kind differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from .errors import Problem
from .fields import HIDDEN, HIDDEN_OTHER, Field, Properties, Text
from .secrets import excerpt

if TYPE_CHECKING:
    from .plan import Plan, ServerState


@dataclass(frozen=True)
class Reference:
    """An object by kind and key, where a request needs its id; resolved when the request is sent."""

    kind: str
    key: tuple[str, ...]


@dataclass(frozen=True)
class Permission:
    """What the caller requires: any of `privileges` (or `every` privilege) on each of `paths`, or any of `others`.

    The user `oneself` requires no privilege if signed in with a ticket.
    """

    paths: tuple[str, ...]
    privileges: tuple[str, ...]
    others: tuple[Permission, ...] = ()
    oneself: str = ""
    every: bool = False

    def __str__(self) -> str:
        return f"{' or '.join(self.privileges)} on {' and '.join(self.paths)}"


@dataclass(frozen=True)
class OneTimeSecret:
    """A secret that a server returns once: `owner` is the object it belongs to, `answer` its key in the response.

    A `known` secret is only written to the file. `vault_id` selects the password that encrypts the file.
    """

    owner: str
    answer: str
    file: str | None
    returned: bool
    known: str | None = field(default=None, repr=False)
    vault_id: str | None = None


# The verb of a step without a request: a known secret is written to its file.
STORE = "STORE"
# The verb of a step without a request: the file of a secret is restricted to its owner.
PROTECT = "PROTECT"


@dataclass(frozen=True)
class Guard:
    """An object that must not have changed since the plan was built, when a request replaces these `options` of it (all by default)."""

    kind: str
    key: tuple[str, ...]
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """A request that changes something. `path` has one part per segment, unquoted.

    A step with a `guard` is sent only if that object has not changed since it was read; otherwise the plan is built again.
    """

    verb: str
    path: tuple[Any, ...]
    reason: str
    body: Any = None
    upload: str | None = None
    permissions: tuple[Permission, ...] = ()
    provides: Reference | None = None
    secret: OneTimeSecret | None = None
    guard: Guard | None = None
    # whether the task requests it regardless of the actual state, so that verification ignores it
    repeats: bool = False
    # the user who must send it, if that is not the caller
    caller: str = ""

    def to_diff(self) -> dict[str, Any]:
        """Return the step for results, without its body, which may contain secrets."""
        parts = (part.key[-1] if isinstance(part, Reference) else str(part) for part in self.path)
        return {"verb": self.verb, "path": "/" + "/".join(parts), "reason": self.reason}


@dataclass(frozen=True)
class Actual:
    """An object on the server: its values by option, and in wire form."""

    values: dict[str, Any]
    raw: dict[str, Any]


@dataclass
class Probe:
    """What requests about one object found, such as whether a secret is valid.

    `values` replaces the values to send, `secrets` has the valid secrets to return by owner, and `work` is for the steps of
    the kind.
    """

    values: dict[str, Any]
    problems: list[Problem] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    work: Any = field(default=None, repr=False)


@dataclass
class Change:
    """What is to happen to one object: create (no `found`), update (to `values`) or delete (`removes`).

    `values` has the options to send and nothing else. `recreates` means that the object must be deleted and created
    again, because an option that differs can only be set at creation. `work` is that of the `Probe`.
    """

    resource: Resource
    key: tuple[str, ...]
    found: Actual | None
    values: dict[str, Any]
    entry: dict[str, Any] = field(default_factory=dict)
    recreates: bool = False
    removes: bool = False
    work: Any = field(default=None, repr=False)

    @property
    def creates(self) -> bool:
        return self.found is None and not self.removes

    @property
    def existing(self) -> Actual:
        """The object on the server, for a change that does not create it."""
        if self.found is None:
            raise RuntimeError(f"{self.label} does not exist yet")
        return self.found

    @property
    def label(self) -> str:
        return self.resource.label(self.key)

    def difference(self) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        before = self.found.values if self.found else None
        return self.resource.difference(before, None if self.removes else self.values)


def fields_spec(fields: Iterable[Field], required: Collection[str] = ()) -> dict[str, Any]:
    """The argument_spec of a table of fields."""
    return {row.option: {**row.spec(), "required": row.option in required} for row in fields}


def rule_violations(fields: Iterable[Field], values: dict[str, Any]) -> list[Problem]:
    """Return the rules of a table that values break, as `Problem`s."""
    violations = []
    for row in fields:
        value = values.get(row.option)
        if value is None:
            continue
        broken = row.kind.problem(value)
        if broken:
            named = isinstance(value, str) and not row.secret
            violations.append(Problem(row.option, f"'{excerpt(value)}' {broken}" if named else broken))
        elif row.needed and not value:
            violations.append(Problem(row.option, "must not be empty"))
    return violations


def _resulting_value(row: Field, entry: dict[str, Any], current: Any) -> Any:
    """Return the value to which an entry sets an option whose current value may be extended or reduced."""
    wanted = entry[row.option]
    if isinstance(row.kind, Properties):
        wanted = row.kind.merge(current, wanted)
    if row.option in entry.get("append", ()):
        wanted = [*current, *wanted]
    if row.option in entry.get("remove", ()):
        wanted = [value for value in current if value not in wanted]
    return wanted


class Resource:
    """A kind of object on a server. CONTRIBUTING.md shows how to add one.

    A task goes through these phases. `System` runs the first, `make_plan` the next five, `converge` the last two; up to
    and including "request" nothing is written, and check mode ends there.

    validate  normalise, problems, conflicts   desired entries by themselves, before any connection is opened
    read      read, decode                     each kind once, when a plan first needs it
    compare   expand, identify, compare        the options of an entry that differ from the server
    probe     probe                            what lists do not show, such as whether a secret is valid -> `Change`
    guard     references, deletion_blockers, prune_blockers, safety_checks, read_permission
                                               everything that must not happen is reported together
    request   steps, last_steps, required_permissions
                                               `Change` -> `Step`, in order of dependency
    verify    all of the above again           after writing: a plan that still has steps is an error
    present   to_result, to_diff               what the task returns

    Every kind needs these:

    `name`, `plural`, `key`, `fields`, `collection`
        Attributes: the kind in singular and plural, the options that identify an object, the table, and the path that
        lists the objects. An object's own path is `collection` followed by its key unless `item_path(key)` differs.
    `read(server, keys)`
        Called by `ServerState.actual` once per plan, and once more to verify. Returns the objects as dicts in wire
        form. `keys` are the keys the plan needs in full, None for all objects; further objects may be returned where
        that costs no further request.
    `required_permissions(change, server)`
        Called by `steps_for`. Returns the `Permission`s that the server checks for this change, so that a missing one
        is reported before the first write.
    `read_permission(key, server)`
        Called by `make_plan` for an object that is not among those read. Returns the `Permission` without which the
        server hides such an object, or None; by default `audit_permission`, which is also required where a scope
        concerns all objects.

    The rest has defaults that follow from the table. An entry is a dict of all options of the kind, None where the task
    does not set one. Problems are returned as `Problem`s, or as sentences where stated.

    validate:
    `field(option)`, `table(values)`  -> one row of the table; the rows that apply to an object with these values
    `spec()`                        -> the argument_spec of one entry
    `normalise(entry)`              -> the entry with values as the server stores them
    `problems(entry)`               -> what is wrong with one entry alone
    `conflicts(entries)`            -> sentences: entries that contradict each other; `entries` has them by kind
    read:
    `decode(raw)`                   -> `Actual` of an object in wire form
    `read_again(server, key)`       -> `Actual` of one object just before it is replaced, None if it no longer exists
    compare:
    `expand(entry)`                 -> the entries that a short form stands for (`many = True`)
    `entry_for(entry, row)`         -> the short form of a single one of them
    `identify(entry, server)`       -> the entry with its key, for kinds that find an object in other ways too
    `key_of(entry)`, `label(key)`   -> the key as a tuple; the object's name in messages
    `compare(server, entry, found)` -> (values to send, problems); `found` is the `Actual`, None if it does not exist
    `requires_recreate(values)`     -> whether sending them means to delete and create the object
    `may_recreate(entry)`           -> whether the entry allows that
    probe:
    `probe(server, entry, found, values)`
                                    -> `Probe`; called with the values of `compare` if that found no problem
    guard:
    `references(key, values)`       -> `Reference`s that must exist on the server or in the plan
    `deletion_blockers(entry, found)` -> why an object that is declared absent cannot be deleted
    `in_scope(scopes, key)`, `matches_condition(condition, wanted, key)`, `built_in(found)`
                                    -> which undeclared objects `exclusive` means
    `prune_blockers(key, server)`   -> sentences: why an undeclared object must not be deleted
    `safety_checks(changes, server)`  -> sentences: what all changes of a plan, of any kind, must not do together
    `warnings(entries, changes, server)`  -> sentences: what a user should know although nothing is refused
    request:
    `complete(change, plan, entries, server)`
                                    adds what follows from other entries to `change`, and what is written through
                                    another kind to `plan`; returns nothing
    `cascade(change, server)`       -> the `Change`s that a deletion entails because the server leaves them behind
    `steps(changes, server)`        -> the `Step`s for all changes of the kind, from `steps_for(change, server)` of each
    `last_steps(changes, server)`   -> `Step`s for when everything else exists
    `request_body(change)`          -> the body with the values of a change in wire form
    `carried_over(values)`          -> the values that a recreated object keeps
    `guard(change)`                 -> the `Guard` of an update: what must not have changed since the plan was made
    `unchanged(planned, now, options)`  -> whether that is so, just before the request is sent
    `id_of(key, server)`            -> the id to use in a request for a `Reference`, looked up just before it is sent
    verify:
    `wait_for_changes(changes, server)`  waits until changes of the kind that were sent have taken effect
    `wait_until_effective(entry, client)`
                                    waits for what the server does by itself, raises `FleetgateError` if it does not
    present:
    `predict_side_effects(key, values, changes)`
                                    -> the values after all changes of a plan, including those of other kinds
    `to_result(values, secrets)`, `to_diff(values)`, `difference(before, after)`
                                    -> an object in the task's result and in its diff
    """

    name = ""
    plural = ""
    key: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    # the table of an entry, if entries are a short form that differs from the objects
    input_fields: tuple[Field, ...] = ()
    collection: tuple[str, ...] = ()
    # the option with the type of an object, if the options depend on the type
    variant = ""
    # the first version of the server that supports this kind, as numbers
    since: tuple[int, ...] = ()
    # the options with paths of files to upload, which are searched like those of the module copy
    uploads: tuple[str, ...] = ()
    # the conditions of an exclusive scope of this kind
    scope: tuple[Field, ...] = (Field("name", Text(pattern=r"\S+", rule="must be a name, or a pattern with * and ?")),)
    # the permission to see all objects; without it servers silently omit objects from their lists
    audit_permission: Permission | None = None
    # how an option is unset: by sending an "empty" value, or by its name in the list "delete"
    unset_by = "empty"
    # whether an object is created at its own path instead of that of its collection
    made_at_item = False
    # whether an entry can stand for several objects
    many = False
    # whether the server compares the digest that an update carries, and refuses the update after a change by another client
    has_digest = False
    immutable_remedy = "delete and recreate the object"

    # -- the table -------------------------------------------------------------------------------------------------

    def field(self, option: str) -> Field:
        return next(row for row in self.fields if row.option == option)

    def table(self, values: dict[str, Any]) -> tuple[Field, ...]:
        """Return the fields of an object with these values."""
        if not self.variant:
            return self.fields
        kind = values.get(self.variant)
        return tuple(
            (replace(row, needed=kind in row.needed) if isinstance(row.needed, tuple) else row)
            for row in self.fields
            if not row.types or kind in row.types
        )

    def key_of(self, entry: dict[str, Any]) -> tuple[str, ...]:
        return tuple(entry[option] for option in self.key)

    def label(self, key: tuple[str, ...]) -> str:
        return f"{self.name} {'!'.join(key)}"

    def item_path(self, key: tuple[str, ...]) -> tuple[Any, ...]:
        return (*self.collection, *key)

    # -- validate --------------------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        """The argument_spec of one entry."""
        if self.input_fields:
            spec, growing = (
                fields_spec(self.input_fields, [row.option for row in self.input_fields if row.needed]),
                [],
            )
        else:
            spec = fields_spec(self.fields, self.key)
            growing = [row.option for row in self.fields if row.is_set and not row.task_only]
        if growing:
            for operation in ("append", "remove"):
                spec[operation] = {"type": "list", "elements": "str", "choices": growing, "default": []}
        spec["state"] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
        return spec

    def normalise(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return an entry with its values as the server stores them."""
        return entry

    def problems(self, entry: dict[str, Any]) -> list[Problem]:
        """Return the problems of a single entry, as `Problem`s."""
        table = self.input_fields or self.table(entry)
        known = {row.option for row in table}
        unsuitable = [
            row.option for row in self.fields if entry.get(row.option) is not None and row.option not in known
        ]
        return [
            *rule_violations(table, entry),
            *(
                Problem(option, f"is not an option of a {self.name} of type {entry[self.variant]}")
                for option in unsuitable
                if not self.input_fields
            ),
        ]

    def conflicts(self, entries: dict[str, list[dict[str, Any]]]) -> list[str]:
        """Return contradictions between entries, as sentences; `entries` has them by kind."""
        return []

    # -- read ------------------------------------------------------------------------------------------------------

    def read(self, server: ServerState, keys: set[tuple[str, ...]] | None) -> Iterable[dict[str, Any]]:
        """Return objects in wire form: those with one of `keys`, and others if that takes no further request."""
        raise NotImplementedError(f"{type(self).__name__} does not implement read")

    def decode(self, raw: dict[str, Any]) -> Actual:
        table = self.table({self.variant: raw.get(self.variant)})
        return Actual({row.option: row.decode(raw) for row in table if not (row.write_only or row.task_only)}, raw)

    def read_again(self, server: ServerState, key: tuple[str, ...]) -> Actual | None:
        """Return the current state of an object, or None if it no longer exists."""
        names = {self.field(option).name: value for option, value in zip(self.key, key)}
        return self.decode({**server.client.read(*self.item_path(key)), **names})

    # -- compare ---------------------------------------------------------------------------------------------------

    def expand(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the entries that a short form stands for."""
        return [entry]

    def entry_for(self, entry: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
        """Return the short form of one of the entries that `expand` returned for an entry."""
        return entry

    def identify(self, entry: dict[str, Any], server: ServerState) -> dict[str, Any]:
        """Return an entry with its complete key, for kinds that identify an object in other ways too."""
        return entry

    def compare(
        self, server: ServerState, entry: dict[str, Any], actual: Actual | None
    ) -> tuple[dict[str, Any], list[Problem]]:
        """Return the values of `entry` that differ from the server, and the problems with sending them.

        Only options that the entry sets are compared: None means not set.
        """
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for row in self.table(entry):
            if entry.get(row.option) is None or row.task_only:
                continue
            current = actual.values.get(row.option, row.absent) if actual else row.absent
            wanted = _resulting_value(row, entry, current)
            unchanged = row.kind.same(current, row.effective(wanted))
            if actual is None:
                # defaults are not sent, because an older server may not support the option
                if not (row.since and unchanged):
                    values[row.option] = wanted
            elif row.write_only or row.option in self.key:
                if entry.get(f"update_{row.option}") == "always":
                    values[row.option] = wanted
            elif not unchanged:
                values[row.option] = wanted
                if row.immutable and not self.may_recreate(entry):
                    why = f"is '{current}' on the server and cannot be changed to '{wanted}'; {self.immutable_remedy}"
                    problems.append(Problem(row.option, why))
        return values, problems + self._missing_options(entry, actual, values)

    def _missing_options(self, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> list[Problem]:
        """Return the options that are required to create an object, where these values create or recreate it."""
        if actual and not (self.requires_recreate(values) and self.may_recreate(entry)):
            return []
        whole = {**actual.values, **values} if actual else values
        missing = [row.option for row in self.table(entry) if row.needed and whole.get(row.option) in (None, "")]
        return [Problem(option, f"is required to create {self.label(self.key_of(entry))}") for option in missing]

    def requires_recreate(self, values: dict[str, Any]) -> bool:
        """Whether an existing object must be recreated to set these values."""
        return any(self.field(option).immutable for option in values)

    def may_recreate(self, entry: dict[str, Any]) -> bool:
        """Whether the entry allows recreating the object to change what cannot be updated."""
        return False

    # -- probe -----------------------------------------------------------------------------------------------------

    def probe(self, server: ServerState, entry: dict[str, Any], actual: Actual | None, values: dict[str, Any]) -> Probe:
        """Return what requests about an object find. `values` are those that `compare` returned."""
        return Probe(values)

    # -- guard -----------------------------------------------------------------------------------------------------

    def references(self, key: tuple[str, ...], values: dict[str, Any]) -> Iterable[Reference]:
        """Return the objects of the same server that an object with this key and these values refers to."""
        return ()

    def deletion_blockers(self, entry: dict[str, Any], actual: Actual) -> list[Problem]:
        """Return why an object cannot be deleted, as `Problem`s."""
        return []

    def in_scope(self, scopes: list[dict[str, Any]], key: tuple[str, ...]) -> bool:
        """Whether an object meets all conditions of any of the exclusive scopes."""
        return any(
            all(
                self.matches_condition(condition, wanted, key)
                for condition, wanted in scope.items()
                if wanted is not None
            )
            for scope in scopes
        )

    def matches_condition(self, condition: str, wanted: Any, key: tuple[str, ...]) -> bool:
        """Whether an object with this key meets a condition of a scope."""
        return condition == "name" and fnmatchcase("!".join(key), wanted)

    def built_in(self, actual: Actual) -> bool:
        """Whether an object is part of the product, and therefore never pruned."""
        return False

    def prune_blockers(self, key: tuple[str, ...], server: ServerState) -> list[str]:
        """Return why an undeclared object must not be deleted, as sentences."""
        return []

    def safety_checks(self, changes: list[Change], server: ServerState) -> list[str]:
        """Return why the changes of a plan, of all kinds, must not be made together, as sentences."""
        return []

    def read_permission(self, key: tuple[str, ...], server: ServerState) -> Permission | None:
        """Return the permission that is required to see an object."""
        return self.audit_permission

    def warnings(
        self, entries: dict[tuple[str, ...], dict[str, Any]], changes: list[Change], server: ServerState
    ) -> list[str]:
        """Return warnings about what is not refused, as sentences; `entries` has the declared entries by key."""
        return []

    # -- request ---------------------------------------------------------------------------------------------------

    def complete(
        self,
        change: Change,
        plan: Plan,
        entries: dict[tuple[str, tuple[str, ...]], dict[str, Any]],
        server: ServerState,
    ) -> None:
        """Add to a change what follows from other entries, and to the plan changes of kinds through which options are written.

        `entries` has the declared entries by kind and key.
        """

    def cascade(self, change: Change, server: ServerState) -> list[Change]:
        """Return the changes that the deletion of an object entails and that the server does not make by itself."""
        return []

    def steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        """Return the requests for all changes of this kind, in order."""
        return [step for change in changes for step in self.steps_for(change, server)]

    def steps_for(self, change: Change, server: ServerState) -> list[Step]:
        item, permissions = self.item_path(change.key), self.required_permissions(change, server)
        if change.removes:
            return [Step("DELETE", item, f"{change.label} is declared absent", permissions=permissions)]
        if change.creates:
            path = item if self.made_at_item else self.collection
            return [
                Step(
                    "POST", path, f"{change.label} is missing", body=self.request_body(change), permissions=permissions
                )
            ]
        changed = ", ".join(sorted(change.values))
        if change.recreates:
            values = {**self.carried_over(change.existing.values), **change.values}
            known = {row.option for row in self.table(values)}
            whole = replace(change, found=None, values={name: values[name] for name in values if name in known})
            removal = Step("DELETE", item, f"{change.label} is recreated: {changed}", permissions=permissions)
            return [removal, *self.steps_for(whole, server)]
        return [
            Step(
                "PUT",
                item,
                f"{change.label}: {changed}",
                body=self.request_body(change),
                permissions=permissions,
                guard=self.guard(change),
                repeats=all(self.field(option).write_only for option in change.values),
            )
        ]

    def last_steps(self, changes: list[Change], server: ServerState) -> list[Step]:
        """Return the requests that may only be sent when all other declared objects exist."""
        return []

    def required_permissions(self, change: Change, server: ServerState) -> tuple[Permission, ...]:
        """Return the permissions that this change requires."""
        return ()

    def request_body(self, change: Change) -> dict[str, Any]:
        """Return the request body with the values of a change in wire form."""
        body, unset = {}, []
        for row in self.fields:
            value = change.values.get(row.option)
            in_path = row.option in self.key and (self.made_at_item or not change.creates)
            if row.task_only or value is None or in_path:
                continue
            if row.is_empty(value):
                if change.creates:
                    continue
                if self.unset_by == "delete":
                    unset.append(row.name)
                    continue
            body[row.name] = row.kind.encode(value)
        return {**body, "delete": unset} if unset else body

    def carried_over(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values that a recreated object keeps."""
        return {option: value for option, value in values.items() if value != self.field(option).absent}

    def guard(self, change: Change) -> Guard | None:
        """Return what must not have changed before an update: the whole object if it has a digest; subclasses return the replaced options."""
        return Guard(self.name, change.key) if self.has_digest else None

    def unchanged(self, planned: Actual, now: Actual, options: tuple[str, ...]) -> bool:
        """Whether these options of an object (by default all) have not changed since the plan was built."""
        return all(now.values[option] == planned.values[option] for option in options or planned.values)

    def id_of(self, key: tuple[str, ...], server: ServerState) -> Any:
        """Return the ID of an object for requests, looked up just before the request is sent."""
        return server.actual(self.name)[key].raw["id"]

    # -- verify ----------------------------------------------------------------------------------------------------

    def wait_for_changes(self, changes: list[Change], server: ServerState) -> None:
        """Wait until the applied changes of a plan are effective; `server` is the state after them."""

    def wait_until_effective(self, entry: dict[str, Any], client: Any) -> None:
        """Wait for asynchronous work of the server after a plan is applied; raise an error if it fails."""

    # -- present ---------------------------------------------------------------------------------------------------

    def predict_side_effects(
        self, key: tuple[str, ...], values: dict[str, Any], changes: list[Change]
    ) -> dict[str, Any]:
        """Return the values of an object after all changes of a plan, including those that the server makes along with others."""
        return values

    @property
    def returns_secrets(self) -> bool:
        """Whether the server returns secrets of objects of this kind to authorized callers."""
        return any(row.secret and not (row.write_only or row.task_only) for row in self.fields)

    def to_result(self, values: dict[str, Any], secrets: bool = False) -> dict[str, Any]:
        """Return an object for results: all readable options, secrets only on request."""
        return {
            row.option: (sorted(set(values[row.option])) if row.is_set else values[row.option])
            for row in self.table(values)
            if not (row.task_only or row.write_only or (row.secret and not secrets))
        }

    def to_diff(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return values for a diff: sets sorted, secrets hidden."""
        shown = {}
        for row in self.fields:
            if row.option in values and not row.task_only:
                value = row.effective(values[row.option])
                hidden = row.secret and (value or row.write_only)
                shown[row.option] = HIDDEN if hidden else sorted(set(value)) if row.is_set else value
        return shown

    def difference(
        self, before: dict[str, Any] | None, after: dict[str, Any] | None
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """Return the differing values before and after a change, for the diff; None if the object does not exist."""
        if before is None or after is None:
            values = self.to_diff(before or after or {})
            shown = {option: value for option, value in values.items() if value != self.field(option).absent}
            return (None, shown) if before is None else (shown, None)
        old, new = (self.to_diff({option: before[option] for option in after if option in before}), self.to_diff(after))
        for option, value in new.items():
            if value == HIDDEN and old.get(option) == HIDDEN:
                new[option] = HIDDEN_OTHER
        return old, new
