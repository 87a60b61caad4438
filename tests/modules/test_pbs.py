"""Particularities of PBS: directories are contacted before a realm is saved, syncs, built-in realms, versions."""

from __future__ import annotations

import pyotp
import pytest

from tests.modules.systems import pbs
from tests.modules.systems.pbs import BIND, CA, LDAP
from tests.modules.systems.shared import Server
from tests.simulators.directory import EXAMPLE, example_directories, person
from tests.simulators.pbs import PbsSimulator

COMPANY = {"realm": "company", **LDAP, "sync_attributes": {"email": "mail", "firstname": "givenName", "lastname": "sn"}}


AUDIT = {"path": "/", "roles": ["Audit"], "tokens": ["root@pam!fleet"]}


class Host(Server):
    """A backup server."""

    def __init__(self, wired, ansible, **options):
        super().__init__(wired, ansible)
        secret = pbs.connection(wired)["api_token_secret"]
        options = {
            "tokens": {"root@pam!fleet": secret},
            "directories": example_directories(),
            "acl_cache_seconds": 0.5,
            **options,
        }
        self.simulator = PbsSimulator(**options)
        pbs.server(wired).observed.app = self.simulator.app()


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def host(homelab, ansible):
    """Starts a server of a version, or with other options of its own."""

    def start(version="4.2", **options):
        made = Host(homelab, ansible, version=version, **options)
        homelab.fleet.forget()
        return made

    return start


@pytest.fixture(params=["3.2", "4.2"])
def version(request):
    return request.param


class TestSync:
    def test_sync_creates_and_removes_users_as_predicted(self, host, version):
        server = host(version)
        server.done("pbs_realm", **COMPANY)
        server.wired.fleet.forget()
        predicted = server.one("pbs_realm_sync", realm="company", check=True)
        assert server.done("pbs_info", gather=["users"])["users"][1:] == []
        done, again = server.tasks(("pbs_realm_sync", {"realm": "company"}), ("pbs_realm_sync", {"realm": "company"}))
        assert done["changed"] and done["added"] == ["ann@company", "bob@company"]
        assert done["warnings"] == [
            "bob@company: ignoring attribute `lastname`: value must be at least 2 characters long"
        ]
        for part in ("changed", "plan", "diff", "added", "updated", "removed"):
            assert predicted[part] == done[part]
        assert not again["changed"] and again["plan"] == [] and again["diff"] == {"before": {}, "after": {}}
        # one dry run for each, and one sync
        assert server.writes() == ["POST /access/domains/company/sync"] * 4
        users = {one["userid"]: one for one in server.done("pbs_info", gather=["users"])["users"]}
        assert users["ann@company"]["email"] == "ann@example.org"

        for directory in server.simulator.directories:
            del directory.entries[f"uid=ann,ou=people,{EXAMPLE}"]
            directory.entries.update([person("bob", givenName="Robert", sn="Miller")])
        acl = {"path": "/", "roles": ["Audit"], "users": ["ann@company"]}
        server.done("pbs_acl", **acl)
        refused = server.one("pbs_realm_sync", realm="company", remove_vanished=["entry", "acl"], max_removals=0)
        assert (
            refused["failed"] and "max_removals: 1 objects would be removed (user ann@company, ...)" in refused["msg"]
        )
        gone = server.done("pbs_realm_sync", realm="company", remove_vanished=["entry", "acl"], enable_new=False)
        assert (gone["added"], gone["updated"], gone["removed"]) == ([], ["bob@company"], ["ann@company"])
        assert gone["diff"] == {
            "before": {"user ann@company": "present", "user bob@company": "before the sync"},
            "after": {"user bob@company": "as in the directory"},
        }
        after = server.done("pbs_info", gather=["users", "acl"])
        assert {one["userid"] for one in after["users"]} == {"root@pam", "bob@company"}
        assert ["ann@company"] not in [one.get("users") for one in after["acl"]]

    def test_failed_sync_reports_the_end_of_its_log(self, host):
        server = host()
        server.done("pbs_realm", **COMPANY)
        for directory in server.simulator.directories:
            directory.is_up = False
        result = server.one("pbs_realm_sync", realm="company")
        assert result["failed"] and not result["changed"]
        assert (
            "failed: I/O error: Connection refused" in result["msg"]
            and "starting realm sync for company; this is a DRY RUN" in result["msg"]
        )

    def test_sync_longer_than_wait_fails_with_the_task_id(self, host):
        server = host(task_seconds=60)
        server.done("pbs_realm", **COMPANY)
        result = server.one("pbs_realm_sync", realm="company", wait=1)
        assert result["failed"] and "after 1 seconds the task UPID:" in result["msg"]

    def test_sync_reports_all_users_of_a_long_log(self, host):
        """A log of more than fifty lines."""
        server = host()
        for directory in server.simulator.directories:
            directory.entries.update(person(f"user{number}") for number in range(60))
        server.done("pbs_realm", **COMPANY)
        assert len(server.done("pbs_realm_sync", realm="company")["added"]) == 62


