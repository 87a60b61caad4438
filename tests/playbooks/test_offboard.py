"""The playbook offboard, as the guide describes it."""

from __future__ import annotations

import re

import pytest
import requests
import yaml

from tests.modules.systems import run_on
from tests.simulators.browser import Refused
from tests.support.ansible import ROOT

GUIDE = (ROOT / "docs/docsite/rst/guide_offboarding.rst").read_text()
(EXAMPLE,) = [yaml.safe_load(block) for block in re.findall(r"code-block:: yaml\n\n((?:       .*\n|\n)+)", GUIDE)]
TOKEN = {"pve": {"userid": "bob@pocketid", "tokenid": "ci"}, "pbs": {"userid": "bob@pocketid", "token_name": "ci"}}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """A fleet that wire has set up; bob, the person in the guide, has tokens and an API key besides."""
    wired = fleet_of("homelab")
    wired.play("wire").succeeded()
    node = wired.fleet.pve["pve1"][0]
    wired.cookie = wired.person("bob").sign_in(node.url, "pocketid", node.named_url).cookie
    run_on(wired, "pbs_user", userid="bob@pocketid")
    wired.held = {
        name: run_on(wired, f"{name}_token", **token, return_secret=True)["secret"] for name, token in TOKEN.items()
    }
    wired.key = run_on(wired, "pocketid_api_key", username="bob", name="deploy", return_secret=True)["secret"]
    run_on(wired, "pbs_acl", path="/datastore", roles=["DatastoreAudit"], users=["bob@pocketid"])
    run_on(wired, "pve_user", userid="bob@pam")
    return wired


def test_person_who_is_still_declared_is_refused_with_the_places_to_change(homelab):
    run = homelab.play("offboard", person="bob")
    assert run.code != 0 and homelab.fleet.writes() == []
    why = " ".join(run.failed)
    assert "set state: absent in fleetgate_users[bob]" in why and "fleetgate_groups[proxmox_users].members" in why


def test_check_mode_names_everything_and_writes_nothing(homelab):
    run = homelab.play("offboard", "--check", "--diff", person="bob", **EXAMPLE).succeeded()
    assert homelab.fleet.writes() == []
    for name in (
        "API key deploy of bob",
        "tokens of client proxmox-ve for bob",
        "user bob leaves proxmox_users",
        "token bob@pocketid!ci",
        "membership in proxmox_users-pocketid",
        "DatastoreAudit on /datastore of bob@pocketid",
        "user bob@pam (the same name)",
    ):
        assert name in run.output


def test_access_ends_at_the_provider_first_and_then_everywhere(homelab):
    run = homelab.play("offboard", "-vvvv", person="bob", **EXAMPLE).succeeded()
    first = {name: one.path for name, one in reversed(homelab.fleet.writes())}
    assert first["pve1"].endswith("bob@pocketid/token/ci") and first["pbs1"].endswith("bob@pocketid/token/ci")
    assert "a request in the name of bob is refused with 403" in run.output
    assert "consoles (noVNC, xterm.js, SPICE) that are open stay connected" in run.output
    node, trust = homelab.fleet.pve["pve1"][0], str(homelab.fleet.authority.bundle)
    with pytest.raises(Refused):
        homelab.person("bob").sign_in(node.url, "pocketid", node.named_url)
    ticket = requests.get(f"{node.url}/api2/json/version", cookies=homelab.cookie, verify=trust, timeout=20)
    assert ticket.status_code == 401
    for server, service, mark in ((node, "PVE", "="), (homelab.fleet.pbs["pbs1"], "PBS", ":")):
        secret = homelab.held[service.lower()]
        authorization = {"Authorization": f"{service}APIToken=bob@pocketid!ci{mark}{secret}"}
        answer = requests.get(f"{server.url}/api2/json/version", headers=authorization, verify=trust, timeout=20)
        assert answer.status_code == 401
        assert "bob@pocketid" not in repr([homelab.ask(server, "access", kind) for kind in ("users", "acl")])
    assert [one["userid"] for one in homelab.ask(node, "access", "users") if "bob" in one["userid"]] == ["bob@pam"]
    assert [secret for secret in (*homelab.fleet.secrets(), homelab.key) if secret in run.output] == []


def test_second_run_changes_nothing_and_a_misspelt_name_is_refused(homelab):
    again = homelab.play("offboard", person="bob", **EXAMPLE).succeeded()
    assert again.changed == [] and homelab.fleet.writes() == []
    misspelt = homelab.play("offboard", person="bobb", **EXAMPLE)
    assert misspelt.code != 0 and "did you mean bob?" in " ".join(misspelt.failed)
