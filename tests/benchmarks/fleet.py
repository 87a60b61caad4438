"""The cost of `wire` and `monitor` on fleets of many clusters, for a first and for an unchanged run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.benchmarks.large_fleet import TOKEN, LargeFleet
from tests.benchmarks.measure import Cost, Play

SIZES = (1, 10, 100, 1000)
PLAYBOOKS = ("wire", "monitor")
CLIENTS = ("shared", "own")
RUNS = 5
# a single run of this many clusters takes minutes, and its figures vary less
SINGLE = 1000

DECLARED: dict[str, Any] = {
    "fleetgate_realm": {"name": "pocketid", "comment": "Company sign-on", "default": True},
    "fleetgate_emergency": {"userid": "root@pam", "proven": "2026-11-01"},
    "fleetgate_users": [
        {"username": name, "email": f"{name}@example.org", "first_name": name.title(), "last_name": "Example"}
        for name in ("alice", "bob", "carol")
    ],
    "fleetgate_groups": [
        {
            "name": "admins",
            "friendly_name": "Administrators",
            "members": ["alice"],
            "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}]},
        },
        {
            "name": "operators",
            "friendly_name": "Operators",
            "members": ["bob", "carol"],
            "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"]}, {"path": "/vms", "roles": ["PVEVMAdmin"]}]},
        },
    ],
}
CLIENT_OF = {
    "shared": {"id": "proxmox", "name": "Proxmox VE"},
    "own": {"id": "{{ inventory_hostname }}", "name": "Proxmox VE {{ inventory_hostname }}"},
}


@dataclass(frozen=True)
class Row:
    """The figures of one run, or the medians of several. Requests and connections are those of all servers."""

    playbook: str
    client: str
    size: int
    run: str
    cost: Cost
    requests: int
    connections: int
    cluster_requests: float
    servers_cpu: float
    servers_memory: int


def inventory(fleet: LargeFleet, client: str) -> dict[str, Any]:
    trust = str(fleet.authority.bundle)
    api = {
        "api_port": fleet.clusters[0].port,
        "api_token_id": TOKEN,
        "api_token_secret": fleet.secret,
        "ca_path": trust,
    }
    provider = {"type": "pocketid", "url": fleet.provider.url, "api_key": fleet.secret, "ca_path": trust}
    pulse = {"url": fleet.pulse.url, "api_token": fleet.secret, "ca_path": trust}
    clusters = {
        "hosts": {site.name: {"ansible_host": site.host} for site in fleet.clusters},
        "vars": {"fleetgate_api": api, "fleetgate_client": CLIENT_OF[client]},
    }
    monitors = {"hosts": {fleet.pulse.name: {"ansible_host": fleet.pulse.host, "fleetgate_api": pulse}}}
    return {
        "all": {
            "vars": {**DECLARED, "fleetgate_idp": provider},
            "children": {"pve": clusters, "pbs": {}, "pulse": monitors},
        }
    }


def measured(size: int, playbook: str, client: str, runs: int, forks: int | None = None) -> tuple[Row, Row]:
    """The medians of first runs on an empty fleet and of unchanged runs."""
    with tempfile.TemporaryDirectory() as name, LargeFleet(size, Path(name) / "fleet") as fleet:
        folder = Path(name)
        (folder / "inventory.yml").write_text(yaml.safe_dump(inventory(fleet, client)))
        play = Play(folder)
        arguments = [
            "-i",
            "inventory.yml",
            f"fleetgate.proxmox.{playbook}",
            *(["--forks", str(forks)] if forks else []),
        ]

        def once(run: str) -> Row:
            fleet.forget()
            cost = play(*arguments, changes=run == "first")
            counted, spent = fleet.counted(), fleet.spent()
            return Row(
                playbook,
                client,
                size,
                run,
                cost,
                sum(each.requests for each in counted.values()),
                sum(each.connections for each in counted.values()),
                sum(counted[site.name].requests for site in fleet.clusters) / size,
                spent.cpu,
                spent.memory,
            )

        firsts, seconds = [], []
        for _run in range(runs):
            fleet.reset()
            firsts.append(once("first"))
            fleet.settle()
            seconds.append(once("unchanged"))
    return _median(firsts), _median(seconds)


def _median(rows: list[Row]) -> Row:
    """The row in the middle, with the median of each cost: counts hardly differ between runs."""
    middle = sorted(rows, key=lambda row: row.cost.wall)[len(rows) // 2]
    return Row(**{**vars(middle), "cost": Cost.median([row.cost for row in rows])})


def rows(
    sizes: tuple[int, ...],
    playbooks: tuple[str, ...] = PLAYBOOKS,
    clients: tuple[str, ...] = CLIENTS,
    runs: int | None = None,
    forks: int | None = None,
) -> Iterator[Row]:
    """All figures, as they are measured. Monitoring does not depend on the clients of the provider."""
    for playbook in playbooks:
        for client in clients if playbook == "wire" else clients[:1]:
            for size in sizes:
                repeats = runs or (1 if size >= SINGLE else RUNS)
                yield from measured(size, playbook, client, repeats, forks)
