"""The playbook rotate interrupted at each of its requests, with hosts that are not in the run, and on servers of other kinds."""

from __future__ import annotations

import re
from itertools import product

import pytest

from tests.modules.systems import system_of
from tests.simulators.server import Fault
from tests.support.bootstrap import new, stored
from tests.support.in_process import run as run_module
from tests.support.interruptions import interruption
from tests.support.pulse import USERS, always_connected, nodes, sign_ins
from tests.support.rotate import (
    BY_AGE,
    CLIENTS,
    in_realm,
    listed,
    logins,
    pocketid,
    rotates,
    servers,
    sign_in_everywhere,
)
from tests.support.sample import ALL, sample

REALM = "pocketid"
OF_ROTATION = re.compile("/secrets?(/|$)|/access/domains/|/config/access/openid/|/providers/oauth2/")
# one client for all hosts
SHARED = {"fleetgate_client": {"id": "proxmox", "name": "Proxmox"}, "fleetgate_realm": {"name": REALM}}


def wire(wired, **variables):
    wired.play("wire", **variables).succeeded()
    return wired


@pytest.fixture(scope="module")
def shared(fleet_of):
    """A PVE cluster and a PBS with one client at Pocket ID 2.14; the tests build on each other."""
    return wire(fleet_of("homelab"), **SHARED)


def realms(wired, realm=REALM):
    return {name: in_realm(wired, name, realm) for name in servers(wired)}


def requests_of(wired, **variables):
    """The requests of a rotation, as the server and a pattern of the path; not those of people who sign in meanwhile."""
    wired.play("rotate", **variables).succeeded()
    sent = [(name, one.verb, one.path) for name, one in wired.fleet.writes() if OF_ROTATION.search(one.path)]
    return [(name, verb, re.sub("secrets/[^/]+$", "secrets/.+", path)) for name, verb, path in sent]


def interrupt(wired, request, carried_out, **variables):
    """Run the playbook with a fault at a request."""
    name, verb, path = request
    server = next(one for one in wired.fleet.servers if one.name == name)
    # a lost request is not sent again, because the server may have processed it
    server.observed.faults.append(Fault(verb, path, status=0, carried_out=carried_out))
    wired.play("rotate", **variables)
    server.observed.faults.clear()


def tries(sent, every, *more):
    """Each request before and after it is carried out, or a sample of them; the last request comes first."""
    return sample(product(reversed(range(len(sent))), (False, True), *more), every)


# -- clients with several secrets --------------------------------------------------------------------------------------


