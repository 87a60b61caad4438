"""Section 2: pages, order, filters, search."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from .server import CLIENTS, GROUPS, USERS, Server, names


def test_2_lists_are_paged_sorted_and_filtered(server: Server) -> None:
    for number in range(5):
        server.client(name=f"{server.n} {'edcba'[number]}", pkceEnabled=number % 2 == 0)
    ids = [f"{server.n}-{number}" for number in range(5)]
    search = f"search={quote(server.n.upper())}"

    def page(query: str) -> tuple[list[str], tuple[int, ...]]:
        answer = server.ask(f"GET {CLIENTS}?{search}&{query}")
        counts = answer["pagination"]
        return [row["id"] for row in answer["data"]], tuple(
            counts[name] for name in ("totalPages", "totalItems", "currentPage", "itemsPerPage")
        )

    assert page("") == (ids, (1, 5, 1, 20))
    assert page("pagination[limit]=2") == (ids[:2], (3, 5, 1, 2))
    assert page("pagination%5Blimit%5D=2&pagination%5Bpage%5D=3") == (ids[4:], (3, 5, 3, 2))
    assert page("pagination[limit]=2&pagination[page]=9") == (ids[4:], (3, 5, 3, 2))
    assert page("pagination[limit]=0&pagination[page]=-1") == (ids, (1, 5, 1, 20))
    assert page("pagination[limit]=500")[1] == (1, 5, 1, 100)
    # an invalid number stops the parsing of all following options
    assert page("pagination[limit]=x&pagination[page]=9&sort[column]=name") == (ids, (1, 5, 1, 20))
    assert page("sort[column]=name")[0] == ids[::-1] == page("sort[column]=Name&sort[direction]=junk")[0]
    assert page("sort[column]=name&sort[direction]=desc")[0] == ids
    assert page("sort[column]=id&sort[direction]=desc")[0] == ids == page("sort[column]=nonsense")[0]
    assert page("filters[pkceEnabled]=true")[0] == ids[::2] == page("filters[pkceEnabled][0]=true")[0]
    assert page("filters[pkceEnabled][0]=true&filters[pkceEnabled][1]=false")[0] == ids
    assert page("filters[name]=x")[0] == ids
    assert server.ask(f"GET {CLIENTS}?search=no+such+{server.n}") == {
        "data": [],
        "pagination": {"totalPages": 1, "totalItems": 0, "currentPage": 1, "itemsPerPage": 20},
    }


@pytest.mark.parametrize(
    ("kind", "values", "term", "found"),
    [
        ("group", {"friendlyName": "tidewater"}, "tidewater", False),
        ("group", {}, "{n}", True),
        ("user", {"firstName": "Zoë{n}"}, "Zoë{n}", True),
        ("user", {"lastName": "{n}x"}, "{n}X", True),
        ("user", {"displayName": "tidewater{n}"}, "tidewater{n}", False),
        ("user", {}, "{n}%25@example", True),
        ("user", {}, "{n}_0@example", True),
    ],
)
def test_2_search_matches_some_fields(server: Server, kind: str, values: dict, term: str, found: bool) -> None:
    made = getattr(server, kind)(**{name: value.replace("{n}", server.n) for name, value in values.items()})
    path = {"user": USERS, "group": GROUPS}[kind]
    rows = server.ask(f"GET {path}?search={term.replace('{n}', server.n)}&pagination[limit]=100")["data"]
    assert (made["id"] in names(rows)) is found