class TestDirectories:
    def test_refusal_of_the_directory_is_reported(self, host):
        result = host().one("pbs_realm", **{**COMPANY, "base_dn": "dc=nowhere"})
        assert (
            result["failed"]
            and not result["changed"]
            and "Could not search LDAP realm, base_dn could be incorrect" in result["msg"]
        )

    def test_base_dn_of_an_active_directory_is_detected(self, host):
        made = host().done("pbs_realm", realm="windows", type="ad", server1="dc1.example.org", **BIND)
        assert made["realm"]["base_dn"] == EXAMPLE

    def test_bind_password_is_sent_again_only_with_update_password_always(self, host):
        server = host()
        realm = {**COMPANY, **BIND}
        made, same, always, other = server.tasks(
            ("pbs_realm", realm),
            ("pbs_realm", {**realm, "password": "another-password"}),
            ("pbs_realm", {**realm, "update_password": "always"}),
            ("pbs_realm", {**realm, "password": "another-password", "update_password": "always"}),
        )
        assert made["changed"] and not same["changed"]
        assert always["changed"] and [one["reason"] for one in always["plan"]] == ["realm company: password"]
        assert always["diff"] == {"before": {"realm company": {}}, "after": {"realm company": {"password": "(hidden)"}}}
        assert other["failed"] and "LDAP bind failed" in other["msg"]
        assert server.simulator.state.bind_passwords == {"company": "a-bind-password"}

    def test_bind_password_is_sent_when_a_bind_dn_is_added(self, host):
        server = host()
        server.done("pbs_realm", **COMPANY)
        server.done("pbs_realm", realm="company", type="ldap", **BIND)
        assert server.simulator.state.bind_passwords == {"company": "a-bind-password"}
        server.done("pbs_realm", realm="company", type="ldap", bind_dn="")
        assert server.simulator.state.bind_passwords == {}

    def test_recreating_a_realm_requires_its_bind_password(self, host):
        server = host()
        server.done("pbs_realm", **COMPANY, **BIND)
        other = {"realm": "company", "type": "ldap", "capath": CA, "on_immutable_change": "recreate"}
        refused = server.one("pbs_realm", **other)
        assert refused["failed"] and "password: is required" in refused["msg"] and not refused["changed"]
        made = server.done("pbs_realm", **other, password=BIND["password"])
        assert [one["verb"] for one in made["plan"]] == ["DELETE", "POST"]
        assert made["realm"]["capath"] == CA and made["realm"]["sync_attributes"] == COMPANY["sync_attributes"]

    def test_realm_is_recreated_with_another_type(self, host):
        server = host()
        server.done("pbs_realm", **COMPANY, comment="Company", default=True)
        sso = {
            "realm": "company",
            "type": "openid",
            "issuer_url": "https://id.example.org",
            "on_immutable_change": "recreate",
        }
        lacks = server.one("pbs_realm", **sso)
        assert lacks["failed"] and "client_id: is required to create realm company" in lacks["msg"]
        made = server.done("pbs_realm", **sso, client_id="pbs")
        assert made["realm"]["default"] and made["realm"]["comment"] == "Company" and "server1" not in made["realm"]
        assert [f"{one['verb']} {one['path']}" for one in made["plan"]] == [
            "DELETE /config/access/ldap/company",
            "POST /config/access/openid",
        ]


class TestBuiltInRealms:
    def test_comment_and_default_of_built_in_realms_can_be_set(self, host):
        server = host()
        first, again, moved, cleared = server.tasks(
            ("pbs_realm", {"realm": "pbs", "comment": "Local", "default": True}),
            ("pbs_realm", {"realm": "pbs", "comment": "Local", "default": True}),
            ("pbs_realm", {"realm": "pam", "default": True}),
            ("pbs_realm", {"realm": "pam", "comment": "", "default": False}),
        )
        assert first["changed"] and not again["changed"] and moved["changed"] and cleared["changed"]
        realms = {one["realm"]: one for one in server.done("pbs_info", gather=["realms"])["realms"]}
        assert realms == {
            "pam": {"realm": "pam", "type": "pam", "comment": "", "default": False},
            "pbs": {"realm": "pbs", "type": "pbs", "comment": "Local", "default": False},
        }

    def test_built_in_realms_of_an_older_server_cannot_be_changed(self, host):
        server = host("3.3")
        same, other = server.tasks(
            ("pbs_realm", {"realm": "pam", "default": True}), ("pbs_realm", {"realm": "pam", "comment": "Mine"})
        )
        assert not same["failed"] and not same["changed"]
        assert (
            "realm: 'pam' cannot be changed here: that needs version 3.3.7 or later (PBS 127.0.20.1 has 3.3.4)"
            in other["msg"]
        )
        assert server.writes() == []

    def test_removed_built_in_realm_is_reported(self, host):
        server = host()
        with server.simulator.state.realms.change() as realms:
            del realms["pbs"]
        assert (
            "realm: 'pbs' was removed; restart the server to restore it"
            in server.one("pbs_realm", realm="pbs", comment="x")["msg"]
        )


