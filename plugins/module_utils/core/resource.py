# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Resources: one kind of object on a server, told by a table of fields.

A subclass of `Resource` fills in the table and says how its objects are read. The argument_spec, the rules for
values, the comparison and the usual requests follow from the table; only what is odd about a kind is overridden.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any, Iterable

from .fields import HIDDEN, HIDDEN_OTHER, Field, Properties, Text
from .secrets import excerpt


@dataclass(frozen=True)
class Reference:
    """An object by kind and key, where a request needs its id; resolved when the request is sent."""

    kind: str
    key: tuple


@dataclass(frozen=True)
class Permission:
    """A right: any one of `privileges` (or `every` one) on each of `paths`, or else one of the `others`.

    The user `oneself` needs no right at all, when signed in with a ticket.
    """

    paths: tuple
    privileges: tuple
    others: tuple = ()
    oneself: str = ""
    every: bool = False

    def __str__(self):
        return f"{' or '.join(self.privileges)} on {' and '.join(self.paths)}"


@dataclass(frozen=True)
class OneTimeSecret:
    """A secret that a server tells once: `owner` names what it opens, `answer` the key it comes under.

    One that is `known` is only to be kept in the file. `vault_id` says what the file is encrypted with. `heard` is a list
    of an entry that it is added to, where the look at what was kept must know it.
    """

    owner: str
    answer: str
    file: str | None
    returned: bool
    known: str | None = field(default=None, repr=False)
    vault_id: str | None = None
    candidates_sink: list | None = field(default=None, repr=False)


# The verb of a step that sends nothing: a secret that is known goes into its file.
STORE = "STORE"
# One that sends nothing either: the file of a secret gets a mode in which nobody else can read it.
PROTECT = "PROTECT"


@dataclass(frozen=True)
class Step:
    """One request that changes something. `path` has one part per segment, unquoted.

    `guard` is an object that must still be as it was read: the request then carries the digest that the server compares.
    """

    verb: str
    path: tuple
    reason: str
    body: Any = None
    upload: str | None = None
    permissions: tuple = ()
    provides: Reference | None = None
    secret: OneTimeSecret | None = None
    guard: Reference | None = None
    # whether the task asks for it whatever there is, so that it is no sign of a server that kept nothing
    repeats: bool = False
    # the user whose request it is, where it cannot be that of the client's own identity
    caller: str = ""

    def to_diff(self):
        """The step as results show it: without its body, which may hold secrets."""
        parts = (part.key[-1] if isinstance(part, Reference) else str(part) for part in self.path)
        return {"verb": self.verb, "path": "/" + "/".join(parts), "reason": self.reason}


@dataclass(frozen=True)
class Actual:
    """One object on the server: its values by option, and as the server sent it."""

    values: dict
    raw: dict


@dataclass
class Change:
    """What is to happen to one object: made (no `found`), changed (to `values`) or removed (no `values`).

    `values` has the options to send and nothing else. `recreates` means that the object has to be removed and made
    again, because what changes can only be said when it is made.
    """

    resource: Resource
    key: tuple
    found: Actual | None
    values: dict | None
    entry: dict = field(default_factory=dict)
    recreates: bool = False

    @property
    def creates(self):
        return self.found is None and self.values is not None

    @property
    def removes(self):
        return self.values is None

    @property
    def label(self):
        return self.resource.label(self.key)

    def difference(self):
        return self.resource.difference(self.found.values if self.found else None, self.values)


def fields_spec(fields, required=()):
    """The argument_spec of a table of fields."""
    return {one.option: {**one.spec(), "required": one.option in required} for one in fields}


def rule_violations(fields, values):
    """The rules of a table that values break, as (option, rule) pairs."""
    found = []
    for one in fields:
        value = values.get(one.option)
        if value is None:
            continue
        broken = one.kind.problem(value)
        if broken:
            named = isinstance(value, str) and not one.secret
            found.append((one.option, f"'{excerpt(value)}' {broken}" if named else broken))
        elif one.needed and not value:
            found.append((one.option, "must not be empty"))
    return found


