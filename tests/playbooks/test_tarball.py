"""The tarball, installed into an empty folder, is complete: documentation, modules, roles, playbooks."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Wired
from tests.simulators.fleet import FLEETS, FleetServers
from tests.support.ansible import ROOT, Ansible

MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tarball")
    ansible = Ansible(folder, folder / "installed")
    built = ansible.program("ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(folder))
    assert built.returncode == 0, built.stdout
    (tarball,) = folder.glob("fleetgate-proxmox-*.tar.gz")
    done = ansible.program("ansible-galaxy", "collection", "install", str(tarball), "-p", str(folder / "installed"))
    assert done.returncode == 0, done.stdout
    return ansible


@pytest.mark.parametrize(("kind", "names"), [("module", MODULES), ("role", ROLES)])
def test_installed_plugins_are_documented(installed, kind, names):
    told = installed.program("ansible-doc", "--json", "-t", kind, *(f"fleetgate.proxmox.{name}" for name in names))
    assert told.returncode == 0, told.stdout
    assert sorted(json.loads(told.stdout[told.stdout.index("{") :])) == [f"fleetgate.proxmox.{name}" for name in names]


def test_installed_collection_wires_a_fleet(installed, tmp_path):
    with FleetServers(FLEETS["homelab"], tmp_path) as fleet:
        wired = Wired("homelab", fleet, installed, tmp_path)
        wired.play("wire").succeeded()
        assert wired.play("wire").succeeded().changed == []
        assert fleet.writes() == []