class TestSeveralSecrets:
    def test_interrupted_rotation_is_completed_and_leaves_one_secret(self, shared):
        variables = {**SHARED, **CLIENTS}
        sent = requests_of(shared, **variables)
        assert len(sent) == 4
        for number, carried_out in tries(sent, 8):
            before = realms(shared)
            with logins(shared) as people:
                interrupt(shared, sent[number], carried_out, **variables)
                given = set(realms(shared).values()) - set(before.values())
                shared.play("rotate", **variables).succeeded()
            assert people.failures == []
            (secret,) = set(realms(shared).values())
            assert len(listed(shared, "proxmox")) == 1, (number, carried_out)
            # what a host has already is rolled out, unless the rotation was complete
            assert given in (set(), {secret}) or (number, carried_out) == (3, True)

    def test_old_secret_stays_valid_for_a_host_outside_of_the_limit(self, shared):
        before = realms(shared)
        run = shared.play("rotate", "--limit", "pve1", **SHARED, **CLIENTS).succeeded()
        assert "client proxmox is also used by pbs1, not in this run" in run.output
        assert realms(shared)["pbs1"] == before["pbs1"] and realms(shared)["pve1"] != before["pve1"]
        sign_in_everywhere(shared, "alice", REALM)
        # the rotation is completed before another one begins
        again = shared.play("rotate", "--limit", "pve1", **SHARED, **CLIENTS).succeeded()
        assert again.changed == [] and len(listed(shared, "proxmox")) == 2
        new_secret = realms(shared)["pve1"]
        shared.play("rotate", **SHARED, **BY_AGE).succeeded()
        assert realms(shared) == {"pve1": new_secret, "pbs1": new_secret} and len(listed(shared, "proxmox")) == 1

    def test_old_secret_stays_valid_for_a_host_that_is_down(self, shared):
        down = shared.fleet.pbs["pbs1"].observed.faults
        down.append(Fault(status=0, times=1000))
        run = shared.play("rotate", **SHARED, **CLIENTS)
        down.clear()
        assert run.code != 0 and [text.partition(":")[0] for text in run.failed] == ["pbs1"]
        sign_in_everywhere(shared, "alice", REALM)
        shared.play("rotate", **SHARED, **CLIENTS).succeeded()
        assert len(listed(shared, "proxmox")) == 1 and len(set(realms(shared).values())) == 1

    def test_host_that_fails_while_it_is_changed_keeps_the_old_secret(self, shared):
        faults = shared.fleet.pve["pve1"][0].observed.faults
        faults.append(Fault("PUT", ".*/access/domains/.*", status=500, times=5))
        run = shared.play("rotate", **SHARED, **CLIENTS)
        faults.clear()
        assert run.code != 0 and "the old secret stays valid for pve1" in run.output
        sign_in_everywhere(shared, "alice", REALM)
        shared.play("rotate", **SHARED, **CLIENTS).succeeded()
        assert len(listed(shared, "proxmox")) == 1

    def test_secrets_of_others_and_their_redirect_uris_are_reported_and_kept(self, shared):
        other = pocketid(shared, "POST", "oidc/clients/proxmox/secrets", json={}).json()["id"]
        client = pocketid(shared, "GET", "oidc/clients/proxmox").json()
        more = {**client, "callbackURLs": [*client["callbackURLs"], "https://elsewhere.example.org:8006"]}
        pocketid(shared, "PUT", "oidc/clients/proxmox", json=more)
        run = shared.play("rotate", **SHARED, **CLIENTS).succeeded()
        assert "has secrets that no host of this run uses, and they stay" in run.output
        assert "also used by whoever has the redirect URI https://elsewhere.example.org:8006" in run.output
        assert len(listed(shared, "proxmox")) == 3
        # at any age another one begins all the same
        shared.play("rotate", **SHARED, **rotates("clients", older_than="0d")).succeeded()
        pocketid(shared, "PUT", "oidc/clients/proxmox", json=client)
        shared.play("rotate", **SHARED, **BY_AGE).succeeded()
        assert other in [row["id"] for row in listed(shared, "proxmox")] and len(listed(shared, "proxmox")) == 2
        pocketid(shared, "DELETE", f"oidc/clients/proxmox/secrets/{other}")

    def test_secret_that_nobody_accepts_is_replaced(self, shared):
        for row in listed(shared, "proxmox"):
            pocketid(shared, "DELETE", f"oidc/clients/proxmox/secrets/{row['id']}")
        shared.play("rotate", **SHARED, **BY_AGE).succeeded()
        sign_in_everywhere(shared, "alice", REALM)

    def test_host_without_the_realm_is_reported(self, shared):
        run = shared.play("rotate", "--limit", "pve1", **{**SHARED, "fleetgate_realm": {"name": "other"}}, **CLIENTS)
        assert "pve1 has no realm other, so nothing is rotated on it" in run.succeeded().output and run.changed == []

    @pytest.mark.parametrize(
        ("declared", "reason"),
        [
            ({"fleetgate_rotate": {"what": ["clients"], "older_than": "soon"}}, "older_than: 'soon' must be a number"),
            ({}, "fleetgate_rotate: missing required arguments: what"),
            (
                {**CLIENTS, "fleetgate_client": {"id": "proxmox", "secret": "a-secret-of-their-own"}},
                "fleetgate_client.secret: is declared",
            ),
            (
                {**CLIENTS, "fleetgate_client_secrets": {"proxmox": "a-secret-of-their-own"}},
                "fleetgate_client_secrets.proxmox.: is declared",
            ),
            ({**CLIENTS, "fleetgate_idp": {"type": "oidc", "issuer": "https://id.invalid"}}, "managed elsewhere"),
        ],
    )
    def test_wrong_declaration_is_refused_before_the_first_write(self, shared, declared, reason):
        run = shared.play("rotate", **{**SHARED, **declared})
        assert run.code != 0 and re.search(reason, run.output), run.output
        assert shared.fleet.writes() == []


