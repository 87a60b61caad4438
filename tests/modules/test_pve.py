"""Particularities of PVE: realm syncs, sync jobs, versions."""

from __future__ import annotations

import pytest

from tests.modules.systems import pve
from tests.modules.systems.shared import REALM, Server
from tests.simulators.directory import EXAMPLE, example_directories, person
from tests.simulators.pve import PveSimulator

CORP = {
    "type": "ldap",
    "server1": "ldap.example.org",
    "base_dn": EXAMPLE,
    "user_attr": "uid",
    "sync_attributes": "email=mail",
}
JOB = {"id": "nightly", "realm": "corp", "schedule": "2:30", "scope": "both"}


class Cluster(Server):
    """A cluster with a realm of a directory."""

    def __init__(self, wired, ansible, **options):
        super().__init__(wired, ansible)
        secret = pve.connection(wired)["api_token_secret"]
        self.simulator = PveSimulator(tokens={"root@pam!fleet": secret}, directories=example_directories(), **options)
        pve.server(wired).observed.app = self.simulator.app("pve1")
        with self.simulator.cluster.edit("domains.cfg") as config:
            config.sections["corp"] = dict(CORP)


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def cluster(homelab, ansible):
    """Starts a cluster of a version, or with other options of its own."""

    def start(version="9.2", **options):
        made = Cluster(homelab, ansible, version=version, **options)
        homelab.fleet.forget()
        return made

    return start


@pytest.fixture(params=["8.4", "9.2"])
def version(request):
    return request.param


NEW = ["admins-corp", "ann@corp", "bob@corp", "staff-corp"]


