"""Sections 1, 2 and 14: credentials, scopes, version and health."""

from __future__ import annotations

import pytest

from .server import NODES, TOKENS, Server


def test_14_version_and_health_are_public(server: Server) -> None:
    version = server.ask("GET /api/version", token="")["version"]
    assert [number.isdigit() for number in version.split(".")] == [True, True, True]
    assert server.ask("GET /api/health", token="")["status"] == "healthy"


def test_1_missing_credentials_are_rejected(server: Server) -> None:
    answer = server.call(f"GET {NODES}", token="")
    assert (answer.status_code, answer.json()) == (401, {"error": "Authentication required"})
    assert answer.headers["Content-Type"] == "application/json"


def test_1_wrong_token_is_rejected(server: Server) -> None:
    """Pulse 6 answers in plain text."""
    answer = server.call(f"GET {NODES}", token="0" * 64)
    assert answer.status_code == 401
    if server.old:
        assert answer.json() == {"error": "Authentication required"}
    else:
        assert answer.text.strip() == "Invalid API token"


def test_1_token_is_accepted_as_a_bearer(server: Server) -> None:
    server.ask(f"GET {NODES}", token="", headers={"Authorization": f"Bearer {server.token}"})


@pytest.mark.parametrize(
    "request_",
    [
        f"POST {NODES}",
        f"POST {NODES}/test-config",
        f"POST {NODES}/test-connection",
        f"PUT {NODES}/pbs-0",
        f"DELETE {NODES}/pbs-0",
    ],
)
def test_1_requests_require_their_scopes(server: Server, request_: str) -> None:
    made = server.ask(f"POST {TOKENS}", {"name": "fg", "scopes": ["settings:read"]})
    assert len(made["token"]) == 64 and made["record"]["scopes"] == ["settings:read"]
    assert made["token"].startswith(made["record"]["prefix"]) and made["token"].endswith(made["record"]["suffix"])
    server.ask(f"GET {NODES}", token=made["token"])
    missing = server.ask(request_, {}, 403, token=made["token"])
    assert missing == {"error": "missing_scope", "requiredScope": "settings:write"}
    server.ask(f"DELETE {TOKENS}/{made['record']['id']}", status=204)
    assert server.call(f"GET {NODES}", token=made["token"]).status_code == 401


def test_2_token_cannot_grant_scopes_it_lacks(server: Server) -> None:
    """Pulse 5.1 allows it."""
    answer = server.call(f"POST {TOKENS}", {"name": "fg", "scopes": ["monitoring:read"]})
    if server.old:
        server.ask(f"DELETE {TOKENS}/{answer.json()['record']['id']}", status=204)
    else:
        told = 'Cannot grant scope "monitoring:read": your token does not have this scope'
        assert (answer.status_code, answer.text.strip()) == (403, told)


def test_12_connections_are_listed_since_6(server: Server) -> None:
    if server.old:
        assert server.refused("GET /api/connections", status=404) == "404 page not found"
    else:
        assert server.ask("GET /api/connections")["connections"] == []
