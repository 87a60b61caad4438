"""The life cycle of one object of every kind: create, update, unset options, delete, each step twice.

Every step first runs in check mode. Prediction and result must be equal, a repeated step changes nothing, and the servers
receive exactly the planned requests.
"""

from __future__ import annotations

import re

import pytest

from tests.modules.systems import WRITING, system_of, task, union
from tests.support.sample import sample

LIVES = union("LIVES")
NEWER = union("NEWER")

STEPS = ("create", "update", "unset", "delete")
WAYS = ("predicted", "done", "predicted again", "done again")


def steps_of(module):
    """The steps of a kind; some objects cannot be updated (None), and objects without a key cannot be deleted."""
    key, create, update, unset = LIVES[module]
    steps = zip(STEPS, (create, update, unset, {"state": "absent"} if key else None))
    return {step: {**key, **options} for step, options in steps if options is not None}


TAKEN = [(module, step) for module in LIVES for step in steps_of(module)]


@pytest.fixture(
    scope="module",
    params=sample([{}, {"pve": "8.4", "pbs": "3.2", "pocketid": "2.13", "authentik": "2025.12", "pulse": "5.1"}], 2),
    ids=lambda versions: "older servers" if versions else "newest servers",
)
def lived(request, fleet_of, ansible):
    """The life cycles of all objects of a system, one after the other, on a fleet of its own."""
    runs = {}

    def of(system):
        if system not in runs:
            runs[system] = live(fleet_of("homelab", **request.param), system, ansible, older=bool(request.param))
        return runs[system]

    return of


def live(wired, system, ansible, older):
    company = [task(wired, module, **options) for module, options in system.COMPANY]
    assert ansible.tasks(company).succeeded().failed == []
    wired.fleet.forget()
    tasks = []
    for module in system.LIVES:
        for step, options in steps_of(module).items():
            if older:
                options = {option: value for option, value in options.items() if option not in NEWER.get(module, ())}
            for way in WAYS:
                tasks.append(
                    {
                        "name": f"{module} {step} {way}",
                        **task(wired, module.split()[0], **options),
                        "check_mode": way.startswith("predicted"),
                    }
                )
    return wired, ansible.tasks(tasks)


def result_of_step(run, module, step, way):
    (result,) = run.results(f"{module} {step} {way}")
    assert not result["failed"], result["msg"]
    return result


@pytest.mark.parametrize(("module", "step"), TAKEN)
class TestEveryStep:
    def test_step_changes_what_check_mode_predicts(self, lived, module, step):
        _wired, run = lived(system_of(module))
        predicted, done = result_of_step(run, module, step, "predicted"), result_of_step(run, module, step, "done")
        assert done["changed"] and predicted["changed"]
        kind = module.split()[0].partition("_")[2]
        for part in ("plan", "diff", kind):
            assert predicted[part] == done[part]

    def test_repeated_step_changes_nothing(self, lived, module, step):
        _wired, run = lived(system_of(module))
        kind = module.split()[0].partition("_")[2]
        for way in ("predicted again", "done again"):
            again = result_of_step(run, module, step, way)
            assert again["changed"] is False
            assert again["plan"] == []
            assert again["diff"] == {"before": {}, "after": {}}
            assert again[kind] == result_of_step(run, module, step, "done")[kind]


@pytest.mark.parametrize("system", WRITING, ids=lambda one: one.__name__.rpartition(".")[2])
def test_servers_receive_exactly_the_planned_requests(lived, system):
    wired, run = lived(system)
    planned = [
        (step["verb"], step["path"])
        for row in run.rows
        if row["task"].endswith(" done")
        for step in row["result"]["plan"]
    ]
    seen = [(write.verb, re.sub(r"^/api2/json|^/api/v3|/$", "", write.path)) for _name, write in wired.fleet.writes()]
    # a plan has names where Pocket ID, authentik and Pulse have ids
    kinds = (
        r"/(custom-claims/user|custom-claims/user-group|users|user-groups|api-keys|service-provider|groups|applications|bindings"
        r"|config/nodes)/(https:.*|[^/]+)"
    )
    named, seen_named = ([re.sub(kinds, r"/\1/ONE", " ".join(request)) for request in one] for one in (planned, seen))
    assert seen_named == named


def test_undeclared_options_are_kept(lived, ansible):
    """A client has many options that a task can omit, and an update replaces all of them."""
    wired, _run = lived(system_of("pocketid_client"))
    full = {
        "id": "kept",
        "name": "Kept",
        "callback_urls": ["https://a.example.org/"],
        "logout_callback_urls": ["https://b.example.org/"],
        "allowed_groups": ["staff"],
        "pkce_enabled": True,
        "launch_url": "https://a.example.org",
    }
    run = ansible.tasks(
        [task(wired, "pocketid_client", **full), task(wired, "pocketid_client", id="kept", name="Renamed")]
    )
    first, second = (result["client"] for result in run.succeeded().results())
    assert second == {**first, "name": "Renamed"}