class TestSync:
    def test_sync_creates_and_removes_users_and_groups_as_predicted(self, cluster, version):
        server = cluster(version)
        sync = {"realm": "corp", "scope": "both"}
        predicted = server.one("pve_realm_sync", check=True, **sync)
        assert [one["userid"] for one in server.done("pve_info", gather=["users"])["users"]] == ["root@pam"]
        done, again, predicted_again = (
            *server.tasks(("pve_realm_sync", sync), ("pve_realm_sync", sync)),
            server.one("pve_realm_sync", check=True, **sync),
        )
        assert done["changed"] and done["added"] == NEW
        assert done["plan"] == [
            {"verb": "POST", "path": "/access/domains/corp/sync", "reason": "realm corp: 4 added, 0 updated, 0 removed"}
        ]
        for part in ("changed", "plan", "diff", "added", "updated", "removed"):
            assert predicted[part] == done[part]
            assert predicted_again[part] == again[part]
        assert not again["changed"] and again["plan"] == [] and again["diff"] == {"before": {}, "after": {}}
        # a dry run each, and twice for real: only doing it shows whether an update changes something
        assert server.writes() == ["POST /access/domains/corp/sync"] * 6
        users = {one["userid"]: one for one in server.done("pve_info", gather=["users"])["users"]}
        assert users["ann@corp"]["email"] == "ann@example.org" and users["ann@corp"]["groups"] == [
            "admins-corp",
            "staff-corp",
        ]

    def test_users_removed_from_the_directory_are_removed_with_their_acl(self, cluster):
        server = cluster()
        sync = {"realm": "corp", "scope": "both", "remove_vanished": ["entry", "acl"]}
        acl = {"path": "/", "roles": ["PVEAuditor"], "users": ["ann@corp"], "groups": ["staff-corp"]}
        server.tasks(("pve_realm_sync", sync), ("pve_acl", acl))
        for directory in server.simulator.cluster.directories:
            del directory.entries[f"uid=ann,ou=people,{EXAMPLE}"]
            del directory.entries[f"cn=admins,ou=groups,{EXAMPLE}"]
            directory.entries.update([person("bob", mail="robert@example.org")])
        refused = server.one("pve_realm_sync", **sync, max_removals=1)
        assert (
            refused["failed"]
            and "max_removals: 2 objects would be removed (group admins-corp, user ann@corp, ...)" in refused["msg"]
        )
        predicted, gone = server.one("pve_realm_sync", check=True, **sync), server.done("pve_realm_sync", **sync)
        assert (gone["added"], gone["updated"], gone["removed"]) == (
            [],
            ["bob@corp", "staff-corp"],
            ["admins-corp", "ann@corp"],
        )
        assert (predicted["added"], predicted["updated"], predicted["removed"]) == ([], [], gone["removed"])
        assert gone["diff"] == {
            "before": {
                "group admins-corp": "present",
                "user ann@corp": "present",
                "user bob@corp": "before the sync",
                "group staff-corp": "before the sync",
            },
            "after": {"user bob@corp": "as in the directory", "group staff-corp": "as in the directory"},
        }
        after = server.done("pve_info", gather=["users", "acl"])
        assert [one["userid"] for one in after["users"]] == ["bob@corp", "root@pam"]
        assert [(one.get("users"), one.get("groups")) for one in after["acl"]] == [(None, ["staff-corp"])]

    def test_remove_vanished_acl_removes_entries_and_keeps_users(self, cluster):
        server = cluster()
        server.tasks(
            ("pve_user", {"userid": "old@corp"}),
            ("pve_user", {"userid": "older@corp"}),
            ("pve_acl", {"path": "/", "roles": ["PVEAuditor"], "users": ["old@corp"]}),
            ("pve_realm_sync", {"realm": "corp", "scope": "both"}),
        )
        sync = {"realm": "corp", "scope": "users", "remove_vanished": ["acl"]}
        predicted, done = server.one("pve_realm_sync", check=True, **sync), server.done("pve_realm_sync", **sync)
        for part in ("changed", "plan", "diff", "added", "updated", "removed"):
            assert predicted[part] == done[part]
        assert done["updated"] == ["old@corp"]
        assert not server.done("pve_realm_sync", **sync)["changed"]

    def test_enable_new_false_creates_disabled_users(self, cluster):
        server = cluster()
        server.done("pve_realm_sync", realm="corp", scope="users", enable_new=False)
        assert {
            one["enable"] for one in server.done("pve_info", gather=["users"])["users"] if one["userid"] != "root@pam"
        } == {False}

    def test_users_the_sync_skips_are_reported(self, cluster):
        server = cluster()
        server.simulator.cluster.directories[0].entries.update([person("a b"), person("eve", mail="nonsense")])
        done = server.done("pve_realm_sync", realm="corp", scope="users", remove_vanished=["none"])
        assert done["warnings"] == [
            "skipping attribute mapping 'mail'->'email' for user 'eve@corp' - 400 invalid value 'nonsense'",
            "value 'a b@corp' does not look like a valid user name",
        ]
        assert done["added"] == ["ann@corp", "bob@corp", "eve@corp"]

    def test_failed_sync_reports_the_end_of_its_log(self, cluster, version):
        server = cluster(version)
        server.simulator.cluster.directories[0].is_up = False
        result = server.one("pve_realm_sync", realm="corp", scope="both")
        assert result["failed"] and not result["changed"]
        assert (
            "failed: Connection refused (end of its log: (dry test run) starting sync for realm corp" in result["msg"]
        )

    def test_sync_longer_than_wait_fails_with_the_task_id(self, cluster):
        result = cluster(task_seconds=60).one("pve_realm_sync", realm="corp", scope="both", wait=1)
        assert result["failed"] and "after 1 seconds the task UPID:pve1:" in result["msg"]

    def test_scope_defaults_to_the_realm_and_is_required_otherwise(self, cluster):
        server = cluster()
        result = server.one("pve_realm_sync", realm="corp")
        assert (
            result["failed"]
            and result["msg"] == "scope: must be set, because realm corp has none in its sync_defaults_options"
        )
        with server.simulator.cluster.edit("domains.cfg") as config:
            config.sections["corp"]["sync-defaults-options"] = "scope=groups"
        assert server.done("pve_realm_sync", realm="corp")["added"] == ["admins-corp", "staff-corp"]


def test_sync_job_is_part_of_pve_state(cluster):
    server = cluster()
    made, known = server.tasks(("pve_state", {"realm_sync_jobs": [JOB]}), ("pve_info", {"gather": ["realm_sync_jobs"]}))
    assert made["realm_sync_jobs"] == known["realm_sync_jobs"]
    again, gone = server.tasks(
        ("pve_state", {"realm_sync_jobs": known["realm_sync_jobs"]}),
        ("pve_state", {"exclusive": {"realm_sync_jobs": [{"name": "*"}]}}),
    )
    assert not again["changed"] and [step["verb"] for step in gone["plan"]] == ["DELETE"]


def test_membership_declared_for_user_and_group_is_idempotent(cluster):
    server = cluster()
    both = {
        "groups": [{"groupid": "staff", "users": ["ann@pve"]}],
        "users": [{"userid": "ann@pve", "groups": ["staff"]}],
    }
    made, again = server.tasks(("pve_state", both), ("pve_state", both))
    assert made["users"][0]["groups"] == ["staff"] and made["groups"][0]["users"] == ["ann@pve"]
    assert not again["failed"] and not again["changed"]