class TestVersions:
    @pytest.mark.parametrize(
        ("version", "module", "options", "message"),
        [
            (
                "3.3",
                "pbs_realm",
                {**COMPANY, "default": True},
                "default: needs version 3.3.7 or later (PBS 127.0.20.1 has 3.3.4)",
            ),
            (
                "3.2",
                "pbs_acl",
                {**AUDIT, "path": "/remote/a/b/ns"},
                "path: '/remote/a/b/ns' needs version 3.2.11 or later (PBS 127.0.20.1 has 3.2.10)",
            ),
            (
                "3.2",
                "pbs_acl",
                {**AUDIT, "roles": ["RemoteDatastoreAdmin"]},
                "roles: 'RemoteDatastoreAdmin' needs version 3.2.11",
            ),
            (
                "3.4",
                "pbs_acl",
                {**AUDIT, "path": "/system/s3-endpoint/x"},
                "path: '/system/s3-endpoint/x' needs version 4.0.9",
            ),
            (
                "4.0",
                "pbs_acl",
                {**AUDIT, "path": "/system/encryption-keys"},
                "path: '/system/encryption-keys' needs version 4.1.9",
            ),
            (
                "4.0",
                "pbs_realm",
                {"realm": "sso", "issuer_url": "https://x.example.org", "client_id": "x", "audiences": ["y"]},
                "audiences: needs version 4.2.1",
            ),
        ],
    )
    def test_option_that_needs_a_later_version_is_refused(self, host, version, module, options, message):
        server = host(version)
        result = server.one(module, **options)
        assert result["failed"] and message in result["msg"], result["msg"]
        assert server.writes() == []

    def test_default_values_are_not_sent_to_older_servers(self, host):
        sso = {
            "realm": "sso",
            "issuer_url": "https://x.example.org",
            "client_id": "x",
            "default": False,
            "audiences": [],
        }
        assert host("3.2").done("pbs_realm", **sso)["changed"]


class TestLeftovers:
    """A removed user leaves nothing to the next user of the same name, although the server itself keeps it."""

    ANN = [
        ("pbs_realm", {"realm": "sso", "issuer_url": "https://id.example.org", "client_id": "pbs"}),
        ("pbs_user", {"userid": "ann@sso"}),
        ("pbs_token", {"userid": "ann@sso", "token_name": "ci", "return_secret": True}),
        ("pbs_acl", {"path": "/datastore/tank/ns", "roles": ["Audit"], "users": ["ann@sso"], "tokens": ["ann@sso!ci"]}),
    ]

    def left(self, server):
        state = server.simulator.state
        return [
            each
            for each in (
                *state.users.sections,
                *state.secrets,
                *(ugid for rows in state.acl.sections.values() for ugid in rows),
            )
            if "@sso" in each
        ]

    def test_removing_a_user_leaves_no_acl_entries(self, host, version):
        server = host(version)
        assert [one["failed"] for one in server.tasks(*self.ANN)] == [False] * 4
        server.done("pbs_user", userid="ann@sso", state="absent")
        assert self.left(server) == []

    def test_removing_a_user_of_a_deleted_realm_leaves_nothing(self, host, version):
        server = host(version)
        server.tasks(*self.ANN, ("pbs_realm", {"realm": "sso", "state": "absent"}))
        gone = {"userid": "ann@sso", "state": "absent"}
        predicted = server.one("pbs_user", **gone, check=True)
        done, again = server.tasks(("pbs_user", gone), ("pbs_user", gone))
        assert not done["failed"] and done["plan"] == predicted["plan"] and not again["changed"]
        assert self.left(server) == []

    def test_caller_that_cannot_read_the_acl_is_refused(self, host, version):
        server = host(version)
        boss = {"userid": "boss@pbs", "token_name": "run"}
        server.tasks(*self.ANN, ("pbs_user", {"userid": "boss@pbs"}))
        secret = server.done("pbs_token", **boss, return_secret=True)["secret"]
        server.done("pbs_acl", path="/access/users", roles=["Admin"], users=["boss@pbs"], tokens=["boss@pbs!run"])
        credentials = {"api_token_id": "boss@pbs!run", "api_token_secret": secret}
        before = self.left(server)
        result = server.one("pbs_user", **credentials, userid="ann@sso", state="absent")
        assert result["failed"] and "lacks Sys.Audit on /access/acl (" in result["msg"], result
        assert self.left(server) == before

    def test_removing_a_realm_with_its_users_leaves_nothing(self, host, version):
        server = host(version)
        server.tasks(*self.ANN)
        server.done(
            "pbs_state", realms=[{"realm": "sso", "state": "absent"}], users=[{"userid": "ann@sso", "state": "absent"}]
        )
        assert self.left(server) == []


