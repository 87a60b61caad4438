"""The playbook bootstrap: from a new fleet with root shells to an identity that wire uses."""

from __future__ import annotations

import pytest

from tests.support.bootstrap import PRIVILEGES, new, rights, stored


@pytest.fixture
def homelab(fleet_of, tmp_path):
    return new(fleet_of("homelab"), tmp_path)


def plans(run):
    """Plan and diff of the identity by host."""
    return {
        row["host"]: [row["result"]["plan"], row["result"]["diff"]] for row in run.rows if row["result"].get("plan")
    }


def test_new_fleet_gets_an_identity_that_wire_works_with(homelab):
    planned = homelab.play("bootstrap", "--check", "--diff").succeeded()
    assert homelab.fleet.writes() == [] and not homelab.secrets.exists()
    first = homelab.play("bootstrap", "-vvvv", "--diff").succeeded()
    assert homelab.fleet.writes()
    assert plans(first) == plans(planned) and set(plans(first)) == {"pve1", "pbs1"}
    secrets = stored(homelab)
    assert set(secrets) == {"pve1", "pbs1"}
    assert [oct(path.stat().st_mode)[-3:] for path in (homelab.secrets, *homelab.secrets.iterdir())] == [
        "700",
        "600",
        "600",
    ]
    assert [secret for secret in [*homelab.fleet.secrets(), *secrets.values()] if secret in first.output] == []
    trust = str(homelab.fleet.authority.bundle)
    assert rights(homelab.fleet.pve["pve1"][0], "pve", secrets["pve1"], trust)["/"] == set(PRIVILEGES)
    on_pbs = rights(homelab.fleet.pbs["pbs1"], "pbs", secrets["pbs1"], trust)
    assert on_pbs and all(path.startswith("/access") for path in on_pbs)
    again = homelab.play(
        "bootstrap", fleetgate_bootstrap={"via": "password"}, ansible_ssh_executable="/nowhere/ssh"
    ).succeeded()
    assert again.changed == [] and homelab.fleet.writes() == [] and stored(homelab) == secrets
    homelab.play("wire").succeeded()
