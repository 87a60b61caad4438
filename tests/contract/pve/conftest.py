"""Fixtures for the recordings of PVE."""

from __future__ import annotations

import pytest

from ..stage import Stage
from .client import Issuers


@pytest.fixture(scope="module")
def issuers(provider_stage: Stage) -> Issuers:
    provider_stage.app = issuers = Issuers(provider_stage.url)
    return issuers