# -- clients with one secret -------------------------------------------------------------------------------------------

ONE_SECRET = {
    "pocketid-2.13": ("homelab", {"pocketid": "2.13"}, "pocketid"),
    "authentik": ("authentik", {}, "authentik"),
    # it generates secrets itself
    **({"pocketid-2.11": ("homelab", {"pocketid": "2.11"}, "pocketid")} if ALL else {}),
}


@pytest.fixture(scope="module", params=ONE_SECRET.values(), ids=ONE_SECRET)
def single(request, fleet_of):
    """A fleet with one client that has one secret, its realm, and whether the secret can be chosen."""
    example, versions, realm = request.param
    variables = {**SHARED, "fleetgate_realm": {"name": realm}}
    wired = wire(fleet_of(example, **versions), **variables)
    return wired, realm, variables, versions.get("pocketid") != "2.11"


class TestOneSecret:
    def test_gap_is_announced_and_everybody_signs_in_afterwards(self, single):
        wired, realm, variables, chosen = single
        before = realms(wired, realm)
        planned = wired.play("rotate", "--check", **variables, **CLIENTS).succeeded()
        assert "keeps one secret per client, so nobody can sign in to" in planned.output and wired.fleet.writes() == []
        wired.play("rotate", **variables, **CLIENTS).succeeded()
        assert all(secret != before[name] for name, secret in realms(wired, realm).items())
        sign_in_everywhere(wired, "alice", realm)
        by_age = wired.play("rotate", **variables, **BY_AGE).succeeded()
        assert by_age.changed == [] and ("the age of its secret is not known" in by_age.output) != chosen

    def test_interrupted_rotation_is_completed(self, single):
        wired, realm, variables, _chosen = single
        variables = {**variables, **CLIENTS}
        sent = requests_of(wired, **variables)
        for number, carried_out in tries(sent, 6):
            interrupt(wired, sent[number], carried_out, **variables)
            wired.play("rotate", **variables).succeeded()
            assert len(set(realms(wired, realm).values())) == 1
            sign_in_everywhere(wired, "alice", realm)

    def test_host_outside_of_the_run_refuses_the_rotation(self, single):
        wired, _realm, variables, _chosen = single
        (backup,) = wired.fleet.pbs
        run = wired.play("rotate", "--limit", f"!{backup}", **variables, **CLIENTS)
        assert run.code != 0 and f"its sign-on would end for {backup}" in run.output
        assert wired.fleet.writes() == []

    def test_failing_host_restores_the_old_secret_everywhere(self, single):
        wired, realm, variables, chosen = single
        before = realms(wired, realm)
        (backup,) = wired.fleet.pbs.values()
        backup.observed.faults.append(Fault("PUT", ".*/config/access/openid/.*", status=500, times=1))
        run = wired.play("rotate", **variables, **CLIENTS)
        backup.observed.faults.clear()
        assert run.code != 0
        if chosen:
            assert realms(wired, realm) == before and "the old secret is restored" in run.output
        else:
            wired.play("rotate", **variables, **CLIENTS).succeeded()
        sign_in_everywhere(wired, "alice", realm)


# -- tokens ------------------------------------------------------------------------------------------------------------

# older servers cannot replace a secret in place
OLDER = {"pve": "8.4", "pbs": "3.2"}
VERSIONS = {"newest": {}, **({"older": OLDER} if ALL else {})}


@pytest.fixture(scope="module", params=VERSIONS.values(), ids=VERSIONS)
def bootstrapped(request, fleet_of, tmp_path_factory):
    wired = new(fleet_of("homelab", **request.param), tmp_path_factory.mktemp("secrets"))
    wired.play("bootstrap").succeeded()
    return wired


