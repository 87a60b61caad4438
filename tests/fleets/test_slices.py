"""Slices of a fleet in other situations: other providers, lost secrets, misspelt names, and Pulse, which loses parallel additions."""

from __future__ import annotations

import re
import shlex
import time

import pytest
import requests
import yaml

from tests.support.ansible import ROOT
from tests.support.pulse import nodes
from tests.support.rotate import CLIENTS, in_realm, listed, pocketid, servers, sign_in_everywhere
from tests.support.sample import ALL
from tests.support.slices import DECLARED, FLEET, Slices

REALM = "pocketid"
GUIDE = (ROOT / "docs/docsite/rst/guide_slices.rst").read_text()
COMMANDS = re.findall(r"\$ ansible-playbook fleetgate\.proxmox\.(.*?)(?: &)?\n", GUIDE)
IN_A_SLICE = yaml.safe_load(re.search(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE)[1])
SECRETS = re.compile("/api/oidc/clients/[^/]+/secrets?")
long = pytest.mark.skipif(not ALL, reason="takes long")


@pytest.fixture(scope="module")
def sliced(fleet_of, ansible, tmp_path_factory):
    """Starts a fleet, with its slices."""

    def start(**versions):
        wired = fleet_of("homelab", **FLEET, **versions)
        return wired, Slices(wired.fleet, ansible, tmp_path_factory.mktemp("slices"), **DECLARED)

    return start


@pytest.fixture(scope="module")
def fleet(sliced):
    """A fleet that one run has set up; the tests build on each other."""
    wired, slices = sliced()
    slices.play("wire").succeeded()
    return wired, slices


@pytest.fixture(scope="module")
def monitored(sliced):
    return sliced(pulse_reload=0.3)


def realms(wired):
    return {name: in_realm(wired, name, REALM) for name in servers(wired)}


def new_secrets(wired):
    return [one.path for _name, one in wired.fleet.writes() if one.verb == "POST" and SECRETS.fullmatch(one.path)]


def succeed(runs):
    return [row for run in runs for row in run.succeeded().changed]


def failures(*runs):
    return [" ".join(text.split()) for run in runs for text in run.failed]


@long
def test_slices_keep_what_one_run_has_set_up(fleet):
    wired, slices = fleet
    before = realms(wired)
    assert succeed(slices.play_slices("wire_hosts", count=3, at_once=True)) == []
    assert wired.fleet.writes() == [] and realms(wired) == before and len(listed(wired, "proxmox")) == 1


def test_slices_without_a_valid_secret_add_one_each_and_rotation_makes_them_one(fleet):
    wired, slices = fleet
    (row,) = listed(wired, "proxmox")
    pocketid(wired, "DELETE", f"oidc/clients/proxmox/secrets/{row['id']}")
    succeed(slices.play_slices("wire_hosts", count=3, at_once=True))
    assert len(new_secrets(wired)) == 2 and len(set(realms(wired).values())) == 2
    sign_in_everywhere(wired, "alice", REALM)
    slices.play("rotate", **CLIENTS).succeeded()
    assert len(listed(wired, "proxmox")) == 1 and len(set(realms(wired).values())) == 1


@long
def test_hosts_without_their_client_stop_before_the_first_change(fleet):
    wired, slices = fleet
    another = {"fleetgate_client": {"id": "{{ 'another' if inventory_hostname == 'vienna' else 'proxmox' }}"}}
    run, *_others = slices.play_slices("wire_hosts", count=3, at_once=True, **another)
    assert run.code != 0 and {name for name, _write in wired.fleet.writes()} == set()
    backup, vienna = sorted(failures(run))
    assert re.search("client another does not exist at Pocket ID .*; run the playbook wire_provider", vienna)
    assert "because of the problems that are reported for vienna" in backup


@long
def test_hosts_whose_client_lacks_their_redirect_uri_stop_before_the_first_change(fleet):
    wired, slices = fleet
    runs = slices.play_slices("wire_hosts", count=3, at_once=True, fleetgate_names=["pve.example.org"])
    assert len(failures(*runs)) == 3 and wired.fleet.writes() == []
    assert all(
        "client proxmox does not have the redirect URI https://pve.example.org:" in one for one in failures(*runs)
    )


@long
@pytest.mark.parametrize("playbook", ["wire", "wire_provider"])
def test_what_needs_all_hosts_is_refused_in_a_slice(fleet, playbook):
    wired, slices = fleet
    runs = slices.play_slices(playbook, count=3, at_once=True, fleetgate_slice="true")
    assert wired.fleet.writes() == [] and [len(run.failed) for run in runs] == [2, 1, 0]
    assert all("run the playbook wire_provider once for all hosts" in failures(run)[0] for run in runs[:2])


@long
def test_misspelt_host_is_refused_by_the_run_that_sees_all(fleet):
    wired, slices = fleet
    rights = {"pve": [{"path": "/vms", "roles": ["PVEVMUser"], "hosts": ["berln"]}]}
    run = slices.play("wire_provider", fleetgate_groups=[{"name": "users", "members": ["bob"], "rights": rights}])
    assert "'berln' in hosts is neither a host nor a group of the inventory" in failures(run)[0]
    assert wired.fleet.writes() == []


