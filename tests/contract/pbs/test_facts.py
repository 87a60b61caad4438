"""All sections: facts that are described by a table of requests and responses."""

from __future__ import annotations

import pytest

from .facts import CASES


@pytest.mark.parametrize(("steps", "version"), CASES)
def test_requests_are_answered_as_described(request: pytest.FixtureRequest, steps: tuple, version: str | None) -> None:
    server = request.getfixturevalue("simulated")(version=version) if version else request.getfixturevalue("server")
    server.ask(*steps)
