"""A wired fleet after its declaration changes: exactly what is no longer declared is removed."""

from __future__ import annotations

import pytest
import requests

from tests.modules.systems import task
from tests.simulators.browser import Refused
from tests.simulators.server import Fault

PEOPLE = [
    {"username": name, "email": f"{name}@example.org", "first_name": name.title()} for name in ("alice", "bob", "carol")
]
EVERYBODY = {"name": "staff", "members": ["alice", "bob", "carol"]}


def group(members, pve="Administrator", pbs="Admin", **more):
    rights = {
        "pve": [{"path": "/", "roles": [pve]}] if pve else [],
        "pbs": [{"path": "/", "roles": [pbs]}] if pbs else [],
    }
    return {"name": "admins", "members": members, "rights": rights, **more}


class Homelab:
    """A wired homelab and the rights of its users."""

    def __init__(self, wired):
        self.wired = wired
        self.pve, self.pbs = wired.fleet.pve["pve1"][0], wired.fleet.pbs["pbs1"]

    def declare(self, *groups, users=PEOPLE, **more):
        self._declared = {"fleetgate_users": users, "fleetgate_groups": [*groups, EVERYBODY], **more}
        return self.wired.play("wire", "-vvvv", "--diff", **self._declared).succeeded()

    def is_idempotent(self):
        """Whether applying the last declaration again changes nothing."""
        again = self.wired.play("wire", **self._declared).succeeded()
        return again.changed == [] and self.wired.fleet.writes() == []

    def rights(self, username, server):
        return self.wired.person(username).sign_in(server.url, "pocketid", server.url).rights.get("/", [])


@pytest.fixture
def homelab(fleet_of):
    return Homelab(fleet_of("homelab"))


def test_reduced_group_rights_take_effect(homelab):
    homelab.declare(group(["alice"]))
    assert "Realm.Allocate" in homelab.rights("alice", homelab.pve) and "Realm.Allocate" in homelab.rights(
        "alice", homelab.pbs
    )
    homelab.declare(group(["alice"], pve="PVEAuditor", pbs="Audit"))
    for server in (homelab.pve, homelab.pbs):
        rights = homelab.rights("alice", server)
        assert "Sys.Audit" in rights and "Realm.Allocate" not in rights
    homelab.declare(group(["alice"], pve=None, pbs=None))
    assert homelab.rights("alice", homelab.pve) == [] and homelab.rights("alice", homelab.pbs) == []
    assert homelab.is_idempotent()


def test_former_members_lose_the_rights_of_a_group(homelab):
    homelab.declare(group(["alice", "bob"]))
    for server in (homelab.pve, homelab.pbs):
        assert "Realm.Allocate" in homelab.rights("bob", server)
    homelab.declare(group(["alice"]))
    for server in (homelab.pve, homelab.pbs):
        assert homelab.rights("bob", server) == [] and "Realm.Allocate" in homelab.rights("alice", server)
    homelab.declare(group([]))
    for server in (homelab.pve, homelab.pbs):
        assert homelab.rights("alice", server) == []
    assert homelab.is_idempotent()


def test_former_member_keeps_no_rights_when_they_change_at_the_same_time(homelab):
    homelab.declare(group(["alice", "bob"]))
    homelab.declare(group(["alice"], pve="PVEAuditor", pbs="Audit"))
    for server in (homelab.pve, homelab.pbs):
        assert homelab.rights("bob", server) == [] and "Sys.Audit" in homelab.rights("alice", server)


def test_text_values_of_a_survey_are_converted(homelab):
    admins = {
        "name": "admins",
        "members": "alice",
        "rights": {"pve": [{"path": "/", "roles": "Administrator", "propagate": "true"}]},
    }
    users = [{**one, "disabled": "false"} for one in PEOPLE]
    homelab.declare(admins, users=users, fleetgate_client={"id": "px", "name": "Proxmox", "is_public": "false"})
    assert "Realm.Allocate" in homelab.rights("alice", homelab.pve)
    assert homelab.is_idempotent()
    homelab.wired.play("monitor", fleetgate_monitoring={"backup_volumes": "false"}).succeeded()
    acl = homelab.wired.ask(homelab.pve, "access", "acl")
    assert "PVEAuditor" in repr(acl) and "PVEDatastoreAdmin" not in repr(acl)


