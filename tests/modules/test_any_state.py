"""For any declared states A and B: A is applied, then B, and applying B again changes nothing.

Undeclared parts of B are as A left them. The states are generated from the tables of the resources by the `any_state` of
each system and passed to the modules as tasks pass them.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.modules.systems import SYSTEMS
from tests.support import in_process
from tests.support.sample import ALL

EXAMPLES = 40 if ALL else 10
ANY = {name: system for name, system in SYSTEMS.items() if hasattr(system, "any_state")}


class Server:
    """One server of a system, reset for every example."""

    def __init__(self, wired, name):
        self._wired, self._name, self._system = wired, name, SYSTEMS[name]

    def run(self, module, check=False, **options):
        return in_process.run(f"{self._name}_{module}", check, **self._system.connection(self._wired), **options)

    def begin(self):
        self._system.start_anew(self._wired)
        self.run("state", **self._system.ANY_COMPANY)

    def everything(self):
        return self.run("info", gather=[kind.plural for kind, _strategy in self._system.any_state()])


@pytest.fixture(scope="module")
def wired(fleet_of):
    return fleet_of("homelab")


@pytest.mark.parametrize("name", ANY)
def test_any_declared_state_is_reached_from_any_other(wired, name):
    server, kinds = Server(wired, name), ANY[name].any_state()
    states = st.fixed_dictionaries({}, optional={kind.plural: strategy for kind, strategy in kinds})

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(states, states)
    def reached(first, second):
        server.begin()
        server.run("state", **first)
        assert server.run("state", **first)["changed"] is False
        before = server.everything()
        predicted = server.run("state", check=True, **second)
        done = server.run("state", **second)
        for part in ("changed", "plan", "diff", *(kind for kind in second if kind in done)):
            assert predicted[part] == done[part], part
        again = server.run("state", **second)
        assert again["plan"] == [] and again["diff"] == {"before": {}, "after": {}}
        after = server.everything()
        for kind, _strategy in kinds:
            only_what_is_declared_changed(kind, before, after, second, ANY[name].as_left)

    reached()


def only_what_is_declared_changed(kind, before, after, declared, as_left):
    """Undeclared objects, and the undeclared options of declared ones, are unchanged."""
    nothing = {**dict.fromkeys(kind.spec()), "state": "present"}
    was, now, said = (
        {kind.key_of(row): row for entry in one.get(kind.plural, ()) for row in kind.expand({**nothing, **entry})}
        for one in (before, after, declared)
    )
    for key, one in was.items():
        if key not in said:
            assert now.get(key) == as_left(kind.plural, one, declared), key
        elif said[key].get("state") != "absent":
            unnamed = [option for option in one if said[key].get(option) is None]
            left = as_left(kind.plural, one, declared)
            assert {option: now[key][option] for option in unnamed} == {option: left[option] for option in unnamed}, key
    assert set(now) - set(was) <= set(said)
