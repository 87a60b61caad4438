"""A fleet of several clusters and backup servers with one Pocket ID, and failures of single hosts."""

from __future__ import annotations

import pytest

from tests.simulators.browser import Refused
from tests.simulators.server import Fault

CHECKED, SET_UP = ("Check the host", "Set up the realm and the permissions")


@pytest.fixture(scope="module")
def fleet(fleet_of):
    return fleet_of("fleet")


class TestFleet:
    """Three clusters of three nodes and two backup servers that share one Pocket ID."""

    def test_interrupted_run_is_repaired_by_the_next(self, fleet):
        """The response to a write is lost on one cluster; the other hosts are completed, and the next run completes this one."""
        fleet.fleet.pve["vienna"][0].observed.faults.append(Fault(verb="POST", path=".*/access/domains", status=0))
        first = fleet.play("wire")
        assert [one for one in first.failed if one.startswith("vienna")] and first.code != 0
        assert not [one for one in first.failed if not one.startswith("vienna")]
        fleet.play("wire").succeeded()
        # its first client secret was created but never stored in a realm, so a second one exists
        assert {name for name, _write in fleet.fleet.writes()} == {"vienna1", "pocketid"}
        assert fleet.play("wire").succeeded().changed == []
        assert fleet.fleet.writes() == []

    def test_redirect_uris_cover_every_node_and_name_of_a_cluster(self, fleet):
        port = fleet.fleet.pve["berlin"][0].port
        hosts = {"berlin1", "berlin2", "berlin3", "berlin1.berlin.example.org", "pve.berlin.example.org"}
        assert {f"https://{host}:{port}" for host in hosts} <= set(fleet.clients()["pve-berlin"]["callbackURLs"])

    def test_backup_servers_share_a_client(self, fleet):
        urls = {server.url for server in fleet.fleet.pbs.values()}
        assert urls <= set(fleet.clients()["proxmox-backup"]["callbackURLs"])

    def test_limited_run_keeps_redirect_uris_of_a_shared_client(self, fleet):
        before = fleet.clients()["proxmox-backup"]["callbackURLs"]
        fleet.play("wire", "--limit", "backup-vienna").succeeded()
        assert fleet.clients()["proxmox-backup"]["callbackURLs"] == before
        assert fleet.fleet.writes() == []

    @pytest.mark.parametrize("cluster", ["berlin", "vienna", "lab"])
    def test_people_can_sign_in_on_every_node(self, fleet, cluster):
        nodes = fleet.fleet.pve[cluster]
        for node in nodes:
            signed_in = fleet.person("alice").sign_in(node.url, "pocketid", node.named_url)
            assert "Realm.Allocate" in signed_in.rights["/"]

    def test_rights_differ_by_cluster(self, fleet):
        rights = {}
        for cluster, nodes in fleet.fleet.pve.items():
            rights[cluster] = fleet.person("dave").sign_in(nodes[0].url, "pocketid", nodes[0].named_url).rights
        assert set(rights["berlin"]) == {"/pool/dev"}
        assert rights["vienna"] == {}
        assert "VM.Allocate" in rights["lab"]["/"]

    def test_rights_differ_by_backup_server(self, fleet):
        there = fleet.fleet.pbs["backup-vienna"]
        assert set(fleet.person("dave").sign_in(there.url, "pocketid", there.url).rights) == {"/datastore/vienna"}
        elsewhere = fleet.fleet.pbs["backup-berlin"]
        with pytest.raises(Refused, match="missing, disabled or expired"):
            fleet.person("dave").sign_in(elsewhere.url, "pocketid", elsewhere.url)

    def test_unreachable_host_does_not_stop_the_others(self, fleet):
        """An unreachable cluster is reported, and the other hosts are completed."""
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.append(Fault(status=0, times=1000))
        run = fleet.play("wire")
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.clear()
        assert {one.split(":")[0] for one in run.failed} == {"lab"}
        assert "does not answer" in run.failed[0]
        checked = {row["host"] for row in run.rows if row["task"] == CHECKED and row["outcome"] == "ok"}
        assert checked == {"berlin", "vienna", "backup-berlin", "backup-vienna"}


def test_nodes_of_one_cluster_can_all_be_inventory_hosts(fleet_of):
    """They share their access configuration, so it is written through the first of them only."""
    wired = fleet_of("fleet")
    hosts = wired.fleet.inventory()["all"]["children"]["pve"]["hosts"]
    nodes = wired.fleet.pve["berlin"]
    listed = {node.name: {**hosts["berlin"], "ansible_host": node.host} for node in nodes}
    for node in nodes:
        listed[node.name]["fleetgate_api"] = {**hosts["berlin"]["fleetgate_api"], "api_port": node.port}
    wired.list_hosts({"all": {"children": {"pve": {"hosts": listed}}}})
    first = wired.play("wire", "--limit", ",".join(listed)).succeeded()
    assert {name for name, _write in wired.fleet.writes()} == {"berlin1", "pocketid"}
    assert [row["host"] for row in first.rows if row["task"] == SET_UP] == ["berlin1"]
    assert "pve-berlin1" in wired.clients() and "pve-berlin2" not in wired.clients()
    for node in nodes:
        assert wired.person("alice").sign_in(node.url, "pocketid", node.named_url).userid == "alice@pocketid"
    assert wired.play("wire", "--limit", ",".join(listed)).succeeded().changed == []
    assert wired.fleet.writes() == []