def test_absent_group_and_person_are_removed(homelab, ansible):
    homelab.declare(group(["alice", "bob"]))
    assert "Realm.Allocate" in homelab.rights("bob", homelab.pve)
    users = [*PEOPLE[::2], {"username": "bob", "state": "absent"}]
    people = {"name": "staff", "members": ["alice", "carol"]}
    gone = {**group([]), "state": "absent"}
    for changed in (True, False):
        run = homelab.wired.play("wire", fleetgate_users=users, fleetgate_groups=[gone, people]).succeeded()
        assert bool(run.changed) is changed
    assert homelab.rights("alice", homelab.pve) == []
    with pytest.raises(Refused):
        homelab.rights("bob", homelab.pve)
    left = ansible.tasks(
        [
            task(homelab.wired, "pve_info", gather=["groups", "users"]),
            task(homelab.wired, "pbs_info", gather=["users", "acl"]),
        ]
    )
    assert "bob@pocketid" not in repr(left.succeeded().results()) and "admins-pocketid" not in repr(left.results())


def test_manual_rights_on_other_paths_are_kept(homelab, ansible):
    homelab.declare(group(["alice"]))
    by_hand = [
        task(homelab.wired, "pve_user", userid="carol@pocketid"),
        task(homelab.wired, "pve_acl", path="/vms/100", roles=["PVEVMUser"], users=["carol@pocketid"]),
        task(homelab.wired, "pve_user", userid="ops@pve"),
        task(homelab.wired, "pve_acl", path="/", roles=["Administrator"], users=["ops@pve"]),
        task(homelab.wired, "pbs_user", userid="carol@pocketid"),
        task(homelab.wired, "pbs_acl", path="/datastore/tank", roles=["DatastoreReader"], users=["carol@pocketid"]),
        task(homelab.wired, "pocketid_group", name="guests", users=["carol"]),
        task(homelab.wired, "pocketid_client", id="proxmox-ve", allowed_groups=["guests"], append=["allowed_groups"]),
    ]
    assert ansible.tasks(by_hand).succeeded().failed == []
    assert homelab.is_idempotent()


def test_right_of_a_person_keeps_those_of_others(homelab, ansible):
    alice = {**PEOPLE[0], "rights": {"pbs": [{"path": "/", "roles": ["Admin"]}]}}
    homelab.declare(users=[alice, *PEOPLE[1:]])
    by_hand = [
        task(homelab.wired, "pbs_user", userid="carol@pocketid"),
        task(homelab.wired, "pbs_acl", path="/", roles=["Admin"], users=["carol@pocketid"]),
    ]
    assert ansible.tasks(by_hand).succeeded().failed == []
    assert homelab.is_idempotent()
    assert "Realm.Allocate" in homelab.rights("carol", homelab.pbs)


def test_client_can_become_public_and_confidential_again(homelab):
    for public in (True, False):
        homelab.declare(group(["alice"]), fleetgate_client={"id": "px", "name": "Proxmox", "is_public": public})
        for server in (homelab.pve, homelab.pbs):
            assert "Realm.Allocate" in homelab.rights("alice", server)
    assert homelab.is_idempotent()


def test_declared_client_secret_is_used(homelab):
    for secret in ("declared-in-a-vault-somewhere", "declared-anew-after-a-year"):
        told = homelab.declare(group(["alice"]), fleetgate_client={"id": "px", "name": "Proxmox", "secret": secret})
        assert secret not in told.output
        for server in (homelab.pve, homelab.pbs):
            assert "Realm.Allocate" in homelab.rights("alice", server)
    assert homelab.is_idempotent()


