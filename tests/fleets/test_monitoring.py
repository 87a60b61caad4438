"""Monitoring by Pulse in other situations: additional privileges, lost tokens, unreachable and older servers."""

from __future__ import annotations

import pytest

from tests.modules.systems import task
from tests.simulators.server import Fault
from tests.support.pulse import USERS, nodes, privileges, wait_until


@pytest.fixture(scope="module")
def homelab(fleet_of):
    """A monitored fleet; the tests build on each other."""
    homelab = fleet_of("homelab")
    homelab.play("monitor").succeeded()
    return homelab


@pytest.fixture(scope="module")
def fleet(fleet_of):
    return fleet_of("fleet")


class TestHomelab:
    """One PVE, one PBS. The tests build on each other."""

    @pytest.mark.parametrize("system", ["pve", "pbs"])
    def test_token_of_pulse_is_read_only(self, homelab, ansible, system):
        told = privileges(homelab, ansible, system)
        assert [one for path in told.values() for one in path if not one.endswith(".Audit")] == []
        wanted = {
            "pve": ("/", {"Sys.Audit", "VM.Audit", "Datastore.Audit"}),
            "pbs": ("/datastore", {"Datastore.Audit"}),
        }
        path, needed = wanted[system]
        assert needed <= set(told[path])

    def test_additional_privileges_are_opt_in_and_removed_again(self, homelab, ansible):
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

    @pytest.mark.parametrize("system", ["pve", "pbs"])
    def test_invalid_token_of_pulse_is_replaced(self, homelab, ansible, system):
        name = {"pve": {"tokenid": "pulse"}, "pbs": {"token_name": "pulse"}}[system]
        assert (
            ansible.tasks([task(homelab, f"{system}_token", userid=USERS[system], **name, state="absent")])
            .succeeded()
            .changed
        )
        nodes(homelab, ansible)
        homelab.play("monitor").succeeded()
        assert {one for one, _write in homelab.fleet.writes()} == {f"{system}1", "pulse1"}
        assert all(one["connected"] for one in nodes(homelab, ansible).values())
        assert homelab.play("monitor").succeeded().changed == []

    def test_declared_options_of_a_pulse_entry_are_kept(self, homelab, ansible):
        more = {
            "fleetgate_pulse_node": {"guest_url": "https://people.example.org"},
            "fleetgate_monitoring": {"certificate": "verify"},
        }
        homelab.play("monitor", **more).succeeded()
        told = nodes(homelab, ansible).values()
        assert {(one["guest_url"], one["fingerprint"], one["verify_ssl"], one["connected"]) for one in told} == {
            ("https://people.example.org", "", True, True)
        }
        assert homelab.play("monitor", **more).succeeded().changed == []

    @pytest.mark.parametrize("certificate", ["pin", "ignore"])
    def test_renewed_certificate_is_accepted_without_a_new_token(self, homelab, ansible, certificate):
        """Pulse reports the server as unreachable until its entry has the new fingerprint; the stored token remains valid."""
        homelab.play("monitor").succeeded()
        servers = [homelab.fleet.pve["pve1"][0], homelab.fleet.pbs["pbs1"]]
        for server in servers:
            server.renew_certificate()
        for server in servers:
            wait_until("unreachable", homelab, ansible, server.url)
        declared = {"fleetgate_monitoring": {"certificate": certificate}}
        planned = homelab.play("monitor", "--check", "--diff", **declared).succeeded()
        assert homelab.fleet.writes() == []
        done = homelab.play("monitor", "--diff", **declared).succeeded()
        assert {(name, one.verb) for name, one in homelab.fleet.writes()} == {("pulse1", "PUT")}
        assert done.told("plan", "diff") == planned.told("plan", "diff") and len(done.changed) == 2
        assert {one["state"] for one in nodes(homelab, ansible).values()} == {"active"}
        assert homelab.play("monitor", **declared).succeeded().changed == []

    def test_renewed_certificate_and_lost_token_are_repaired_together(self, homelab, ansible):
        homelab.play("monitor").succeeded()
        names = {"pve": {"tokenid": "pulse"}, "pbs": {"token_name": "pulse"}}
        for system, server in (("pve", homelab.fleet.pve["pve1"][0]), ("pbs", homelab.fleet.pbs["pbs1"])):
            server.renew_certificate()
            # the token is kept; only the secret stored in Pulse is wrong
            token = {"userid": USERS[system], **names[system], "secret": "regenerate", "return_secret": True}
            ansible.tasks([task(homelab, f"{system}_token", **token)]).succeeded()
            wait_until("unreachable", homelab, ansible, server.url)
        homelab.play("monitor").succeeded()
        assert {one["state"] for one in nodes(homelab, ansible).values()} == {"active"}
        assert homelab.play("monitor").succeeded().changed == []

    def test_server_unreachable_from_pulse_gets_no_new_secret(self, homelab, ansible, monkeypatch):
        """Pulse cannot determine whether its token works; it may be valid, and a new one would not help."""
        server = homelab.fleet.pve["pve1"][0]
        server.observed.faults.append(Fault(path=".*/nodes", status=0, times=1000))
        wait_until("unreachable", homelab, ansible, server.url)
        unreachable = homelab.play("monitor", "--limit", "pve1")
        assert "Pulse cannot reach" in " ".join(unreachable.failed) and "see to the connection first" in " ".join(
            unreachable.failed
        )
        assert homelab.fleet.writes() == []
        monkeypatch.setattr("tests.simulators.pulse.nodes.FIRST_POLL", 1000)
        pending = homelab.play("monitor", "--limit", "pve1")
        server.observed.faults.clear()
        assert f"has not looked at {server.url} since" in " ".join(pending.failed)
        assert homelab.fleet.writes() == []


