"""Every module gives the same result in the control node's process and as an ordinary module on the host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.modules.servers import every_module, task

ROOT = Path(__file__).resolve().parents[2]
LOGO = str(ROOT / "examples/homelab/files/proxmox.svg")

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-client-secret-of-a-realm", "a-password-of-rita", "a-password-of-sam", "a-chosen-client-secret")

WAYS = {
    "in process": {},
    "on the target": {"vars": {"fleetgate_execute_on": "target"}},
    "async": {"async": 60, "poll": 1},
}


# what ansible adds: facts of the interpreter, the number of an async job
OF_ANSIBLE = (
    "ansible_facts", "ansible_job_id", "finished", "results_file", "started", "stderr", "stderr_lines", "stdout", "stdout_lines", "warnings"
)


def comparable(wired, result):
    """A result without what must differ: addresses and credentials of the fleet, ids and secrets that are random."""
    text = repr({key: result[key] for key in sorted(result) if key not in OF_ANSIBLE and not key.startswith("_ansible")})
    fleet = wired.fleet
    for number, name in enumerate([*fleet.pve, *fleet.pbs]):
        text = text.replace(fleet.tokens[name], f"TOKEN{number}")
    for server in fleet.servers:
        text = text.replace(server.url, f"URL-{server.name}").replace(f"'api_port': {server.port}", f"PORT-{server.name}")
    text = text.replace(str(fleet.authority.bundle), "CA")
    text = re.sub(r"static-api-user-\w{6}", "static-api-user", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


@pytest.fixture(scope="module", params=[(), ("--check",)], ids=["for real", "in check mode"])
def three_runs(request, fleet_of, ansible):
    """The same tasks on three new fleets, once in each way."""
    runs = {}
    for way, how in WAYS.items():
        wired = fleet_of("homelab")
        tasks = [{"name": module, **task(wired, module, **options), **how} for module, options in every_module(wired, LOGO)]
        if request.param and way == "async":
            continue  # ansible itself refuses check mode with async
        secrets = (*HIDDEN, *wired.fleet.secrets())
        runs[way] = wired, ansible.tasks(tasks, *request.param, "-vvvv", "--diff", secrets=secrets)
    return runs


def result_of(run, module):
    return run.results(module)[-1]


MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


@pytest.mark.parametrize("module", MODULES)
def test_the_result_is_the_same(three_runs, module):
    told = {way: comparable(wired, result_of(run, module)) for way, (wired, run) in three_runs.items()}
    expected = told.pop("in process")
    assert told == {way: expected for way in told}


def test_what_is_compared_was_done(three_runs):
    """In check mode tasks fail that need what an earlier one would have made; for real none does."""
    for _wired, run in three_runs.values():
        assert all("does not exist" in one for one in run.failed) if "--check" in run.arguments else run.failed == []


def test_no_secret_is_shown_at_the_highest_verbosity(three_runs):
    for wired, run in three_runs.values():
        assert [secret for secret in (*HIDDEN, *wired.fleet.secrets()) if secret in run.output] == []
