"""The playbooks wire_provider and wire_hosts: a fleet is set up in slices as AWX makes them."""

from __future__ import annotations

import pytest

from tests.support.rotate import in_realm, listed, servers, sign_in_everywhere
from tests.support.slices import DECLARED, FLEET, Slices

REALM = "pocketid"


@pytest.fixture(scope="module")
def wired(fleet_of):
    """A fleet that is not wired yet; the tests build on each other."""
    return fleet_of("homelab", **FLEET)


@pytest.fixture(scope="module")
def slices(wired, ansible, tmp_path_factory):
    return Slices(wired.fleet, ansible, tmp_path_factory.mktemp("slices"), **DECLARED)


def test_check_mode_on_an_empty_fleet_completes_and_sends_only_reads(wired, slices):
    slices.play("wire_provider", "--check", "--diff").succeeded()
    runs = slices.play_slices("wire_hosts", "--check", "--diff", count=3, at_once=True)
    assert wired.fleet.writes() == []
    printed = [" ".join(run.succeeded().output.split()) for run in runs]
    assert ["client proxmox does not exist at Pocket ID" in text for text in printed] == [True, True, False]
    assert {row["host"] for run in runs for row in run.rows if row["result"].get("plan")} == {*servers(wired)}


def test_first_part_writes_to_the_provider_only_and_creates_no_secret(wired, slices):
    slices.play("wire_provider").succeeded()
    assert {name for name, _write in wired.fleet.writes()} == {"pocketid"}
    assert listed(wired, "proxmox") == []
    assert slices.play("wire_provider").succeeded().changed == [] and wired.fleet.writes() == []


def test_slices_at_the_same_time_lead_to_the_state_of_one_run(wired, slices):
    for run in slices.play_slices("wire_hosts", count=3, at_once=True):
        run.succeeded()
    writes = [(name, one.verb, one.path, one.body) for name, one in wired.fleet.writes()]
    assert len(writes) == len(set(writes))
    at_provider = [(verb, path) for name, verb, path, _body in writes if name == "pocketid"]
    assert at_provider == [("POST", "/api/oidc/clients/proxmox/secrets")] * 2
    kept = {name: in_realm(wired, name, REALM) for name in servers(wired)}
    assert kept["backup"] == kept["vienna"] != kept["berlin"]
    sign_in_everywhere(wired, "alice", REALM)
    for host, expected in (("berlin", {"VM.Console"}), ("vienna", set())):
        server = servers(wired)[host]
        rights = wired.person("bob").sign_in(server.url, REALM, server.named_url).rights.get("/vms", ())
        assert expected <= set(rights) and bool(rights) is bool(expected)
    assert slices.play("wire").succeeded().changed == [] and wired.fleet.writes() == []
    for run in slices.play_slices("wire_hosts", count=3, at_once=True):
        assert run.succeeded().changed == [] and wired.fleet.writes() == []
    assert {name: in_realm(wired, name, REALM) for name in kept} == kept
