"""Effective permissions of users, tokens and groups: returned by permissions_of, checked by required_privileges. Also filters."""

from __future__ import annotations

import pytest

from tests.modules.systems import task
from tests.simulators.pbs import PbsSimulator
from tests.simulators.server import Authority, serve

NAME = {"pve": "tokenid", "pbs": "token_name"}
AUDIT = {"pve": "PVEAuditor", "pbs": "Audit"}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(params=["pve", "pbs"])
def system(request):
    return request.param


def identities(system, name, paths=("/",), **token):
    """A user with a token and their ACL, as one state."""
    owner = f"{name}@{system}"
    return {
        "users": [{"userid": owner}],
        "tokens": [{"userid": owner, NAME[system]: "ci", "return_secret": True, **token}],
        "acl": [
            {"path": "/", "roles": [AUDIT[system]], "users": [owner]},
            *({"path": path, "roles": [AUDIT[system]], "tokens": [f"{owner}!ci"]} for path in paths),
        ],
    }


class TestRequired:
    def test_existing_privileges_satisfy_required_privileges(self, homelab, ansible, system):
        required = [{"path": "/", "privileges": ["Sys.Audit"]}, {"path": "//access/", "privileges": ["Sys.Audit"]}]
        state = task(homelab, f"{system}_state", **identities(system, "ann", required_privileges=required))
        predicted, done, again = (
            ansible.tasks([{**state, "check_mode": True}, state, {**state, "check_mode": True}]).succeeded().results()
        )
        assert not predicted["failed"] and not done["failed"], (predicted, done)
        assert predicted["plan"] == done["plan"] != [] and not again["failed"] and not again["changed"]

    def test_missing_token_privilege_is_reported_after_the_writes(self, homelab, ansible, system):
        """Its user has the privilege, but the token has no entry of its own."""
        required = [
            {"path": "/", "privileges": ["Sys.Audit", "Sys.Modify"]},
            {"path": "/access", "privileges": ["Sys.Audit"]},
        ]
        state = identities(system, "bob", paths=("/access",), required_privileges=required)
        one = task(homelab, f"{system}_state", **state)
        predicted, done, again = ansible.tasks(
            [{**one, "check_mode": True}, one, {**one, "check_mode": True}]
        ).results()
        assert not predicted["failed"], "what is not there yet cannot be asked for"
        lacking = f"required_privileges: token bob@{system}!ci lacks Sys.Audit, Sys.Modify on /; assign it a role with that privilege; a token needs"
        assert done["failed"] and done["changed"] and lacking in done["msg"] and "on /access" not in done["msg"]
        assert f"bob@{system}!ci" in done["secrets"], "what the server told before is not lost"
        assert again["failed"] and not again["changed"] and lacking in again["msg"]

    def test_missing_user_privilege_is_reported(self, homelab, ansible, system):
        required = [{"path": "/", "privileges": ["Sys.Audit"]}]
        (result,) = ansible.tasks(
            [task(homelab, f"{system}_user", userid=f"eve@{system}", required_privileges=required)]
        ).results()
        assert (
            result["failed"]
            and f"user eve@{system} lacks Sys.Audit on /; assign it a role with that privilege" in result["msg"]
        )

    def test_caller_without_audit_privilege_is_refused_before_the_first_write(self, homelab, ansible, system):
        weak = {
            "pve": [{"path": "/access", "roles": ["PVEUserAdmin"]}],
            "pbs": [{"path": "/access/users", "roles": ["Admin"]}],
        }[system]
        who = [f"weak@{system}", f"weak@{system}!ci"]
        acl = [{**one, "users": who[:1], "tokens": who[1:]} for one in weak]
        state = {**identities(system, "weak"), "acl": acl}
        told = ansible.tasks([task(homelab, f"{system}_state", **state)]).succeeded().results()[0]
        as_weak = {"api_token_id": who[1], "api_token_secret": told["secrets"][who[1]]}
        homelab.fleet.forget()
        new = task(
            homelab,
            f"{system}_user",
            userid=f"new@{system}",
            required_privileges=[{"path": "/", "privileges": ["Sys.Audit"]}],
            **as_weak,
        )
        (result,) = ansible.tasks([new]).results()
        assert (
            result["failed"]
            and f"{who[1]} lacks Sys.Audit on /access (to read the permissions of user new@{system})" in result["msg"]
        ), result["msg"]
        assert homelab.fleet.writes() == []


def test_permission_that_is_granted_between_two_attempts_counts_in_the_second(homelab, ansible, system):
    """Items of a loop, like repeated attempts of a task, share what was read of a server."""
    state = task(homelab, f"{system}_state", **identities(system, "late"))
    told = ansible.tasks([state]).succeeded().results()[0]
    who = [f"late@{system}", f"late@{system}!ci"]
    as_late = {"api_token_id": who[1], "api_token_secret": told["secrets"][who[1]]}
    new = {**as_late, "users": [{"userid": f"new@{system}"}], "acl": []}
    grant = {"path": "/access", "roles": ["Administrator" if system == "pve" else "Admin"]}
    granting = {"users": [], "acl": [{**grant, "users": who[:1], "tokens": who[1:]}]}
    connection = task(homelab, f"{system}_state")[f"fleetgate.proxmox.{system}_state"]
    options = {name: f"{{{{ item.{name} }}}}" for name in ("users", "acl", "api_token_id", "api_token_secret")}
    items = [new, {**connection, **granting}, new]
    attempts = {f"fleetgate.proxmox.{system}_state": {**connection, **options}, "loop": items, "ignore_errors": True}
    first, granted, second = ansible.tasks([attempts]).results()[:3]
    assert "lacks" in first["msg"] and granted["changed"] and second["changed"], (first, granted, second)