def test_side_effects_on_other_objects_are_predicted(cluster):
    server = cluster()
    known = {
        "groups": [{"groupid": "staff"}, {"groupid": "old"}],
        "users": [{"userid": "ann@pve", "groups": ["staff", "old"]}, {"userid": "bob@pve"}],
    }
    server.done("pve_state", **known, realms=[{"realm": "one", **REALM, "default": True}])
    wanted = {
        "groups": [{"groupid": "staff", "comment": "All"}, {"groupid": "old", "state": "absent"}],
        "users": [{"userid": "ann@pve"}, {"userid": "bob@pve", "groups": ["staff"]}],
        "realms": [{"realm": "one"}, {"realm": "two", **REALM, "default": True}],
    }
    predicted, done = server.one("pve_state", check=True, **wanted), server.done("pve_state", **wanted)
    for kind in wanted:
        assert predicted[kind] == done[kind]
    assert done["groups"][0]["users"] == ["ann@pve", "bob@pve"] and done["users"][0]["groups"] == ["staff"]
    assert [realm["default"] for realm in done["realms"]] == [False, True]


class TestManagers:
    """A delegated manager of some groups or guests can change these; anything else is refused before the first write."""

    STATE = {
        "roles": [
            {"roleid": "Members", "privs": ["User.Modify"]},
            {"roleid": "Guests", "privs": ["VM.Allocate", "VM.Audit"]},
        ],
        "groups": [{"groupid": "crew"}, {"groupid": "ops"}, {"groupid": "admins"}],
        "users": [
            {"userid": "boss@pve"},
            {"userid": "ann@pve", "groups": ["crew"]},
            {"userid": "bob@pve", "groups": ["crew", "admins"]},
        ],
        "tokens": [{"userid": "boss@pve", "tokenid": "run", "privsep": False, "return_secret": True}],
        "acl": [
            {"path": "/access/groups/crew", "roles": ["Members"], "users": ["boss@pve"]},
            {"path": "/access/groups/ops", "roles": ["Members"], "users": ["boss@pve"]},
            {"path": "/access/groups/admins", "roles": ["PVEAuditor"], "users": ["boss@pve"]},
            {"path": "/access", "roles": ["PVEAuditor"], "users": ["boss@pve"], "propagate": False},
            {"path": "/vms", "roles": ["Guests"], "users": ["boss@pve"]},
        ],
    }
    WORKS = [
        ("pve_user", {"userid": "ann@pve", "groups": ["ops", "crew"], "comment": "Night shift"}),
        ("pve_token", {"userid": "ann@pve", "tokenid": "ci", "return_secret": True}),
        ("pve_acl", {"path": "/vms/100", "roles": ["Guests"], "users": ["ann@pve"]}),
    ]
    REFUSED = [
        (
            "pve_user",
            {"userid": "ann@pve", "comment": "Day shift"},
            "lacks User.Modify on /access/groups (user ann@pve: comment)",
        ),
        (
            "pve_user",
            {"userid": "eve@pve", "groups": ["crew"]},
            "lacks User.Modify or Sys.Audit on /access/groups (to see user eve@pve)",
        ),
        (
            "pve_user",
            {"userid": "dan@pve", "groups": ["admins", "crew"]},
            "lacks User.Modify on /access/groups (user dan@pve: groups)",
        ),
        (
            "pve_acl",
            {"path": "/vms/100", "roles": ["PVEVMAdmin"], "users": ["ann@pve"]},
            "lacks Permissions.Modify on /vms/100",
        ),
        (
            "pve_acl",
            {"path": "/vms/100", "roles": ["NoAccess"], "users": ["ann@pve"]},
            "lacks Permissions.Modify on /vms/100",
        ),
        ("pve_acl", {"path": "/vms", "roles": ["Guests"], "users": ["ann@pve"]}, "lacks Permissions.Modify on /vms ("),
    ]

    @pytest.fixture
    def managed(self, cluster):
        server = cluster()
        made = server.done("pve_state", **self.STATE)
        server.done("pve_user", userid="dan@pve", groups=["admins"])
        server.wired.fleet.forget()
        return server, {"api_token_id": "boss@pve!run", "api_token_secret": made["secrets"]["boss@pve!run"]}

    def test_delegated_manager_changes_what_its_privileges_allow(self, managed):
        server, credentials = managed
        for module, options in self.WORKS:
            assert server.done(module, **credentials, **options)["changed"], options

    def test_delegated_manager_is_refused_before_the_first_write(self, managed):
        server, credentials = managed
        refused = server.tasks(*((module, {**credentials, **options}) for module, options, _why in self.REFUSED))
        for (_module, options, why), result in zip(self.REFUSED, refused):
            assert result["failed"] and why in result["msg"], (options, result["msg"])
        assert server.writes() == []