def test_revoked_client_secret_is_replaced(homelab):
    """The realm's secret was revoked at Pocket ID: a new one is created and stored in the realm."""
    homelab.declare(group(["alice"]))
    fleet = homelab.wired.fleet
    secrets = f"{fleet.pocketid.url}/api/oidc/clients/proxmox-ve/secrets"
    as_administrator = {"headers": {"X-API-Key": fleet.api_key}, "verify": str(fleet.authority.bundle), "timeout": 10}
    for one in requests.get(secrets, **as_administrator).json():
        requests.delete(f"{secrets}/{one['id']}", **as_administrator).raise_for_status()
    with pytest.raises(Refused):
        homelab.rights("alice", homelab.pve)
    repaired = homelab.declare(group(["alice"]))
    assert [one for one in repaired.changed if "pve1" in one] != []
    assert "Realm.Allocate" in homelab.rights("alice", homelab.pve)
    assert homelab.is_idempotent()


def test_leftover_secrets_of_interrupted_runs_never_block_a_run(homelab):
    """As many interrupted runs as Pocket ID keeps secrets: each created a secret that no host received."""
    homelab.declare(group(["alice"]))
    fleet = homelab.wired.fleet
    secrets = f"{fleet.pocketid.url}/api/oidc/clients/proxmox-ve/secrets"
    as_administrator = {"headers": {"X-API-Key": fleet.api_key}, "verify": str(fleet.authority.bundle), "timeout": 10}
    for one in requests.get(secrets, **as_administrator).json():
        requests.delete(f"{secrets}/{one['id']}", **as_administrator).raise_for_status()
    for number in range(20):
        left = {"secret": f"f_{number:02}-that-nobody-has"}
        requests.post(secrets, json=left, **as_administrator).raise_for_status()
    homelab.declare(group(["alice"]))
    assert "Realm.Allocate" in homelab.rights("alice", homelab.pve)
    assert homelab.is_idempotent()


def test_limited_run_keeps_the_only_secret_of_a_shared_client(fleet_of):
    """Up to Pocket ID 2.13 a new secret replaces the old one, so it requires all hosts that share the client."""
    wired = fleet_of("fleet", pocketid="2.13")
    wired.play("wire", "--limit", "backup-berlin").succeeded()
    berlin = wired.fleet.pbs["backup-berlin"]
    alone = wired.play("wire", "--limit", "backup-vienna")
    assert (
        alone.code != 0
        and "replace_secret: must be true: Pocket ID 2.13.0 stores one secret per client" in " ".join(alone.failed)
    )
    assert "Realm.Allocate" in wired.person("alice").sign_in(berlin.url, "pocketid", berlin.url).rights["/"]
    wired.play("wire", "--limit", "pbs").succeeded()
    for server in wired.fleet.pbs.values():
        assert "Realm.Allocate" in wired.person("alice").sign_in(server.url, "pocketid", server.url).rights["/"]


@pytest.mark.parametrize("down", ["pve", "pbs"])
def test_skipped_host_is_reported_with_the_reason(homelab, down):
    getattr(homelab, down).observed.faults.append(Fault(status=0, times=1000))
    run = homelab.wired.play("wire")
    assert "does not answer" in run.output and "censored" not in " ".join(run.failed)
    other = {"pve": "pbs1", "pbs": "pve1"}[down]
    assert [row["host"] for row in run.rows if row["task"] == "Check the host" and row["outcome"] == "ok"] == [other]


def test_free_strategy_works(homelab):
    run = homelab.wired.play("wire", ANSIBLE_STRATEGY="free")
    assert run.failed == [] and run.code == 0
    assert homelab.wired.play("wire").succeeded().changed == []


def test_unrelated_variables_may_have_any_name(homelab):
    """Also as extra variables, which take precedence over those of roles."""
    own = ("url", "port", "user", "owner", "host", "file", "secret", "product", "people", "access", "address")
    homelab.declare(group(["alice"]), **{f"fleetgate_{name}": "mine" for name in own})
    assert "Realm.Allocate" in homelab.rights("alice", homelab.pve)
