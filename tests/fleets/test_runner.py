"""The playbooks under ansible-runner, as AWX runs them: what the operator reads, and what is stored."""

from __future__ import annotations

import json

import pytest

from tests.support.pulse import nodes
from tests.support.rotate import in_realm
from tests.support.runner import Runner
from tests.support.sample import ALL
from tests.support.slices import DECLARED, FLEET, Slices

REALM = "pocketid"
# every form of it is another text
SECRET = "s3cret/with+plus%and&a\"quote'<tag>\\slash"
CLIENT = {"id": "proxmox", "name": "Proxmox", "secret": "{{ vault_client_secret }}"}
# what a survey gives is text: a boolean, a number, a list of one, dates, and an empty answer
SURVEY = {
    "survey_guest_agent": "false",
    "survey_timeout": "25",
    "survey_names": "pve.example.org",
    "survey_until": "2999-12-31",
    "survey_proven": "2026-11-01",
    "survey_comment": "",
    "fleetgate_slice": "true",
    "fleetgate_undeclared": "report",
    "trust": "files/ca.pem",
}
SURVEYED = {
    "fleetgate_monitoring": {"guest_agent": "{{ survey_guest_agent }}"},
    "fleetgate_names": "{{ survey_names }}",
    "fleetgate_emergency": {"userid": "root@pam", "proven": "{{ survey_proven }}"},
    "fleetgate_realm": {"name": REALM, "comment": "{{ survey_comment }}", "default": "{{ survey_guest_agent }}"},
}


@pytest.fixture(scope="module")
def wired(fleet_of):
    return fleet_of("homelab", **FLEET)


@pytest.fixture(scope="module")
def slices(wired, ansible, tmp_path_factory):
    users = [{**user, "until": "{{ survey_until }}"} for user in DECLARED["fleetgate_users"]]
    declared = {**DECLARED, **SURVEYED, "fleetgate_users": users, "fleetgate_client": CLIENT}
    slices = Slices(wired.fleet, ansible, tmp_path_factory.mktemp("slices"), **declared)
    for host in slices.hosts.values():
        host["vault_client_secret"] = SECRET
        # found in the working directory of the job, which is the project
        host["fleetgate_api"]["ca_path"] = "{{ trust }}"
        if "fleetgate_idp" in host:
            host["fleetgate_idp"].update(ca_path="{{ trust }}", timeout="{{ survey_timeout }}")
    # its secret is created
    slices.hosts["backup"]["fleetgate_client"] = {"id": "backup", "name": "Backup"}
    return slices


@pytest.fixture(scope="module")
def runner(wired, tmp_path_factory):
    playbooks = ("wire_hosts", "monitor")
    return Runner(tmp_path_factory.mktemp("runner"), playbooks, {"ca.pem": wired.fleet.authority.bundle})


@pytest.fixture(scope="module")
def known_secrets(wired):
    """All secrets that exist at the moment, in every form."""
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.core.secrets import every_form

    def forms():
        sent = [json.loads(one.body) for one in wired.fleet.pulse.observed.journal if one.verb == "POST" and one.body]
        made = [one["tokenValue"] for one in sent if one.get("tokenValue")]
        made.append(in_realm(wired, "backup", REALM))
        return made, every_form([*wired.fleet.secrets(), *made, SECRET])

    return forms


def pulse(wired):
    """Pulse, whose host is in another slice."""
    connection = {"url": wired.fleet.pulse.url, "api_token": wired.fleet.tokens["pulse1"], "ca_path": "{{ trust }}"}
    return {"fleetgate_pulse": connection}


@pytest.mark.skipif(not ALL, reason="takes long")
def test_every_host_fails_with_its_own_reason(wired, slices, runner):
    """The client does not exist yet; the third slice has no host that could miss it."""
    wired.fleet.forget()
    job = runner.job(slices.inventory(1, 3), SURVEY)
    assert job.code != 0 and wired.fleet.writes() == []
    assert {*job.failures()} == {"backup", "vienna"}
    assert "client proxmox does not exist at Pocket ID" in job.failures()["vienna"]
    assert "client backup does not exist at Pocket ID" in job.failures()["backup"]
    assert "ansible_failed_task" not in job.output


def test_nothing_that_is_stored_of_a_job_has_a_secret(wired, slices, runner, known_secrets, figure):
    everywhere = {"fleetgate_slice": "false", "trust": str(wired.fleet.authority.bundle)}
    slices.play("wire_provider", **{**SURVEY, **everywhere}).succeeded()
    wired.fleet.forget()
    job = runner.job(slices.inventory(1, 3), {**SURVEY, **pulse(wired)}, "-vvvv", "--diff")
    assert job.code == 0, job.output
    assert {row.partition(":")[0] for row in job.changed} == {"backup", "vienna"}
    made, forms = known_secrets()
    assert len(made) >= 3 and in_realm(wired, "vienna", REALM) == SECRET
    assert job.files_with(forms) == []
    assert [form for form in forms if form in job.output] == []
    assert "censored" not in job.output and job.files_with(["censored"]) == []
    figure(f"{len(forms)} forms of secrets searched in {job.size} bytes, of {len(job.events)} events")


@pytest.mark.skipif(not ALL, reason="the same again, in check mode and with a limit")
def test_second_job_changes_nothing(wired, slices, runner, ansible):
    for arguments in (("--check", "--diff"), ("--limit", "vienna"), ()):
        wired.fleet.forget()
        job = runner.job(slices.inventory(1, 3), {**SURVEY, **pulse(wired)}, *arguments)
        assert job.code == 0 and job.changed == [] and wired.fleet.writes() == [], job.output
    assert sorted(one["name"] for one in nodes(wired, ansible).values()) == ["backup", "vienna"]