@pytest.mark.parametrize(
    "fault",
    [Fault("POST", "/api/config/nodes", status=0), Fault("POST", "/api/config/nodes", status=0, carried_out=True)],
    ids=["lost", "carried out"],
)
def test_interrupted_run_is_repaired_by_the_next(fleet_of, ansible, fault):
    """Pulse becomes unreachable after the token was created and before its secret was stored."""
    wired = fleet_of("homelab")
    wired.fleet.pulse.observed.faults.append(fault)
    assert wired.play("monitor", "--limit", "pve1").code != 0
    wired.play("monitor").succeeded()
    assert all(one["connected"] for one in nodes(wired, ansible).values()) and len(nodes(wired, ansible)) == 2
    assert wired.play("monitor").succeeded().changed == []
    assert wired.fleet.writes() == []


def test_no_token_is_created_while_pulse_is_down(fleet_of):
    wired = fleet_of("homelab")
    wired.fleet.pulse.observed.faults.append(Fault(status=0, times=1000))
    run = wired.play("monitor")
    assert run.code != 0 and "does not answer" in " ".join(run.failed)
    assert wired.fleet.writes() == []


class TestFleet:
    """Three clusters of three nodes and two backup servers; one of each was added to Pulse by hand."""

    def test_entries_created_by_hand_are_adopted_and_not_duplicated(self, fleet, ansible):
        """With the address of another node, a token of an administrator, and a custom name."""
        second = fleet.fleet.pve["berlin"][1]
        backup = fleet.fleet.pbs["backup-vienna"]
        clicked = (("pve", second, "clicked", "berlin"), ("pbs", backup, "vault", "backup-vienna"))
        by_hand = [
            task(
                fleet,
                "pulse_node",
                type=kind,
                host=server.url,
                name=name,
                token_name="root@pam!fleet",
                token_value=fleet.fleet.tokens[owner],
            )
            for kind, server, name, owner in clicked
        ]
        assert ansible.tasks(by_hand).succeeded().failed == []
        fleet.play("monitor").succeeded()
        told = nodes(fleet, ansible)
        assert len(told) == 5 and all(one["connected"] for one in told.values())
        assert (told[second.url]["name"], told[second.url]["token_name"]) == ("clicked", "pulse-monitor@pve!pulse")
        assert (told[backup.url]["name"], told[backup.url]["token_name"]) == ("vault", "pulse-monitor@pbs!pulse")
        assert {one["cluster"] for one in told.values()} == {"", "berlin", "vienna", "lab"}

    def test_second_run_writes_nothing(self, fleet):
        assert fleet.play("monitor").succeeded().changed == []
        assert fleet.fleet.writes() == []

    def test_unreachable_host_does_not_stop_the_others(self, fleet, ansible):
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.append(Fault(status=0, times=1000))
        run = fleet.play("monitor", fleetgate_monitoring={"guest_agent": True})
        for node in fleet.fleet.pve["lab"]:
            node.observed.faults.clear()
        assert {one.split(":")[0] for one in run.failed} == {"lab"}
        assert {name for name, _write in fleet.fleet.writes()} == {"berlin1", "vienna1"}
        fleet.play("monitor").succeeded()

    def test_nodes_of_one_cluster_can_all_be_inventory_hosts(self, fleet, ansible):
        hosts = fleet.fleet.inventory()["all"]["children"]
        listed = {}
        for node in fleet.fleet.pve["vienna"]:
            api = {**hosts["pve"]["hosts"]["vienna"]["fleetgate_api"], "api_port": node.port}
            listed[node.name] = {**hosts["pve"]["hosts"]["vienna"], "ansible_host": node.host, "fleetgate_api": api}
        fleet.list_hosts({"all": {"children": {"pve": {"hosts": listed}, "pulse": hosts["pulse"]}}})
        run = fleet.play("monitor", "--limit", ",".join(listed)).succeeded()
        assert run.changed == [] and fleet.fleet.writes() == []
