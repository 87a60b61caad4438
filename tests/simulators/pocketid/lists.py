"""Lists: pages, order, filters and search, which all tolerate invalid values (Pocket ID 2.14.0 with SQLite, observed)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

Row = TypeVar("Row")
FILTER = re.compile(r"filters\[([^\]]+)\].*")
PAGE_SIZE, LONGEST_PAGE = 20, 100


@dataclass(frozen=True)
class Listing:
    """What a list can be searched in, ordered and filtered by; the functions take a row."""

    search: Callable[[Any], Iterable[str | None]] = lambda row: ()
    sortable: dict[str, Callable[[Any], Any]] | None = None
    filterable: dict[str, Callable[[Any], Any]] | None = None

    def page(self, rows: Iterable[Row], query: MultiDict[str, str], view: Callable[[Row], Any]) -> dict[str, Any]:
        """`{data, pagination}`. A page beyond the last returns the last, and invalid parameters are ignored."""
        number, limit, understood = _paging(query)
        found = [row for row in rows if _contains(self.search(row), query.get("search", ""))]
        if understood:
            found = self._ordered([row for row in found if self._passes(row, query)], query)
        pages = max(1, -(-len(found) // limit))
        number = min(number, pages)
        return {
            "data": [view(row) for row in found[(number - 1) * limit : number * limit]],
            "pagination": {"totalPages": pages, "totalItems": len(found), "currentPage": number, "itemsPerPage": limit},
        }

    def _ordered(self, rows: list[Row], query: MultiDict[str, str]) -> list[Row]:
        column = query.get("sort[column]", "")
        key = (self.sortable or {}).get(column[:1].lower() + column[1:])
        if key is None:
            return rows
        descending = query.get("sort[direction]", "").strip().lower() == "desc"
        # a missing value sorts before all others, as in SQLite
        return sorted(rows, key=lambda row: (key(row) is not None, key(row)), reverse=descending)

    def _passes(self, row: Any, query: MultiDict[str, str]) -> bool:
        wanted: dict[str, list[str]] = {}
        for name, values in query.lists():
            match = FILTER.fullmatch(name)
            if match:
                wanted.setdefault(match[1][:1].lower() + match[1][1:], []).extend(values)
        return all(
            _as_text(value(row)) in wanted[name] for name, value in (self.filterable or {}).items() if name in wanted
        )


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _paging(query: MultiDict[str, str]) -> tuple[int, int, bool]:
    """Page, rows per page, and whether the rest of the options is heeded: a number that is none stops the reading."""
    page, limit = query.get("pagination[page]") or "0", query.get("pagination[limit]") or "0"
    if not _is_whole(page):
        return 1, PAGE_SIZE, False
    if not _is_whole(limit):
        return max(1, int(page)), PAGE_SIZE, False
    return max(1, int(page)), min(int(limit), LONGEST_PAGE) if int(limit) > 0 else PAGE_SIZE, True


def _is_whole(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+", text))


def _contains(values: Iterable[str | None], term: str) -> bool:
    """SQL LIKE with `term` in the middle; `%` and `_` in it are wildcards, and letters of ASCII have no case."""
    if not term:
        return True
    like = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in term)
    return any(re.search(like, value, re.I | re.A | re.S) for value in values if value)
