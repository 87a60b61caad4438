"""Slices of a fleet in other situations: other providers, lost secrets, misspelt names, and Pulse, which loses parallel additions."""

from __future__ import annotations

import re
import shlex

import pytest
import yaml

from tests.support.ansible import ROOT
from tests.support.pulse import nodes
from tests.support.rotate import CLIENTS, in_realm, listed, pocketid, servers, sign_in_everywhere
from tests.support.sample import ALL
from tests.support.slices import DECLARED, FLEET, Slices

REALM = "pocketid"
GUIDE = (ROOT / "docs/docsite/rst/guide_slices.rst").read_text()
IN_A_SLICE = yaml.safe_load(re.search(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE)[1])
SECRETS = "/api/oidc/clients/[^/]+/secrets?"


@pytest.fixture(scope="module")
def sliced(fleet_of, ansible, tmp_path_factory):
    """Starts a fleet, with its slices."""

    def start(*, declared=DECLARED, **versions):
        wired = fleet_of("homelab", **FLEET, **versions)
        return wired, Slices(wired.fleet, ansible, tmp_path_factory.mktemp("slices"), **declared)

    return start


def realms(wired):
    return {name: in_realm(wired, name, REALM) for name in servers(wired)}


def new_secrets(wired):
    return [one.path for _name, one in wired.fleet.writes() if one.verb == "POST" and re.fullmatch(SECRETS, one.path)]


def failures(runs):
    return " ".join(" ".join(text.split()) for run in runs for text in run.failed)


class TestSecrets:
    """The tests build on each other."""

    @pytest.fixture(scope="class")
    def fleet(self, sliced):
        wired, slices = sliced()
        slices.play("wire").succeeded()
        return wired, slices

    def test_slices_keep_what_one_run_has_set_up(self, fleet):
        wired, slices = fleet
        before = realms(wired)
        for run in slices.play_slices("wire_hosts", count=3, at_once=False):
            assert run.succeeded().changed == []
        assert wired.fleet.writes() == [] and realms(wired) == before and len(listed(wired, "proxmox")) == 1

    def test_slice_without_a_valid_secret_adds_one_and_leaves_the_others_alone(self, fleet):
        wired, slices = fleet
        (row,) = listed(wired, "proxmox")
        slices.play_slices("wire_hosts", count=3, at_once=False)
        pocketid(wired, "DELETE", f"oidc/clients/proxmox/secrets/{row['id']}")
        slices.play_slices("wire_hosts", count=3, at_once=True)
        assert len(new_secrets(wired)) == 2 and len(set(realms(wired).values())) == 2
        sign_in_everywhere(wired, "alice", REALM)

    def test_rotation_replaces_the_secrets_of_all_slices_by_one(self, fleet):
        wired, slices = fleet
        assert len(listed(wired, "proxmox")) == 2
        slices.play("rotate", **CLIENTS).succeeded()
        assert len(listed(wired, "proxmox")) == 1 and len(set(realms(wired).values())) == 1

    def test_slice_without_its_client_stops_before_the_first_change(self, fleet):
        wired, slices = fleet
        another = {"fleetgate_client": {"id": "another", "name": "Another"}}
        runs = slices.play_slices("wire_hosts", count=3, at_once=False, **another)
        assert [run.code != 0 for run in runs] == [True, True, False] and wired.fleet.writes() == []
        assert (
            len(
                re.findall(
                    "client another does not exist at Pocket ID.*?; run the playbook wire_provider", failures(runs)
                )
            )
            >= 2
        )
        runs = slices.play_slices("wire_hosts", count=3, at_once=False, fleetgate_names=["pve.example.org"])
        assert "client proxmox does not have the redirect URI https://pve.example.org:" in failures(runs)
        assert wired.fleet.writes() == []


@pytest.mark.parametrize("version", ["2.13", *(["2.11"] if ALL else [])])
def test_provider_with_one_secret_per_client_needs_one_run_for_a_shared_client(sliced, version):
    wired, slices = sliced(pocketid=version)
    slices.play("wire_provider").succeeded()
    runs = slices.play_slices("wire_hosts", count=3, at_once=False)
    assert wired.fleet.writes() == []
    assert len({row["host"] for run in runs for row in run.rows if row["outcome"] == "failed"}) == 3
    assert "keeps one secret per client" in failures(runs) and "run the playbook wire once" in failures(runs)
    slices.play("wire").succeeded()
    for run in slices.play_slices("wire_hosts", count=3, at_once=False):
        assert run.succeeded().changed == []
    # a client of its own is in one slice only
    own = {"fleetgate_client": {"id": "{{ inventory_hostname }}", "name": "{{ inventory_hostname }}"}}
    slices.play("wire_provider", **own).succeeded()
    for run in slices.play_slices("wire_hosts", count=3, at_once=True, **own):
        run.succeeded()
    assert len(new_secrets(wired)) == 3
    assert slices.play("wire", **own).succeeded().changed == []


