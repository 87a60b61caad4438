"""Jobs of AWX on a fleet: the job templates, credential types and surveys of the playbook awx, with what AWX gives to ansible-playbook."""

from __future__ import annotations

import pytest
import yaml

from tests.support import awx as simulated

REQUIRED = {"fleetgate_awx_project_url": "https://git.example.org/fleet.git", "fleetgate_awx_image": "fleetgate-ee"}


@pytest.fixture(scope="module")
def awx(ansible):
    """An AWX in which the playbook has declared everything."""
    simulated.install(ansible._collections)
    with simulated.running() as awx:
        variables = [part for name, value in REQUIRED.items() for part in ("-e", f"{name}={value}")]
        ansible.playbook("fleetgate.proxmox.awx", *variables, **awx.environment).succeeded()
        yield awx


@pytest.fixture(scope="module")
def fleet(fleet_of, awx, tmp_path_factory):
    """Three clusters and two backup servers. No secret and no certificate is in the inventory; they are entered in AWX."""
    wired = fleet_of("fleet")
    servers = wired.fleet
    inventory = servers.inventory()
    for group in ("pve", "pbs"):
        for host in inventory["all"]["children"][group]["hosts"].values():
            host["fleetgate_api"] = {"api_port": host["fleetgate_api"]["api_port"]}
            host["fleetgate_idp"] = {"type": "pocketid", "url": servers.pocketid.url}
    inventory["all"]["children"]["pulse"]["hosts"]["pulse1"]["fleetgate_api"] = {"url": servers.pulse.url}
    wired.list_hosts(inventory)
    trust = servers.authority.bundle.read_text()

    def secrets_of(hosts):
        return yaml.safe_dump({name: servers.tokens[name] for name in hosts})

    for name, hosts in (("Proxmox VE", servers.pve), ("Proxmox Backup Server", servers.pbs)):
        awx.simulator.enter(f"fleetgate {name}", token_id="root@pam!fleet", token_secrets=secrets_of(hosts), ca=trust)
    awx.simulator.enter("fleetgate Pocket ID", api_key=servers.api_key, ca=trust)
    awx.simulator.enter("fleetgate Pulse", api_token=servers.tokens["pulse1"], ca=trust)
    wired.folder = tmp_path_factory.mktemp("job")
    return wired


@pytest.fixture
def launch(awx, fleet):
    """Runs a job template as AWX does, with answers to its survey; what is printed has no secret."""

    def run(template, *arguments, **answers):
        job = awx.simulator.job(f"fleetgate {template}", **answers)
        variables = fleet.folder / "extravars.yml"
        variables.write_text(job.variables)
        done = fleet.play(
            str(simulated.PROJECT / job.playbook),
            *("-e", f"@{variables}", *job.arguments, *arguments),
            **job.environment(fleet.folder),
        )
        assert [secret for secret in fleet.fleet.secrets() if secret in done.output] == []
        return done

    return run


def test_fleet_is_planned_and_wired_with_secrets_of_credentials_only(fleet, launch):
    planned = launch("plan", fleetgate_undeclared="remove").succeeded()
    assert fleet.fleet.writes() == []
    wired = launch("wire").succeeded()
    assert wired.changed == planned.changed != []


def test_two_parts_of_the_workflow_find_nothing_to_change_then(fleet, launch):
    assert launch("wire provider").succeeded().changed == []
    assert launch("wire hosts").succeeded().changed == []


def test_monitoring_is_planned_with_the_token_of_pulse(fleet, launch):
    run = launch("monitor", "--limit", "lab", "--check").succeeded()
    assert run.changed != []


def test_person_of_the_survey_signs_in(fleet, launch):
    run = launch("prove", "--limit", "berlin", prove_person="bob").succeeded()
    assert "bob is signed in as bob@pocketid" in run.output


def test_secrets_of_the_age_in_the_survey_are_rotated(fleet, launch):
    run = launch("rotate", "--limit", "lab", "--check", rotate_what=["clients"], rotate_older_than="90d").succeeded()
    assert run.changed == []


def test_report_fails_on_findings_of_the_severity_in_the_survey(fleet, launch):
    run = launch("report", "--limit", "lab")
    assert run.code != 0 and "root@pam!fleet" in run.output


def test_person_in_the_survey_is_found_for_off_boarding(fleet, launch):
    run = launch("offboard", "--limit", "lab", person="bob")
    assert "bob" in " ".join(run.failed) and "declared" in " ".join(run.failed)
    assert fleet.fleet.writes() == []


def test_host_without_an_entry_is_reported_with_what_is_missing(fleet, awx, launch):
    entered = awx.simulator.inputs("fleetgate Proxmox VE")
    awx.simulator.enter("fleetgate Proxmox VE", **{**entered, "token_secrets": "berlin: 1"})
    try:
        run = launch("plan", "--limit", "lab")
    finally:
        awx.simulator.enter("fleetgate Proxmox VE", **entered)
    assert run.code != 0
    assert "api_token_secret" in " ".join(run.failed)


def test_malformed_secrets_of_hosts_are_reported_without_them(fleet, awx, launch):
    entered = awx.simulator.inputs("fleetgate Proxmox VE")
    awx.simulator.enter("fleetgate Proxmox VE", **{**entered, "token_secrets": fleet.fleet.tokens["lab"]})
    try:
        run = launch("plan", "--limit", "lab")
    finally:
        awx.simulator.enter("fleetgate Proxmox VE", **entered)
    assert "PROXMOX_TOKEN_SECRETS: must have a line 'HOST: SECRET'" in " ".join(run.failed)