class Resource:
    """One kind of object. See CONTRIBUTING.md for how to add one."""

    name = ""
    plural = ""
    key: tuple = ()
    fields: tuple = ()
    # the table of a declared entry, where that is a short form and differs from the table of the objects
    input_fields: tuple = ()
    collection: tuple = ()
    # the option that tells the type of an object, where objects of this kind differ in the options that they have
    variant = ""
    # the first version of the server that has objects of this kind, as numbers
    since: tuple = ()
    # the options that name files to send, which are looked for as ansible looks for files
    uploads: tuple = ()
    # what a scope of this kind may name, in which the declared objects are all that there are
    scope: tuple = (Field("name", Text(pattern=r"\S+", rule="must be a name, or a pattern with * and ?")),)
    # what the caller must be allowed to do to see all objects: servers leave others out of their lists in silence
    audit_permission: Permission | None = None
    # how an option is taken away: by sending it "empty", or by its name in the list "delete"
    unset_by = "empty"
    # whether an object is made under its own path instead of its collection's
    made_at_item = False
    # whether one entry can stand for several objects
    many = False
    # whether an update carries the digest of what was read, so that the server refuses it when somebody was quicker
    has_digest = False
    immutable_remedy = "remove the object and make it again"

    # -- the table ---------------------------------------------------------------------------------------------

    def spec(self):
        """The argument_spec of one entry."""
        if self.input_fields:
            spec, growing = fields_spec(self.input_fields, [one.option for one in self.input_fields if one.needed]), []
        else:
            spec = fields_spec(self.fields, self.key)
            growing = [one.option for one in self.fields if one.is_set and not one.task_only]
        if growing:
            for way in ("append", "remove"):
                spec[way] = {"type": "list", "elements": "str", "choices": growing, "default": []}
        spec["state"] = {"type": "str", "choices": ["present", "absent"], "default": "present"}
        return spec

    def field(self, option) -> Field:
        return next(one for one in self.fields if one.option == option)

    def table(self, values) -> tuple:
        """The fields that an object with these values has."""
        if not self.variant:
            return self.fields
        kind = values.get(self.variant)
        return tuple(
            replace(one, needed=kind in one.needed) if isinstance(one.needed, tuple) else one
            for one in self.fields
            if not one.types or kind in one.types
        )

    def key_of(self, entry):
        return tuple(entry[option] for option in self.key)

    def label(self, key):
        return f"{self.name} {'!'.join(key)}"

    # -- declared entries --------------------------------------------------------------------------------------

    def normalise(self, entry) -> dict:
        """An entry with its values in the form in which the server keeps them."""
        return entry

    def identify(self, entry, server) -> dict:
        """An entry with its key complete, where it may be found in other ways too."""
        return entry

    def expand(self, entry) -> list:
        """The objects that one entry declares; more than one only where an entry is a short form."""
        return [entry]

    def problems(self, entry) -> list:
        """What is wrong with an entry by itself, as (option, rule) pairs."""
        table = self.input_fields or self.table(entry)
        known = {one.option for one in table}
        strange = [one.option for one in self.fields if entry.get(one.option) is not None and one.option not in known]
        return [
            *rule_violations(table, entry),
            *(
                (option, f"is no option of a {self.name} of type {entry[self.variant]}")
                for option in strange
                if not self.input_fields
            ),
        ]

    def references(self, key, values) -> Iterable[Reference]:
        """Objects of the same server that an object with this key and these values refers to."""
        return ()

    def compare(self, server, entry, found):
        """The values of `entry` that the server does not have, and what stands against sending them.

        Only what the entry says is compared: None means that it says nothing.
        """
        values, problems = {}, []
        for one in self.table(entry):
            wanted = entry.get(one.option)
            if wanted is None or one.task_only:
                continue
            has = found.values.get(one.option, one.absent) if found else one.absent
            if isinstance(one.kind, Properties):
                wanted = one.kind.merge(has, wanted)
            if one.option in entry.get("append", ()):
                wanted = [*has, *wanted]
            if one.option in entry.get("remove", ()):
                wanted = [value for value in has if value not in wanted]
            if found is None:
                # what the server means anyway is not said to one that may not know the option yet
                if not (one.since and one.kind.same(has, one.effective(wanted))):
                    values[one.option] = wanted
                continue
            if one.write_only or one.option in self.key:
                if entry.get(f"update_{one.option}") == "always":
                    values[one.option] = wanted
                continue
            if one.kind.same(has, one.effective(wanted)):
                continue
            if one.immutable and not self.may_recreate(entry):
                problems.append(
                    (
                        one.option,
                        f"is '{has}' on the server and cannot be changed to '{wanted}'; {self.immutable_remedy}",
                    )
                )
            values[one.option] = wanted
        if found is None or (self.requires_recreate(values) and self.may_recreate(entry)):
            whole = {**found.values, **values} if found else values
            missing = [one.option for one in self.table(entry) if one.needed and whole.get(one.option) in (None, "")]
            problems += [(option, f"is needed to make {self.label(self.key_of(entry))}") for option in missing]
        return values, problems

    def requires_recreate(self, values) -> bool:
        """Whether an object that is there has to be removed and made again for these values to be sent."""
        return any(self.field(option).immutable for option in values)

    def may_recreate(self, entry) -> bool:
        """Whether an object may be removed and made again for the sake of what cannot be changed."""
        return False

    def conflicts(self, entries) -> list:
        """What is wrong with entries that are right by themselves, as sentences; `entries` has them by kind."""
        return []

    def deletion_blockers(self, entry, found) -> list:
        """What stands against removing an object, as (option, rule) pairs."""
        return []

    def safety_checks(self, changes, server) -> list:
        """What stands against all changes of a plan together, of whatever kind, as sentences."""
        return []

    def in_scope(self, scopes, key) -> bool:
        """Whether an object is in one of the scopes that are declared to be complete: it is all that the scope says."""
        return any(
            all(
                self.matches_condition(condition, wanted, key)
                for condition, wanted in scope.items()
                if wanted is not None
            )
            for scope in scopes
        )

    def matches_condition(self, condition, wanted, key) -> bool:
        """Whether an object with this key is what one condition of a scope says."""
        return condition == "name" and fnmatchcase("!".join(key), wanted)

    def built_in(self, found) -> bool:
        """Whether an object belongs to the server, and is never meant where others of its kind are removed."""
        return False

    def prune_blockers(self, key, server) -> list:
        """What stands against removing an object that is only not declared."""
        return []

    # -- the server --------------------------------------------------------------------------------------------

    def read(self, server, keys) -> Iterable[dict]:
        """Objects as the server sends them: those with one of `keys`, and others if reading them costs nothing."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is read")

    def decode(self, raw) -> Actual:
        told = self.table({self.variant: raw.get(self.variant)})
        return Actual({one.option: one.decode(raw) for one in told if not (one.write_only or one.task_only)}, raw)

    def read_again(self, server, key) -> Actual | None:
        """One object as it is now; None where it is gone."""
        names = {self.field(option).name: value for option, value in zip(self.key, key)}
        return self.decode({**server.client.read(*self.item_path(key)), **names})

    def id_of(self, key, server):
        """What the server knows an object by in requests, asked for right before one is sent."""
        return server.actual(self.name)[key].raw["id"]

    def wait_until_effective(self, entry, client):
        """Wait for what comes about by itself when everything is made as declared; raises where it does not."""

    # -- requests ----------------------------------------------------------------------------------------------

    def steps(self, changes, server) -> list:
        """The requests for all changes of this kind, in order."""
        return [step for change in changes for step in self.steps_for(change, server)]

    def delegate_changes(self, change, plan, entries, server):
        """Pass on what is written through objects of another kind, as changes of the plan.

        `entries` has what is declared of each object, by kind and key.
        """

    def last_steps(self, changes, server) -> list:
        """The requests that may only be sent when everything else that is declared is there."""
        return []

    def steps_for(self, change, server) -> list:
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
            values = {**self.carried_over(change.found.values), **change.values}
            known = {one.option for one in self.table(values)}
            whole = replace(change, found=None, values={name: one for name, one in values.items() if name in known})
            removal = Step("DELETE", item, f"{change.label} is made anew: {changed}", permissions=permissions)
            return [removal, *self.steps_for(whole, server)]
        return [
            Step(
                "PUT",
                item,
                f"{change.label}: {changed}",
                body=self.request_body(change),
                permissions=permissions,
                guard=Reference(self.name, change.key) if self.has_digest else None,
                repeats=all(self.field(option).write_only for option in change.values),
            )
        ]

    def carried_over(self, values) -> dict:
        """What an object that is made again is given of what it had."""
        return {option: value for option, value in values.items() if value != self.field(option).absent}

    def item_path(self, key) -> tuple:
        return (*self.collection, *key)

    def predict_side_effects(self, key, values, changes) -> dict:
        """The values of an object once all changes of a plan are made: the server may change it along with others."""
        return values

    def cascade(self, change, server) -> list:
        """Further changes that the removal of an object entails, because the server does not make them by itself."""
        return []

    def required_permissions(self, change, server) -> tuple:
        """What the caller must be allowed to do for this change."""
        return ()

    def read_permission(self, key, server) -> Permission | None:
        """What the caller must be allowed to do to see one object."""
        return self.audit_permission

    def request_body(self, change) -> dict:
        """The body that sends the values of a change, in wire form."""
        body, unset = {}, []
        for one in self.fields:
            value = change.values.get(one.option)
            in_path = one.option in self.key and (self.made_at_item or not change.creates)
            if one.task_only or value is None or in_path:
                continue
            if one.is_empty(value):
                if change.creates:
                    continue
                if self.unset_by == "delete":
                    unset.append(one.name)
                    continue
            body[one.name] = one.kind.encode(value)
        return {**body, "delete": unset} if unset else body

    def known_secrets(self, key, entry) -> dict:
        """The secrets that an entry asks for and that are known without the server, by what they open."""
        known = entry.get("known_secret")
        return {"!".join(key): known} if known and entry.get("return_secret") else {}

    # -- results -----------------------------------------------------------------------------------------------

    @property
    def returns_secrets(self):
        """Whether the server tells a secret of such an object to those who may read it."""
        return any(one.secret and not (one.write_only or one.task_only) for one in self.fields)

    def to_result(self, values, secrets=False):
        """An object as results show it: every option that can be told, secrets only when asked for."""
        return {
            one.option: sorted(set(values[one.option])) if one.is_set else values[one.option]
            for one in self.table(values)
            if not (one.task_only or one.write_only or (one.secret and not secrets))
        }

    def to_diff(self, values):
        """Values as a diff shows them: sets in order, secrets only as there or not."""
        shown = {}
        for one in self.fields:
            if one.option in values and not one.task_only:
                value = one.effective(values[one.option])
                hidden = one.secret and (value or one.write_only)
                shown[one.option] = HIDDEN if hidden else sorted(set(value)) if one.is_set else value
        return shown

    def difference(self, before, after):
        """What a change of `before` (None: not there) to `after` (None: not there any more) differs in, for the diff."""
        if before is None or after is None:
            values = self.to_diff(before or after)
            told = {option: value for option, value in values.items() if value != self.field(option).absent}
            return (None, told) if before is None else (told, None)
        was, will_be = self.to_diff({option: before[option] for option in after if option in before}), self.to_diff(
            after
        )
        for option, value in will_be.items():
            if value == HIDDEN and was.get(option) == HIDDEN:
                will_be[option] = HIDDEN_OTHER
        return was, will_be