def test_info_result_can_be_declared_without_changes(host, version):
    server = host(version)
    server.done(
        "pbs_state",
        realms=[
            COMPANY,
            {"realm": "sso", "issuer_url": "https://id.example.org", "client_id": "pbs", "scopes": ["email"]},
        ],
        users=[{"userid": "ann@company", "email": "ann@example.org"}, {"userid": "bob@pbs", "enable": False}],
        tokens=[{"userid": "bob@pbs", "token_name": "ci", "return_secret": True, "comment": "CI"}],
        acl=[
            {
                "path": "/datastore/tank/ns/deep",
                "roles": ["Audit"],
                "users": ["ann@company"],
                "tokens": ["bob@pbs!ci"],
                "propagate": False,
            }
        ],
    )
    read = server.done("pbs_info", gather=["realms", "users", "tokens", "acl"], show_secrets=True)
    server.wired.fleet.forget()
    again = server.done("pbs_state", **{kind: read[kind] for kind in ("realms", "users", "tokens", "acl")})
    assert not again["changed"] and server.writes() == []


def test_login_with_a_second_factor(host):
    secret = pyotp.random_base32()
    server = host(passwords={"root@pam": "password-of-root"}, totp={"root@pam": secret})
    credentials = {
        "api_user": "root@pam",
        "api_password": "password-of-root",
        "api_token_id": "",
        "api_token_secret": "",
    }
    wrong, right = server.tasks(
        *(
            ("pbs_info", {**credentials, "gather": ["version"], "api_totp": code})
            for code in ("000000", pyotp.TOTP(secret).now())
        )
    )
    assert "could not sign in" in wrong["msg"] and "second factor" in wrong["msg"]
    assert right["version"] == "4.2.3"


def test_second_factor_lock_is_cleared(host):
    """Together with other changes, in a task that has already written."""
    server = host(passwords={"bob@pbs": "password-of-bob"}, totp={"bob@pbs": pyotp.random_base32()})
    server.simulator.state.second_factors["bob@pbs"].locked = True
    unlocked = {"userid": "bob@pbs", "tfa_locked": False, "comment": "Unlocked"}
    (before,) = [one for one in server.done("pbs_info", gather=["users"])["users"] if one["userid"] == "bob@pbs"]
    state = {"users": [{"userid": "ann@pbs"}, unlocked]}
    done, again = server.tasks(("pbs_state", state), ("pbs_state", state))
    assert before["tfa_locked"] and done["changed"] and not again["changed"], (done, again)
    assert server.writes() == [
        "POST /access/users",
        "PUT /access/users/bob@pbs",
        "PUT /access/users/bob@pbs/unlock-tfa",
    ]
    assert server.simulator.state.second_factors["bob@pbs"].locked is False


def test_acl_rows_of_a_group_are_not_those_of_a_user_of_that_name(host):
    """PBS parses a row of the user @ops@pbs as one of the group ops@pbs."""
    server = host()
    with server.simulator.state.acl.change() as rows:
        rows["/tape"] = {"@ops@pbs": {"Audit": True}}
    entry = {"path": "/tape", "roles": ["Audit"], "users": ["ops@pbs"]}
    server.done("pbs_user", userid="ops@pbs")
    first, again = server.tasks(("pbs_acl", entry), ("pbs_acl", entry))
    assert first["changed"] and not again["changed"], (first, again)
    assert server.simulator.state.acl.sections["/tape"] == {"@ops@pbs": {"Audit": True}, "ops@pbs": {"Audit": True}}
    removed, gone = server.tasks(("pbs_acl", {**entry, "state": "absent"}), ("pbs_acl", {**entry, "state": "absent"}))
    assert removed["changed"] and not gone["changed"] and not gone["failed"], (removed, gone)


def test_user_whose_name_breaks_the_acl_can_be_removed(host):
    server = host()
    with server.simulator.state.users.change() as users:
        users["a,b@pbs"] = {"type": "user"}
    assert server.done("pbs_user", userid="a,b@pbs", state="absent")["changed"]
