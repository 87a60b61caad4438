"""The playbook unwire, as the guide describes it."""

from __future__ import annotations

import json
import re

import pytest

from tests.simulators.browser import Refused
from tests.support.ansible import ROOT

GUIDE = (ROOT / "docs/docsite/rst/guide_unwire.rst").read_text()
CONFIRMED = json.loads(re.search(r"-e '(\{.*\})'", GUIDE)[1])


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """A fleet that wire has set up; the tests build on each other."""
    wired = fleet_of("homelab")
    wired.play("wire").succeeded()
    return wired


@pytest.fixture(scope="module")
def planned(homelab):
    return homelab.play("unwire", "--check", "--diff").succeeded()


def test_check_mode_prints_the_whole_list_and_sends_only_reads(homelab, planned):
    assert homelab.fleet.writes() == []
    printed = [line.strip() for line in planned.output.splitlines()]
    listed = re.search(r"code-block:: text\n\n(.*?)\n\n\S", GUIDE, re.DOTALL)[1]
    # of the list in the guide, what does not depend on sign-ons
    for line in (line.strip() for line in listed.splitlines() if "alice" not in line):
        assert [one for one in printed if one.startswith(line.partition(" (")[0])], line
    assert [row["result"]["removes"] for row in planned.rows if row["result"].get("removes")]


def test_unconfirmed_removal_is_refused_before_the_first_write(homelab):
    run = homelab.play("unwire")
    assert run.code != 0 and homelab.fleet.writes() == []
    assert "fleetgate_unwire.confirm: must name the realms that are removed, pocketid" in " ".join(run.failed)
    assert "realm pocketid (the default realm)" in run.output


def test_confirmed_removal_matches_its_plan_and_is_complete(homelab, planned):
    done = homelab.play("unwire", "-vvvv", "--diff", **CONFIRMED).succeeded()
    assert sorted(done.changed) == sorted(planned.changed) != []
    assert done.told("plan", "diff") == planned.told("plan", "diff")
    assert "users alice, bob and groups proxmox_users, proxmox_admins stay" in " ".join(done.output.split())
    assert [secret for secret in homelab.fleet.secrets() if secret in done.output] == []
    assert homelab.clients() == {}
    again = homelab.play("unwire", **CONFIRMED).succeeded()
    assert again.changed == [] and homelab.fleet.writes() == [] and "nothing is to be removed" in again.output


def test_wire_sets_everything_up_again(homelab):
    (node,) = homelab.fleet.pve["pve1"]
    with pytest.raises(Refused):
        homelab.person("alice").sign_in(node.url, "pocketid", node.named_url)
    homelab.play("wire").succeeded()
    rights = homelab.person("alice").sign_in(node.url, "pocketid", node.named_url).rights
    assert "Realm.Allocate" in rights["/"]
