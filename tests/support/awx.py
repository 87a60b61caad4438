"""A simulated AWX, and awx.awx for it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.simulators.awx import AwxSimulator
from tests.simulators.server import Observed, serve
from tools.awx_collection import NAME, awx_collection

from .ansible import ROOT

# the playbooks of a project are those of the example
PROJECT = ROOT / "examples/awx"


@dataclass
class Awx:
    """A running AWX, and the environment in which modules of awx.awx reach it."""

    simulator: AwxSimulator
    observed: Observed
    environment: dict[str, str]


@contextmanager
def running() -> Iterator[Awx]:
    token = secrets.token_hex(16)
    simulator = AwxSimulator(token, sorted(path.name for path in PROJECT.glob("*.yml")))
    observed = Observed(simulator.app())
    with serve(observed, None) as port:
        environment = {
            "CONTROLLER_HOST": f"http://127.0.0.1:{port}",
            "CONTROLLER_OAUTH_TOKEN": token,
            # without TLS too, each request loads all authorities, which takes most of the time
            "SSL_CERT_FILE": os.devnull,
        }
        yield Awx(simulator, observed, environment)


def install(collections: Path) -> None:
    """Add awx.awx to a folder of collections, with modules that run in the process of the control node."""
    source, target = awx_collection() / NAME, collections / NAME
    (target / "plugins/action").mkdir(parents=True)
    for part in ("meta", "MANIFEST.json", "plugins/modules", "plugins/module_utils", "plugins/doc_fragments"):
        (target / part).symlink_to(source / part)
    for module in (source / "plugins/modules").glob("*.py"):
        (target / "plugins/action" / module.name).symlink_to(Path(__file__).with_name("awx_action.py"))
