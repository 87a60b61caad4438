"""The main job through each kind of identity provider, and from one to the other: only `fleetgate_idp` differs."""

from __future__ import annotations

import re

import pytest
import requests

from tests.playbooks.test_wire import ask
from tests.simulators.browser import Refused

REALMS = {"authentik": "authentik", "oidc": "company"}


@pytest.fixture(scope="module", params=REALMS)
def wired(request, fleet_of):
    """A fleet of which nothing is wired yet; the tests go on from each other."""
    return fleet_of(request.param)


@pytest.fixture(scope="module")
def lab(fleet_of):
    """A wired fleet with authentik; the tests go on from each other."""
    lab = fleet_of("authentik")
    lab.play("wire").succeeded()
    return lab


def at(server, nodes):
    """The address that a browser has the web interface of a node open at."""
    return f"https://{server.name}:{nodes[0].port}"


class TestEachKind:
    def test_the_plan_of_an_empty_fleet_runs_to_the_end_and_sends_only_reads(self, wired):
        planned = wired.play("wire", "--check", "--diff").succeeded()
        assert wired.fleet.writes() == []
        group = f"proxmox-admins-{REALMS[wired.example]} has Administrator on /"
        assert any(group in step["reason"] for row in planned.results() for step in row.get("plan", ()))

    def test_the_real_run_does_what_the_plan_said(self, wired):
        planned = wired.play("wire", "--check")
        done = wired.play("wire").succeeded()
        assert wired.fleet.writes()
        # hosts run side by side, so their order may differ
        assert sorted(done.changed) == sorted(planned.changed)
        before, after = ({(row["host"], row["task"]): row["result"]["plan"] for row in run.rows if "plan" in row["result"]} for run in (planned, done))
        assert before == after

    def test_a_second_run_writes_nothing(self, wired):
        assert wired.play("wire").succeeded().changed == []
        assert wired.play("wire", "--check").succeeded().changed == []
        assert wired.fleet.writes() == []

    @pytest.mark.parametrize(("username", "privilege"), [("alice", "Permissions.Modify"), ("bob", "Sys.Audit")])
    def test_people_have_their_rights_on_every_node_at_the_first_sign_on(self, wired, username, privilege):
        nodes = wired.fleet.pve["lab"]
        for node in nodes:
            signed_in = wired.person(username).sign_in(node.url, REALMS[wired.example], at(node, nodes))
            assert signed_in.userid == f"{username}@{REALMS[wired.example]}"
            assert privilege in signed_in.rights["/"]

    def test_so_they_have_on_the_backup_server(self, wired):
        server = wired.fleet.pbs["backup"]
        assert "Permissions.Modify" in wired.person("alice").sign_in(server.url, REALMS[wired.example], server.url).rights["/"]

    def test_after_a_sign_on_a_run_still_writes_nothing(self, wired):
        assert wired.play("wire").succeeded().changed == []
        assert wired.fleet.writes() == []

    def test_no_secret_is_in_any_output(self, wired):
        told = wired.play("wire", "-vvvv", "--diff").succeeded().output
        realm = REALMS[wired.example]
        held = [
            ask(wired, wired.fleet.pve["lab"][0], "access", "domains", realm)["client-key"],
            ask(wired, wired.fleet.pbs["backup"], "config", "access", "openid", realm)["client-key"],
        ]
        assert len(set(held)) == 2
        assert [secret for secret in [*wired.fleet.secrets(), *held] if secret in told] == []


