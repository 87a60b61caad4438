"""The playbook monitor: Pulse monitors a fleet with read-only identities."""

from __future__ import annotations

import json

import pytest

from tests.support.pulse import nodes


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """One PVE, one PBS. The tests build on each other."""
    return fleet_of("homelab")


@pytest.fixture(scope="module")
def planned(homelab):
    return homelab.play("monitor", "--check", "--diff").succeeded()


def reasons(run):
    return {step["reason"] for row in run.results() for step in row.get("plan", ())}


def test_check_mode_on_an_empty_fleet_completes_and_sends_only_reads(homelab, planned):
    assert homelab.fleet.writes() == []
    assert {
        "token pulse-monitor@pve!pulse is missing",
        f"node pbs {homelab.fleet.pbs['pbs1'].url} is missing",
    } <= reasons(planned)
    # for people to read, too
    assert planned.output.count('+    "token pulse-monitor@') == 2 and planned.output.count('+    "node ') == 2


def test_run_matches_its_plan_and_prints_no_secret(homelab, planned):
    """Neither the secrets of the automation nor those created for Pulse."""
    done = homelab.play("monitor", "-vvvv", "--diff").succeeded()
    assert {name for name, _write in homelab.fleet.writes()} == {"pve1", "pbs1", "pulse1"}
    assert sorted(done.changed) == sorted(planned.changed) != []
    assert done.told("plan", "diff") == planned.told("plan", "diff") != []
    sent = [json.loads(one.body) for one in homelab.fleet.pulse.observed.journal if one.verb == "POST" and one.body]
    made = {one["tokenValue"] for one in sent if "tokenValue" in one}
    assert len(made) == 2
    assert [secret for secret in [*made, *homelab.fleet.secrets()] if secret in done.output] == []


def test_pulse_is_connected_to_both_servers(homelab, ansible):
    seen = nodes(homelab, ansible)
    assert {one["type"]: (one["name"], one["token_name"], one["connected"]) for one in seen.values()} == {
        "pve": ("pve1", "pulse-monitor@pve!pulse", True),
        "pbs": ("pbs1", "pulse-monitor@pbs!pulse", True),
    }
    assert all(len(one["fingerprint"]) == 95 for one in seen.values())


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["for real", "in check mode"])
def test_second_run_writes_nothing(homelab, arguments):
    assert homelab.play("monitor", *arguments).succeeded().changed == []
    assert homelab.fleet.writes() == []
