"""Fixtures of all contracts: hosts for simulators and identity providers, and exclusive access to real servers."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator

import pytest

from tests.simulators.server import Authority

from .stage import Stage, staged


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def stage(authority: Authority) -> Iterator[Stage]:
    with staged(authority) as stage:
        yield stage


@pytest.fixture(scope="session")
def provider_stage(authority: Authority) -> Iterator[Stage]:
    with staged(authority) as stage:
        yield stage


@pytest.fixture
def real_server_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A lock for tests that write to a real server, which is shared by all processes of a run."""
    with (tmp_path_factory.getbasetemp().parent / "real-server.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
