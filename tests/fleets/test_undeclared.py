"""Undeclared objects: reported by name on every run, and removed with fleetgate_undeclared=remove.

Logins of users and the permissions of their tokens show that they are removed.
"""

from __future__ import annotations

import pytest
import requests

from tests.modules.systems import task
from tests.simulators.browser import Refused

ADMIN = {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"]}]}
READER = {"pve": [{"path": "/", "roles": ["PVEAuditor"]}]}


def person(name, **more):
    return {"username": name, "email": f"{name}@example.org", "first_name": name.title(), **more}


def group(name, *members, **more):
    return {"name": name, "members": list(members), **more}


EVERYBODY = group("staff", "alice", "bob")
PEOPLE = [person("alice"), person("bob")]


def declaration(users=tuple(PEOPLE), groups=(), **more):
    return {"fleetgate_users": list(users), "fleetgate_groups": [*groups, EVERYBODY], **more}


class Fleet:
    """A wired fleet and the rights of its users on each server."""

    def __init__(self, wired):
        self.wired = wired
        self.pve = next(iter(wired.fleet.pve.values()))[0]
        self.pbs = next(iter(wired.fleet.pbs.values()))

    def wire(self, declared, *arguments, **more):
        return self.wired.play("wire", *arguments, **declared, **more).succeeded()

    def rights(self, username, server, realm="pocketid"):
        """The privileges on /, or None if the login is refused."""
        try:
            return self.wired.person(username).sign_in(server.url, realm, server.url).rights.get("/", [])
        except Refused:
            return None

    def reports(self, declared, *names):
        """Two runs report the undeclared objects in results and output, and write nothing."""
        for _run in range(2):
            run = self.wire(declared)
            screen = " ".join(run.output.split())
            found = [one["name"] for result in run.results() for one in result.get("undeclared", ())]
            for name in names:
                assert [one for one in found if one.startswith(name)], (name, found)
                assert name in screen, (name, run.output)
        assert run.changed == [] and self.wired.fleet.writes() == []

    def removes(self, declared):
        """fleetgate_undeclared=remove removes as check mode predicts, and a second run changes nothing."""
        predicted = self.wire(declared, "--check", "--diff", fleetgate_undeclared="remove")
        assert self.wired.fleet.writes() == []
        done = self.wire(declared, "--diff", fleetgate_undeclared="remove")
        assert predicted.changed == done.changed != []
        assert predicted.told("diff", "plan") == done.told("diff", "plan")
        again = self.wire(declared, fleetgate_undeclared="remove")
        assert again.changed == [] and self.wired.fleet.writes() == []
        assert "not declared:" not in again.output


@pytest.fixture
def homelab(fleet_of):
    return Fleet(fleet_of("homelab"))


def test_undeclared_rights_of_a_person_on_pbs_are_removed(homelab):
    administrator = person("alice", rights={"pbs": ADMIN["pbs"]})
    homelab.wire(declaration([administrator, person("bob")]))
    assert "Permissions.Modify" in homelab.rights("alice", homelab.pbs)
    homelab.reports(declaration(), "Admin on / of user alice@pocketid")
    homelab.removes(declaration())
    assert homelab.rights("alice", homelab.pbs) == []


def test_undeclared_person_loses_rights_and_account(homelab):
    rights = person("bob", rights=ADMIN)
    homelab.wire(declaration([person("alice"), rights]))
    for server in (homelab.pve, homelab.pbs):
        assert "Permissions.Modify" in homelab.rights("bob", server)
    without = {**declaration([person("alice")]), "fleetgate_groups": [group("staff", "alice")]}
    homelab.reports(without, "user bob@pocketid (Administrator on /", "user bob@pocketid (Admin on /")
    homelab.removes(without)
    assert [one["userid"] for one in homelab.wired.ask(homelab.pve, "access", "users") if "bob" in one["userid"]] == []
    assert [one["userid"] for one in homelab.wired.ask(homelab.pbs, "access", "users") if "bob" in one["userid"]] == []
    assert not homelab.rights("bob", homelab.pve) and not homelab.rights("bob", homelab.pbs)


def test_former_member_and_its_tokens_leave_the_group_on_pve_at_once(homelab, ansible):
    admins = group("admins", "alice", "bob", rights={"pve": ADMIN["pve"]})
    homelab.wire(declaration(groups=[admins]))
    assert "Realm.Allocate" in homelab.rights("bob", homelab.pve)
    token = {"userid": "bob@pocketid", "tokenid": "cron", "privsep": False, "return_secret": True}
    made = ansible.tasks([task(homelab.wired, "pve_token", **token)]).succeeded().results()[0]
    secret = f"PVEAPIToken=bob@pocketid!cron={made['secret']}"

    def of_the_token():
        url, trust = f"{homelab.pve.url}/api2/json/access/permissions", str(homelab.wired.fleet.authority.bundle)
        return requests.get(url, headers={"Authorization": secret}, verify=trust, timeout=10).json()["data"]

    assert "Realm.Allocate" in of_the_token()["/"]
    without = declaration(groups=[group("admins", "alice", rights={"pve": ADMIN["pve"]})])
    run = homelab.wire(without)
    assert "bob@pocketid leaves admins-pocketid" in " ".join(run.output.split())
    assert "/" not in of_the_token()
    again = homelab.wire(without)
    assert again.changed == [] and homelab.wired.fleet.writes() == []
    assert homelab.rights("bob", homelab.pve) == []
    assert "Realm.Allocate" in homelab.rights("alice", homelab.pve)


def test_renamed_realm_is_removed_with_its_logins_and_rights(homelab):
    declared = declaration(groups=[group("admins", "alice", rights=ADMIN)])
    homelab.wire(declared)
    for server in (homelab.pve, homelab.pbs):
        assert "Realm.Allocate" in homelab.rights("alice", server)
    renamed = {**declared, "fleetgate_realm": {"name": "sso"}}
    homelab.wire(renamed)
    for server in (homelab.pve, homelab.pbs):
        assert "Realm.Allocate" in homelab.rights("alice", server, "sso")
        assert "Realm.Allocate" in homelab.rights("alice", server)
    names = ("realm pocketid, a former name of sso", "user alice@pocketid", "group admins-pocketid (Administrator on /")
    homelab.reports(renamed, *names)
    homelab.removes(renamed)
    for server in (homelab.pve, homelab.pbs):
        assert homelab.rights("alice", server) is None
        assert "Realm.Allocate" in homelab.rights("alice", server, "sso")
        assert "pocketid" not in repr(homelab.wired.ask(server, "access", "acl"))


@pytest.mark.parametrize("example", ["homelab", "authentik"])
def test_undeclared_group_is_removed_after_its_rights(fleet_of, example):
    fleet = Fleet(fleet_of(example))
    realm = {"homelab": "pocketid", "authentik": "authentik"}[example]
    readers = group("readers", "alice", rights=READER)
    admins = {**group("admins", "bob"), "rights": {"pve": ADMIN["pve"]}}
    fleet.wire(declaration(groups=[readers, admins]))
    assert "Realm.Allocate" in fleet.rights("bob", fleet.pve, realm)
    fleet.reports(declaration(groups=[readers, group("admins", "bob")]), f"Administrator on / of group admins-{realm}")
    without = {**declaration(), "fleetgate_groups": [readers]}
    fleet.reports(without, f"group admins-{realm} (Administrator on /", "group admins may use")
    fleet.removes(without)
    assert not fleet.rights("bob", fleet.pve, realm)
    assert "Sys.Audit" in fleet.rights("alice", fleet.pve, realm)


@pytest.mark.parametrize("example", ["homelab", "authentik"])
def test_undeclared_client_and_its_allowed_groups_are_removed(fleet_of, example):
    fleet = Fleet(fleet_of(example))
    realm = {"homelab": "pocketid", "authentik": "authentik"}[example]
    groups = [group("readers", "alice", rights=READER), group("admins", "bob", rights=ADMIN)]
    former = {"id": "former", "name": "Former", "allowed_groups": ["readers", "admins"]}
    fleet.wire(declaration(groups=groups), fleetgate_client=former, fleetgate_names=["old.example.org"])
    assert "Realm.Allocate" in fleet.rights("bob", fleet.pve, realm)
    narrower = {**former, "allowed_groups": ["readers"]}
    kind = {"homelab": "client", "authentik": "application"}[example]
    declared = declaration(groups=groups, fleetgate_client=narrower)
    gone = [f"redirect URI https://old.example.org:8006 of {kind} former"]
    # at Pocket ID the declared list replaces all groups; at authentik bindings are separate objects
    fleet.reports(declared, *gone, *(["group admins may use application former"] if example == "authentik" else []))
    fleet.removes(declared)
    assert fleet.rights("bob", fleet.pve, realm) is None
    assert "Sys.Audit" in fleet.rights("alice", fleet.pve, realm)
    declared = declaration(groups=groups, fleetgate_client={"id": "present", "name": "Present"})
    fleet.wire(declared)
    fleet.reports(declared, f"{kind} former (redirect URIs: ")
    fleet.removes(declared)
    assert "Realm.Allocate" in fleet.rights("bob", fleet.pve, realm)
    if example == "homelab":
        assert list(fleet.wired.clients()) == ["present"]


def test_limited_run_removes_nothing_other_hosts_need(fleet_of):
    fleet = Fleet(fleet_of("fleet"))
    groups = [group("admins", "alice", rights=ADMIN)]
    shared = {"id": "shared", "name": "Shared"}
    fleet.wire(declaration(groups=groups), fleetgate_client=shared)
    servers = [nodes[0] for nodes in fleet.wired.fleet.pve.values()] + list(fleet.wired.fleet.pbs.values())
    present = declaration(groups=groups, fleetgate_client={"id": "present", "name": "Present"})
    for declared in (declaration(groups=groups, fleetgate_client=shared), present):
        fleet.wire(declared, "--limit", "berlin", fleetgate_undeclared="remove")
        for server in servers:
            assert "Realm.Allocate" in fleet.rights("alice", server), server.name
    fleet.wire(present, fleetgate_undeclared="remove")
    assert list(fleet.wired.clients()) == ["present"]
    for server in servers:
        assert "Realm.Allocate" in fleet.rights("alice", server), server.name


def test_unrelated_objects_are_not_reported(homelab, ansible):
    declared = declaration(groups=[group("admins", "alice", rights=ADMIN)])
    homelab.wire(declared)
    for name in ("alice", "bob"):
        assert homelab.rights(name, homelab.pve) is not None
    by_hand = [
        task(homelab.wired, "pve_user", userid="ops@pve"),
        task(homelab.wired, "pve_acl", path="/", roles=["Administrator"], users=["ops@pve"]),
        task(homelab.wired, "pve_realm", realm="other", issuer_url="https://id.example.org", client_id="other"),
        task(homelab.wired, "pve_user", userid="eve@other"),
        task(homelab.wired, "pve_acl", path="/vms", roles=["PVEVMUser"], users=["eve@other"]),
        task(homelab.wired, "pve_token", userid="alice@pocketid", tokenid="own", return_secret=True),
        task(homelab.wired, "pve_acl", path="/vms", roles=["PVEVMUser"], tokens=["alice@pocketid!own"]),
        task(homelab.wired, "pocketid_client", id="wiki", name="Wiki", callback_urls=["https://wiki.example.org"]),
    ]
    assert ansible.tasks(by_hand).succeeded().failed == []
    run = homelab.wire(declared, fleetgate_undeclared="remove")
    assert run.changed == [] and homelab.wired.fleet.writes() == []
    assert [one for result in run.results() for one in result.get("undeclared", ())] == []


def test_invalid_fleetgate_undeclared_is_refused(homelab):
    wrong = homelab.wired.play("wire", fleetgate_undeclared="delete")
    assert wrong.code != 0 and "fleetgate_undeclared: must be one of report, remove, ignore" in wrong.output
    empty = {"fleetgate_users": [], "fleetgate_groups": []}
    wrong = homelab.wired.play("wire", fleetgate_undeclared="remove", **empty)
    assert wrong.code != 0 and "neither fleetgate_users nor fleetgate_groups declares anything" in wrong.output
    assert homelab.wired.fleet.writes() == []