def tokens(wired):
    """The tokens of the user of the automation, by host."""
    found = {}
    for name, server in servers(wired).items():
        system = "pbs" if name in wired.fleet.pbs else "pve"
        rows = wired.ask(server, "access", "users", f"fleetgate@{system}", "token")
        found[name] = [row.get("token-name") or row["tokenid"] for row in rows]
    return found


class TestAutomation:
    def test_interrupted_rotation_is_completed_by_the_next_run(self, bootstrapped):
        """At any moment one of the stored secrets works, so that the next run needs nobody's password."""
        wired, order = bootstrapped, rotates("automation")
        wired.play("rotate", **order).succeeded()
        sent = [(name, one.verb, re.escape(one.path)) for name, one in wired.fleet.writes()]
        assert len(sent) >= 6
        for number, carried_out, playbook in tries(sent, 30, ("rotate", "bootstrap")):
            before = stored(wired)
            interrupt(wired, sent[number], carried_out, **order)
            wired.play(playbook, **(order if playbook == "rotate" else {})).succeeded()
            assert tokens(wired) == {"pve1": ["automation"], "pbs1": ["automation"]}, sent[number]
            assert set(stored(wired)) == set(before) and len(list(wired.secrets.iterdir())) == 2
            assert wired.play("bootstrap").succeeded().changed == [], sent[number]

    def test_young_secret_stays_and_one_of_unknown_age_is_reported(self, bootstrapped):
        wired, order = bootstrapped, rotates("automation", older_than="1d")
        assert wired.play("rotate", **order).succeeded().changed == []
        module = {**system_of("pve_token").connection(wired), "userid": "fleetgate@pve", "tokenid": "automation"}
        run_module("pve_token", **module, comment="of unknown age")
        told = wired.play("rotate", **order).succeeded()
        assert told.changed == [] and "the age of the secret of fleetgate@pve!automation is not known" in told.output

    def test_secret_that_is_not_read_from_the_file_is_refused(self, bootstrapped):
        wired = bootstrapped
        file = {"fleetgate_token_file": str(wired.secrets / "elsewhere.token.txt")}
        run = wired.play("rotate", "--limit", "pve1", **file, **rotates("automation"))
        assert run.code != 0 and "has no secret that is accepted" in run.output
        assert wired.fleet.writes() == []


def test_older_servers_replace_secrets_as_well(fleet_of, tmp_path):
    wired = new(fleet_of("homelab", **OLDER, pocketid="2.11"), tmp_path)
    wired.play("bootstrap").succeeded()
    wire(wired, **SHARED)
    before = stored(wired), realms(wired)
    run = wired.play("rotate", **SHARED, **rotates("clients", "automation")).succeeded()
    assert "the old secret cannot be restored if that fails" in run.output
    assert all(
        old[name] != new for old, now in zip(before, (stored(wired), realms(wired))) for name, new in now.items()
    )
    sign_in_everywhere(wired, "alice", REALM)
    by_age = wired.play("rotate", **SHARED, **rotates("clients", "automation", older_than="1d")).succeeded()
    assert by_age.changed == [] and "client proxmox: the age of its secret is not known" in by_age.output


@pytest.fixture(scope="module")
def monitored(fleet_of):
    wired = fleet_of("homelab", **OLDER)
    wired.play("monitor").succeeded()
    return wired


