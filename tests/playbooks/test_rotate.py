"""The playbook rotate, as the guide describes it."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.support.ansible import ROOT
from tests.support.bootstrap import new, stored
from tests.support.rotate import in_realm, listed, logins

GUIDE = (ROOT / "docs/docsite/rst/guide_rotate.rst").read_text()
# the variables in the guide, in their order: by age and on demand
BY_AGE, ON_DEMAND = (yaml.safe_load(block) for block in re.findall(r"code-block:: yaml\n\n((?:    .*\n|\n)+)", GUIDE))
CLIENTS = {"pve1": "proxmox-ve", "pbs1": "proxmox-backup"}


@pytest.fixture(scope="module")
def homelab(fleet_of, tmp_path_factory):
    wired = new(fleet_of("homelab"), tmp_path_factory.mktemp("secrets"))
    for playbook in ("bootstrap", "wire", "monitor"):
        wired.play(playbook).succeeded()
    return wired


def test_check_mode_sends_only_reads_and_has_the_plan(homelab):
    run = homelab.play("rotate", "--check", "--diff", **ON_DEMAND).succeeded()
    assert homelab.fleet.writes() == []
    plan = [(step["verb"], step["path"]) for result in run.results() for step in result.get("plan", ())]
    assert ("POST", "/api/oidc/clients/proxmox-ve/secrets") in plan and ("PUT", "/access/domains/pocketid") in plan
    assert any(verb == "DELETE" and path.startswith("/api/oidc/clients/proxmox-ve/secrets/") for verb, path in plan)


def test_clients_are_rotated_without_a_failed_login(homelab):
    before = {name: in_realm(homelab, name, "pocketid") for name in CLIENTS}
    with logins(homelab) as people:
        run = homelab.play("rotate", "-vvvv", **ON_DEMAND).succeeded()
    assert people.failures == [] and people.count > 1
    after = {name: in_realm(homelab, name, "pocketid") for name in CLIENTS}
    assert all(after[name] != before[name] for name in CLIENTS)
    assert [len(listed(homelab, client)) for client in CLIENTS.values()] == [1, 1]
    assert [
        secret for secret in (*homelab.fleet.secrets(), *before.values(), *after.values()) if secret in run.output
    ] == []


def test_everything_is_rotated_and_nothing_of_a_young_age(homelab):
    old = stored(homelab)
    assert homelab.play("rotate", **BY_AGE).succeeded().changed == []
    assert homelab.fleet.writes() == []
    everything = {"fleetgate_rotate": {"what": BY_AGE["fleetgate_rotate"]["what"]}}
    homelab.play("rotate", **everything).succeeded()
    assert all(old[name] != secret for name, secret in stored(homelab).items()) and set(stored(homelab)) == set(old)
    for playbook in ("bootstrap", "wire", "monitor"):
        assert homelab.play(playbook).succeeded().changed == [], playbook
    assert homelab.play("rotate", **BY_AGE).succeeded().changed == []
