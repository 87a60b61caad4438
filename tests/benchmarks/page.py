"""docs/benchmarks.md, from the figures of one run of `make bench`."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from tests.benchmarks import fleet, modules
from tests.support.ansible import ROOT

PAGE = ROOT / "docs/benchmarks.md"

INTRODUCTION = """# Benchmarks

This page is written by `make bench`; do not edit it. The figures are those of the simulators of `tests/simulators` over HTTPS
on loopback addresses. Compare the ratios, not the seconds: a real server takes longer to answer. Each section says where and
when it was measured.

CPU time and memory are those of `ansible-playbook` and everything it starts; memory is the largest sum of the proportional
set sizes of these processes, looked at five times a second. The servers run in processes of their own, on the same cores;
what they use is not part of these figures. Requests and TLS connections are counted by the servers.
"""

# the sections, in order
FLEETS = {
    "wire": """The playbook `wire` on fleets of PVE clusters of one node that share one Pocket ID; with one OIDC client for all clusters, and
with a client for each. `first` starts with empty servers, `unchanged` follows it and finds nothing to do. Medians of five
runs; fleets of {single} clusters run once. Per cluster, the requests are those to the cluster itself; the requests and
connections of all servers, the provider included, are given for the whole fleet.
""",
    "monitor": """The playbook `monitor` on the same fleets, with one Pulse. A first run registers one cluster after the other, because Pulse 6.3
loses entries that are added at the same time. This Pulse accepts any number of changes; the product accepts 30 a minute from
another machine, which is 15 new clusters.
""",
}
MODULES = """One cluster, with the ansible bundle of PyPI ({bundle}).
Medians of five runs, without what it costs to start ansible (or Python, for the bare requests). `pve_state` is given everything
in one task; a loop is given one object at a time. The ratio compares CPU time with that of `pve_state`. The bare requests are
those that `pve_state` sends, sent again by one process that does nothing else: no program that needs these requests can use
less.
"""

Cell = str | int | float


def table(heads: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    alignment = ["---" if isinstance(cell, str) else "---:" for cell in rows[0]]
    lines = [heads, alignment, *([_text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}" if abs(cell) < 10 else f"{cell:.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell


def fleets(rows: Sequence[fleet.Row]) -> str:
    heads = (
        "playbook",
        "client",
        "run",
        "clusters",
        "wall s",
        "CPU s",
        "memory MB",
        "requests",
        "per cluster",
        "TLS connections",
    )
    cells = [
        (
            row.playbook,
            row.client,
            row.run,
            row.size,
            row.cost.wall,
            row.cost.cpu,
            row.cost.memory // 10**6,
            row.requests,
            row.cluster_requests,
            row.connections,
        )
        for row in sorted(rows, key=lambda row: (row.playbook, row.client, row.run, row.size))
    ]
    return table(heads, cells)


def growth(rows: Sequence[fleet.Row]) -> str:
    """The cost of the largest fleet in relation to the next smaller one."""
    sizes = sorted({row.size for row in rows})
    if len(sizes) < 2:
        return ""
    smaller, larger = sizes[-2:]
    by_case = {(row.playbook, row.client, row.run, row.size): row for row in rows}

    cells: list[tuple[Cell, ...]] = []
    for case in sorted({(row.playbook, row.client, row.run) for row in rows}):
        before, after = (by_case[(*case, size)].cost for size in (smaller, larger))
        cells.append((*case, after.wall / before.wall, after.cpu / before.cpu))
    heads = ("playbook", "client", "run", "wall, times", "CPU, times")
    return f"From {smaller:,} to {larger:,} clusters, {larger / smaller:.0f} times as many:\n\n{table(heads, cells)}"


def servers(rows: Sequence[fleet.Row]) -> str:
    most = max(rows, key=lambda row: row.size)
    return (
        f"The servers of the largest fleet themselves used {most.servers_cpu:.1f} s of CPU time in one run of `{most.playbook}`"
        f" and {most.servers_memory // 10**6:,} MB.\n"
    )


def comparison(rows: Sequence[modules.Row]) -> str:
    base = {(row.workload, row.run): row for row in rows if row.way == "pve_state"}
    cells = [
        (
            row.workload,
            row.way,
            row.run,
            row.cost.wall,
            row.cost.cpu,
            row.cost.cpu / max(base[row.workload, row.run].cost.cpu, 0.01),
            row.cost.memory // 10**6,
            row.requests,
            row.connections,
        )
        for row in sorted(rows, key=lambda row: (row.workload, row.run))
    ]
    heads = ("workload", "way", "run", "wall s", "CPU s", "ratio", "memory MB", "requests", "TLS connections")
    return table(heads, cells)


def machine() -> str:
    """The machine on which the figures were measured."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = _said("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    return (
        f"Measured on {date.today():%Y-%m-%d} at commit {commit}: {len(os.sched_getaffinity(0))} cores of {model}, {memory:.0f} GB,"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}, {versions('ansible-core', 'proxmoxer', 'requests')}.\n"
    )


def versions(*packages: str) -> str:
    from importlib.metadata import version

    return ", ".join(f"{package} {version(package)}" for package in packages)


def bundle(python: str) -> str:
    """The versions used for the comparison."""
    program = (
        "import json, platform, ansible_collections.community.proxmox as found; from importlib.metadata import version; from pathlib import Path;"
        "manifest = json.loads((Path(list(found.__path__)[0]) / 'MANIFEST.json').read_text());"
        "print(f\"ansible {version('ansible')}: community.proxmox {manifest['collection_info']['version']},"
        " ansible-core {version('ansible-core')}, Python {platform.python_version()}\")"
    )
    return _said(python, "-c", program)


def _said(*command: str) -> str:
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


def write(fleet_rows: Sequence[fleet.Row], module_rows: Sequence[modules.Row], python: str | None) -> None:
    """Write the sections that were measured; the page keeps the others."""
    sections = dict(_known_sections())
    for playbook, about in FLEETS.items():
        rows = [row for row in fleet_rows if row.playbook == playbook]
        if rows:
            parts = [about.format(single=f"{fleet.SINGLE:,}"), machine(), fleets(rows), growth(rows), servers(rows)]
            sections[playbook] = "\n".join(parts)
    if module_rows and python:
        parts = [MODULES.format(bundle=bundle(python)), machine(), comparison(module_rows)]
        sections["modules"] = "\n".join(parts)
    ordered = [f"## {name}\n\n{sections[name]}" for name in (*FLEETS, "modules") if name in sections]
    PAGE.write_text("\n".join([INTRODUCTION, *ordered]))


def _known_sections() -> Iterator[tuple[str, str]]:
    """The sections that the page has."""
    text = PAGE.read_text() if PAGE.exists() else ""
    for part in text.split("\n## ")[1:]:
        name, _line, rest = part.partition("\n\n")
        yield name, rest
