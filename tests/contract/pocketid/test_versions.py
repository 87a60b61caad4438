"""Sections 18 and 21: the version, and rate limits, which are tested with the simulator only."""

from __future__ import annotations

import re
import time

from tests.simulators.pocketid import PocketIdSimulator

from .server import Server


def test_18_current_version_requires_authentication(server: Server) -> None:
    assert re.fullmatch(r"2\.1[34]\.\d+", server.ask("GET /api/version/current")["currentVersion"])
    server.refused("GET /api/version/current", status=401, code="not_signed_in", key="")
    assert "latestVersion" in server.ask("GET /api/version/latest", key="")


def test_21_requests_are_rate_limited() -> None:
    client = PocketIdSimulator(rate_limit=True).app().test_client()
    exchanges = [client.post("/api/one-time-access-token/x").status_code for _each in range(6)]
    assert exchanges == [401] * 5 + [429]
    answers = [client.get("/.well-known/jwks.json") for _each in range(500)]
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited[0].json["code"] == "rate_limited" and limited[0].headers["Retry-After"] == "1"
    assert client.get("/healthz").status_code == 204
    time.sleep(1)
    assert client.get("/.well-known/jwks.json").status_code == 200
