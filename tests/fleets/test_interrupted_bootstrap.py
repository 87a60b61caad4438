"""The playbook bootstrap interrupted at each of its requests: the next run repairs it, and one more changes nothing."""

from __future__ import annotations

import re

import pytest

from tests.simulators.server import Fault
from tests.support.bootstrap import new, stored
from tests.support.sample import sample


@pytest.fixture(scope="module")
def writes(fleet_of, tmp_path_factory):
    """The write requests that bootstrap sends to a new server of each product."""
    wired = new(fleet_of("homelab"), tmp_path_factory.mktemp("secrets"))
    wired.play("bootstrap").succeeded()
    sent = [(name, one.verb, one.path) for name, one in wired.fleet.writes()]
    return {name: [(verb, path) for server, verb, path in sent if server == name] for name in ("pve1", "pbs1")}


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_bootstrap_interrupted_at_any_request_is_repaired_by_the_next_run(fleet_of, tmp_path, writes, carried_out):
    """Both servers are interrupted in each round, at their requests with the same number."""
    rounds = max(map(len, writes.values()))
    assert rounds >= 4
    for number in sample(range(rounds), 14):
        folder = tmp_path / str(number)
        folder.mkdir()
        wired = new(fleet_of("homelab"), folder)
        servers = {"pve1": wired.fleet.pve["pve1"][0], "pbs1": wired.fleet.pbs["pbs1"]}
        for name, requests in writes.items():
            verb, path = requests[min(number, len(requests) - 1)]
            # a lost request is not sent again, because the server may have processed it
            fault = Fault(verb, re.escape(path), status=0, carried_out=carried_out)
            servers[name].observed.faults.append(fault)
        wired.play("bootstrap")
        for server in servers.values():
            server.observed.faults.clear()
        wired.play("bootstrap").succeeded()
        assert set(stored(wired)) == {"pve1", "pbs1"}
        assert wired.play("bootstrap").succeeded().changed == [], number


def test_token_with_privileges_keeps_its_secret(fleet_of, tmp_path):
    """Another control node may use it; the message names the variable that allows its replacement."""
    wired = new(fleet_of("homelab"), tmp_path)
    wired.play("bootstrap").succeeded()
    for path in wired.secrets.iterdir():
        path.unlink()
    refused = wired.play("bootstrap")
    assert len(refused.failed) == 2 and wired.fleet.writes() == []
    assert all("fleetgate_bootstrap.replace_secret" in one and "if_invalid" not in one for one in refused.failed)


def test_draft_file_of_a_killed_run_allows_replacing_the_secret(fleet_of, tmp_path):
    """The user had privileges before the run that was killed right after it had created the token."""
    wired = new(fleet_of("homelab"), tmp_path)
    wired.play("bootstrap").succeeded()
    for path in wired.secrets.iterdir():
        path.rename(path.with_name(f".{path.name}.fleetgate-x1y2z3"))
    wired.play("bootstrap").succeeded()
    assert {"pve1.token.txt", "pbs1.token.txt"} <= {path.name for path in wired.secrets.iterdir()}
    assert wired.play("bootstrap").succeeded().changed == []
