"""What all tests share: the collection as python imports it, ansible, and fleets of simulators."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session", autouse=True)
def collection(tmp_path_factory):
    """The checkout under the name that it is imported by, whatever its folder is called."""
    folder = tmp_path_factory.mktemp("import")
    namespace = folder / "ansible_collections/fleetgate"
    namespace.mkdir(parents=True)
    (namespace / "proxmox").symlink_to(ROOT)
    sys.path.insert(0, str(folder))
    yield
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def ansible(tmp_path_factory):
    from tests.support.ansible import Ansible

    return Ansible(tmp_path_factory.mktemp("ansible"))


class Wired:
    """A fleet of simulators under the inventory of an example, and the playbooks run against it."""

    def __init__(self, example, fleet, ansible, folder):
        self.example = example
        self.fleet = fleet
        self._ansible = ansible
        self._overlay = folder / "inventory.yml"
        self._overlay.write_text(yaml.safe_dump(fleet.inventory()))

    def play(self, playbook, *arguments, **variables):
        """Run a playbook of the collection with the journals begun anew; `variables` override what is declared."""
        self.fleet.forget()
        extra = ("-e", json.dumps(variables)) if variables else ()
        inventories = ("-i", str(ROOT / "examples" / self.example), "-i", str(self._overlay))
        return self._ansible.playbook(f"fleetgate.proxmox.{playbook}", *inventories, *arguments, *extra)

    def person(self, username):
        from tests.simulators.browser import Person

        return Person(self.fleet.pocketid.url, self.fleet.api_key, username, str(self.fleet.authority.bundle))


@pytest.fixture(scope="module")
def fleet_of(tmp_path_factory, ansible):
    """Starts the fleet of an example; it ends with the module of tests."""
    from contextlib import ExitStack

    from tests.simulators.fleet import FLEETS, FleetServers

    with ExitStack() as stack:

        def start(example, **versions):
            from dataclasses import replace

            folder = tmp_path_factory.mktemp(example)
            fleet = stack.enter_context(FleetServers(replace(FLEETS[example], **versions), folder))
            return Wired(example, fleet, ansible, folder)

        yield start
