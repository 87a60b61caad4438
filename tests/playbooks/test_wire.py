"""The main job, end to end, with each kind of identity provider: one command wires it to a Proxmox fleet (README)."""

from __future__ import annotations

import pytest

from tests.simulators.browser import Refused

# the examples with one cluster and one backup server, and the names of their realms
REALMS = {"homelab": "pocketid", "authentik": "authentik", "oidc": "company"}


@pytest.fixture(scope="module", params=REALMS)
def wired(request, fleet_of):
    """A fleet that is not wired yet; the tests build on each other."""
    return fleet_of(request.param)


@pytest.fixture(scope="module")
def planned(wired):
    return wired.play("wire", "--check", "--diff").succeeded()


def nodes_of(wired):
    (nodes,) = wired.fleet.pve.values()
    return nodes


def backup_of(wired):
    (server,) = wired.fleet.pbs.values()
    return server


def sign_in(wired, username, node=0):
    server = nodes_of(wired)[node]
    return wired.person(username).sign_in(server.url, REALMS[wired.example], server.named_url)


def test_check_mode_on_an_empty_fleet_completes_and_sends_only_reads(wired, planned):
    assert wired.fleet.writes() == []
    reasons = [step["reason"] for row in planned.results() for step in row.get("plan", ())]
    assert any("admins" in one and one.endswith(f"-{REALMS[wired.example]} has Administrator on /") for one in reasons)


def test_run_matches_its_plan(wired, planned):
    done = wired.play("wire").succeeded()
    assert wired.fleet.writes()
    assert sorted(done.changed) == sorted(planned.changed) != []
    assert done.told("plan", "diff") == planned.told("plan", "diff")


@pytest.mark.parametrize(("username", "privilege"), [("alice", "Permissions.Modify"), ("bob", "Sys.Audit")])
def test_users_have_their_rights_on_every_node_at_the_first_login(wired, username, privilege):
    for node, _server in enumerate(nodes_of(wired)):
        signed_in = sign_in(wired, username, node)
        assert signed_in.userid == f"{username}@{REALMS[wired.example]}"
        assert privilege in signed_in.rights["/"]


def test_auditors_have_read_only_privileges(wired):
    assert all(
        privilege.endswith(".Audit") for privileges in sign_in(wired, "bob").rights.values() for privilege in privileges
    )


def test_users_have_their_rights_on_the_backup_server(wired):
    server = backup_of(wired)
    rights = wired.person("alice").sign_in(server.url, REALMS[wired.example], server.url).rights["/"]
    assert {"Permissions.Modify", "Datastore.Allocate"} <= set(rights)


def test_users_without_rights_cannot_sign_in_on_the_backup_server(wired):
    """In the example with authentik everyone has rights."""
    server = backup_of(wired)
    bob = wired.person("bob")
    if wired.example == "authentik":
        assert set(bob.sign_in(server.url, "authentik", server.url).rights) == {"/datastore"}
    else:
        with pytest.raises(Refused, match="missing, disabled or expired"):
            bob.sign_in(server.url, REALMS[wired.example], server.url)


def test_second_run_writes_nothing_and_prints_no_secret(wired):
    """Neither declared secrets nor the client secrets stored in the realms."""
    again = wired.play("wire", "-vvvv", "--diff").succeeded()
    assert again.changed == [] and wired.fleet.writes() == []
    realm = REALMS[wired.example]
    held = [
        wired.ask(nodes_of(wired)[0], "access", "domains", realm)["client-key"],
        wired.ask(backup_of(wired), "config", "access", "openid", realm)["client-key"],
    ]
    assert all(held) and [secret for secret in [*wired.fleet.secrets(), *held] if secret in again.output] == []


def test_check_mode_of_a_wired_fleet_changes_nothing(wired):
    """The example homelab runs the modules on the target instead of in process."""
    ordinary = {"fleetgate_execute_on": "target", "ansible_connection": "local"} if wired.example == "homelab" else {}
    assert wired.play("wire", "--check", **ordinary).succeeded().changed == []
    assert wired.fleet.writes() == []
