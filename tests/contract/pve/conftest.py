"""What the recordings of PVE need beside the cluster itself."""

from __future__ import annotations

import pytest

from ..stage import Stage
from .client import Issuers


@pytest.fixture(scope="module")
def issuers(provider_stage: Stage) -> Issuers:
    provider_stage.app = issuers = Issuers(provider_stage.url)
    return issuers
