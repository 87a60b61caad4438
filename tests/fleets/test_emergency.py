"""Nobody depends on the identity provider alone: wire requires an account that works without it, and prove checks it."""

from __future__ import annotations

import pytest

from tests.modules.systems import run_on

HOSTS = ("pve1", "pbs1")
PROVEN = {"proven": "2026-11-01"}
ADMINS = {
    "name": "proxmox_admins",
    "members": ["alice"],
    "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"]}]},
}


def refused(run):
    """The message of each host on which the run failed."""
    return {name: " ".join(line for line in run.failed if line.startswith(f"{name}: ")) for name in HOSTS}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """A fleet that is not set up yet, with local users of several kinds."""
    wired = fleet_of("homelab")
    for module in ("pve_user", "pbs_user"):
        run_on(wired, module, userid="disabled@pam", enable=False)
        run_on(wired, module, userid="reader@pam")
    return wired


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (None, "must name the account that administers {host} while the identity provider is down"),
        ({"userid": "alice@pocketid", **PROVEN}, "alice@pocketid is not in a realm of {host} itself"),
        ({"userid": "rot@pam", **PROVEN}, "{host} has no user rot@pam; did you mean root@pam?"),
        ({"userid": "disabled@pam", **PROVEN}, "disabled@pam is disabled on {host}; enable the user"),
        ({"userid": "reader@pam", **PROVEN}, "reader@pam does not have the role Admin"),
        ({"userid": "root@pam"}, "nothing shows that somebody can sign in as root@pam on {host}"),
        ({"userid": "root@pam", "password": "not-that-of-root"}, "{host} does not accept the password of root@pam"),
        ({"userid": "root@pam", "proven": "2999-01-01"}, "proven: '2999-01-01' must be a date in the past"),
        ({"user": "root@pam"}, "fleetgate_emergency: missing required arguments: userid"),
    ],
)
def test_realm_does_not_become_the_default_without_an_account_that_works(homelab, account, expected):
    run = homelab.play("wire", fleetgate_emergency=account)
    assert {name: expected.format(host=name) in message for name, message in refused(run).items()} == dict.fromkeys(
        HOSTS, True
    ), run.output
    assert homelab.fleet.writes() == [] and "not-that-of-root" not in run.output


def test_account_with_a_second_factor_or_its_password_is_accepted(fleet_of):
    wired = fleet_of("homelab", totp={"root@pam": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"})
    declared, password = {"userid": "root@pam"}, wired.fleet.tokens["pbs1 root"]
    wired.play("wire", "--check", fleetgate_emergency=declared).succeeded()
    limit = ("--check", "--limit", "pbs1")
    run = wired.play("wire", *limit, fleetgate_emergency={**declared, "password": password}).succeeded()
    assert password not in run.output


@pytest.mark.parametrize("none", [False, "false"])
def test_no_account_is_required_where_none_is_wanted(homelab, none):
    homelab.play("wire", "--check", fleetgate_emergency=none).succeeded()


def test_local_administrator_is_not_lost_without_an_account_that_works(fleet_of):
    wired = fleet_of("homelab")
    wired.play("wire", fleetgate_groups=[ADMINS]).succeeded()
    run_on(wired, "pve_user", userid="ops@pve", groups=["proxmox_admins-pocketid"])
    declared = {"fleetgate_groups": [{**ADMINS, "state": "absent"}]}
    run = wired.play("wire", fleetgate_emergency=None, **declared)
    assert "ops@pve would no longer have Administrator on /" in refused(run)["pve1"], run.output
    assert wired.fleet.writes() == []
    run = wired.play("wire", fleetgate_emergency={"userid": "ops@pve", **PROVEN}, **declared)
    assert "ops@pve does not have the role Administrator" in refused(run)["pve1"]
    wired.play("wire", **declared).succeeded()


def test_prove_checks_the_account(fleet_of):
    wired = fleet_of("homelab")
    wired.play("wire").succeeded()
    run_on(wired, "pve_user", userid="reader@pam")
    run = wired.play("prove", fleetgate_emergency={"userid": "reader@pam", **PROVEN})
    assert "reader@pam does not have the role Administrator on / of pve1" in refused(run)["pve1"], run.output
    assert "pbs1 has no user reader@pam" in refused(run)["pbs1"]
