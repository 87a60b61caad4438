"""The playbook monitor: Pulse monitors a whole fleet, with identities that may look and do nothing else."""

from __future__ import annotations

import json
import re

import pytest
import requests

from tests.modules.systems import pbs, pve, task
from tests.simulators.server import Fault

USERS = {"pve": "pulse-monitor@pve", "pbs": "pulse-monitor@pbs"}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(scope="module")
def fleet(fleet_of):
    return fleet_of("fleet")


def nodes(wired, ansible):
    """The entries of Pulse by address, and how it gets on with them."""
    (told,) = ansible.tasks([task(wired, "pulse_info")]).succeeded().results()
    states = {one["host"]: one for one in told["status"]}
    return {one["host"]: {**one, **states[one["host"]]} for one in told["nodes"]}


def secrets(wired):
    """The secrets that Pulse was given in what the journals have."""
    sent = [json.loads(one.body) for one in wired.fleet.pulse.observed.journal if one.verb in ("POST", "PUT") and one.body]
    return [one["tokenValue"] for one in sent if "tokenValue" in one]


def privileges(wired, ansible, system):
    """What the token may do on the first server of a system, by path, as the server tells the token itself."""
    owner = {"pve": {"tokenid": "probe"}, "pbs": {"token_name": "probe"}}[system]
    made = {"userid": USERS[system], **owner}
    rows = [
        {"path": row["path"], "roles": row["roles"], "tokens": [f"{USERS[system]}!probe"]}
        for row in ansible.tasks([task(wired, f"{system}_info", gather=["acl"])]).succeeded().results()[0]["acl"]
        if row.get("tokens") == [f"{USERS[system]}!pulse"]
    ]
    first = [task(wired, f"{system}_token", **made, return_secret=True)] + [task(wired, f"{system}_acl", **row) for row in rows]
    run = ansible.tasks(first)
    secret = run.succeeded().results()[0]["secret"]
    server = {"pve": pve, "pbs": pbs}[system].server(wired)
    separator = {"pve": "=", "pbs": ":"}[system]
    told = requests.get(
        f"{server.url}/api2/json/access/permissions",
        headers={"Authorization": f"{system.upper()}APIToken={USERS[system]}!probe{separator}{secret}"},
        verify=str(wired.fleet.authority.bundle),
        timeout=10,
    ).json()["data"]
    ansible.tasks([task(wired, f"{system}_token", **made, state="absent")]).succeeded()
    return told


