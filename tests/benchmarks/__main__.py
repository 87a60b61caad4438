"""`make bench`: speed as ratios and requests as counts, on the machine it runs on. Nothing is asserted."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from tests.modules.systems import task
from tests.modules.systems.shared import REALM
from tests.simulators.fleet import FLEETS, FleetServers
from tests.support.ansible import Ansible, checkout

ITEMS = 50
RUNS = 3


class Bench:
    def __init__(self, folder: Path, fleet) -> None:
        self.fleet = fleet
        self._ansible = Ansible(folder, checkout(folder))

    def seconds(self, tasks: list[dict]) -> float:
        """Wall time of a play with these tasks, without that of an empty one; the median of some runs."""
        return statistics.median(self._once(tasks) for _run in range(RUNS)) - statistics.median(
            self._once([]) for _run in range(RUNS)
        )

    def requests(self, tasks: list[dict]) -> int:
        self.fleet.forget()
        self._ansible.tasks(tasks).succeeded()
        return len(self.fleet.exchanges())

    def _once(self, tasks: list[dict]) -> float:
        started = time.monotonic()
        assert self._ansible.tasks(tasks).succeeded().failed == []
        return time.monotonic() - started


def loop(bench: Bench, **how) -> list[dict]:
    """Fifty groups, an object each, by one task with a loop."""
    names = [f"group{number}" for number in range(ITEMS)]
    return [{**task(bench, "pve_group", groupid="{{ item }}", comment="Bench"), "loop": names, **how}]


def cluster(bench: Bench, **secret) -> list[dict]:
    """One realm, three groups, two roles, six ACL entries, one user with a token, by one task."""
    groups = ["admins", "operators", "auditors"]
    state = {
        "realms": [{"realm": "sso", **REALM}],
        "groups": [{"groupid": group} for group in groups],
        "roles": [
            {"roleid": "Operate", "privs": ["VM.PowerMgmt", "VM.Console"]},
            {"roleid": "Look", "privs": ["VM.Audit"]},
        ],
        "users": [{"userid": "monitor@pve"}],
        "tokens": [{"userid": "monitor@pve", "tokenid": "pulse", **secret}],
        "acl": [
            *({"path": "/", "roles": ["Look"], "groups": [group]} for group in groups),
            {"path": "/vms", "roles": ["Operate"], "groups": ["operators"]},
            {"path": "/", "roles": ["PVEAuditor"], "users": ["monitor@pve"], "tokens": ["monitor@pve!pulse"]},
        ],
    }
    return [task(bench, "pve_state", **state)]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, FleetServers(FLEETS["homelab"], Path(name) / "fleet") as fleet:
        bench = Bench(Path(name), fleet)
        bench.seconds(loop(bench))
        inside = bench.seconds(loop(bench))
        ordinary = bench.seconds(loop(bench, vars={"fleetgate_execute_on": "target"}))
        print(
            f"{ITEMS} single-object tasks in a loop, nothing to change: the ordinary module path takes {ordinary / inside:.1f} times as long"
        )
        print(f"  ({ordinary:.2f} s against {inside:.2f} s, without the {RUNS} runs' start of ansible itself)")
        first = bench.requests(cluster(bench, return_secret=True))
        again = bench.requests(cluster(bench))
        print("pve_state for one realm, three groups, two roles, six ACL entries, one user with a token:")
        print(f"  {again} requests where nothing is to be changed, {first} where everything is made")
        singles = bench.requests(single_tasks(bench))
        print(
            f"  the same as single tasks, nothing to be changed: {singles / again:.1f} times the requests ({singles})"
        )


def single_tasks(bench: Bench) -> list[dict]:
    """The state of `cluster`, an object a task."""
    state = cluster(bench)[0]["fleetgate.proxmox.pve_state"]
    modules = {
        "realms": "pve_realm",
        "groups": "pve_group",
        "roles": "pve_role",
        "users": "pve_user",
        "tokens": "pve_token",
        "acl": "pve_acl",
    }
    return [task(bench, module, **entry) for kind, module in modules.items() for entry in state[kind]]


if __name__ == "__main__":
    main()
