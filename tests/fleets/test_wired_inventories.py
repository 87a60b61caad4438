"""Inventories as people have them: one product only, servers under several names, addresses instead of names, tags."""

from __future__ import annotations

import copy

import pytest
import yaml

from tests.support.ansible import ROOT

REALM = "pocketid"


@pytest.fixture
def homelab(fleet_of):
    return fleet_of("homelab")


class Alone:
    """An inventory without the one of the example."""

    def __init__(self, wired, folder):
        self.wired, self.file = wired, folder / "alone.yml"

    def list(self, *products, empty=()):
        example = ROOT / "examples" / self.wired.example
        variables = yaml.safe_load((example / "group_vars/all.yml").read_text())
        real = self.wired.fleet.inventory()["all"]
        children = {}
        for product in products:
            hosts = copy.deepcopy(real["children"][product]["hosts"])
            children[product] = {"hosts": hosts}
        children.update({name: {"hosts": {}} for name in empty})
        everybody = {**variables, **real.get("vars", {})}
        self.file.write_text(yaml.safe_dump({"all": {"vars": everybody, "children": children}}))

    def play(self, *arguments):
        return self.wired._ansible.playbook("fleetgate.proxmox.wire", "-i", str(self.file), *arguments)


@pytest.mark.parametrize("empty", [True, False], ids=["empty", "absent"])
@pytest.mark.parametrize(("product", "other"), [("pve", "pbs"), ("pbs", "pve")])
def test_a_fleet_of_one_product_is_wired(homelab, tmp_path, product, other, empty):
    alone = Alone(homelab, tmp_path)
    alone.list(product, empty=[other] if empty else [])
    alone.play("--check").succeeded()
    alone.play().succeeded()
    assert alone.play().succeeded().changed == []
    server = homelab.fleet.pve["pve1"][0] if product == "pve" else homelab.fleet.pbs["pbs1"]
    assert "Realm.Allocate" in homelab.person("alice").sign_in(server.url, REALM, server.url).rights["/"]


@pytest.mark.parametrize("product", ["pve", "pbs"])
def test_one_server_under_two_names_is_wired_once(homelab, product):
    """Each name has a client of its own by default, which must not replace that of the other in every run."""
    inventory = homelab.fleet.inventory()
    hosts = inventory["all"]["children"][product]["hosts"]
    (name,) = hosts
    hosts["again"] = copy.deepcopy(hosts[name])
    homelab.list_hosts(inventory)
    default = {"fleetgate_client": {"id": "{{ inventory_hostname }}", "name": "{{ inventory_hostname }}"}}
    homelab.play("wire", **default).succeeded()
    assert "again" not in homelab.clients()
    run = homelab.play("wire", **default).succeeded()
    assert run.changed == [] and homelab.fleet.writes() == []
    assert f"{name} and again are one server" in run.output


def test_a_host_in_both_groups_is_refused(homelab):
    inventory = homelab.fleet.inventory()
    inventory["all"]["children"]["pbs"]["hosts"]["pve1"] = {}
    homelab.list_hosts(inventory)
    run = homelab.play("wire")
    assert run.code != 0 and "pve1 is in the groups pve and pbs" in " ".join(run.failed)
    assert homelab.fleet.writes() == []


def test_a_backup_server_known_by_its_address_is_also_known_by_its_name(homelab):
    homelab.play("wire").succeeded()
    urls = homelab.clients()["proxmox-backup"]["callbackURLs"]
    assert "https://pbs1.lab.example.org:8007" in urls and "https://pbs1:8007" in urls


def test_people_can_sign_in_at_the_port_of_the_product_where_the_api_has_another(homelab):
    homelab.play("wire").succeeded()
    assert "https://pve1.lab.example.org:8006" in homelab.clients()["proxmox-ve"]["callbackURLs"]


class TestTags:
    def test_a_run_that_selects_nothing_fails(self, homelab):
        run = homelab.play("wire", "--tags", "sso")
        assert run.code != 0 and "has one of the tags sso" in " ".join(run.failed)

    @pytest.mark.parametrize(
        ("arguments", "runs"), [(["--tags", "sso"], True), (["--tags", "other", "--skip-tags", "fleetgate"], False)]
    )
    def test_a_playbook_of_ones_own_selects_by_its_own_tags(self, homelab, tmp_path, arguments, runs):
        site = tmp_path / "site.yml"
        site.write_text(yaml.safe_dump([{"import_playbook": "fleetgate.proxmox.wire", "tags": ["sso"]}]))
        run = homelab.play(str(site), *arguments, "--check").succeeded()
        assert bool(run.changed) is runs
