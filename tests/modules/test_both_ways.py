"""Every module returns the same result in the process of the control node and as an ordinary module on the host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.modules.systems import SYSTEMS, task

ROOT = Path(__file__).resolve().parents[2]

# given to modules or kept by servers, and never to be seen
HIDDEN = tuple({secret: True for one in SYSTEMS.values() for secret in one.HIDDEN})

IN_PROCESS, ON_THE_TARGET, ASYNC = {}, {"vars": {"fleetgate_execute_on": "target"}}, {"async": 60, "poll": 1}

# added by ansible: facts of the interpreter, the number of an async job
OF_ANSIBLE = (
    "ansible_facts",
    "ansible_job_id",
    "finished",
    "results_file",
    "started",
    "stderr",
    "stderr_lines",
    "stdout",
    "stdout_lines",
    "warnings",
)


def comparable(wired, result):
    """A result without parts that always differ: addresses and credentials of the fleet, random ids and secrets."""
    text = repr(
        {key: result[key] for key in sorted(result) if key not in OF_ANSIBLE and not key.startswith("_ansible")}
    )
    fleet = wired.fleet
    for number, name in enumerate([*fleet.pve, *fleet.pbs]):
        text = text.replace(fleet.tokens[name], f"TOKEN{number}")
    for server in fleet.servers:
        text = text.replace(server.url, f"URL-{server.name}").replace(
            f"'api_port': {server.port}", f"PORT-{server.name}"
        )
    text = text.replace(str(fleet.authority.bundle), "CA")
    text = re.sub(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", "FINGERPRINT", text)
    text = re.sub(r"static-api-user-\w{6}", "static-api-user", text)
    text = re.sub(r"'secret': '[A-Za-z0-9]{32}'", "'secret': GENERATED", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


@pytest.fixture(
    scope="module",
    params=[((), ON_THE_TARGET), (("--check",), ON_THE_TARGET), ((), ASYNC)],
    ids=["on the target", "on the target in check mode", "async"],
)
def two_runs(request, fleet_of, ansible):
    """The same tasks on two new fleets: in process, and on the target or asynchronously."""
    arguments, other = request.param
    runs = []
    for how in (IN_PROCESS, other):
        wired = fleet_of("homelab")
        tasks = [
            {"name": module, **task(wired, module, **options), **how}
            for one in SYSTEMS.values()
            for module, options in one.EVERY_MODULE
        ]
        secrets = (*HIDDEN, *wired.fleet.secrets())
        runs.append((wired, ansible.tasks(tasks, *arguments, "-vvvv", "--diff", secrets=secrets)))
    return runs


def result_of(run, module):
    return run.results(module)[-1]


# the stages of playbooks depend on each other within one run; tests/playbooks and tests/fleets run them on the target
STAGES = {"monitor_host", "wire_host", "wire_provider"}
MODULES = sorted({path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - STAGES)


@pytest.mark.parametrize("module", MODULES)
def test_result_is_the_same_in_process_and_on_the_target(two_runs, module):
    inside, other = (comparable(wired, result_of(run, module)) for wired, run in two_runs)
    assert other == inside


def test_only_check_mode_fails_and_only_for_missing_objects(two_runs):
    """In check mode, tasks fail that need an object an earlier task would have created; without check mode none fails."""
    for _wired, run in two_runs:
        told = [one for one in run.failed if "--check" not in run.arguments or "does not exist" not in one]
        assert told == []


def test_no_secret_is_printed_at_the_highest_verbosity(two_runs):
    for wired, run in two_runs:
        assert [secret for secret in (*HIDDEN, *wired.fleet.secrets()) if secret in run.output] == []