class TestAuthentik:
    """What is different there: an issuer for each application, and bindings."""

    def test_each_host_has_the_issuer_of_its_application(self, lab):
        issuer = ask(lab, lab.fleet.pve["lab"][0], "access", "domains", "authentik")["issuer-url"]
        assert issuer == f"{lab.fleet.authentik.url}/application/o/proxmox/"
        issuer = ask(lab, lab.fleet.pbs["backup"], "config", "access", "openid", "authentik")["issuer-url"]
        assert issuer == f"{lab.fleet.authentik.url}/application/o/proxmox-backup/"

    def test_a_realm_asks_for_no_scope_that_there_is_not(self, lab):
        realm = ask(lab, lab.fleet.pve["lab"][0], "access", "domains", "authentik")
        assert set(realm["scopes"].replace(",", " ").split()) == {"email", "profile"}
        assert realm["groups-claim"] == "groups"

    def test_only_members_of_declared_groups_get_in(self, lab):
        node = lab.fleet.pve["lab"][0]
        lab.play("wire", fleetgate_users=[{"username": "eve", "email": "eve@example.org"}]).succeeded()
        with pytest.raises(Refused, match="authentik goes no further"):
            lab.person("eve").sign_in(node.url, "authentik", at(node, [node]))

    def test_the_type_can_also_be_any_issuer(self, lab):
        """Nothing is asked of authentik's administration then, and nothing changes."""
        nodes = lab.fleet.pve["lab"]
        trust = str(lab.fleet.authority.bundle)
        provider = {"type": "oidc", "issuer": lab.fleet.authentik.url + "/application/o/{client_id}/", "ca_path": trust}
        assert lab.play("wire", fleetgate_idp=provider).succeeded().changed == []
        assert lab.fleet.writes() == []
        assert not [one for name, one in lab.fleet.exchanges() if name == "authentik" and one.path.startswith("/api/")]
        assert lab.person("alice").sign_in(nodes[1].url, "authentik", at(nodes[1], nodes)).userid == "alice@authentik"

    def test_a_redirect_uri_that_any_issuer_does_not_know_is_named(self, lab):
        trust = str(lab.fleet.authority.bundle)
        provider = {"type": "oidc", "issuer": lab.fleet.authentik.url + "/application/o/{client_id}/", "ca_path": trust}
        run = lab.play("wire", fleetgate_idp=provider, fleetgate_names=["pve.company.example.org"])
        assert run.code != 0 and "may not have the redirect URI https://pve.company.example.org:" in " ".join(run.failed)
        assert lab.fleet.writes() == []

    def test_what_an_interrupted_run_left_is_taken_up(self, lab):
        """The application of the backup server is gone, and its provider is there still."""
        bearer = {"Authorization": f"Bearer {lab.fleet.authentik_token}"}
        url = f"{lab.fleet.authentik.url}/api/v3/core/applications/proxmox-backup/"
        requests.delete(url, headers=bearer, verify=str(lab.fleet.authority.bundle), timeout=10).raise_for_status()
        server = lab.fleet.pbs["backup"]
        with pytest.raises(Refused):
            lab.person("alice").sign_in(server.url, "authentik", server.url)
        lab.play("wire").succeeded()
        assert {name for name, _write in lab.fleet.writes()} == {"authentik"}
        assert "Permissions.Modify" in lab.person("alice").sign_in(server.url, "authentik", server.url).rights["/"]
        with pytest.raises(Refused):
            lab.person("eve").sign_in(server.url, "authentik", server.url)
        assert lab.play("wire").succeeded().changed == []


@pytest.mark.parametrize("version", ["2024.12", "2025.12"])
def test_older_servers_are_wired_as_well(fleet_of, version):
    lab = fleet_of("authentik", authentik=version)
    lab.play("wire").succeeded()
    node = lab.fleet.pve["lab"][0]
    assert "Permissions.Modify" in lab.person("alice").sign_in(node.url, "authentik", at(node, [node])).rights["/"]
    assert lab.play("wire").succeeded().changed == []
    assert lab.fleet.writes() == []


