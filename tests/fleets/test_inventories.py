"""Inventories of other shapes: only one product, empty groups, and a folder that has the secrets in it."""

from __future__ import annotations

import pytest
import yaml

from tests.support.bootstrap import STORED, new, stored
from tests.support.pulse import nodes


@pytest.fixture(scope="module")
def homelab(fleet_of, tmp_path_factory):
    return new(fleet_of("homelab"), tmp_path_factory.mktemp("secrets"))


def only(wired, product, other):
    """The inventory with the hosts of one product, and the given group of the other product (None: no group)."""
    groups = dict(wired.inventory["all"]["children"])
    excluded = {"pve": "pbs", "pbs": "pve"}[product]
    del groups[excluded]
    if other is not None:
        groups[excluded] = other
    return {"all": {"children": groups}}


@pytest.mark.parametrize("other", [None, {}, {"hosts": {}}], ids=["absent", "without hosts", "empty"])
@pytest.mark.parametrize("product", ["pve", "pbs"])
def test_bootstrap_and_monitor_work_with_hosts_of_one_product(homelab, ansible, product, other, tmp_path):
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump(only(homelab, product, other)))
    homelab.fleet.forget()
    ansible.playbook("fleetgate.proxmox.bootstrap", "-i", str(inventory)).succeeded()
    ansible.playbook("fleetgate.proxmox.monitor", "-i", str(inventory)).succeeded()
    assert {name for name, _write in homelab.fleet.writes()} <= {f"{product}1", "pulse1"}
    assert f"{product}1" in stored(homelab)
    assert product in {one["type"] for one in nodes(homelab, ansible).values()}
    again = ansible.playbook("fleetgate.proxmox.monitor", "-i", str(inventory)).succeeded()
    assert again.changed == []


@pytest.mark.parametrize("playbook", ["bootstrap", "monitor"])
def test_run_without_any_proxmox_host_fails(homelab, ansible, playbook, tmp_path):
    inventory = tmp_path / "inventory.yml"
    groups = homelab.inventory["all"]["children"]
    inventory.write_text(
        yaml.safe_dump({"all": {"children": {"pulse": groups["pulse"], "pve": {}, "pbs": {"hosts": {}}}}})
    )
    run = ansible.playbook(f"fleetgate.proxmox.{playbook}", "-i", str(inventory))
    assert run.code != 0 and "no host in the groups pve and pbs" in " ".join(run.failed)


def test_every_host_reports_a_missing_pulse(homelab, ansible, tmp_path):
    inventory = tmp_path / "inventory.yml"
    groups = {name: group for name, group in homelab.inventory["all"]["children"].items() if name != "pulse"}
    inventory.write_text(yaml.safe_dump({"all": {"children": groups}}))
    run = ansible.playbook("fleetgate.proxmox.monitor", "-i", str(inventory))
    assert run.code != 0 and len(run.failed) == 2
    assert all("no Pulse is declared; add a host to the inventory group pulse" in one for one in run.failed), run.failed


class TestFolder:
    """The inventory is a folder that also contains the secrets, which is the default of bootstrap."""

    @pytest.fixture
    def folder(self, fleet_of, tmp_path):
        wired = new(fleet_of("homelab"), tmp_path)
        folder = tmp_path / "inventory"
        folder.mkdir()
        for group in ("pve", "pbs"):
            for host in wired.inventory["all"]["children"][group]["hosts"].values():
                del host["fleetgate_token_file"]
                host["fleetgate_api"]["api_token_secret"] = STORED.replace(
                    "fleetgate_token_file", "inventory_dir ~ '/secrets/' ~ inventory_hostname ~ '.token.txt'"
                )
        # read after the folder with the secrets, so that hosts of their names would come first
        (folder / "site.yml").write_text(yaml.safe_dump(wired.inventory))
        wired.folder = folder
        return wired

    def test_secrets_at_the_default_path_are_not_read_as_hosts(self, folder, ansible):
        ansible.playbook("fleetgate.proxmox.bootstrap", "-i", str(folder.folder)).succeeded()
        secrets = [path.read_text().strip() for path in (folder.folder / "secrets").iterdir()]
        assert len(secrets) == 2
        listed = ansible.program("ansible-inventory", "--list", "-i", str(folder.folder)).stdout
        monitored = ansible.playbook("fleetgate.proxmox.monitor", "-i", str(folder.folder), "-v").succeeded()
        assert [secret for secret in secrets if secret in monitored.output] == [] and '"ungrouped": {' not in listed

    def test_secrets_of_an_earlier_version_in_an_inventory_folder_are_refused_and_not_printed(self, folder, ansible):
        (folder.folder / "secrets").mkdir()
        (folder.folder / "secrets/pve1.token").write_text("5f2e6a1c-1111-4222-8333-abcdefabcdef\n")
        for playbook in ("bootstrap", "wire", "monitor"):
            run = ansible.playbook(f"fleetgate.proxmox.{playbook}", "-i", str(folder.folder))
            assert run.code != 0 and "secrets/pve1.token is the name of a host" in " ".join(run.failed)
            assert "5f2e6a1c" not in run.output
        assert folder.fleet.writes() == []

    def test_secret_file_that_would_be_read_as_hosts_is_refused_before_the_first_write(self, folder, ansible):
        file = str(folder.folder / "secrets/{{ inventory_hostname }}")
        run = ansible.playbook(
            "fleetgate.proxmox.bootstrap", "-i", str(folder.folder), "-e", f"fleetgate_token_file='{file}'"
        )
        assert len(run.failed) == 2 and all("let the name end in .txt" in one for one in run.failed), run.failed
        assert folder.fleet.writes() == []


def test_secret_stored_by_an_earlier_version_beside_an_inventory_file_is_used(fleet_of, tmp_path):
    wired = new(fleet_of("homelab"), tmp_path)
    wired.play("bootstrap").succeeded()
    for path in wired.secrets.iterdir():
        path.rename(path.with_suffix(""))
    assert wired.play("bootstrap").succeeded().changed == [] and wired.fleet.writes() == []
