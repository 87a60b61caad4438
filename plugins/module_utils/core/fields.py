# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fields: the rows of a resource's table.

A `Field` has the name of an option, its name in the API, and the kind of its values. A kind defines everything that
depends on the value: its part of the argument_spec, the wire form, equality, and the rules for valid values. Nothing else
in the collection compares or converts values.
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
    """A single line of text; "" means unset.

    Leading and trailing blanks are refused unless it is `free`, because servers remove them.
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


# A credential that is sent in a header, unlike a password.
CREDENTIAL = Text(pattern=r"[\x21-\x7e]+", rule="may only have printable ASCII characters")
PASSWORD = Text(shortest=8, longest=64, free=True)


@dataclass(frozen=True)
class Path(Text):
    """The path of a file on the node that runs the task."""

    def spec(self) -> dict[str, Any]:
        return {"type": "path"}


@dataclass(frozen=True)
class Picture(Path):
    """The path of an image to upload. The server accepts up to `largest` bytes and detects the type by the file extension."""

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
            return f"has {size} bytes, but the server accepts at most {self.largest}"
        if value.rpartition(".")[2].lower() not in self.endings:
            return f"must have one of the extensions {', '.join(self.endings)}, by which the server detects the type"
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
    """An integer from `least` to `most`. If it is `optional`, 0 unsets the option."""

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
    """A point in time in whole seconds since 1970, up to the year 9999."""

    most: int = 253402300799

    def problem(self, value: Any) -> str | None:
        if value > self.most:
            return "must be in seconds since 1970, and not in milliseconds"
        return super().problem(value)


@dataclass(frozen=True)
class Mapping(Kind):
    """A dictionary with values of any type, which is replaced as a whole."""

    @property
    def empty(self) -> dict[str, Any]:
        return {}

    def spec(self) -> dict[str, Any]:
        return {"type": "dict"}

    def problem(self, value: Any) -> str | None:
        try:
            json.dumps(value, allow_nan=False)
        except ValueError:
            return "must not contain infinite numbers (.inf, .nan)"
        return None


@dataclass(frozen=True)
class Names(Kind):
    """A set of names; order and duplicates are irrelevant.

    On the wire it is a list, or a text with `separator`. `each` is the kind of the names.
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
                return "must not contain an empty name"
            broken = self.each.problem(name)
            if broken:
                return f"'{excerpt(name)}' {broken}"
        return None


@dataclass(frozen=True)
class Properties(Kind):
    """A property string, `name=value,name=value`; each of `parts` is a field.

    An unset part is not changed, an empty one is removed.
    """

    parts: tuple[Field, ...]

    @property
    def empty(self) -> dict[str, Any]:
        return {}

    def spec(self) -> dict[str, Any]:
        return {"type": "dict", "options": {part.option: part.spec() for part in self.parts}}

    def decode(self, wire: Any) -> Any:
        raw = dict(text.strip().split("=", 1) for text in wire.split(",") if text)
        return {part.option: part.decode(raw) for part in self.parts if part.name in raw}

    def encode(self, value: Any) -> Any:
        kept = ((part, value[part.option]) for part in self.parts if part.option in value)
        return ",".join(f"{part.name}={self._text(part.kind.encode(content))}" for part, content in kept)

    @staticmethod
    def _text(value: Any) -> Any:
        return str(int(value)) if isinstance(value, bool) else value

    def merge(self, has: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
        """Return the resulting value when `given` is applied to `has`; an empty `given` removes all parts."""
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
    """A list of dictionaries, each with all fields of a table."""

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
    - `default`: the value that the server assumes if it does not return the field; by default the kind's empty value.
    - `immutable`: can only be set when the object is created; a different value is refused afterwards.
    - `write_only`: never returned by the server. It is sent when the object is created, and in every run if the resource
      has an option `update_<option>` that is `always`.
    - `task_only`: controls the task and is never sent.
    - `types`: the types of objects that have it, for a resource with several types; by default all.
    - `needed`: required, and not empty, when the object is created; True, or the types for which it is.
    - `since`: the first version of the server that supports it, as numbers.
    - `secret`: masked in all output.
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
        """The value of an object without this field."""
        if self.default is not None:
            return self.default
        return [] if isinstance(self.kind, Names) else self.kind.empty

    @property
    def is_set(self) -> bool:
        return isinstance(self.kind, Names)

    def is_empty(self, value: Any) -> bool:
        """Whether sending `value` unsets the option."""
        return value in ("", [], {}) or (isinstance(self.kind, Number) and self.kind.optional and value == 0)

    def effective(self, value: Any) -> Any:
        """Return the resulting value when `value` is sent: for an empty value, the server's default."""
        return self.absent if self.is_empty(value) else value

    def spec(self) -> dict[str, Any]:
        # no_log is always explicit, because ansible infers it from names such as client_key or tokens
        return {**self.kind.spec(), "no_log": self.secret, **({"aliases": list(self.aliases)} if self.aliases else {})}

    def decode(self, raw: dict[str, Any]) -> Any:
        """Return the value of this field in an object in wire form."""
        return self.absent if raw.get(self.name) is None else self.kind.decode(raw[self.name])