class TestSwitch:
    """A fleet that signs in through Pocket ID goes over to authentik, and back: one variable is another."""

    def test_people_keep_their_rights(self, fleet_of):
        lab = fleet_of("homelab")
        node, backup = lab.fleet.pve["pve1"][0], lab.fleet.pbs["pbs1"]
        issuers = []
        for kind in ("pocketid", "authentik", "pocketid"):
            lab.fleet.idp = kind
            provider = lab.fleet.provider()
            planned = lab.play("wire", "--check", fleetgate_idp=provider).succeeded()
            done = lab.play("wire", fleetgate_idp=provider).succeeded()
            assert sorted(done.changed) == sorted(planned.changed) != []
            again = lab.play("wire", fleetgate_idp=provider).succeeded()
            assert again.changed == [] and lab.fleet.writes() == []
            issuers.append(ask(lab, node, "access", "domains", "pocketid")["issuer-url"])
            for server in (node, backup):
                assert "Realm.Allocate" in lab.person("alice").sign_in(server.url, "pocketid", server.url).rights["/"]
            signed_in = lab.person("bob").sign_in(node.url, "pocketid", node.url)
            assert signed_in.userid == "bob@pocketid" and "Sys.Audit" in signed_in.rights["/"]
        assert issuers == [lab.fleet.pocketid.url, f"{lab.fleet.authentik.url}/application/o/proxmox-ve/", lab.fleet.pocketid.url]


def client(secret="{{ vault_client_secrets['proxmox-pve'] }}", **more):
    return {"id": "proxmox-pve", "name": "Proxmox", **({"secret": secret} if secret else {}), **more}


WRONG = {
    "a token of nobody": ("authentik", lambda idp: {"fleetgate_idp": {**idp, "token": "nobodys-token"}}, "the token is not accepted"),
    "no token": ("authentik", lambda idp: {"fleetgate_idp": {**idp, "token": ""}}, "token: must be given"),
    "an address that is not trusted": (
        "authentik",
        lambda idp: {"fleetgate_idp": {"type": "authentik", "url": idp["url"], "token": idp["token"]}},
        "is not trusted",
    ),
    "the global issuer": (
        "authentik",
        lambda idp: {"fleetgate_client": client(None, issuer_mode="global")},
        "issuer_mode: 'global' cannot be used by PVE and PBS",
    ),
    "a pattern of Pocket ID": (
        "authentik",
        lambda idp: {"fleetgate_client": client(None, callback_urls=["https://*.example.org"])},
        "has a pattern as Pocket ID has them",
    ),
    "an option of nobody": ("authentik", lambda idp: {"fleetgate_users": [{"username": "x", "mail": "x@example.org"}]}, r"users\[0\]: unknown option mail"),
    "a scope that authentik has not": (
        "authentik",
        lambda idp: {"fleetgate_client": client(None, property_mappings=["openid", "groups"])},
        "scope mapping groups does not exist",
    ),
    "no issuer": ("oidc", lambda idp: {"fleetgate_idp": {"type": "oidc"}}, "issuer: '' must not be empty"),
    "an issuer with a slash": (
        "oidc",
        lambda idp: {"fleetgate_idp": {**idp, "issuer": idp["issuer"] + "/"}},
        "the issuer calls itself 'https://.*' and not 'https://.*/'",
    ),
    "an issuer that is none": ("oidc", lambda idp: {"fleetgate_idp": {**idp, "issuer": idp["issuer"] + "/nowhere"}}, "nowhere"),
    "no secret": ("oidc", lambda idp: {"fleetgate_client": client(None)}, "fleetgate_client.secret must be given for proxmox-pve"),
    "a wrong secret": ("oidc", lambda idp: {"fleetgate_client": client("not-the-secret-of-it")}, "it does not take the secret of the client proxmox-pve"),
}


@pytest.fixture(scope="module")
def unwired(fleet_of):
    return {example: fleet_of(example) for example in REALMS}


class TestWrongProviders:
    """Everything that is wrong is said, and nothing is written on any server of the fleet."""

    @pytest.mark.parametrize("case", WRONG)
    def test_it_writes_nothing_anywhere(self, unwired, case):
        example, variables, message = WRONG[case]
        fleet = unwired[example]
        run = fleet.play("wire", **variables(fleet.fleet.provider()))
        assert run.code != 0
        assert re.search(message, " ".join(run.failed)), run.failed
        assert fleet.fleet.writes() == []
        assert "not-the-secret-of-it" not in run.output
