"""The result of pve_info can be passed to pve_state without changes, for every configuration of the recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulators.server import Authority, Observed, serve
from tests.support import in_process

from .client import ORACLE, Client, Issuers
from .recordings import TRANSCRIPTS, cases
from .test_transcripts import HELD_LOCK, SECRET, simulator

STATE = ("roles", "groups", "users", "tokens", "acl", "realms")


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: path.stem)
def test_every_recorded_configuration_round_trips(transcript: Path, authority: Authority, issuers: Issuers) -> None:
    version = "8.4" if transcript.stem.startswith("pve-84-") else "9.2"
    observed = Observed(simulator(version, transcript.stem.endswith("permissions"), authority.bundle).app("pve1"))
    with serve(observed, authority.tls("127.0.0.1")) as port:
        server = {
            "api_host": "127.0.0.1",
            "api_port": port,
            "api_token_id": ORACLE,
            "api_token_secret": SECRET,
            "ca_path": str(authority.bundle),
        }
        client = Client(f"https://127.0.0.1:{port}", str(authority.bundle), f"{ORACLE}={SECRET}", issuers)
        told_before = None
        for case in cases(transcript):
            if case["case"] == HELD_LOCK:
                continue
            answer = client.replay(case)
            if case["request"]["method"] == "GET" or answer["status"] != 200:
                continue
            # root@pam owns the token of the test
            if case["request"]["path"].endswith("/users/root@pam"):
                break
            told = in_process.run("pve_info", **server, gather=list(STATE), show_secrets=True)
            if told == told_before:
                continue
            told_before = told
            observed.journal.clear()
            given_back = in_process.run("pve_state", **server, **{kind: told[kind] for kind in STATE})
            assert given_back["plan"] == [], case["case"]
            assert observed.writes() == [], case["case"]