class TestOldVersions:
    """Options that 7.4 does not support are refused with the required version; all others work."""

    WORKS = [
        ("pve_role", {"roleid": "Reader", "privs": ["VM.Audit", "VM.Monitor"]}),
        ("pve_group", {"groupid": "readers", "comment": "They read"}),
        ("pve_user", {"userid": "rita@pve", "groups": ["readers"], "email": "rita@example.org"}),
        ("pve_token", {"userid": "rita@pve", "tokenid": "ci", "return_secret": True}),
        ("pve_acl", {"path": "/vms", "roles": ["Reader"], "groups": ["readers"], "tokens": ["rita@pve!ci"]}),
        ("pve_acl", {"path": "/pool/dev", "roles": ["Reader"], "users": ["rita@pve"]}),
        ("pve_acl", {"path": "/sdn/vnets/v", "roles": ["Reader"], "users": ["rita@pve"]}),
        (
            "pve_realm",
            {
                "realm": "sso",
                "issuer_url": "https://id.example.org",
                "client_id": "pve",
                "username_claim": "email",
                "prompt": "login",
            },
        ),
        ("pve_realm", {"realm": "sso", "issuer_url": "https://id.example.com", "comment": "Sign-on", "prompt": ""}),
        ("pve_realm", {"realm": "corp", "type": "ldap", "filter": "(mail=*)"}),
        ("pve_realm_sync_job", {"id": "nightly", "state": "absent"}),
    ]
    REFUSED = [
        (
            "pve_realm",
            {"realm": "sso", "groups_claim": "groups"},
            "groups_claim: needs version 8.4 or later (PVE 127.0.10.1 has 7.4.4)",
        ),
        ("pve_realm", {"realm": "sso", "audiences": ["x"]}, "audiences: needs version 9."),
        ("pve_realm_sync_job", {**JOB, "state": "present"}, "realm_sync_jobs: needs version 8.0 or later"),
        (
            "pve_role",
            {"roleid": "New", "privs": ["Mapping.Use"]},
            "privs: 'Mapping.Use' is not a privilege of this server",
        ),
        (
            "pve_acl",
            {"path": "/mapping/usb", "roles": ["Reader"], "users": ["rita@pve"]},
            "path: '/mapping/usb' needs version 8.0 or later",
        ),
        (
            "pve_acl",
            {"path": "/sdn/zones/z/v", "roles": ["Reader"], "users": ["rita@pve"]},
            "path: '/sdn/zones/z/v' needs version 8.0 or later",
        ),
        (
            "pve_acl",
            {"path": "/pool/a/b", "roles": ["Reader"], "users": ["rita@pve"]},
            "path: '/pool/a/b' needs version 8.1 or later",
        ),
        (
            "pve_acl",
            {"path": "/sdn/fabrics/f", "roles": ["Reader"], "users": ["rita@pve"]},
            "path: '/sdn/fabrics/f' needs version 9.0 or later",
        ),
    ]

    def test_supported_options_work_on_7_4(self, cluster):
        server = cluster("7.4")
        results = server.tasks(
            *(step for step in self.WORKS for _twice in (1, 2)),
            ("pve_info", {}),
            ("pve_realm_sync", {"realm": "corp", "scope": "both"}),
        )
        *steps, told, synced = results
        assert [one["msg"] for one in results if one["failed"]] == []
        assert [one["changed"] for one in steps[::2]] == [True] * 10 + [False]
        assert not any(one["changed"] for one in steps[1::2])
        assert told["version"] == "7.4-4" and told["realm_sync_jobs"] == []
        assert synced["added"] == NEW

    def test_options_that_need_a_later_version_are_refused(self, cluster):
        server = cluster("7.4")
        server.tasks(*self.WORKS[:3], self.WORKS[6])
        server.wired.fleet.forget()
        results = server.tasks(*((module, options) for module, options, _message in self.REFUSED))
        for (_module, _options, message), result in zip(self.REFUSED, results):
            assert result["failed"] and message in result["msg"], result["msg"]
        assert server.writes() == []


def test_unsetting_a_token_comment_is_refused_before_9(cluster):
    server = cluster("8.4")
    token = {"userid": "root@pam", "tokenid": "ci", "return_secret": True}
    server.done("pve_token", **token, comment="CI")
    for check in (True, False):
        result = server.one("pve_token", **token, comment="", check=check)
        assert result["failed"] and "comment: to remove a comment needs version 9.0 or later" in result["msg"], result
    assert server.done("pve_token", **token, comment="", secret="regenerate")["token"]["comment"] == ""
