"""Benchmarks: `python -m tests.benchmarks` measures all figures and writes docs/benchmarks.md; with `fleet` or `modules` it
measures those only, and the page keeps the other sections. The only assertion is that a second run changes nothing."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import TypeVar

from tests.benchmarks import fleet, modules, page

Row = TypeVar("Row")


def names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def shown(rows: Iterable[Row], render: Callable[[list[Row]], str]) -> list[Row]:
    """All rows; each is printed as it comes, because together they take a while."""
    found = []
    for row in rows:
        found.append(row)
        print(render([row]).splitlines()[-1], flush=True)
    return found


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("fleet", "modules"), help="only these figures")
    parser.add_argument("--sizes", type=numbers, default=fleet.SIZES, help="clusters of a fleet, as 1,10,100")
    parser.add_argument("--playbook", type=names, default=fleet.PLAYBOOKS, help="wire, monitor or both")
    parser.add_argument(
        "--client",
        type=names,
        default=fleet.CLIENTS,
        help="an OIDC client for all clusters (shared), for each (own), or both",
    )
    parser.add_argument("--forks", type=int, help="forks of ansible-playbook; its own default where not given")
    parser.add_argument(
        "--runs", type=int, help="runs of each case; five where not given, and one for the largest fleets"
    )
    parser.add_argument(
        "--workload", type=lambda text: (text,), default=tuple(modules.WORKLOADS), help="one workload of modules"
    )
    parser.add_argument("--python", help="Python of the environment that has PyPI's ansible bundle, to compare with")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    fleet_rows: list[fleet.Row] = []
    module_rows: list[modules.Row] = []
    if given.part != "modules":
        found = fleet.rows(given.sizes, given.playbook, given.client, given.runs, given.forks)
        fleet_rows = shown(found, page.fleets)
        print(page.growth(fleet_rows), page.servers(fleet_rows), sep="\n")
    if given.part != "fleet":
        if not given.python:
            raise SystemExit("the comparison needs --python; `make bench` gives it")
        module_rows = list(modules.rows(given.python, given.runs or modules.RUNS, given.workload))
        print(page.comparison(module_rows))
    page.write(fleet_rows, module_rows, given.python)
    print(f"wrote {page.PAGE}")


if __name__ == "__main__":
    main()
