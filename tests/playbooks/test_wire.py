"""The main job, end to end: one command wires Pocket ID to a Proxmox fleet (README, "The main job")."""

from __future__ import annotations

import pytest
import requests

from tests.simulators.browser import Refused
from tests.simulators.server import Fault


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(scope="module")
def fleet(fleet_of):
    return fleet_of("fleet")


def ask(wired, server, *path, **query):
    """What the administrator of a simulated PVE or PBS sees."""
    name = next(name for name, nodes in wired.fleet.pve.items() if server in nodes) if server.name not in wired.fleet.pbs else server.name
    separator, service = (":", "PBS") if server.name in wired.fleet.pbs else ("=", "PVE")
    authorization = f"{service}APIToken=root@pam!fleet{separator}{wired.fleet.tokens[name]}"
    url = "/".join((server.url, "api2/json", *path))
    trust = str(wired.fleet.authority.bundle)
    return requests.get(url, params=query, headers={"Authorization": authorization}, verify=trust, timeout=10).json()["data"]


def clients(wired):
    key = {"X-API-Key": wired.fleet.api_key}
    trust = str(wired.fleet.authority.bundle)
    url = f"{wired.fleet.pocketid.url}/api/oidc/clients"
    return {one["id"]: one for one in requests.get(url, headers=key, verify=trust, timeout=10).json()["data"]}


