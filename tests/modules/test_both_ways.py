"""Every module returns the same result in the process of the control node and as an ordinary module on the host."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.modules.systems import SYSTEMS, task
from tests.support.sample import sample

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


# the stages of playbooks depend on each other within one run, and record_info on a record; tests/playbooks and tests/fleets run them on the target, and
# test_oidc_login the sign-on, which needs a wired fleet
STAGES = {
    "adopt_host",
    "adopt_provider",
    "bootstrap_host",
    "monitor_host",
    "oidc_login",
    "offboard_host",
    "offboard_provider",
    "prove_host",
    "prove_provider",
    "record_info",
    "report_host",
    "report_provider",
    "rotate_host",
    "rotate_provider",
    "rotate_token",
    "unwire_host",
    "unwire_provider",
    "wire_host",
    "wire_provider",
}
MODULES = sorted({path.stem for path in (ROOT / "plugins/modules").glob("*.py")} - STAGES)

# arguments of ansible-playbook, keywords of the task, and the modules that are run in this way
WAYS = {
    "on the target": ((), ON_THE_TARGET, list(sample(MODULES, 10))),
    "on the target in check mode": (("--check",), ON_THE_TARGET, list(sample(MODULES, 20))),
    "async": ((), ASYNC, list(sample(MODULES, 20))),
}


@pytest.fixture(scope="module")
def two_runs(fleet_of, ansible):
    """The same tasks on two new fleets: all in process, and the last task of each module in another way."""
    every_task = [task for system in SYSTEMS.values() for task in system.EVERY_MODULE]
    last = {module: number for number, (module, _options) in enumerate(every_task)}

    @cache
    def runs(way):
        arguments, other, modules = WAYS[way]
        runs = []
        for numbers in (set(), {last[module] for module in modules}):
            wired = fleet_of("homelab")
            tasks = [
                {"name": module, **task(wired, module, **options), **(other if number in numbers else IN_PROCESS)}
                for number, (module, options) in enumerate(every_task)
            ]
            secrets = (*HIDDEN, *wired.fleet.secrets())
            runs.append((wired, ansible.tasks(tasks, *arguments, "-vvvv", "--diff", secrets=secrets)))
        return runs

    return runs


@pytest.mark.parametrize(
    ("way", "module"), [(way, module) for way, (_arguments, _keywords, modules) in WAYS.items() for module in modules]
)
def test_result_is_the_same_in_process_and_on_the_target(two_runs, way, module):
    inside, other = (comparable(wired, run.results(module)[-1]) for wired, run in two_runs(way))
    assert other == inside


@pytest.mark.parametrize("way", WAYS)
def test_only_check_mode_fails_and_only_for_missing_objects(two_runs, way):
    """In check mode, tasks fail that need an object an earlier task would have created; without check mode none fails."""
    for _wired, run in two_runs(way):
        unexpected = [
            failure for failure in run.failed if "--check" not in run.arguments or "does not exist" not in failure
        ]
        assert unexpected == []


@pytest.mark.parametrize("way", WAYS)
def test_no_secret_is_printed_at_the_highest_verbosity(two_runs, way):
    for wired, run in two_runs(way):
        assert [secret for secret in (*HIDDEN, *wired.fleet.secrets()) if secret in run.output] == []
