"""What would keep people from signing in, or from having their rights, is reported by wire."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.modules.systems import task


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.mark.parametrize(
    ("example", "scopes", "message"),
    [
        ("homelab", ["openid", "profile", "email"], "without the scope groups Pocket ID sends no claim groups"),
        ("homelab", "openid groups email", "without the scope profile Pocket ID sends no claim preferred_username"),
        ("authentik", ["openid", "email"], "without the scope profile authentik sends no claim preferred_username"),
    ],
)
def test_scopes_that_do_not_carry_names_or_groups_are_refused(fleet_of, homelab, example, scopes, message):
    wired = homelab if example == "homelab" else fleet_of(example)
    run = wired.play("wire", fleetgate_realm={"name": "guide", "scopes": scopes})
    assert run.code != 0 and message in " ".join(run.failed), run.failed
    assert len(run.failed) == 2 and wired.fleet.writes() == []


@pytest.mark.parametrize(
    ("variables", "warning"),
    [
        ({"fleetgate_realm": {"name": "guide", "groups_claim": "teams"}}, "does not list the claim teams"),
        (
            {"fleetgate_realm": {"name": "guide", "scopes": ["groups", "profile", "staff"]}},
            "does not list the scope staff",
        ),
        (
            {"fleetgate_domian": "lab.example.org"},
            "fleetgate_domian is not a variable .* did you mean fleetgate_domain",
        ),
        ({"fleetgate_groups": [{"name": "staff", "members": ["alice"]}]}, r"fleetgate_groups\[staff\] has no rights"),
    ],
)
def test_what_is_likely_a_mistake_gets_a_warning(homelab, variables, warning):
    run = homelab.play("wire", "--check", **variables).succeeded()
    assert re.search(warning, " ".join(run.output.split())), run.output
    assert run.output.count("[WARNING]") >= 1


class TestAccounts:
    def test_a_disabled_account_of_a_declared_person_is_reported_and_left_alone(self, homelab, ansible):
        homelab.play("wire").succeeded()
        ansible.tasks([task(homelab, "pve_user", userid="alice@pocketid", enable=False)]).succeeded()
        run = homelab.play("wire").succeeded()
        assert "alice@pocketid is disabled on pve1 and cannot sign in" in " ".join(run.output.split())
        server = homelab.fleet.pve["pve1"][0]
        assert not homelab.ask(server, "access", "users", "alice@pocketid")["enable"]

    def test_what_tasks_register_holds_no_usable_secret(self, homelab, tmp_path):
        server, backup = homelab.fleet.pve["pve1"][0], homelab.fleet.pbs["pbs1"]
        site = tmp_path / "site.yml"
        registered = {"ansible.builtin.debug": {"var": "hostvars[inventory_hostname]"}}
        play = {"hosts": "pve:pbs", "gather_facts": False, "tasks": [registered]}
        site.write_text(yaml.safe_dump([{"import_playbook": "fleetgate.proxmox.wire"}, play]))
        run = homelab.play(str(site), "-vvvv").succeeded()
        held = [
            homelab.ask(server, "access", "domains", "pocketid")["client-key"],
            homelab.ask(backup, "config", "access", "openid", "pocketid")["client-key"],
        ]
        assert all(held) and "sealed:" in run.output
        assert [secret for secret in held if secret in run.output] == []
