"""Section 3: bodies and paths that are refused."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from .server import CLIENTS, GROUPS, Server, told


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b'{"name": "{n}", "friendlyName": "{n}"}', "application/json", 201),
        (
            b'{"NAME": "{n}", "friendlyname": "{n}", "unknown": 1} and more',
            "application/vnd.x+json; charset=utf-8",
            201,
        ),
        (b'{"name": "{n}", "friendlyName": "{n}"}', "text/plain", 400),
        (b'{"name": "{n}", "friendlyName": "{n}"}', None, 400),
        (b"{", "application/json", 400),
        (b"", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"name": 5, "friendlyName": "{n}"}', "application/json", 400),
    ],
)
def test_3_invalid_bodies_are_refused(server: Server, body: bytes, content_type: str | None, status: int) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = server.call(f"POST {GROUPS}", data=body.replace(b"{n}", server.n.encode()), headers=headers)
    assert answer.status_code == status, answer.text
    if status == 201:
        server.made.append(f"{GROUPS}/{answer.json()['id']}")
    else:
        assert answer.json()["code"] == "invalid_request_body" and "details" not in answer.json()


def test_3_validation_errors_are_reported_together(server: Server) -> None:
    details = server.refused(f"POST {GROUPS}", {"name": "x"}, status=400, code="validation_failed")
    assert told(details) == [("friendlyName", "required"), ("name", "too_short")]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET /api/nothing", 404),
        ("PATCH /api/oidc/clients/x", 404),
        ("GET /api/oidc/token", 404),
        ("GET /nothing", 200),
        ("GET /api/oidc/clients/", 301),
        ("GET /healthz", 204),
        ("HEAD /healthz", 204),
    ],
)
def test_3_unknown_paths_are_refused(server: Server, request_: str, status: int) -> None:
    answer = server.call(request_)
    assert answer.status_code == status
    if status == 404:
        assert answer.json().keys() == {"error"}
    if status == 301:
        assert urlsplit(answer.headers["Location"]).path == CLIENTS
