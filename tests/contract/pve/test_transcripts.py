"""Compares the Proxmox VE simulator with the recorded responses of the product.

Every transcript is replayed in order over HTTPS, and every answer compared: status, reason phrase, content type, body.
With FLEETGATE_PVE_URL (https://host:8006), FLEETGATE_PVE_TOKEN (user@realm!name=secret, of an administrator) and
FLEETGATE_PVE_CA (a bundle) set, the cases that neither write nor depend on earlier ones are sent to that server too.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.simulators.pve import PveSimulator
from tests.simulators.server import Authority, serve

from .client import ORACLE, ROOT_PASSWORD, Client, Issuers
from .recordings import TRANSCRIPTS, cases, same

SECRET = "00000000-0000-4000-8000-000000000001"
HELD_LOCK = "another node holds the lock of user.cfg: fails after 10 seconds"

# Responses that cannot be equal: the reason, and the parts of the response that are expected instead.
STAND_IN_VERSION = (
    "the recording of 8.4 has the version text of a stand-in for 9.2",
    {"body": {"data": {"version": "8.4.1", "release": "8.4", "repoid": "2a5fa54a8503f96d"}}},
)


def failure(message: str) -> tuple[str, dict]:
    """An error with the text of the product's Rust libraries, which were replaced by stubs in the recordings."""
    words = {"status": 500, "reason": message, "body": {"data": None, "message": f"{message}\n"}}
    return "seen on 9.2.11 with its own libraries", words


NOT_FOUND = failure("Request failed: ureq request failed - http status: 404: http status: 404")
REFUSED = "io: Connection refused (os error 111)"
UNREACHABLE = failure(f"Request failed: ureq request failed - {REFUSED}: {REFUSED}")
# the column is the length of the document, which has the name of the issuer's host in it
INCOMPLETE = failure(
    "Failed to parse server response: missing field `authorization_endpoint` at line 1 column <column>"
)
DIFFERENCES = {
    **{
        (name, f"auth-url, issuer {what}"): difference
        for name in ("pve-openid", "pve-84-openid")
        for what, difference in (
            ("answers: notfound", NOT_FOUND),
            ("answers: incomplete", INCOMPLETE),
            ("not reachable", UNREACHABLE),
        )
    },
    ("pve-users", "unlock-tfa"): failure("no such user"),
    ("pve-84-auth", "read with ticket"): STAND_IN_VERSION,
    ("pve-84-auth", "ticket in the Authorization header"): STAND_IN_VERSION,
    ("pve-84-auth", "token after a blank instead of an equals sign"): STAND_IN_VERSION,
    ("pve-84-auth", "token percent-encoded in the header"): STAND_IN_VERSION,
    ("pve-84-auth", "token with Bearer prefix"): STAND_IN_VERSION,
    ("pve-84-auth", "a valid ticket cookie wins over a wrong token"): STAND_IN_VERSION,
    ("pve-84-misc", "version"): STAND_IN_VERSION,
    ("pve-84-misc", "cluster: request for this node"): STAND_IN_VERSION,
    ("pve-84-permissions", "version: every user"): STAND_IN_VERSION,
}


def simulator(version: str, clustered: bool, trust: Path) -> PveSimulator:
    """A standalone node, or the cluster of the recordings: pve3 is offline, pve2 not reachable."""
    nodes = ("pve1", "pve2", "pve3") if clustered else ("pve1",)
    addresses = {name: f"127.0.0.1{number}" for number, name in enumerate(nodes, start=1)}
    simulated = PveSimulator(
        version,
        nodes,
        "lab" if clustered else None,
        addresses,
        {"root@pam": ROOT_PASSWORD},
        {ORACLE: SECRET},
        trust=trust,
    )
    for name in nodes[1:]:
        simulated.cluster.nodes[name].listening = False
        simulated.cluster.nodes[name].fingerprint = None
    if clustered:
        simulated.cluster.nodes["pve3"].online = False
    return simulated


def replayed(recorded: list[dict], simulated: PveSimulator, authority: Authority, issuers: Issuers) -> list[tuple]:
    """Every case with the simulator's answer."""
    outcome = []
    with serve(simulated.app("pve1"), authority.tls("127.0.0.1")) as port:
        client = Client(f"https://127.0.0.1:{port}", str(authority.bundle), f"{ORACLE}={SECRET}", issuers)
        for case in recorded:
            simulated.cluster.held_locks = {"user.cfg"} if case["case"] == HELD_LOCK else set()
            outcome.append((case, client.replay(case)))
    return outcome


def problems(name: str, outcome: list[tuple[dict, dict]]) -> list[str]:
    """The responses that differ from the recording or, if a difference is listed, from the listed response."""
    found = []
    for case, answer in outcome:
        recorded = case["response"]
        _why, expected = DIFFERENCES.get((name, case["case"]), ("", {}))
        if not same({**recorded, **expected}, answer):
            found.append(f"{case['case']}: expected {expected}, recorded {recorded}\n  answered {answer}")
    return found


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=lambda path: f"{path.stem}-{len(cases(path))}-cases")
def test_simulator_answers_as_recorded(transcript: Path, authority: Authority, issuers: Issuers) -> None:
    version = "8.4" if transcript.stem.startswith("pve-84-") else "9.2"
    recorded = {False: [], True: []}  # by whether the recording was made in a cluster; one file has a part in each
    for case in cases(transcript):
        recorded[transcript.stem.endswith("permissions") or case["case"].startswith("cluster: ")].append(case)
    outcome = [
        answered
        for clustered, part in recorded.items()
        if part
        for answered in replayed(part, simulator(version, clustered, authority.bundle), authority, issuers)
    ]
    found = problems(transcript.stem, outcome)
    assert not found, "\n\n".join(found)


def test_listed_differences_still_exist() -> None:
    recorded = {(path.stem, case["case"]): case["response"] for path in TRANSCRIPTS for case in cases(path)}
    same_after_all = [
        listed
        for listed, (_why, expected) in DIFFERENCES.items()
        if same(recorded[listed], {**recorded[listed], **expected})
    ]
    assert same_after_all == []


STATELESS = {
    "auth": (
        "no authentication",
        "no authentication, unknown path",
        "unknown path with authentication",
        "unknown path below access",
        "unknown method PATCH",
        "directory index of access",
    ),
    "roles": ("read Administrator", "read NoAccess", "read PVEAdmin", "read PVEAuditor", "read PVETemplateUser"),
    "openid": ("openid index", "auth-url without parameters", "login without parameters"),
}


@pytest.mark.skipif("FLEETGATE_PVE_URL" not in os.environ, reason="no real server is named")
def test_real_server_answers_as_recorded() -> None:
    url, ca, token = (os.environ[f"FLEETGATE_PVE_{name}"] for name in ("URL", "CA", "TOKEN"))
    client = Client(url.rstrip("/"), ca, token)
    release = client.as_oracle("GET", "/api2/json/version")["body"]["data"]["release"]
    prefix = "pve-84" if release.startswith("8.") else "pve"
    outcome = [
        (case, client.replay(case))
        for path in TRANSCRIPTS
        for name, wanted in STATELESS.items()
        for case in cases(path)
        if path.stem == f"{prefix}-{name}" and case["case"] in wanted
    ]
    found = problems("a real server", outcome)
    assert outcome and not found, "\n\n".join(found)
