"""Modules without a credential of the API: over the shell of a host, as ansible reaches it."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.simulators.server import Fault

ROOT = {"ansible_user": "root"}
ADMIN = {"ansible_user": "admin"}
SYSTEMS = {"pve": ("pve1", "tokenid"), "pbs": ("pbs1", "token_name")}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def run(homelab, ansible, tmp_path):
    """Run tasks for the hosts of a group with connection variables."""

    def play(system, tasks, *arguments, **variables):
        inventory, playbook = tmp_path / "inventory.yml", tmp_path / "tasks.yml"
        hosts = homelab.fleet.inventory()["all"]["children"][system]
        inventory.write_text(
            yaml.safe_dump({"all": {"children": {system: {**hosts, "vars": {"fleetgate_api": {}, **variables}}}}})
        )
        plays = [{"hosts": system, "gather_facts": False, "ignore_errors": True, "tasks": tasks}]
        playbook.write_text(yaml.safe_dump(plays, allow_unicode=True))
        homelab.fleet.forget()
        return ansible.playbook(str(playbook), "-i", str(inventory), *arguments)

    return play


def server(homelab, system):
    return homelab.fleet.pve["pve1"][0] if system == "pve" else homelab.fleet.pbs["pbs1"]


def task(system, module, **options):
    return {f"fleetgate.proxmox.{system}_{module}": {"connection": "shell", **options}}


def identity(system, folder, **user):
    """A user with every kind of character, a token and rights."""
    owner = f"shell@{system}"
    name = SYSTEMS[system][1]
    return task(
        system,
        "state",
        users=[{"userid": owner, "comment": "Jürgen 'quotes' \"them\" $HOME `id` -x --y=z", **user}],
        tokens=[{"userid": owner, name: "tok", "secret_file": str(folder / "secret")}],
        acl=[{"path": "/", "roles": ["NoAccess"], "users": [owner]}],
    )


@pytest.mark.parametrize("system", SYSTEMS)
def test_identity_is_created_changed_and_removed_over_the_shell(homelab, run, tmp_path, system):
    made = [identity(system, tmp_path)]
    planned = run(system, made, "--check", **ROOT).succeeded().results()[0]
    assert planned["changed"] and homelab.fleet.writes() == []
    first = run(system, made, "-vvvv", **ROOT).succeeded()
    assert first.failed == [] and first.results()[0]["plan"] == planned["plan"]
    secret = (tmp_path / "secret").read_text().strip()
    assert secret and secret not in first.output
    assert [one for one in homelab.fleet.secrets() if one in first.output] == []
    again = run(system, made, **ROOT)
    assert again.failed == again.changed == [] and homelab.fleet.writes() == []
    changed = run(system, [identity(system, tmp_path, comment="")], **ROOT)
    assert changed.failed == [] and len(changed.changed) == 1
    gone = run(system, [task(system, "user", userid=f"shell@{system}", state="absent")], **ROOT)
    assert gone.failed == [] and len(gone.changed) == 1


@pytest.mark.parametrize("system", SYSTEMS)
def test_shell_and_https_return_the_same_state(homelab, run, system):
    options = homelab.fleet.inventory()["all"]["children"][system]["hosts"][SYSTEMS[system][0]]["fleetgate_api"]
    over_https = {f"fleetgate.proxmox.{system}_info": {**options, "api_host": server(homelab, system).host}}
    by_token, by_shell = run(system, [over_https, task(system, "info")], **ROOT).succeeded().results()
    assert by_token.pop("fingerprint") and by_shell.pop("fingerprint") is None
    for kind in set(by_token) - {"invocation"}:
        one, other = by_token[kind], by_shell[kind]
        # the server lists roles in any order
        assert sorted(one, key=str) == sorted(other, key=str) if isinstance(one, list) else one == other


REFUSED = {"message": "Parameter verification failed.\n", "errors": {"userid": "is not for you"}}


@pytest.mark.parametrize(
    ("system", "body", "status", "told"),
    [
        ("pve", json.dumps(REFUSED), 400, "400: Parameter verification failed. userid: is not for you"),
        (
            "pve",
            json.dumps({"message": "create user failed: no space left\n"}),
            500,
            "500: perl: warning: some module said something create user failed: no space left",
        ),
        # the command of PBS does not return the status
        ("pbs", "value does not match the regex pattern", 400, "500: value does not match the regex pattern"),
    ],
)
def test_server_error_is_quoted(homelab, run, system, body, status, told):
    server(homelab, system).observed.faults.append(Fault(verb="POST", path=".*/access/users", status=status, body=body))
    answer = run(system, [task(system, "user", userid=f"nobody@{system}")], **ROOT).results()[0]
    assert answer["failed"] and answer["msg"].endswith(f"POST /access/users was refused with {told}"), answer["msg"]
    assert answer["request"] == {"verb": "POST", "path": "/access/users", "status": int(told[:3]), "no_answer": False}


def test_configuration_lock_is_waited_for(homelab, run):
    body = json.dumps({"message": "cfs-lock 'file-user_cfg' error: got lock request timeout\n"})
    server(homelab, "pve").observed.faults.append(Fault(verb="POST", path=".*/access/users", status=500, body=body))
    assert run("pve", [task("pve", "user", userid="patient@pve")], **ROOT).failed == []


@pytest.mark.parametrize(
    ("variables", "why"),
    [
        ({**ROOT, "ansible_port": 2222}, "Connection refused"),
        ({"ansible_user": "bob"}, "Permission denied"),
        ({**ROOT, "ansible_connection": "local"}, "the host has no pvesh"),
        (ADMIN, "please run as root"),
    ],
)
def test_unusable_host_is_reported_with_the_reason(homelab, run, variables, why):
    answer = run("pve", [task("pve", "info")], **variables).results()[0]
    assert answer["failed"] and why in answer["msg"] and "PVE 127.0.10.1" in answer["msg"]
    assert answer["request"]["no_answer"] is (why in ("Connection refused", "Permission denied"))


def test_become_is_honoured(run):
    assert run("pve", [{**task("pve", "info"), "become": True}], **ADMIN).failed == []


@pytest.mark.parametrize("system", SYSTEMS)
def test_module_on_the_target_uses_the_local_shell(run, system):
    """With fleetgate_execute_on or async the module already runs on the host."""
    told = run(
        system,
        [task(system, "info", gather=["version"])],
        **ROOT,
        fleetgate_execute_on="target",
        ansible_pipelining=True,
    )
    assert told.failed == [] and told.results()[0]["version"]


def test_unsetting_two_options_over_the_shell_is_refused_by_pbs_only(run):
    for system in SYSTEMS:
        owner = f"several@{system}"
        told = run(
            system,
            [
                task(system, "user", userid=owner, comment="one", firstname="two"),
                task(system, "user", userid=owner, comment="", firstname=""),
                task(system, "user", userid=owner, state="absent"),
            ],
            **ROOT,
        )
        assert [result["failed"] for result in told.results()] == [False, system == "pbs", False], told.output
        assert "accepts only a single value of delete" in told.output or system == "pve"


@pytest.mark.parametrize("system", SYSTEMS)
def test_regenerated_secret_cannot_be_verified_over_the_shell(run, tmp_path, system):
    """Root on a host needs no secret, so there is no way to test one."""
    one = {"userid": f"renewed@{system}", SYSTEMS[system][1]: "tok", "secret_file": str(tmp_path / "renewed")}
    told = run(
        system,
        [
            task(system, "user", userid=one["userid"]),
            task(system, "token", **one),
            task(system, "token", **one, secret="regenerate"),
            task(system, "token", **one, secret="if_invalid"),
        ],
        **ROOT,
    )
    _user, made, renewed, tried = told.results()
    assert made["changed"] and renewed["changed"] and [step["verb"] for step in renewed["plan"]] == ["PUT"], renewed
    assert tried["failed"] and f"renewed@{system}!tok works cannot be tested with connection=shell" in tried["msg"]
