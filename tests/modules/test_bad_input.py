"""Bad input is refused with a clear message before the first write."""

from __future__ import annotations

import re

import pytest
import requests

from tests.modules.systems import SYSTEMS, WRITING, task, union

CASES = union("BAD_INPUT", SYSTEMS.values())


@pytest.fixture(scope="module")
def answered(fleet_of, ansible):
    """The results of all cases on a fleet with existing objects; the journals are empty before the cases run."""
    wired = fleet_of("homelab")
    have_directories(wired)
    prepared = [task(wired, module, **options) for one in WRITING for module, options in one.THERE]
    assert ansible.tasks(prepared).succeeded().failed == []
    wired.fleet.forget()
    tasks = [{"name": name, **task(wired, module, **options)} for name, (module, options, _message) in CASES.items()]
    return wired, ansible.tasks(tasks)


def have_directories(wired):
    """Create LDAP realms, which the modules do not create."""
    pve, pbs = wired.fleet.pve["pve1"][0], wired.fleet.pbs["pbs1"]
    trust = str(wired.fleet.authority.bundle)
    form = {
        "realm": "directory",
        "type": "ldap",
        "server1": "ldap.example.org",
        "base_dn": "dc=example",
        "user_attr": "uid",
    }
    told = requests.post(
        f"{pve.url}/api2/json/access/domains",
        data=form,
        headers={"Authorization": f"PVEAPIToken=root@pam!fleet={wired.fleet.tokens['pve1']}"},
        verify=trust,
        timeout=10,
    )
    assert told.status_code == 200, told.text
    form = {"realm": "directory", "server1": "ldap.example.org", "base-dn": "dc=example,dc=org", "user-attr": "uid"}
    told = requests.post(
        f"{pbs.url}/api2/json/config/access/ldap",
        data=form,
        headers={"Authorization": f"PBSAPIToken=root@pam!fleet:{wired.fleet.tokens['pbs1']}"},
        verify=trust,
        timeout=10,
    )
    assert told.status_code == 200, told.text


@pytest.mark.parametrize("case", CASES)
def test_wrong_input_is_refused_with_its_reason(answered, case):
    _wired, run = answered
    (result,) = run.results(case)
    assert result["failed"], result
    assert result["changed"] is False
    assert re.search(CASES[case][2], result["msg"]), result["msg"]


def test_messages_contain_no_secret(answered):
    _wired, run = answered
    given = (
        "a-secret-from-a-block",
        "a-secret-€",
        "a-key-from-a-block",
        "a-candidate-from-a-block",
        "none-of-its-secrets",
        "nobodys-key",
    )
    assert [secret for secret in given for result in run.results() if secret in repr(result)] == []


def test_wrong_input_writes_nothing(answered):
    wired, _run = answered
    # the attempt to sign in with a password is a POST
    assert [one for one in wired.fleet.writes() if not one[1].path.endswith("/access/ticket")] == []


@pytest.fixture(scope="module")
def weak(fleet_of, ansible):
    """Tokens with read-only access, and tokens without any access."""
    wired = fleet_of("homelab")
    tasks = [
        task(wired, "pve_user", userid="weak@pve"),
        task(wired, "pve_token", userid="weak@pve", tokenid="look", return_secret=True),
        task(wired, "pve_token", userid="weak@pve", tokenid="blind", return_secret=True),
        task(wired, "pve_acl", path="/", roles=["PVEAuditor"], users=["weak@pve"], tokens=["weak@pve!look"]),
        task(wired, "pbs_user", userid="weak@pbs"),
        task(wired, "pbs_token", userid="weak@pbs", token_name="look", return_secret=True),
        task(wired, "pbs_token", userid="weak@pbs", token_name="blind", return_secret=True),
        task(wired, "pbs_acl", path="/", roles=["Audit"], users=["weak@pbs"], tokens=["weak@pbs!look"]),
    ]
    run = ansible.tasks(tasks).succeeded()
    assert run.failed == []
    secrets = [result["secret"] for result in run.results() if "secret" in result]
    wired.fleet.forget()
    return wired, dict(zip(("pve look", "pve blind", "pbs look", "pbs blind"), secrets))


class TestMissingRights:
    """A token without required privileges: the privilege and its path are reported before the first write."""

    @pytest.mark.parametrize(
        ("who", "module", "options", "lacking"), [row for one in WRITING for row in getattr(one, "MISSING_RIGHTS", ())]
    )
    def test_missing_privilege_is_reported_with_its_path(self, weak, ansible, who, module, options, lacking):
        wired, secrets = weak
        system, name = who.split()
        credentials = {"api_token_id": f"weak@{system}!{name}", "api_token_secret": secrets[who]}
        run = ansible.tasks([task(wired, module, **credentials, **options)])
        (result,) = run.results()
        assert result["failed"] and lacking in result["msg"], result
        assert wired.fleet.writes() == []