@long
def test_clients_are_removed_when_no_host_waits_for_its_slice(fleet):
    wired, slices = fleet
    other = {"fleetgate_client": {"id": "other", "name": "Other"}, "fleetgate_undeclared": "remove"}
    run = slices.play("wire_provider", **other).succeeded()
    assert {*wired.clients()} == {"proxmox", "other"} and "until wire_hosts has set up the host" in run.output
    succeed(slices.play_slices("wire_hosts", count=3, at_once=True, **other))
    slices.play("wire_provider", **other).succeeded()
    assert {*wired.clients()} == {"other"}
    sign_in_everywhere(wired, "alice", REALM)


@long
@pytest.mark.parametrize("version", ["2.13", "2.11"])
def test_provider_with_one_secret_per_client_needs_one_run_for_a_shared_client(sliced, version):
    wired, slices = sliced(pocketid=version)
    slices.play("wire_provider").succeeded()
    runs = slices.play_slices("wire_hosts", count=3, at_once=True)
    assert wired.fleet.writes() == [] and len(failures(*runs)) == 3
    assert all("keeps one secret per client" in one and "run the playbook wire once" in one for one in failures(*runs))
    slices.play("wire").succeeded()
    assert succeed(slices.play_slices("wire_hosts", count=3, at_once=True)) == []
    # a client of its own is in one slice only
    own = {"fleetgate_client": {"id": "{{ inventory_hostname }}", "name": "{{ inventory_hostname }}"}}
    slices.play("wire_provider", **own).succeeded()
    succeed(slices.play_slices("wire_hosts", count=3, at_once=True, **own))
    assert len(new_secrets(wired)) == 3
    assert slices.play("wire", **own).succeeded().changed == []


@long
def test_authentik_shows_the_secret_to_the_runs_of_the_guide(sliced):
    wired, slices = sliced(idp="authentik")
    first, *parts = (shlex.split(command) for command in COMMANDS)
    slices.play(first[0]).succeeded()
    succeed(slices.at_once([(part[0], *part[3:]) for part in parts]))
    assert [part[0] for part in parts] == ["wire_hosts", "wire_hosts"]
    assert {name for name, _write in wired.fleet.writes()} == {server.name for server in servers(wired).values()}
    assert len(set(realms(wired).values())) == 1
    assert slices.play("wire").succeeded().changed == [] and wired.fleet.writes() == []


@long
def test_slice_that_lacks_the_host_of_pulse_says_how_to_declare_it(monitored):
    wired, slices = monitored
    runs = slices.play_slices("monitor", count=3, at_once=True, fleetgate_slice=True)
    assert [len(run.failed) for run in runs] == [2, 1, 0] and wired.fleet.writes() == []
    assert all("or set url and api_token in this variable" in one for one in failures(*runs))


def test_entries_that_parallel_slices_lose_are_written_again(monitored, ansible):
    wired, slices = monitored
    trust = str(wired.fleet.authority.bundle)
    pulse = {"url": wired.fleet.pulse.url, "api_token": wired.fleet.tokens["pulse1"], "ca_path": trust}
    declared = {**IN_A_SLICE, "fleetgate_pulse": pulse}
    assert (
        IN_A_SLICE.keys() == {"fleetgate_slice", "fleetgate_pulse"}
        and IN_A_SLICE["fleetgate_pulse"].keys() < pulse.keys()
    )
    succeed(slices.play_slices("monitor", count=3, at_once=True, **declared))
    assert sorted(one["name"] for one in nodes(wired, ansible).values()) == ["backup", "berlin", "vienna"]
    if ALL:
        assert succeed(slices.play_slices("monitor", count=3, at_once=True, **declared)) == []
        assert wired.fleet.writes() == []


def test_entry_that_is_lost_after_its_run_has_read_it_back_is_written_again(monitored, ansible):
    """Here somebody removes it; a change of another run has the same effect."""
    wired, slices = monitored
    pulse, trust = wired.fleet.pulse, str(wired.fleet.authority.bundle)
    token = {"X-API-Token": wired.fleet.tokens["pulse1"]}

    def remove(name):
        listed = requests.get(f"{pulse.url}/api/config/nodes", headers=token, verify=trust, timeout=10).json()
        for one in (one for one in listed if one["name"] == name):
            url = f"{pulse.url}/api/config/nodes/{one['id']}"
            requests.delete(url, headers=token, verify=trust, timeout=10).raise_for_status()

    remove("berlin")
    answer, added = pulse.observed.app, []

    def losing(environ, start_response):
        request = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        if request == ("GET", "/api/config/nodes") and added and time.monotonic() - added[0] > 0.4:
            pulse.observed.app = answer
            remove("berlin")
        body = list(answer(environ, start_response))
        if request == ("POST", "/api/config/nodes"):
            added.append(time.monotonic())
        return body

    pulse.observed.app = losing
    slices.play("monitor", "--limit", "berlin").succeeded()
    sent = [one.verb for one in pulse.observed.journal if one.path == "/api/config/nodes" and one.verb == "POST"]
    assert len(sent) == 2 and pulse.observed.app is answer
    assert "berlin" in [one["name"] for one in nodes(wired, ansible).values()]