def test_authentik_shows_the_secret_to_all_slices(sliced):
    wired, slices = sliced(idp="authentik")
    slices.play("wire_provider").succeeded()
    for run in slices.play_slices("wire_hosts", count=3, at_once=True):
        run.succeeded()
    assert {name for name, _write in wired.fleet.writes()} == {server.name for server in servers(wired).values()}
    assert len(set(realms(wired).values())) == 1
    assert slices.play("wire").succeeded().changed == [] and wired.fleet.writes() == []


class TestDeclaration:
    """The tests build on each other."""

    @pytest.fixture(scope="class")
    def fleet(self, sliced):
        return sliced()

    def test_misspelt_host_is_refused_by_the_run_that_sees_all(self, fleet):
        wired, slices = fleet
        rights = {"pve": [{"path": "/vms", "roles": ["PVEVMUser"], "hosts": ["berln"]}]}
        run = slices.play("wire_provider", fleetgate_groups=[{"name": "users", "members": ["bob"], "rights": rights}])
        assert run.code != 0 and wired.fleet.writes() == []
        assert "'berln' in hosts is neither a host nor a group of the inventory; did you mean berlin?" in failures(
            [run]
        )

    @pytest.mark.parametrize("playbook", ["wire", "wire_provider"])
    def test_what_needs_all_hosts_is_refused_in_a_slice(self, fleet, playbook):
        wired, slices = fleet
        (run, _second, third) = slices.play_slices(playbook, count=3, at_once=False, fleetgate_slice="true")
        assert wired.fleet.writes() == [] and len(run.failed) == 2
        assert all("run the playbook wire_provider once for all hosts" in text for text in run.failed)
        assert third.succeeded().failed == []

    def test_clients_are_removed_when_no_host_waits_for_its_slice(self, fleet):
        wired, slices = fleet
        first, *parts = (
            shlex.split(line) for line in re.findall(r"\$ ansible-playbook fleetgate\.proxmox\.(.*?)(?: &)?\n", GUIDE)
        )
        slices.play(first[0]).succeeded()
        for run in slices.at_once([(part[0], *part[3:]) for part in parts]):
            run.succeeded()
        assert [part[0] for part in parts] == ["wire_hosts", "wire_hosts"] and all(realms(wired).values())
        other = {"fleetgate_client": {"id": "other", "name": "Other"}, "fleetgate_undeclared": "remove"}
        run = slices.play("wire_provider", **other).succeeded()
        assert {*wired.clients()} == {"proxmox", "other"} and "until wire_hosts has set up the host" in run.output
        for run in slices.play_slices("wire_hosts", count=3, at_once=False, **other):
            run.succeeded()
        slices.play("wire_provider", **other).succeeded()
        assert {*wired.clients()} == {"other"}
        sign_in_everywhere(wired, "alice", REALM)


class TestMonitoring:
    """The tests build on each other."""

    @pytest.fixture(scope="class")
    def fleet(self, sliced):
        return sliced(pulse_reload=0.3)

    def test_slice_that_lacks_the_host_of_pulse_says_how_to_declare_it(self, fleet):
        wired, slices = fleet
        runs = slices.play_slices("monitor", count=3, at_once=False, fleetgate_slice=True)
        assert [len(run.failed) for run in runs] == [2, 1, 0] and wired.fleet.writes() == []
        assert all("or set url and api_token in this variable" in text for run in runs for text in run.failed)

    def test_entries_that_parallel_slices_lose_are_written_again(self, fleet, ansible):
        wired, slices = fleet
        trust = str(wired.fleet.authority.bundle)
        pulse = {"url": wired.fleet.pulse.url, "api_token": wired.fleet.tokens["pulse1"], "ca_path": trust}
        declared = {**IN_A_SLICE, "fleetgate_pulse": pulse}
        assert IN_A_SLICE.keys() == declared.keys() and IN_A_SLICE["fleetgate_pulse"].keys() < pulse.keys()
        for run in slices.play_slices("monitor", count=3, at_once=True, **declared):
            run.succeeded()
        assert sorted(one["name"] for one in nodes(wired, ansible).values()) == ["backup", "berlin", "vienna"]
        for run in slices.play_slices("monitor", count=3, at_once=True, **declared):
            assert run.succeeded().changed == []
        assert wired.fleet.writes() == []
