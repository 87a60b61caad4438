# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields: the rows of a resource's table.

A `Field` says how one option is called, how it is called on the wire, and of which kind its value is. A kind owns
everything that depends on the value: its part of the argument_spec, the wire form, equality, and the rules that a
value must keep. Nothing else in the collection compares or converts values.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from .secrets import excerpt

HIDDEN = "(hidden)"
HIDDEN_OTHER = "(hidden, another value)"

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SEPARATORS = re.compile(r"[,;\s\0]+")


class Kind:
    """What the value of a field is. By default the wire form is the value itself, and every value of its type is valid."""

    @property
    def empty(self) -> Any:
        """The value that means the same as not being set."""
        return None

    def spec(self) -> dict[str, Any]:
        """The part of the argument_spec that depends on the kind."""
        raise NotImplementedError(f"{type(self).__name__} does not implement spec")

    def decode(self, wire: Any) -> Any:
        """The value of what the server sent."""
        return wire

    def encode(self, value: Any) -> Any:
        """A value as it is sent."""
        return value

    def same(self, value: Any, other: Any) -> bool:
        """Whether two values mean the same to the server."""
        return bool(value == other)

    def problem(self, value: Any) -> str | None:
        """The rule that `value` breaks, or None."""
        return None


@dataclass(frozen=True)
class Text(Kind):
    """One line of text; "" is the same as not being set.

    Blanks at its ends are refused unless it is `free`: servers cut them off, so what was declared would never be there.
    """

    pattern: str = ""
    rule: str = ""
    shortest: int = 0
    longest: int = 0
    choices: tuple[str, ...] = ()
    free: bool = False

    empty = ""

    def spec(self) -> dict[str, Any]:
        return {"type": "str", **({"choices": list(self.choices)} if self.choices else {})}

    def decode(self, wire: Any) -> Any:
        return "" if wire is None else str(wire)

    def problem(self, value: Any) -> str | None:
        if _CONTROL.search(value):
            return "must be a single line without control characters (a | in YAML adds a line break)"
        if value != value.strip() and not self.free:
            return "must not begin or end with a blank"
        if self.longest and len(value) > self.longest:
            return f"must not be longer than {self.longest} characters (it has {len(value)})"
        if value and len(value) < self.shortest:
            return f"must have at least {self.shortest} characters"
        if value and self.pattern and not re.fullmatch(self.pattern, value):
            return self.rule
        return None


# What goes into a header of requests; a password does not.
CREDENTIAL = Text(pattern=r"[\x21-\x7e]+", rule="may only have printable ASCII characters")
PASSWORD = Text(shortest=8, longest=64, free=True)


@dataclass(frozen=True)
class Path(Text):
    """The path of a file on the node that runs the task."""

    def spec(self) -> dict[str, Any]:
        return {"type": "path"}


@dataclass(frozen=True)
class Picture(Path):
    """The path of a picture that is sent to a server, which takes `largest` bytes and tells its type by its ending."""

    largest: int = 0
    endings: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        broken = super().problem(value)
        if broken or not value:
            return broken
        try:
            with open(value, "rb") as source:
                size = os.fstat(source.fileno()).st_size
        except OSError as error:
            return f"cannot be read on the node that runs the task ({error.strerror})"
        if not size:
            return "is empty"
        if size > self.largest:
            return f"has {size} bytes, and the server takes {self.largest} at the most"
        if value.rpartition(".")[2].lower() not in self.endings:
            return f"must end in one of {', '.join(self.endings)}, which is how the server tells its type"
        return None


@dataclass(frozen=True)
class Flag(Kind):
    """True or false; servers send JSON booleans, 0/1, or the same as text."""

    empty: ClassVar[bool | None] = False

    def spec(self) -> dict[str, Any]:
        return {"type": "bool"}

    def decode(self, wire: Any) -> Any:
        return str(wire).lower() in ("1", "true", "yes", "on")


@dataclass(frozen=True)
class Number(Kind):
    """A whole number from `least` to `most`. Where it is `optional`, 0 takes the option away."""

    least: int = 0
    most: int = 2**31 - 1
    optional: bool = False

    empty = 0

    def spec(self) -> dict[str, Any]:
        return {"type": "int"}

    def decode(self, wire: Any) -> Any:
        return int(wire)

    def problem(self, value: Any) -> str | None:
        if self.optional and value == 0:
            return None
        return None if self.least <= value <= self.most else f"must be from {self.least} to {self.most}"


@dataclass(frozen=True)
class Moment(Number):
    """A point of time in whole seconds since 1970, up to the year 9999."""

    most: int = 253402300799

    def problem(self, value: Any) -> str | None:
        if value > self.most:
            return "must be in seconds since 1970, and not in milliseconds"
        return super().problem(value)


@dataclass(frozen=True)
class Mapping(Kind):
    """Values of any kind by name, which are replaced as a whole."""

    @property
    def empty(self) -> dict[str, Any]:
        return {}

    def spec(self) -> dict[str, Any]:
        return {"type": "dict"}

    def problem(self, value: Any) -> str | None:
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            return "must not hold numbers without an end (.inf, .nan)"
        return None


