"""The playbook adopt, as the guide describes it."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.modules.systems import run_on
from tests.support.ansible import ROOT

GUIDE = (ROOT / "docs/docsite/rst/guide_adopt.rst").read_text()


def _example(variable):
    """The value of a variable in an example of the guide."""
    block = re.search(rf"\n( +){variable}:\n(?:\1 +.*\n)+", GUIDE)[0]
    return yaml.safe_load(block)[variable]


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """A fleet that was wired, and then changed by hand as in the guide; its files are in `folder`."""
    wired = fleet_of("homelab")
    wired.play("wire", fleetgate_client={"id": "{{ inventory_hostname }}", "name": "Proxmox"}).succeeded()
    run_on(wired, "pve_group", groupid="proxmox_admins-pocketid", comment="by hand")
    run_on(wired, "pve_user", userid="eve@pocketid")
    run_on(wired, "pve_acl", path="/", roles=["PVEAuditor"], users=["eve@pocketid"])
    (first, *_others) = run_on(wired, "pocketid_info", gather=["clients"])["clients"]
    run_on(wired, "pocketid_client", id="pve1", callback_urls=first["callback_urls"][:1])
    return wired


@pytest.fixture(scope="module")
def vault(tmp_path_factory):
    password = tmp_path_factory.mktemp("vault") / "password"
    password.write_text("a-password")
    return ("--vault-password-file", str(password))


@pytest.fixture(scope="module")
def folder(homelab, vault, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "adopted"
    options = {"fleetgate_adopt": {"directory": str(folder)}}
    planned = homelab.play("adopt", "--check", "--diff", *vault, **options).succeeded()
    assert homelab.fleet.writes() == [] and not folder.exists()
    done = homelab.play("adopt", "-vvvv", "--diff", *vault, **options).succeeded()
    assert homelab.fleet.writes() == [] and done.told("files", "diff") == planned.told("files", "diff")
    assert [secret for secret in homelab.fleet.secrets() if secret in done.output] == []
    return folder


def test_files_are_those_of_the_guide(folder):
    main = yaml.safe_load((folder / "group_vars/all/main.yml").read_text())
    (admins,) = _example("fleetgate_groups")
    assert admins in main["fleetgate_groups"]
    keep = yaml.safe_load((folder / "group_vars/all/keep.yml").read_text())["fleetgate_keep"]
    for place, names in _example("fleetgate_keep").items():
        assert set(names) <= set(keep[place])
    named = {name for name in re.findall(r"^``(\S+?)``", GUIDE, re.MULTILINE) if name.endswith(".yml")}
    assert named <= {str(path.relative_to(folder)) for path in folder.rglob("*.yml")}


@pytest.mark.parametrize("playbook", ["wire", "monitor"])
def test_nothing_changes_with_these_files(homelab, folder, vault, playbook):
    inventories = ("-i", str(folder / "inventory.yml"), *vault)
    run = homelab.play_with(inventories, playbook, fleetgate_undeclared="remove").succeeded()
    assert (run.changed, homelab.fleet.writes()) == ([], [])