class TestMonitoringOnOlderServers:
    """They cannot replace the secret of a token in place, so a second one stands in for it. The tests build on each other."""

    @staticmethod
    def tokens(wired):
        """The tokens of Pulse with their rights, by host."""
        found = {}
        for name, server in servers(wired).items():
            userid = USERS["pbs" if name in wired.fleet.pbs else "pve"]
            rows = [row for row in wired.ask(server, "access", "acl") if row["ugid"].startswith(f"{userid}!")]
            names = [
                row.get("token-name") or row["tokenid"] for row in wired.ask(server, "access", "users", userid, "token")
            ]
            found[name] = tuple(names), sorted((row["ugid"], row["path"], row["roleid"]) for row in rows)
        return found

    def test_pulse_is_connected_after_each_request(self, monitored, ansible):
        before = self.tokens(monitored)
        planned = monitored.play("rotate", "--check", **rotates("monitoring")).succeeded()
        assert monitored.fleet.writes() == []
        with always_connected(monitored) as failures:
            done = monitored.play("rotate", "-vvvv", **rotates("monitoring")).succeeded()
        assert failures == [] and planned.changed == done.changed != []
        assert planned.told("plan", "diff") == done.told("plan", "diff")
        assert self.tokens(monitored) == before and {names for names, _rows in before.values()} == {("pulse",)}
        for name, server in servers(monitored).items():
            sent = [one for host, one in monitored.fleet.writes() if host == name]
            assert "/token/pulse.rotation" in sent[0].path and "/token/pulse.rotation" in sent[-1].path, server
        assert [secret for secret in monitored.fleet.secrets() if secret in done.output] == []
        by_age = rotates("monitoring", older_than="1d")
        assert monitored.play("rotate", **by_age).succeeded().changed == []
        assert monitored.play("monitor").succeeded().changed == [] and monitored.fleet.writes() == []

    @pytest.mark.parametrize("host", ["pve1", "pbs1"])
    def test_interrupted_rotation_is_completed_by_the_next_run(self, monitored, host):
        before, order = self.tokens(monitored), rotates("monitoring")
        monitored.play("rotate", "--limit", host, **order).succeeded()
        sent = monitored.fleet.writes()
        assert len(sent) >= 7
        young = rotates("monitoring", older_than="90d")
        tries = product(range(len(sent)), (False, True), (("rotate", young), ("monitor", {})))
        for number, carried_out, (playbook, variables) in sample(tries, 22):
            with always_connected(monitored) as failures:
                with interruption(monitored.fleet, number, carried_out):
                    assert monitored.play("rotate", "--limit", host, **order).code != 0
                monitored.play(playbook, "--limit", host, **variables).succeeded()
            assert failures == [], (number, carried_out, playbook)
            assert self.tokens(monitored) == before, (number, carried_out, playbook)
            assert sign_ins(monitored) == []
            assert monitored.play("monitor", "--limit", host).succeeded().changed == []


def test_nodes_of_a_cluster_share_the_new_secret(fleet_of, tmp_path):
    """The file of a node outside of the limit has the secret as well."""
    wired = new(fleet_of("authentik"), tmp_path)
    hosts = wired.inventory["all"]["children"]["pve"]["hosts"]
    hosts["lab-2"] = {**hosts["lab"], "ansible_host": wired.fleet.pve["lab"][1].host}
    wired.list_hosts(wired.inventory)
    wired.play("bootstrap", "--limit", "pve").succeeded()
    before = stored(wired)
    wired.play("rotate", "--limit", "lab", **rotates("automation")).succeeded()
    after = stored(wired)
    assert after["lab"] == after["lab-2"] != before["lab"] == before["lab-2"]


def test_rotation_of_the_monitoring_token_is_completed_by_the_next_run(fleet_of, ansible):
    wired, order = fleet_of("homelab"), rotates("monitoring")
    told = wired.play("rotate", **order).succeeded()
    assert told.changed == [] and "pve1 is not monitored yet" in told.output
    wired.play("monitor").succeeded()
    wired.fleet.pulse.observed.faults.append(Fault("PUT", ".*", status=0, times=2))
    assert wired.play("rotate", "--limit", "pve1", **order).code != 0
    wired.fleet.pulse.observed.faults.clear()
    # its secret is young, but Pulse does not have it
    wired.play("rotate", **rotates("monitoring", older_than="90d")).succeeded()
    assert all(one["connected"] for one in nodes(wired, ansible).values())
    # older servers delete the token before it is created again
    module = {**system_of("pve_token").connection(wired), "userid": "pulse-monitor@pve", "tokenid": "pulse"}
    run_module("pve_token", **module, state="absent")
    wired.play("rotate", **rotates("monitoring", older_than="90d")).succeeded()
    assert all(one["connected"] for one in nodes(wired, ansible).values())
    assert wired.play("monitor").succeeded().changed == []