class TestHomelab:
    """One PVE, one PBS: the documents' example, with its mistakes put right. The tests go on from each other."""

    def test_the_plan_of_an_empty_fleet_runs_to_the_end_and_sends_only_reads(self, homelab):
        planned = homelab.play("wire", "--check", "--diff").succeeded()
        assert homelab.fleet.writes() == []
        assert any("proxmox_admins-pocketid has Administrator on /" in step["reason"] for row in planned.results() for step in row.get("plan", ()))

    def test_the_real_run_does_what_the_plan_said(self, homelab):
        planned = homelab.play("wire", "--check")
        done = homelab.play("wire").succeeded()
        assert homelab.fleet.writes()
        assert sorted(done.changed) == sorted(planned.changed)
        # hosts may finish a task in any order
        by_host = [sorted(run.rows, key=lambda row: row["host"]) for run in (planned, done)]
        for before, after in zip(*by_host, strict=True):
            assert before["result"].get("plan") == after["result"].get("plan"), before["task"]
            assert before["result"].get("diff") == after["result"].get("diff"), before["task"]

    def test_a_second_run_writes_nothing(self, homelab):
        again = homelab.play("wire").succeeded()
        assert homelab.fleet.writes() == []
        assert again.changed == []

    def test_so_does_check_mode_on_a_wired_fleet(self, homelab):
        assert homelab.play("wire", "--check").succeeded().changed == []
        assert homelab.fleet.writes() == []

    @pytest.mark.parametrize(
        ("username", "server", "privileges"),
        [
            ("alice", "pve", {"Permissions.Modify", "Realm.Allocate", "Sys.Modify"}),
            ("bob", "pve", {"Sys.Audit", "VM.Audit"}),
            ("alice", "pbs", {"Permissions.Modify", "Datastore.Allocate"}),
        ],
    )
    def test_people_have_their_rights_at_the_first_sign_on(self, homelab, username, server, privileges):
        target = homelab.fleet.pve["pve1"][0] if server == "pve" else homelab.fleet.pbs["pbs1"]
        signed_in = homelab.person(username).sign_in(target.url, "pocketid", target.url)
        assert signed_in.userid == f"{username}@pocketid"
        assert privileges <= set(signed_in.rights["/"])

    def test_bob_may_look_and_not_touch(self, homelab):
        server = homelab.fleet.pve["pve1"][0]
        signed_in = homelab.person("bob").sign_in(server.url, "pocketid", server.url)
        assert all(privilege.endswith(".Audit") for privileges in signed_in.rights.values() for privilege in privileges)

    def test_who_has_no_rights_on_pbs_cannot_sign_in_there(self, homelab):
        server = homelab.fleet.pbs["pbs1"]
        with pytest.raises(Refused, match="missing, disabled or expired"):
            homelab.person("bob").sign_in(server.url, "pocketid", server.url)

    def test_after_a_sign_on_a_run_still_writes_nothing(self, homelab):
        assert homelab.play("wire").succeeded().changed == []
        assert homelab.fleet.writes() == []

    def test_no_secret_is_in_any_output(self, homelab):
        """Neither what was given, nor what the servers keep: the client secrets that the realms hold."""
        told = homelab.play("wire", "-vvvv", "--diff").succeeded().output
        held = [
            ask(homelab, homelab.fleet.pve["pve1"][0], "access", "domains", "pocketid")["client-key"],
            ask(homelab, homelab.fleet.pbs["pbs1"], "config", "access", "openid", "pocketid")["client-key"],
        ]
        assert [secret for secret in [*homelab.fleet.secrets(), *held] if secret in told] == []

    def test_a_secret_that_works_no_more_is_replaced(self, homelab):
        """The realm's secret was revoked at Pocket ID: a new one is made and brought to the realm."""
        key = {"X-API-Key": homelab.fleet.api_key}
        trust = str(homelab.fleet.authority.bundle)
        base = f"{homelab.fleet.pocketid.url}/api/oidc/clients/proxmox-ve/secrets"
        for one in requests.get(base, headers=key, verify=trust, timeout=10).json():
            requests.delete(f"{base}/{one['id']}", headers=key, verify=trust, timeout=10)
        server = homelab.fleet.pve["pve1"][0]
        with pytest.raises(Refused):
            homelab.person("alice").sign_in(server.url, "pocketid", server.url)
        repaired = homelab.play("wire").succeeded()
        assert [one for one in repaired.changed if "pve1" in one] != []
        assert homelab.person("alice").sign_in(server.url, "pocketid", server.url).userid == "alice@pocketid"
        assert homelab.play("wire").succeeded().changed == []

    def test_who_leaves_a_group_loses_its_rights(self, homelab):
        users = [{"username": name, "email": f"{name}@example.org", "first_name": name.title(), "last_name": "X"} for name in ("alice", "bob")]
        rights = {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"]}]}
        group = {"name": "proxmox_admins", "friendly_name": "Proxmox administrators", "rights": rights}
        everybody = {"name": "proxmox_users", "friendly_name": "Proxmox users", "members": ["alice", "bob"]}
        server, backup = homelab.fleet.pve["pve1"][0], homelab.fleet.pbs["pbs1"]
        homelab.play("wire", fleetgate_users=users, fleetgate_groups=[{**group, "members": ["alice", "bob"]}, everybody]).succeeded()
        assert "Realm.Allocate" in homelab.person("bob").sign_in(backup.url, "pocketid", backup.url).rights["/"]
        assert "Realm.Allocate" in homelab.person("bob").sign_in(server.url, "pocketid", server.url).rights["/"]
        homelab.play("wire", fleetgate_users=users, fleetgate_groups=[{**group, "members": ["alice"]}, everybody]).succeeded()
        assert homelab.person("bob").sign_in(backup.url, "pocketid", backup.url).rights == {}
        assert "Realm.Allocate" not in homelab.person("bob").sign_in(server.url, "pocketid", server.url).rights.get("/", ())
        assert "Realm.Allocate" in homelab.person("alice").sign_in(backup.url, "pocketid", backup.url).rights["/"]


class TestFleet:
    """Three clusters of three nodes and two backup servers that share one Pocket ID."""

    def test_an_interrupted_run_is_repaired_by_running_again(self, fleet):
        """The answer to a write is lost on one cluster; the others are done, and the next run does the rest."""
        fleet.fleet.pve["vienna"][0].observed.faults.append(Fault(verb="POST", path=".*/access/domains", status=0))
        first = fleet.play("wire")
        assert [one for one in first.failed if one.startswith("vienna")] and first.code != 0
        assert not [one for one in first.failed if not one.startswith("vienna")]
        fleet.play("wire").succeeded()
        # its client secret was made but never came to a realm, so there is another one now
        assert {name for name, _write in fleet.fleet.writes()} == {"vienna1", "pocketid"}
        assert fleet.play("wire").succeeded().changed == []
        assert fleet.fleet.writes() == []

    def test_every_node_and_name_of_a_cluster_is_a_redirect_uri(self, fleet):
        port = fleet.fleet.pve["berlin"][0].port
        hosts = {"berlin1", "berlin2", "berlin3", "berlin1.berlin.example.org", "pve.berlin.example.org"}
        assert {f"https://{host}:{port}" for host in hosts} <= set(clients(fleet)["pve-berlin"]["callbackURLs"])

    def test_backup_servers_share_a_client(self, fleet):
        urls = {server.url for server in fleet.fleet.pbs.values()}
        assert urls <= set(clients(fleet)["proxmox-backup"]["callbackURLs"])

    def test_a_run_for_one_host_takes_nothing_from_a_shared_client(self, fleet):
        before = clients(fleet)["proxmox-backup"]["callbackURLs"]
        fleet.play("wire", "--limit", "backup-vienna").succeeded()
        assert clients(fleet)["proxmox-backup"]["callbackURLs"] == before
        assert fleet.fleet.writes() == []

    @pytest.mark.parametrize("cluster", ["berlin", "vienna", "lab"])
    def test_people_can_sign_in_on_every_node(self, fleet, cluster):
        nodes = fleet.fleet.pve[cluster]
        for node in nodes:
            signed_in = fleet.person("alice").sign_in(node.url, "pocketid", f"https://{node.name}:{nodes[0].port}")
            assert "Realm.Allocate" in signed_in.rights["/"]

    def test_rights_differ_by_cluster(self, fleet):
        rights = {}
        for cluster, nodes in fleet.fleet.pve.items():
            rights[cluster] = fleet.person("dave").sign_in(nodes[0].url, "pocketid", f"https://{nodes[0].name}:{nodes[0].port}").rights
        assert set(rights["berlin"]) == {"/pool/dev"}
        assert rights["vienna"] == {}
        assert "VM.Allocate" in rights["lab"]["/"]

    def test_rights_differ_by_backup_server(self, fleet):
        there = fleet.fleet.pbs["backup-vienna"]
        assert set(fleet.person("dave").sign_in(there.url, "pocketid", there.url).rights) == {"/datastore/vienna"}
        elsewhere = fleet.fleet.pbs["backup-berlin"]
        with pytest.raises(Refused, match="missing, disabled or expired"):
            fleet.person("dave").sign_in(elsewhere.url, "pocketid", elsewhere.url)

    def test_a_host_that_does_not_answer_does_not_keep_the_others(self, fleet):
        """A cluster is out of reach: it is named, and the rest of the fleet is looked after."""
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.append(Fault(status=0, times=1000))
        run = fleet.play("wire")
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.clear()
        assert {one.split(":")[0] for one in run.failed} == {"lab"}
        assert "does not answer" in run.failed[0]
        assert {row["host"] for row in run.rows if row["task"].endswith("then the realm")} == {"berlin", "vienna"}


@pytest.mark.parametrize("versions", [{"pve": "8.4"}, {"pocketid": "2.13"}], ids=["PVE 8.4", "Pocket ID 2.13"])
def test_older_servers_are_wired_as_well(fleet_of, versions):
    wired = fleet_of("homelab", **versions)
    wired.play("wire").succeeded()
    server = wired.fleet.pve["pve1"][0]
    assert "Realm.Allocate" in wired.person("alice").sign_in(server.url, "pocketid", server.url).rights["/"]
    assert wired.play("wire").succeeded().changed == []
    assert wired.fleet.writes() == []


def test_nodes_of_one_cluster_may_each_be_in_the_inventory(fleet_of):
    """Their access configuration is one, so only the first of them is written through."""
    wired = fleet_of("fleet")
    hosts = wired.fleet.inventory()["all"]["children"]["pve"]["hosts"]
    nodes = wired.fleet.pve["berlin"]
    listed = {node.name: {**hosts["berlin"], "ansible_host": node.host} for node in nodes}
    for node in nodes:
        listed[node.name]["fleetgate_api"] = {**hosts["berlin"]["fleetgate_api"], "api_port": node.port}
    wired.list_hosts({"all": {"children": {"pve": {"hosts": listed}}}})
    first = wired.play("wire", "--limit", ",".join(listed)).succeeded()
    assert {name for name, _write in wired.fleet.writes()} == {"berlin1", "pocketid"}
    assert [row["host"] for row in first.rows if row["task"].endswith("then the realm") and row["outcome"] == "ok"] == ["berlin1"]
    assert "pve-berlin1" in clients(wired) and "pve-berlin2" not in clients(wired)
    for node in nodes:
        assert wired.person("alice").sign_in(node.url, "pocketid", f"https://{node.name}:{node.port}").userid == "alice@pocketid"
    assert wired.play("wire", "--limit", ",".join(listed)).succeeded().changed == []
    assert wired.fleet.writes() == []