class TestHomelab:
    """One PVE, one PBS. The tests go on from each other."""

    def test_the_plan_of_an_empty_fleet_runs_to_the_end_and_sends_only_reads(self, homelab):
        planned = homelab.play("monitor", "--check", "--diff").succeeded()
        assert homelab.fleet.writes() == []
        reasons = [step["reason"] for row in planned.results() for step in row.get("plan", ())]
        assert any("token pulse-monitor@pve!pulse is missing" in one for one in reasons)
        assert any(f"node pbs {homelab.fleet.pbs['pbs1'].url} is missing" in one for one in reasons)

    def test_the_real_run_does_what_the_plan_said(self, homelab):
        planned = homelab.play("monitor", "--check")
        done = homelab.play("monitor").succeeded()
        assert {name for name, _write in homelab.fleet.writes()} == {"pve1", "pbs1", "pulse1"}
        assert sorted(done.changed) == sorted(planned.changed) != []
        # hosts are done in any order
        foretold, carried_out = (
            sorted(repr((row["host"], row["task"], row["result"]["plan"])) for row in run.rows if row["result"].get("plan")) for run in (planned, done)
        )
        assert carried_out == foretold

    def test_pulse_is_connected_with_both(self, homelab, ansible):
        seen = nodes(homelab, ansible)
        assert {one["type"]: (one["name"], one["token_name"], one["connected"]) for one in seen.values()} == {
            "pve": ("pve1", "pulse-monitor@pve!pulse", True),
            "pbs": ("pbs1", "pulse-monitor@pbs!pulse", True),
        }
        assert all(len(one["fingerprint"]) == 95 for one in seen.values())

    def test_a_second_run_writes_nothing(self, homelab):
        again = homelab.play("monitor").succeeded()
        assert homelab.fleet.writes() == []
        assert again.changed == []

    def test_so_does_check_mode(self, homelab):
        assert homelab.play("monitor", "--check").succeeded().changed == []
        assert homelab.fleet.writes() == []

    @pytest.mark.parametrize("system", ["pve", "pbs"])
    def test_the_token_may_look_and_do_nothing_else(self, homelab, ansible, system):
        told = privileges(homelab, ansible, system)
        assert [one for path in told.values() for one in path if not one.endswith(".Audit")] == []
        wanted = {"pve": ("/", {"Sys.Audit", "VM.Audit", "Datastore.Audit"}), "pbs": ("/datastore", {"Datastore.Audit"})}
        path, needed = wanted[system]
        assert needed <= set(told[path])

    def test_what_can_do_more_has_to_be_asked_for_and_goes_again(self, homelab, ansible):
        more = {"guest_agent": True, "backup_volumes": True, "pull_jobs": True}
        homelab.play("monitor", fleetgate_monitoring=more).succeeded()
        told = privileges(homelab, ansible, "pve")
        assert "VM.GuestAgent.FileRead" in told["/"] and "Datastore.Allocate" in told["/storage"]
        assert "Remote.Audit" in privileges(homelab, ansible, "pbs")["/remote"]
        assert homelab.play("monitor", fleetgate_monitoring=more).succeeded().changed == []
        homelab.play("monitor").succeeded()
        told = privileges(homelab, ansible, "pve")
        assert [one for path in told.values() for one in path if not one.endswith(".Audit")] == []
        assert "/remote" not in privileges(homelab, ansible, "pbs")

    def test_no_secret_is_in_any_output(self, homelab):
        """Neither those of the automation, nor the one that is made for Pulse and sent there."""
        run = homelab.play("monitor", "-vvvv", "--diff", fleetgate_monitoring={"token": "another"}).succeeded()
        made = secrets(homelab)
        assert len(made) >= 2
        assert [one for one in [*made, *homelab.fleet.secrets()] if one in run.output] == []
        homelab.play("monitor").succeeded()

    @pytest.mark.parametrize("system", ["pve", "pbs"])
    def test_a_token_that_works_no_more_is_replaced(self, homelab, ansible, system):
        name = {"pve": {"tokenid": "pulse"}, "pbs": {"token_name": "pulse"}}[system]
        assert ansible.tasks([task(homelab, f"{system}_token", userid=USERS[system], **name, state="absent")]).succeeded().changed
        homelab.play("monitor").succeeded()
        assert {one for one, _write in homelab.fleet.writes()} == {f"{system}1", "pulse1"}
        assert all(one["connected"] for one in nodes(homelab, ansible).values())
        assert homelab.play("monitor").succeeded().changed == []

    def test_what_is_declared_of_an_entry_is_kept(self, homelab, ansible):
        more = {"fleetgate_pulse_node": {"guest_url": "https://people.example.org"}, "fleetgate_monitoring": {"certificate": "verify"}}
        homelab.play("monitor", **more).succeeded()
        told = nodes(homelab, ansible).values()
        assert {(one["guest_url"], one["fingerprint"], one["verify_ssl"], one["connected"]) for one in told} == {("https://people.example.org", "", True, True)}
        assert homelab.play("monitor", **more).succeeded().changed == []

    def test_where_pulse_does_not_reach_a_server_no_secret_is_made(self, homelab):
        """Pulse cannot say whether its token works; a new one would not help, and the one that it has may be good."""
        watched = homelab.fleet.pve["pve1"][0].observed
        watched.faults.append(Fault(path=".*/nodes", status=0, times=1000))
        run = homelab.play("monitor", "--limit", "pve1")
        watched.faults.clear()
        assert "Pulse cannot reach" in " ".join(run.failed) and "see to the connection first" in " ".join(run.failed)
        assert homelab.fleet.writes() == []

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"fleetgate_monitoring": {"guestagent": True}}, "guestagent"),
            ({"fleetgate_monitoring": {"certificate": "trust"}}, "certificate"),
            ({"fleetgate_monitoring": {"token": "a token"}}, "tokenid: 'a token' must begin with a letter"),
            ({"fleetgate_pulse": {"url": "https://127.0.40.1:1", "api_token": "x"}}, "does not answer"),
            ({"fleetgate_pulse_node": {"nam": "x"}}, "unknown option nam"),
            ({"fleetgate_pulse_node": {"host": "https://pve.example.org/pve"}}, "host: .* without a path"),
        ],
    )
    def test_a_wrong_declaration_writes_nothing_anywhere(self, homelab, variables, message):
        run = homelab.play("monitor", **variables)
        assert run.code != 0 and re.search(message, " ".join(run.failed)), run.failed
        assert homelab.fleet.writes() == []


