"""The modules against community.proxmox, against the ordinary way to run a module, and against the bare requests.

All run with the ansible bundle of PyPI, which has community.proxmox, on one simulated cluster over HTTPS. The floor sends
the requests of `pve_state` once more, from one dedicated process.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.large_fleet import TOKEN, LargeFleet
from tests.benchmarks.measure import Cost, Play, measure
from tests.support.ansible import ROOT

ITEMS = 50
RUNS = 5

Task = dict[str, Any]

USERS = [f"person{number}@pve" for number in range(ITEMS)]
# any user may have rights on any path, and all are people that the first workload creates
PATHS = [f"/vms/{100 + number}" for number in range(ITEMS)]
GROUPS = ["admins", "operators", "auditors"]
ROLES = {"Operate": ["VM.PowerMgmt", "VM.Console"], "Look": ["VM.Audit"]}
MONITOR, MONITOR_TOKEN = "monitor@pve", "pulse"
REALM = {"issuer_url": "https://id.example.org", "client_id": "proxmox", "client_key": "a-client-secret"}
# path, kind of principal, principal, role
ACL = [
    *(("/", "group", group, "Look") for group in GROUPS),
    ("/vms", "group", "operators", "Operate"),
    ("/", "user", MONITOR, "PVEAuditor"),
    ("/", "token", f"{MONITOR}!{MONITOR_TOKEN}", "PVEAuditor"),
]


def ours(module: str, **options: Any) -> Task:
    return {f"fleetgate.proxmox.{module}": options}


def theirs(module: str, **options: Any) -> Task:
    return {f"community.proxmox.proxmox_{module}": options}


def acl_entry(path: str, kind: str, principal: str, role: str) -> dict[str, Any]:
    return {"path": path, "roles": [role], f"{kind}s": [principal]}


def acl_task(path: str, kind: str, principal: str, role: str) -> Task:
    return theirs("access_acl", path=path, type=kind, ugid=principal, roleid=role)


def whole_cluster(**token: Any) -> Task:
    """One realm, three groups, two roles, six ACL rows, one user with a token."""
    return ours(
        "pve_state",
        realms=[{"realm": "sso", "type": "openid", **REALM}],
        groups=[{"groupid": group} for group in GROUPS],
        roles=[{"roleid": role, "privs": privileges} for role, privileges in ROLES.items()],
        users=[{"userid": MONITOR}],
        tokens=[{"userid": MONITOR, "tokenid": MONITOR_TOKEN, **token}],
        acl=[acl_entry(*row) for row in ACL],
    )


def whole_cluster_theirs() -> list[Task]:
    realm = {f"openid_{option}": value for option, value in REALM.items()}
    return [
        theirs("domain", realm="sso", type="openid", state="present", **realm),
        *(theirs("group", name=group) for group in GROUPS),
        *(theirs("role", roleid=role, privs=privileges) for role, privileges in ROLES.items()),
        theirs("user", name=MONITOR, tokens=[{"tokenid": MONITOR_TOKEN}]),
        *(acl_task(*row) for row in ACL),
    ]


LOOP_OF_USERS = {**ours("pve_user", userid="{{ item }}", comment="Bench"), "loop": USERS}

# workload: way: tasks. What a workload needs beforehand is in PREPARED. The floor repeats the requests of the first way.
WORKLOADS: dict[str, dict[str, list[Task]]] = {
    f"{ITEMS} users": {
        "pve_state": [ours("pve_state", users=[{"userid": user, "comment": "Bench"} for user in USERS])],
        "loop of pve_user": [LOOP_OF_USERS],
        "loop of pve_user, as an ordinary module": [{**LOOP_OF_USERS, "vars": {"fleetgate_execute_on": "target"}}],
        "loop of community.proxmox": [{**theirs("user", name="{{ item }}", comment="Bench"), "loop": USERS}],
    },
    f"{ITEMS} ACL rows": {
        "pve_state": [ours("pve_state", acl=[acl_entry(path, "user", MONITOR, "PVEAuditor") for path in PATHS])],
        "loop of pve_acl": [
            {**ours("pve_acl", **acl_entry("{{ item }}", "user", MONITOR, "PVEAuditor")), "loop": PATHS}
        ],
        "loop of community.proxmox": [{**acl_task("{{ item }}", "user", MONITOR, "PVEAuditor"), "loop": PATHS}],
    },
    "a whole cluster": {"pve_state": [whole_cluster(return_secret=True)], "community.proxmox": whole_cluster_theirs()},
}
PREPARED = {f"{ITEMS} ACL rows": [ours("pve_user", userid=MONITOR)]}
FLOOR = "bare requests"


@dataclass(frozen=True)
class Row:
    """The figures of one method, without the cost of starting ansible or Python."""

    workload: str
    way: str
    run: str
    cost: Cost
    requests: int
    connections: int


class Bench:
    """One cluster, and the ansible-playbook of the environment that has community.proxmox."""

    def __init__(self, folder: Path, fleet: LargeFleet, python: str) -> None:
        self._folder, self._fleet, self._python = folder, fleet, python
        self._play = Play(folder, python)
        (self._cluster,) = fleet.clusters

    def rows(self, workload: str, runs: int) -> Iterator[Row]:
        empty = Cost.median([self._run([]) for _run in range(runs)])
        bare = Cost.median([self._replay([]) for _run in range(runs)])
        for way, tasks in WORKLOADS[workload].items():
            for run, rows in self._repeated(workload, runs, partial(self._run, tasks)).items():
                yield self._row(workload, way, run, rows, empty)
        first, unchanged = self._journals(workload)
        for run, rows in self._repeated(
            workload, runs, partial(self._replay, first), partial(self._replay, unchanged)
        ).items():
            yield self._row(workload, FLOOR, run, rows, bare)

    def _repeated(
        self, workload: str, runs: int, first: Callable[[], Cost], unchanged: Callable[[], Cost] | None = None
    ) -> dict[str, list[tuple[Cost, int, int]]]:
        """Cost, requests and connections of each first run, and of one right after it."""
        found: dict[str, list[tuple[Cost, int, int]]] = {"first": [], "unchanged": []}
        for _run in range(runs):
            self._prepare(workload)
            found["first"].append(self._counted(first))
            found["unchanged"].append(self._counted(unchanged or first))
        return found

    def _prepare(self, workload: str) -> None:
        self._fleet.reset()
        if workload in PREPARED:
            self._run(PREPARED[workload])

    def _counted(self, action: Callable[[], Cost]) -> tuple[Cost, int, int]:
        self._fleet.forget()
        cost = action()
        counted = self._fleet.counted()[self._cluster.name]
        return cost, counted.requests, counted.connections

    @staticmethod
    def _row(workload: str, way: str, run: str, found: list[tuple[Cost, int, int]], start: Cost) -> Row:
        _cost, requests, connections = found[-1]
        return Row(
            workload, way, run, Cost.median([measured[0] for measured in found]).without(start), requests, connections
        )

    def _journals(self, workload: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """The requests of the first method, for a first and an unchanged run."""
        tasks = next(iter(WORKLOADS[workload].values()))
        journals = []
        self._prepare(workload)
        for _run in range(2):
            self._fleet.forget()
            self._run(tasks)
            journals.append([asdict(exchange) for exchange in self._fleet.journal(self._cluster.name)])
        return journals[0], journals[1]

    def _run(self, tasks: list[Task]) -> Cost:
        host, port, trust = self._cluster.host, self._cluster.port, str(self._fleet.authority.bundle)
        user, _mark, token = TOKEN.partition("!")
        common = {"api_host": host, "api_port": port, "api_token_secret": self._fleet.secret, "ca_path": trust}
        play = {
            "hosts": "localhost",
            "gather_facts": False,
            "module_defaults": {
                "group/fleetgate.proxmox.pve": {**common, "api_token_id": TOKEN},
                "group/community.proxmox.proxmox": {**common, "api_user": user, "api_token_id": token},
            },
            "tasks": tasks,
        }
        (self._folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
        return self._play("play.yml")

    def _replay(self, journal: list[dict[str, Any]]) -> Cost:
        asked = {
            "url": self._cluster.url,
            "trust": str(self._fleet.authority.bundle),
            "authorization": f"PVEAPIToken={TOKEN}={self._fleet.secret}",
            "requests": journal,
        }
        (self._folder / "requests.json").write_text(json.dumps(asked))
        program = str(ROOT / "tests/benchmarks/replay.py")
        return measure([self._python, program, "requests.json"], self._folder / "output.txt", {})


def rows(python: str, runs: int = RUNS, workloads: tuple[str, ...] = tuple(WORKLOADS)) -> Iterator[Row]:
    """All figures, as they come, with the programs of the environment of `python`."""
    with tempfile.TemporaryDirectory() as name, LargeFleet(1, Path(name) / "fleet") as fleet:
        bench = Bench(Path(name), fleet, python)
        for workload in workloads:
            yield from bench.rows(workload, runs)
