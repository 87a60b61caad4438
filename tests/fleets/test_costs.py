"""Upper limits of requests and tasks, recorded in costs.yml to detect regressions.

Counts do not depend on the machine. FLEETGATE_COSTS=write records the current figures instead of comparing.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import Wired
from tests.modules.systems import SYSTEMS, WRITING, system_of
from tests.simulators.fleet import Server
from tests.simulators.server import Exchange
from tests.support import bootstrap
from tests.support.ansible import Run
from tests.support.in_process import run
from tests.support.rotate import rotates
from tests.support.sample import ALL

TABLE = Path(__file__).with_name("costs.yml")
COSTS: dict[str, dict[str, Any]] = yaml.safe_load(TABLE.read_text())
RUNS = ("first", "unchanged")
PLAYBOOKS = (
    "bootstrap",
    "wire",
    "wire_provider",
    "wire_hosts",
    "monitor",
    "adopt",
    "prove",
    "report",
    "unwire",
    "rotate",
    "offboard",
)
# by playbook and run, what has to be declared beside the example: rotate rotates on demand first, and then by age
VARIABLES = {
    "rotate": {"first": rotates("clients"), "unchanged": rotates("clients", older_than="1d")},
    "unwire": dict.fromkeys(RUNS, {"fleetgate_unwire": {"confirm": "pocketid"}}),
    "offboard": dict.fromkeys(
        RUNS, {"person": "bob", "fleetgate_users": [{"username": "bob", "state": "absent"}], "fleetgate_groups": []}
    ),
}
# one cluster and one backup server; three and two, each of which must cost the same
FLEETS = {"homelab": PLAYBOOKS, **({"fleet": ("bootstrap", "wire", "monitor", "prove")} if ALL else {})}
# Pulse polls the servers that it monitors; the number of requests depends on time
OF_PULSE = "python-urllib3/"
# it is asked again until it has polled a server, which takes it longer at times
WAITING = {"pulse": 10}


def single_objects(system: Any) -> list[tuple[str, dict[str, Any]]]:
    """A task that creates one object, for each kind of object, by name."""
    return [(name, {**key, **made}) for name, (key, made, *_rest) in system.LIVES.items()]


def others(system: Any) -> list[tuple[str, dict[str, Any]]]:
    """Tasks of modules that do not manage single objects; a sync polls until its task ends."""
    kinds = getattr(system, "LIVES", {})
    return [
        (name, options) for name, options in system.EVERY_MODULE if name not in kinds and not name.endswith("_sync")
    ]


def expected() -> list[str]:
    return [name for system in WRITING for name, _options in single_objects(system)] + sorted(
        {name for system in SYSTEMS.values() for name, _options in others(system)}
    )


def adopts(folder: Path) -> dict[str, Any]:
    """The directory for the files of adopt, and the password of its vault."""
    password = folder / "password"
    password.write_text("a-password")
    return {"fleetgate_adopt": {"directory": str(folder / "adopted")}, "ANSIBLE_VAULT_PASSWORD_FILE": str(password)}


@pytest.fixture(scope="module")
def written() -> Iterator[dict[str, dict[str, Any]]]:
    """The figures of this run, recorded at the end on request."""
    found: dict[str, dict[str, Any]] = {"modules": {}, "playbooks": {}}
    yield found
    if os.environ.get("FLEETGATE_COSTS") == "write":
        merged = {part: {**COSTS[part], **found[part]} for part in found}
        comment = "".join(line for line in TABLE.read_text().splitlines(keepends=True) if line.startswith("#"))
        TABLE.write_text(comment + yaml.safe_dump(merged, sort_keys=True, default_flow_style=None, width=120))


def without_waiting(exchanges: Iterable[Exchange]) -> int:
    """The number of requests; a read that is repeated until the server has an answer counts once, however long that takes."""
    count, before = 0, ("", "", "")
    for exchange in exchanges:
        request = (exchange.verb, exchange.path, exchange.query)
        count += exchange.verb != "GET" or request != before
        before = request
    return count


class Modules:
    """Requests by module, counted once for all of them."""

    def __init__(self, fleet_of: Callable[..., Wired]) -> None:
        self._fleet_of = fleet_of
        self._counted: dict[str, dict[str, int]] = {}

    def __getitem__(self, name: str) -> dict[str, int]:
        if not self._counted:
            for system in SYSTEMS.values():
                self._count(system)
        return self._counted[name]

    def _count(self, system: Any) -> None:
        wired = self._fleet_of("homelab")
        for module, options in system.EVERY_MODULE:
            self._take(wired, module, options, keep=(module, options) in others(system))
        if system in WRITING:
            wired = self._fleet_of("homelab")
            for module, options in system.COMPANY:
                self._requests(wired, module, options)
            for name, options in single_objects(system):
                self._take(wired, name, options)

    def _take(self, wired: Wired, name: str, options: dict[str, Any], keep: bool = True) -> None:
        counted = {each: self._requests(wired, name.split()[0], options) for each in RUNS[: 2 if keep else 1]}
        if keep:
            self._counted[name] = counted

    @staticmethod
    def _requests(wired: Wired, module: str, options: dict[str, Any]) -> int:
        wired.fleet.forget()
        given = {**system_of(module).connection(wired), **options}
        run(module, **{option: value for option, value in given.items() if value is not None})
        return without_waiting(exchange for _server, exchange in wired.fleet.exchanges())


@pytest.fixture(scope="module")
def modules(fleet_of: Callable[..., Wired]) -> Modules:
    return Modules(fleet_of)


@pytest.mark.parametrize("name", expected())
def test_module_sends_at_most_the_recorded_requests(
    modules: Modules, written: dict[str, dict[str, Any]], name: str
) -> None:
    written["modules"][name] = modules[name]
    allowed = COSTS["modules"].get(name, {})
    if os.environ.get("FLEETGATE_COSTS") != "write":
        assert all(count <= allowed[each] for each, count in modules[name].items()), (modules[name], allowed)


def requests_to(*servers: Server) -> int:
    return sum(
        without_waiting(exchange for exchange in server.observed.journal if not exchange.agent.startswith(OF_PULSE))
        for server in servers
    )


def per_server(wired: Wired, outcome: Run) -> dict[str, int]:
    """The maximum number of tasks of a host, and of requests to a server of each product."""
    fleet, hosts = wired.fleet, [row["host"] for row in outcome.rows if not row["outcome"].startswith("item")]
    return {
        "tasks of one host": max(map(hosts.count, {*hosts})),
        "pve": max(requests_to(*nodes) for nodes in fleet.pve.values()),
        "pbs": max(map(requests_to, fleet.pbs.values())),
        # also what hosts read when they begin a sign-on, in any order, so that equal requests in a row mean nothing
        "pocketid": len(fleet.pocketid.observed.journal),
        "pulse": requests_to(fleet.pulse),
    }


@pytest.mark.parametrize("example", FLEETS)
def test_playbooks_take_at_most_the_recorded_tasks_and_requests(
    fleet_of: Callable[..., Wired],
    tmp_path_factory: pytest.TempPathFactory,
    written: dict[str, dict[str, Any]],
    example: str,
) -> None:
    """The cost of each playbook on a fleet, for a first and a second run."""
    above = {}
    for playbook in FLEETS[example]:
        # these go on with the fleet of the one before: wire_provider, or prove, which has written nothing
        if playbook not in ("wire_hosts", "report", "unwire"):
            wired = fleet_of(example)
        if playbook == "bootstrap":
            wired = bootstrap.new(wired, tmp_path_factory.mktemp("bootstrap"))
        if playbook in ("adopt", "prove", "rotate", "offboard"):
            wired.play("wire").succeeded()
        declared = VARIABLES.get(playbook, {})
        if playbook == "adopt":
            declared = dict.fromkeys(RUNS, adopts(tmp_path_factory.mktemp("adopt")))
        for each in RUNS:
            case = f"{playbook} on {example}, {each}"
            counts = per_server(wired, wired.play(playbook, **declared.get(each, {})).succeeded())
            written["playbooks"][case] = counts
            allowed = COSTS["playbooks"].get(case, {})
            if any(count > allowed.get(name, -1) + WAITING.get(name, 0) for name, count in counts.items()):
                above[case] = counts, allowed
        assert not wired.fleet.writes(), f"{playbook} changed something again"
    assert os.environ.get("FLEETGATE_COSTS") == "write" or not above
