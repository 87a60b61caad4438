"""Section 1: transport."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest

from tests.simulators.pbs.call import ROUTES
from tests.simulators.pbs.schema import Schema

from .language import MADE, REALM, USER, USERS
from .server import Server


def test_1_error_bodies_are_plain_text_labelled_as_json(server: Server) -> None:
    for request, status in [(f"GET {REALM}", 400), ("GET /nope", 404), ("GET /nodes", 403)]:
        answer = server.call(request)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json;charset=UTF-8")
        assert not answer.text.startswith("{")


def test_1_rejected_credentials_get_401(server: Server) -> None:
    answer = server.call("GET /version", token="")
    assert (answer.status_code, answer.text) == (401, "authentication failed")
    assert "Content-Type" not in answer.headers
    assert answer.headers["Set-Cookie"].startswith("__Host-PBSAuthCookie=; Expires=Thu, 01 Jan 1970")
    assert server.call("GET /nope", token="").status_code == 401, "asked for credentials before the path is looked up"


@pytest.mark.parametrize("request_", ["GET /ping", "GET /access/domains"])
def test_1_public_endpoints_need_no_credentials(server: Server, request_: str) -> None:
    server.data(request_, token="")


@pytest.mark.parametrize(
    "path",
    [
        endpoint.path
        for endpoint in Schema("4.2").endpoints
        if endpoint.verb == "GET" and endpoint.config and not endpoint.parameters.keys() - {"path", "exact"}
    ],
)
def test_1_digest_is_returned_beside_data(server: Server, path: str) -> None:
    answer = server.call(f"GET {path}").json()
    assert re.fullmatch("[0-9a-f]{64}", answer["digest"])
    assert "digest" not in str(answer["data"])


def test_1_any_change_of_the_file_invalidates_a_digest(server: Server) -> None:
    server.ask(MADE)
    digest = server.call(f"GET {USER}").json()["digest"]
    server.ask((f"POST {USERS}", {"userid": "{n}-2@pbs"}), (f"PUT {USER}", {"digest": digest}, 400))
    digest = server.call(f"GET {USERS}").json()["digest"]
    server.ask((f"PUT {USER}", {"digest": digest, "comment": "d"}))


def test_1_lists_come_in_any_order(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(*((f"POST {USERS}", {"userid": f"{{n}}-{number}@pbs"}) for number in range(9)))
    assert len({tuple(row["userid"] for row in server.data(f"GET {USERS}")) for _each in range(5)}) > 1


def test_1_roles_keep_their_order_within_one_process(simulated: Callable[..., Server]) -> None:
    server = simulated()
    assert len({tuple(row["roleid"] for row in server.data("GET /access/roles")) for _each in range(5)}) == 1


def test_1_refusals_are_delayed(simulated: Callable[..., Server]) -> None:
    server = simulated(slow_failures=True)
    for request, token, seconds in [("GET /nodes", None, 0.5), ("GET /version", "", 3.0)]:
        started = time.monotonic()
        server.call(request, token=token)
        assert time.monotonic() - started >= seconds


def test_exactly_the_documented_endpoints_are_simulated() -> None:
    assert set(ROUTES) == {(endpoint.verb, endpoint.path) for endpoint in Schema("4.2").endpoints}