@dataclass(frozen=True)
class Names(Kind):
    """A set of names: order and repetition mean nothing.

    On the wire a list, or with `separator` one text. `each` is the kind of one name.
    """

    each: Text = Text()
    separator: str | None = None

    empty = ()

    def spec(self) -> dict[str, Any]:
        return {
            "type": "list",
            "elements": "str",
            **({"choices": list(self.each.choices)} if self.each.choices else {}),
        }

    def decode(self, wire: Any) -> Any:
        if wire is None:
            return []
        names = _SEPARATORS.split(wire) if isinstance(wire, str) else wire
        return sorted({str(name) for name in names if name != ""})

    def encode(self, value: Any) -> Any:
        names = list(dict.fromkeys(value))
        return names if self.separator is None else self.separator.join(names)

    def same(self, value: Any, other: Any) -> bool:
        return set(value) == set(other)

    def problem(self, value: Any) -> str | None:
        for name in value:
            if not name:
                return "must not hold an empty name"
            broken = self.each.problem(name)
            if broken:
                return f"'{excerpt(name)}' {broken}"
        return None


@dataclass(frozen=True)
class Properties(Kind):
    """Several values that travel as one text, `name=value,name=value`; each of `parts` is a field of its own.

    A part that is not given is left alone, an empty one is taken away.
    """

    parts: tuple[Field, ...]

    @property
    def empty(self) -> dict[str, Any]:
        return {}

    def spec(self) -> dict[str, Any]:
        return {"type": "dict", "options": {part.option: part.spec() for part in self.parts}}

    def decode(self, wire: Any) -> Any:
        raw = dict(part.strip().split("=", 1) for part in wire.split(",") if part)
        return {one.option: one.decode(raw) for one in self.parts if one.name in raw}

    def encode(self, value: Any) -> Any:
        kept = ((part, value[part.option]) for part in self.parts if part.option in value)
        return ",".join(f"{part.name}={self._text(part.kind.encode(content))}" for part, content in kept)

    @staticmethod
    def _text(value: Any) -> Any:
        return str(int(value)) if isinstance(value, bool) else value

    def merge(self, has: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """What there is after `given` was sent to where `has` was; nothing given takes all of it away."""
        given = {part.option: given[part.option] for part in self.parts if given.get(part.option) is not None}
        whole = {**has, **given} if given else {}
        return {
            part.option: (sorted(set(whole[part.option])) if part.is_set else whole[part.option])
            for part in self.parts
            if part.option in whole and not part.is_empty(whole[part.option])
        }

    def same(self, value: Any, other: Any) -> bool:
        return value.keys() == other.keys() and all(
            field.kind.same(value[field.option], other[field.option]) for field in self.parts if field.option in value
        )

    def problem(self, value: Any) -> str | None:
        for part in self.parts:
            content = value.get(part.option)
            broken = content is not None and part.kind.problem(content)
            if broken:
                return (
                    f"{part.option}: '{excerpt(content)}' {broken}"
                    if isinstance(content, str)
                    else f"{part.option}: {broken}"
                )
        return None


@dataclass(frozen=True)
class Records(Kind):
    """A list of dictionaries, each with all the fields of a table."""

    table: tuple[Field, ...]

    empty = ()

    def spec(self) -> dict[str, Any]:
        options = {column.option: {**column.spec(), "required": True} for column in self.table}
        return {"type": "list", "elements": "dict", "options": options}

    def problem(self, value: Any) -> str | None:
        for number, record in enumerate(value):
            for column in self.table:
                content = record[column.option]
                broken = column.kind.problem(content)
                if broken:
                    named = f"'{excerpt(content)}' {broken}" if isinstance(content, str) else broken
                    return f"entry {number}: {column.option}: {named}"
        return None


@dataclass(frozen=True)
class Field:
    """One option of a resource.

    - `wire`: its name in the API, by default the option's name with `-` for `_`.
    - `default`: what the server means when it does not send the field; by default the kind's empty value.
    - `immutable`: can only be given when the object is made; a different value later is refused.
    - `write_only`: the server never tells it; it is sent when the object is made, and in every run where the resource has
      an option `update_<option>` and that is `always`.
    - `local`: steers the task and is never sent.
    - `types`: the types of object that have it, for a resource with several types; by default all.
    - `needed`: must be given, and not empty, when the object is made; True, or the types for which that is so.
    - `since`: the first version of the server that knows it, as numbers.
    - `secret`: never shown, in whatever output.
    """

    option: str
    kind: Kind = field(default_factory=Text)
    wire: str = ""
    default: Any = None
    immutable: bool = False
    write_only: bool = False
    task_only: bool = False
    types: tuple[str, ...] = ()
    needed: bool | tuple[str, ...] = False
    since: tuple[int, ...] = ()
    secret: bool = False
    aliases: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.wire or self.option.replace("_", "-")

    @property
    def absent(self) -> Any:
        """The value that an object without this field has."""
        if self.default is not None:
            return self.default
        return [] if isinstance(self.kind, Names) else self.kind.empty

    @property
    def is_set(self) -> bool:
        return isinstance(self.kind, Names)

    def is_empty(self, value: Any) -> bool:
        """Whether sending `value` takes the option away."""
        return value in ("", [], {}) or (isinstance(self.kind, Number) and self.kind.optional and value == 0)

    def effective(self, value: Any) -> Any:
        """What there is after `value` was sent: where an empty one took the option away, the server's default counts."""
        return self.absent if self.is_empty(value) else value

    def spec(self) -> dict[str, Any]:
        # no_log is always said, because ansible guesses it from names such as client_key or tokens
        return {**self.kind.spec(), "no_log": self.secret, **({"aliases": list(self.aliases)} if self.aliases else {})}

    def decode(self, raw: dict[str, Any]) -> Any:
        """This field's value in an object as the server sent it."""
        return self.absent if raw.get(self.name) is None else self.kind.decode(raw[self.name])
