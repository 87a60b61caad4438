"""The requests for monitoring a fleet, and what its first run does at the same time."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.simulators.server import Fault

# the modules; Pulse itself connects to the servers as well
OURS = "python-requests/"
ALL_FEATURES = {"guest_agent": True, "backup_volumes": True, "pull_jobs": True}


@pytest.fixture
def fleet_of_many(fleet_of, ansible, tmp_path):
    """A fleet of many clusters and two backup servers, and how to run the playbook on all of it."""

    def make(count, **variables):
        clusters = {f"cluster{number}": (f"cluster{number}",) for number in range(count)}
        fleet = fleet_of("homelab", clusters=clusters, backups=("backup0", "backup1")).fleet
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(yaml.safe_dump(fleet.inventory()))

        def monitor():
            fleet.forget()
            return ansible.playbook("fleetgate.proxmox.monitor", "-i", str(inventory), "-e", json.dumps(variables))

        return fleet, monitor

    return make


def hosts_of(fleet):
    return [*(node for (node,) in fleet.pve.values()), *fleet.pbs.values()]


def requests(server):
    return [f"{one.verb} {one.path}" for one in server.observed.journal if one.agent.startswith(OURS)]


@pytest.mark.parametrize(
    ("count", "monitoring"), [(2, {}), (2, ALL_FEATURES), (8, {})], ids=["few", "all features", "many"]
)
def test_requests_of_an_unchanged_fleet_grow_linearly(fleet_of_many, count, monitoring):
    fleet, monitor = fleet_of_many(count, fleetgate_monitoring=monitoring)
    monitor().succeeded()
    assert monitor().succeeded().changed == []
    for most, servers in ((10, [node for (node,) in fleet.pve.values()]), (8, fleet.pbs.values())):
        for server in servers:
            assert 0 < len(requests(server)) <= most, "\n".join(requests(server))
    of_pulse = requests(fleet.pulse)
    assert len([one for one in of_pulse if one.startswith("GET")]) <= 3, of_pulse
    # Pulse signs in once for each host
    assert len(of_pulse) <= 3 + count + 2, of_pulse


def test_first_run_sets_up_all_identities_before_it_changes_pulse_for_one_host_at_a_time(fleet_of_many):
    fleet, monitor = fleet_of_many(6)
    with_token, at_once, running = [], [], []
    pulse = fleet.pulse.observed
    answer = pulse.app

    def has_token(server):
        return any(one.verb == "POST" and "/token/" in one.path for one in server.observed.journal)

    def watched(environ, start_response):
        if environ["REQUEST_METHOD"] == "GET":
            return answer(environ, start_response)
        with_token.append(sum(map(has_token, hosts_of(fleet))))
        running.append(environ)
        at_once.append(len(running))
        try:
            return list(answer(environ, start_response))
        finally:
            running.remove(environ)

    pulse.app = watched
    monitor().succeeded()
    assert {*with_token} == {8} and {*at_once} == {1}
    # Pulse counts both as changes, and takes 30 a minute
    sent = [one for one in requests(fleet.pulse) if not one.startswith("GET")]
    assert sorted(sent) == ["POST /api/config/nodes"] * 8 + ["POST /api/config/nodes/test-config"] * 8
    # all hosts together read it three times, and each its entry before and after the change
    assert len(requests(fleet.pulse)) == len(sent) + 3 + 2 * 8
    # what the preflight read of a cluster is not read again
    for server in (node for (node,) in fleet.pve.values()):
        assert requests(server).count("GET /api2/json/cluster/status") == 1


def test_host_whose_entry_pulse_did_not_take_is_repaired_alone(fleet_of_many):
    fleet, monitor = fleet_of_many(3)
    fleet.pulse.observed.faults.append(Fault("POST", "/api/config/nodes", status=0))
    assert len(monitor().failed) == 1
    assert len([one for one in requests(fleet.pulse) if one == "POST /api/config/nodes"]) == 5
    changed = {one.split(":")[0] for one in monitor().succeeded().changed}
    assert len(changed) == 1 and {name for name, _write in fleet.writes()} <= {*changed, "pulse1"}
    assert monitor().succeeded().changed == [] and fleet.writes() == []