def test_delayed_acl_cache_of_pbs_is_waited_for(ansible, tmp_path):
    """PBS caches the ACL for five seconds from the first permission check."""
    simulator = PbsSimulator(tokens={"root@pam!fleet": "a-secret"}, acl_cache_seconds=5)
    authority = Authority(tmp_path)
    with serve(simulator.app(), authority.tls("127.0.0.1"), "127.0.0.1") as port:
        where = {
            "api_host": "127.0.0.1",
            "api_port": port,
            "ca_path": str(authority.bundle),
            "api_token_id": "root@pam!fleet",
            "api_token_secret": "a-secret",
        }
        state = identities("pbs", "ann", required_privileges=[{"path": "/", "privileges": ["Sys.Audit"]}])
        tasks = [
            {"fleetgate.proxmox.pbs_state": {**where, **state, "acl": []}, "ignore_errors": True},
            {"fleetgate.proxmox.pbs_state": {**where, **state}},
        ]
        without, with_acl = ansible.tasks(tasks).results()
    assert "lacks Sys.Audit on /" in without["msg"] and not with_acl["failed"], with_acl


class TestPermissionsOf:
    def test_group_permissions_equal_those_of_a_member_without_own_entries(self, homelab, ansible):
        """The server returns it for the member; for the group it follows from the ACL."""
        group, user = {"groupid": "crew"}, {"userid": "carl@pve", "groups": ["crew"]}
        acl = [
            {"path": "/", "roles": ["PVEAuditor"], "groups": ["crew"]},
            {"path": "/vms", "roles": ["PVEVMUser", "PVEAuditor"], "groups": ["crew"], "propagate": False},
            {"path": "/vms/100", "roles": ["PVEVMUser"], "groups": ["crew"]},
            {"path": "/storage", "roles": ["PVEDatastoreUser"], "groups": ["crew"], "propagate": False},
            {"path": "/storage/local", "roles": ["NoAccess"], "groups": ["crew"]},
            {"path": "/sdn/zones/a/b", "roles": ["PVESDNUser"], "groups": ["crew"]},
            {"path": "/nodes", "roles": ["PVESysAdmin"], "users": ["root@pve"]},
        ]
        tasks = [
            task(homelab, "pve_state", groups=[group], users=[user, {"userid": "root@pve"}], acl=acl),
            task(
                homelab, "pve_info", gather=["version"], permissions_of=["crew", "carl@pve", "nobody@pve", "nobodies"]
            ),
        ]
        run = ansible.tasks(tasks).succeeded()
        assert run.failed == []
        told = run.results()[-1]["permissions"]
        assert told["crew"] == told["carl@pve"]
        assert told["crew"]["/vms"]["VM.Console"] is False and told["crew"]["/vms/100"]["VM.Console"] is True
        assert "/storage/local" not in told["crew"] and "/sdn/zones/a/b" in told["crew"]
        assert told["nobody@pve"] == told["nobodies"] == {}

    def test_token_permissions_never_exceed_those_of_its_user(self, homelab, ansible, system):
        state = identities(system, "dora", paths=("/", "/access"))
        state["acl"][0]["path"] = "/access"
        who = [f"dora@{system}", f"dora@{system}!ci"]
        tasks = [
            task(homelab, f"{system}_state", **state),
            task(homelab, f"{system}_info", gather=[], permissions_of=who),
        ]
        told = ansible.tasks(tasks).succeeded().results()[-1]["permissions"]
        assert told[who[1]] == told[who[0]] and "/" not in told[who[1]] and told[who[1]]["/access"]["Sys.Audit"] is True


class TestFilters:
    def test_filters_return_matching_objects_only(self, homelab, ansible, system):
        state = identities(system, "fay")
        filters = {
            "users": [{"name": "f*"}, {"realm": "pam"}],
            "tokens": [{"name": f"fay@{system}!*", "realm": system}],
            "acl": [{"path": "/", "subject": f"fay@{system}"}],
        }
        gather = ["users", "tokens", "acl", "realms"]
        tasks = [
            task(homelab, f"{system}_state", **state),
            task(homelab, f"{system}_info", gather=gather, filters=filters),
        ]
        told = ansible.tasks(tasks).succeeded().results()[-1]
        assert {one["userid"] for one in told["users"]} == {f"fay@{system}", "root@pam"}
        assert [one["userid"] for one in told["tokens"]] == [f"fay@{system}"]
        assert told["acl"] == [{"path": "/", "roles": [AUDIT[system]], "users": [f"fay@{system}"], "propagate": True}]
        assert told["realms"] != []
        back = {kind: told[kind] for kind in ("users", "tokens", "acl")}
        (again,) = ansible.tasks([task(homelab, f"{system}_state", **back)]).succeeded().results()
        assert not again["failed"] and not again["changed"]
