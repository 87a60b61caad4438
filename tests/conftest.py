"""Fixtures of all tests: the collection as Python imports it, ansible, and fleets of simulators."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from hypothesis import settings

from tests.simulators.browser import Person
from tests.simulators.fleet import FLEETS, Fleet, FleetServers, Server
from tests.support.ansible import ROOT, Ansible, LoadedAnsible, Run, checkout
from tests.support.sample import ALL

# a machine that is busy with other things is no defect; the same examples in every run, and new ones with `make proof`
settings.register_profile("fleetgate", deadline=None, derandomize=not ALL)
settings.load_profile("fleetgate")


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Records the number of cases of a test; all figures are printed at the end of the run."""
    return lambda text: record_property("figure", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    figures = [
        f"{report.nodeid}: {text}"
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, text in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.write_line(line)


@pytest.fixture(scope="session", autouse=True)
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The checkout under the name that it is imported by, whatever its folder is called."""
    folder = str(checkout(tmp_path_factory.mktemp("import")))
    sys.path.insert(0, folder)
    yield
    sys.path.remove(folder)


@pytest.fixture(scope="module")
def ansible(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ansible]:
    folder = tmp_path_factory.mktemp("ansible")
    with LoadedAnsible(folder, checkout(folder)) as ansible:
        yield ansible


class Wired:
    """A fleet of simulators under the inventory of an example, and the playbooks run against it."""

    # set by who replaces the inventory that the fleet gives
    inventory: dict[str, Any]
    secrets: Path

    def __init__(self, example: str, fleet: Fleet, ansible: Ansible, folder: Path) -> None:
        self.example = example
        self.fleet = fleet
        self._ansible = ansible
        self._overlay, self._variables = folder / "inventory.yml", folder / "variables.json"
        self.list_hosts(fleet.inventory())

    def list_hosts(self, inventory: dict[str, Any]) -> None:
        """Write the inventory that is read after that of the example."""
        self._overlay.write_text(yaml.safe_dump(inventory))

    def play(self, playbook: str, *arguments: str, **variables: Any) -> Run:
        """Run a playbook of the collection, or one that has a path, with empty journals.

        `variables` override what is declared; those in capitals are settings of ansible.
        """
        inventories = ("-i", str(ROOT / "examples" / self.example), "-i", str(self._overlay))
        return self.play_with(inventories, playbook, *arguments, **variables)

    def play_with(self, inventories: Sequence[str], playbook: str, *arguments: str, **variables: Any) -> Run:
        """Run a playbook with other inventories than the example."""
        self.fleet.forget()
        settings = {name: variables.pop(name) for name in list(variables) if name.isupper()}
        self._variables.write_text(json.dumps(variables))
        name = playbook if "/" in playbook else f"fleetgate.proxmox.{playbook}"
        return self._ansible.playbook(name, *inventories, "-e", f"@{self._variables}", *arguments, **settings)

    def person(self, username: str) -> Person:
        return self.fleet.person(username)

    def ask(self, server: Server, *path: str, **query: str) -> Any:
        """The data that the administrator of a simulated PVE or PBS reads."""
        fleet = self.fleet
        name = next((name for name, nodes in fleet.pve.items() if server in nodes), server.name)
        separator, service = (":", "PBS") if name in fleet.pbs else ("=", "PVE")
        authorization = f"{service}APIToken=root@pam!fleet{separator}{fleet.tokens[name]}"
        url = "/".join((server.url, "api2/json", *path))
        trust = str(fleet.authority.bundle)
        return requests.get(
            url, params=query, headers={"Authorization": authorization}, verify=trust, timeout=10
        ).json()["data"]

    def clients(self) -> dict[str, dict[str, Any]]:
        """The OIDC clients that Pocket ID has, by id."""
        url, trust = f"{self.fleet.pocketid.url}/api/oidc/clients", str(self.fleet.authority.bundle)
        told = requests.get(url, headers={"X-API-Key": self.fleet.api_key}, verify=trust, timeout=10).json()["data"]
        return {one["id"]: one for one in told}


@pytest.fixture(scope="module")
def fleet_of(tmp_path_factory: pytest.TempPathFactory, ansible: Ansible) -> Iterator[Callable[..., Wired]]:
    """Starts the fleet of an example; it ends with the module of tests."""
    with ExitStack() as stack:

        def start(example: str, **versions: Any) -> Wired:
            folder = tmp_path_factory.mktemp(example)
            fleet = stack.enter_context(FleetServers(replace(FLEETS[example], **versions), folder))
            return Wired(example, fleet, ansible, folder)

        yield start
