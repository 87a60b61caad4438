"""The generic object types: lists with pages and filters, read, create, update and delete."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .call import Call, route
from .errors import ApiError, Invalid, denied, not_found
from .state import Row
from .values import Field, read_body

FieldsOf = Callable[[Call], list[Field]]
KINDS: list[Kind] = []


@dataclass(frozen=True)
class Kind:
    """`app` is the Django app of the permissions for these objects, which apply to one or all of them.

    `unique` are fields with the message for a duplicate value; `search` and `filters` are fields of a row, `filters_of_user`
    those of its user, with the prefix `user__`.

    `owner` is the field with the user who may use and create objects without any permission.
    `check` validates the values together, `on_create` is called with a new row.
    """

    name: str
    path: str
    model: str
    app: str
    fields: FieldsOf
    view: Callable[[Call, Row], Row]
    key: str = "pk"
    unique: tuple[tuple[str, str], ...] = ()
    search: tuple[str, ...] = ("name",)
    filters: tuple[str, ...] = ()
    filters_of_user: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    owner: str = ""
    check: Callable[[Call, dict[str, Any], Row | None], None] = lambda call, values, row: None
    on_create: Callable[[Call, Row], None] = lambda call, row: None
    saved: Callable[[Call, Row], None] = lambda call, row: None

    # -- reading -----------------------------------------------------------------------------------------------

    def find(self, call: Call, key: str) -> Row:
        if self.key == "pk":
            if self.name in ("provider", "user"):
                row = call.state.get(self.name, int(key)) if key.isdecimal() else None
            else:
                try:
                    row = call.state.get(self.name, str(uuid.UUID(key)))
                except ValueError:
                    raise not_found() from None
        else:
            row = call.state.find(self.name, **{self.key: key})
        if row is None:
            raise not_found(self.model)
        return row

    def filtered(self, call: Call, rows: Iterable[Row]) -> list[Row]:
        """Rows filtered and sorted by the query; unknown parameters are ignored."""
        query = call.request.args
        matching = list(rows)
        for name in self.filters:
            wanted = query.getlist(name)
            if not wanted:
                continue
            if name in self.references and not any(call.state.get(kind, wanted[0]) for kind in call.state.rows):
                text = "Select a valid choice. That choice is not one of the available choices."
                raise Invalid({name: [text]})
            matching = [row for row in matching if _as_text(row[name]) in wanted]
        for name in self.filters_of_user:
            wanted, option = query.getlist(name), name.removeprefix("user__")
            if wanted:
                matching = [row for row in matching if call.state.row("user", row["user"])[option] in wanted]
        words = query.get("search", "").lower()
        if words:
            matching = [row for row in matching if any(words in str(row[name]).lower() for name in self.search)]
        ordering = query.get("ordering", "")
        if ordering.lstrip("-") in (field.name for field in self.fields(call)):
            matching.sort(key=lambda row: str(row[ordering.lstrip("-")]), reverse=ordering.startswith("-"))
        return matching

    def permission(self, verb: str) -> str:
        return f"{self.app}.{verb}_{self.model.lower()}"

    def visible(self, call: Call) -> list[Row]:
        """The objects that the caller may read; without the permission the list is refused (authentik/rbac/filters.py)."""
        view, rows = self.permission("view"), call.state.all(self.name)
        if call.may(view):
            return rows
        if self.owner:
            return [row for row in rows if row[self.owner] == call.user["pk"]]
        seen = [row for row in rows if call.may(view, row)]
        if not seen:
            raise denied()
        return seen

    def readable(self, call: Call, key: str) -> Row:
        """An object that the caller may read."""
        visible = self.visible(call)
        row = self.find(call, key)
        if row not in visible:
            raise not_found(self.model)
        return row

    def listed(self, call: Call) -> tuple[int, Any]:
        return 200, page_of(call, self.filtered(call, self.visible(call)), lambda row: self.view(call, row))

    def shown(self, call: Call, key: str) -> tuple[int, Any]:
        return 200, self.view(call, self.readable(call, key))

    def options(self, call: Call, key: str = "") -> tuple[int, Any]:
        """The methods that the caller may use on a list or an object; none for a missing object.

        The server also describes the fields, which are left out here (rest_framework/metadata.py).
        """
        try:
            verb = "PUT" if key else "POST"
            self._require_to(call, "change" if key else "add", self.readable(call, key) if key else None)
            actions: dict[str, Any] = {"actions": {verb: {}}}
        except ApiError:
            actions = {}
        media = ["application/json"]
        kind = f"{self.model} {'Instance' if key else 'List'}"
        return 200, {"name": kind, "description": "", "renders": media, "parses": media, **actions}

    def _require_to(self, call: Call, verb: str, row: Row | None) -> None:
        if self.owner and (row is None or row[self.owner] == call.user["pk"]):
            return
        call.require(self.permission(verb), row)

    # -- writing -----------------------------------------------------------------------------------------------

    def create(self, call: Call, body: Any) -> Row:
        values = self._values(call, body, None, partial=False)
        row = call.state.add(self.name, values)
        self.on_create(call, row)
        self.saved(call, row)
        return row

    def created(self, call: Call) -> tuple[int, Any]:
        self._require_to(call, "add", None)
        return 201, self.view(call, self.create(call, call.body()))

    def changed(self, call: Call, key: str) -> tuple[int, Any]:
        row = self.readable(call, key)
        self._require_to(call, "change", row)
        row.update(self._values(call, call.body(), row, partial=call.request.method == "PATCH"))
        self.saved(call, row)
        return 200, self.view(call, row)

    def removed(self, call: Call, key: str) -> tuple[int, Any]:
        row = self.readable(call, key)
        self._require_to(call, "delete", row)
        call.state.remove(self.name, row["pk"])
        return 204, None

    def _values(self, call: Call, body: Any, row: Row | None, partial: bool) -> dict[str, Any]:
        fields = [field for field in self.fields(call) if field.exists_in(call.version)]
        values = read_body(call.state, fields, body, partial, creates=row is None)
        taken = {
            name: [message]
            for name, message in self.unique
            if values.get(name) is not None
            and any(other is not row and other[name] == values[name] for other in call.state.all(self.name))
        }
        if taken:
            raise Invalid(taken)
        self.check(call, values, row)
        return values

    # -- routes ------------------------------------------------------------------------------------------------

    def register(self, lists: bool = True, writes: bool = True) -> None:
        KINDS.append(self)
        item_path = f"{self.path}<key>/"
        handlers: list[tuple[str, str, Callable[..., Any]]] = [("GET", item_path, self.shown)]
        if lists:
            handlers.append(("GET", self.path, self.listed))
        if writes:
            handlers += [("POST", self.path, self.created), ("DELETE", item_path, self.removed)]
            handlers += [("PUT", item_path, self.changed), ("PATCH", item_path, self.changed)]
            handlers += [("OPTIONS", self.path, self.options), ("OPTIONS", item_path, self.options)]
        for verb, path, handler in handlers:
            route(verb, path, needs="")(handler)


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def page_of(call: Call, rows: list[Row], view: Callable[[Row], Any]) -> dict[str, Any]:
    """A page of a list, with the numbers of the adjacent pages; 0 for none."""
    old = call.version < (2025, 12)
    size = _positive(call.request.args.get("page_size"), 100 if old else 20)
    if not old:
        size = min(size, 100)
    pages = max(1, -(-len(rows) // size))
    number = _positive(call.request.args.get("page"), 1)
    if number > pages:
        raise ApiError(404, {"detail": "Invalid page."})
    shown = rows[(number - 1) * size : number * size]
    pagination = {
        "next": number + 1 if number < pages else 0,
        "previous": number - 1,
        "count": len(rows),
        "current": number,
        "total_pages": pages,
        "start_index": (number - 1) * size + 1 if rows else 0,
        "end_index": (number - 1) * size + len(shown),
    }
    answer = {"pagination": pagination, "results": [view(row) for row in shown]}
    return answer if call.version < (2025, 8) else {**answer, "autocomplete": {}}


def _positive(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default