@pytest.mark.parametrize(
    "fault", [Fault("POST", "/api/config/nodes", status=0), Fault("POST", "/api/config/nodes", status=0, carried_out=True)], ids=["lost", "carried out"]
)
def test_an_interrupted_run_is_repaired_by_running_again(fleet_of, ansible, fault):
    """Pulse goes away when the token was made and its secret is known to nobody else."""
    wired = fleet_of("homelab")
    wired.fleet.pulse.observed.faults.append(fault)
    assert wired.play("monitor", "--limit", "pve1").code != 0
    wired.play("monitor").succeeded()
    assert all(one["connected"] for one in nodes(wired, ansible).values()) and len(nodes(wired, ansible)) == 2
    assert wired.play("monitor").succeeded().changed == []
    assert wired.fleet.writes() == []


def test_where_pulse_is_down_no_token_is_made(fleet_of):
    wired = fleet_of("homelab")
    wired.fleet.pulse.observed.faults.append(Fault(status=0, times=1000))
    run = wired.play("monitor")
    assert run.code != 0 and "does not answer" in " ".join(run.failed)
    assert wired.fleet.writes() == []


class TestFleet:
    """Three clusters of three nodes and two backup servers, one of each made in Pulse by hand before."""

    def test_what_was_made_by_hand_is_used_and_not_doubled(self, fleet, ansible):
        """Under the address of another node, with a token of an administrator, and a name that somebody chose."""
        second = fleet.fleet.pve["berlin"][1]
        backup = fleet.fleet.pbs["backup-vienna"]
        by_hand = [
            task(fleet, "pulse_node", type="pve", host=second.url, name="clicked", token_name="root@pam!fleet", token_value=fleet.fleet.tokens["berlin"]),
            task(fleet, "pulse_node", type="pbs", host=backup.url, name="vault", token_name="root@pam!fleet", token_value=fleet.fleet.tokens["backup-vienna"]),
        ]
        assert ansible.tasks(by_hand).succeeded().failed == []
        fleet.play("monitor").succeeded()
        told = nodes(fleet, ansible)
        assert len(told) == 5 and all(one["connected"] for one in told.values())
        assert (told[second.url]["name"], told[second.url]["token_name"]) == ("clicked", "pulse-monitor@pve!pulse")
        assert (told[backup.url]["name"], told[backup.url]["token_name"]) == ("vault", "pulse-monitor@pbs!pulse")
        assert {one["cluster"] for one in told.values()} == {"", "berlin", "vienna", "lab"}

    def test_a_second_run_writes_nothing(self, fleet):
        assert fleet.play("monitor").succeeded().changed == []
        assert fleet.fleet.writes() == []

    def test_a_host_that_does_not_answer_does_not_keep_the_others(self, fleet, ansible):
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.append(Fault(status=0, times=1000))
        run = fleet.play("monitor", fleetgate_monitoring={"guest_agent": True})
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.clear()
        assert {one.split(":")[0] for one in run.failed} == {"lab"}
        assert {name for name, _write in fleet.fleet.writes()} == {"berlin1", "vienna1"}
        fleet.play("monitor").succeeded()

    def test_nodes_of_one_cluster_may_each_be_in_the_inventory(self, fleet, ansible):
        hosts = fleet.fleet.inventory()["all"]["children"]
        listed = {}
        for node in fleet.fleet.pve["vienna"]:
            api = {**hosts["pve"]["hosts"]["vienna"]["fleetgate_api"], "api_port": node.port}
            listed[node.name] = {**hosts["pve"]["hosts"]["vienna"], "ansible_host": node.host, "fleetgate_api": api}
        fleet.list_hosts({"all": {"children": {"pve": {"hosts": listed}, "pulse": hosts["pulse"]}}})
        run = fleet.play("monitor", "--limit", ",".join(listed)).succeeded()
        assert run.changed == [] and fleet.fleet.writes() == []


@pytest.mark.parametrize("versions", [{"pve": "8.4"}, {"pulse": "5.1"}], ids=["PVE 8.4", "Pulse 5.1"])
def test_older_servers_are_monitored_as_well(fleet_of, ansible, versions):
    wired = fleet_of("homelab", **versions)
    wired.play("monitor", fleetgate_monitoring={"guest_agent": True}).succeeded()
    assert wired.play("monitor", fleetgate_monitoring={"guest_agent": True}).succeeded().changed == []
    assert all(one["connected"] for one in nodes(wired, ansible).values())
    privilege = "VM.Monitor" if "pve" in versions else "VM.GuestAgent.FileRead"
    assert privilege in privileges(wired, ansible, "pve")["/"]
