"""Realms of directories: connection check, sync, and the task of a sync.

Compared with pve-access-control 9.1.1 (API2/Domains.pm, Auth/LDAP.pm) and pve-manager 9.2.11 (API2/Tasks.pm): no server of
the recordings had a directory.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from werkzeug.test import Client

from tests.simulators.directory import EXAMPLE, Directory, example_directories, person, team
from tests.simulators.pve import PveSimulator

ORACLE = "root@pam!oracle"
LDAP = {
    "realm": "corp",
    "type": "ldap",
    "server1": "ldap.example.org",
    "base_dn": EXAMPLE,
    "user_attr": "uid",
    "sync_attributes": "email=mail,firstname=givenName,lastname=sn",
}
AD = {"realm": "corp", "type": "ad", "server1": "dc1.example.org", "domain": "example.org"}
BIND = {"bind_dn": f"cn=proxmox,{EXAMPLE}", "password": "a-bind-password"}
MAKES = ["adding user 'ann@corp'", "adding user 'bob@corp'"]
MAKES_GROUPS = ["adding group 'admins-corp'", "adding group 'staff-corp'"]


class Server:
    """A simulated node and its clock."""

    def __init__(self, **options) -> None:
        self.now = 1_700_000_000.0
        options = {"directories": example_directories(), "passwords": {"eve@pve": "x"}, **options}
        self.simulator = PveSimulator(
            tokens={ORACLE: "secret", "eve@pve!look": "secret"}, clock=lambda: self.now, **options
        )
        self._client = Client(self.simulator.app("pve1"))

    def ask(self, verb: str, path: str, /, by: str = ORACLE, **params):
        """Status, and the data or the error of an answer."""
        form = urlencode(params)
        content = (
            {"query_string": form}
            if verb in ("GET", "DELETE")
            else {"data": form, "content_type": "application/x-www-form-urlencoded"}
        )
        response = self._client.open(
            f"/api2/json{path}", method=verb, headers={"Authorization": f"PVEAPIToken={by}=secret"}, **content
        )
        body = response.get_json(silent=True) or {}
        return response.status_code, body["data"] if response.status_code == 200 else (
            body.get("message", "").strip(),
            body.get("errors"),
        )

    def data(self, verb: str, path: str, /, **params):
        status, told = self.ask(verb, path, **params)
        assert status == 200, told
        return told

    def sync(self, **options) -> list[str]:
        """The log of a sync."""
        upid = self.data("POST", "/access/domains/corp/sync", **{"scope": "both", **options})
        self.now += 60
        return [row["t"] for row in self.data("GET", f"/nodes/pve1/tasks/{upid}/log", limit=0)]

    def users(self) -> dict[str, dict]:
        return {one["userid"]: one for one in self.data("GET", "/access/users", full=1)}

    def groups(self) -> dict[str, dict]:
        return {one["groupid"]: one for one in self.data("GET", "/access/groups")}


@pytest.fixture
def realm() -> Callable[..., Server]:
    """Starts a server with a realm of the example company."""

    def start(version: str = "9.2", entries: dict | None = None, **settings) -> Server:
        own = {"directories": (Directory(("ldap.example.org",), EXAMPLE, entries),)} if entries else {}
        server = Server(version=version, **own)
        server.data("POST", "/access/domains", **{**LDAP, **settings})
        return server

    return start


@pytest.mark.parametrize("version", ["8.4", "9.2"])
def test_sync_creates_users_and_groups(realm: Callable[..., Server], version: str) -> None:
    server = realm(version)
    assert server.sync() == [
        "starting sync for realm corp",
        "got data from server, updating users and groups",
        "syncing users (remove-vanished opts: none)",
        *MAKES,
        "syncing groups (remove-vanished opts: none)",
        *MAKES_GROUPS,
        "successfully updated users and groups configuration",
        "TASK OK",
    ]
    ann = server.users()["ann@corp"]
    assert (ann["firstname"], ann["lastname"], ann["email"], ann["enable"]) == ("Ann", "Lee", "ann@example.org", 1)
    assert ann["groups"] == "admins-corp,staff-corp"
    assert server.sync()[3:5] == ["updating user 'ann@corp'", "updating user 'bob@corp'"]


@pytest.mark.parametrize(
    ("scope", "what", "told"),
    [
        ("users", "users", ["syncing users (remove-vanished opts: none)", *MAKES]),
        ("groups", "groups", ["syncing groups (remove-vanished opts: none)", *MAKES_GROUPS]),
    ],
)
def test_sync_scope_limits_the_objects(realm: Callable[..., Server], scope: str, what: str, told: list[str]) -> None:
    lines = realm().sync(scope=scope)
    assert lines[1:-2] == [f"got data from server, updating {what}", *told]


def test_sync_of_groups_keeps_members_without_users(realm: Callable[..., Server]) -> None:
    server = realm()
    server.sync(scope="groups")
    assert "ann@corp" not in server.users()
    assert server.groups()["staff-corp"]["users"] == "ann@corp,bob@corp"


def test_dry_run_logs_the_same_and_changes_nothing(realm: Callable[..., Server]) -> None:
    server = realm()
    first, *dry, note, last = server.sync(**{"dry-run": 1})
    assert first == "(dry test run) starting sync for realm corp"
    assert (note, last) == ("NOTE: Dry test run, changes were NOT written to the configuration.", "TASK OK")
    assert dry.pop() == ""
    assert "ann@corp" not in server.users()
    assert dry == server.sync()[1:-2]


@pytest.mark.parametrize(
    ("vanished", "user_stays", "rows_stay"),
    [
        ("none", True, True),
        ("entry", False, True),
        ("acl", True, False),
        ("entry;acl", False, False),
        ("properties", True, True),
    ],
)
def test_remove_vanished_removes_the_selected_parts(
    realm: Callable[..., Server], vanished: str, user_stays: bool, rows_stay: bool
) -> None:
    server = realm()
    server.data("POST", "/access/groups", groupid="old-corp")
    server.data("POST", "/access/users", userid="gone@corp", groups="old-corp")
    server.data("PUT", "/access/acl", path="/", roles="PVEAuditor", users="gone@corp", groups="old-corp")
    lines = server.sync(**{"remove-vanished": vanished})
    assert ("remove user 'gone@corp'" in lines) is ("remove group 'old-corp'" in lines) is not user_stays
    assert (
        ("purge users 'gone@corp' ACL entries" in lines)
        is ("purge groups 'old-corp' ACL entries" in lines)
        is not rows_stay
    )
    assert ("gone@corp" in server.users()) is ("old-corp" in server.groups()) is user_stays
    assert {one["ugid"] for one in server.data("GET", "/access/acl")} == (
        {"gone@corp", "old-corp"} if rows_stay else set()
    )


@pytest.mark.parametrize(("vanished", "verb"), [("none", "updating"), ("properties", "overwriting")])
def test_sync_updates_existing_objects(realm: Callable[..., Server], vanished: str, verb: str) -> None:
    """Tokens and the enabled flag are always kept, group members that only the server knows never."""
    server = realm()
    server.data("POST", "/access/groups", groupid="staff-corp", comment="mine")
    server.data("POST", "/access/users", userid="ann@corp", comment="mine", enable=0)
    server.data("POST", "/access/users", userid="local@pve", groups="staff-corp")
    server.data("POST", "/access/users/ann@corp/token/ci")
    lines = server.sync(**{"remove-vanished": vanished})
    assert {f"{verb} user 'ann@corp'", f"{verb} group 'staff-corp'"} <= set(lines)
    ann, staff = server.users()["ann@corp"], server.groups()["staff-corp"]
    assert (ann["enable"], ann["lastname"], [token["tokenid"] for token in ann["tokens"]]) == (0, "Lee", ["ci"])
    assert (ann.get("comment"), staff.get("comment")) == (
        (None, None) if vanished == "properties" else ("mine", "mine")
    )
    assert staff["users"] == "ann@corp,bob@corp"


@pytest.mark.parametrize(
    ("settings", "options", "enabled"),
    [
        ({}, {}, 1),
        ({}, {"enable-new": 0}, 0),
        ({"sync-defaults-options": "enable-new=0"}, {}, 0),
        ({"sync-defaults-options": "enable-new=0"}, {"enable-new": 1}, 1),
    ],
)
def test_enable_new_sets_the_state_of_new_users(
    realm: Callable[..., Server], settings: dict, options: dict, enabled: int
) -> None:
    server = realm(**settings)
    server.sync(**options)
    assert server.users()["ann@corp"]["enable"] == enabled


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        ({"filter": "(mail=ann*)"}, ["user 'ann@corp'", "group 'admins-corp'", "group 'staff-corp'"]),
        ({"filter": "mail=ann*", "group_filter": "cn=staff"}, ["user 'ann@corp'", "group 'staff-corp'"]),
        ({"user_classes": "device", "group_classes": "group"}, ["user 'printer@corp'"]),
        ({"group_dn": f"ou=people,{EXAMPLE}"}, ["user 'ann@corp'", "user 'bob@corp'"]),
    ],
)
def test_filters_and_attributes_select_users(realm: Callable[..., Server], settings: dict, made: list[str]) -> None:
    lines = realm(**settings).sync()
    assert [line.removeprefix("adding ") for line in lines if line.startswith("adding ")] == made


def test_invalid_user_and_group_names_are_skipped(realm: Callable[..., Server]) -> None:
    entries = dict(
        (person("ann", mail="no address"), person("a b"), team("the staff", "ann"), team("twins", "ann", "a b"))
    )
    server = realm(entries=entries)
    lines = server.sync()
    assert "value 'a b@corp' does not look like a valid user name" in lines
    assert "group name 'the staff-corp' contains invalid characters" in lines
    refused = lines.index(
        "skipping attribute mapping 'mail'->'email' for user 'ann@corp' - 400 invalid value 'no address'"
    )
    assert lines[refused + 1] == "_root: invalid format - value does not look like a valid email address"
    assert lines[-1] == "TASK OK"
    assert server.groups()["twins-corp"]["users"] == "ann@corp"


def test_sync_of_an_active_directory() -> None:
    server = Server()
    server.data("POST", "/access/domains", **AD, **BIND)
    assert set(MAKES + MAKES_GROUPS) <= set(server.sync())


def test_base_dn_returned_by_the_directory_is_stored() -> None:
    server = Server()
    server.data("POST", "/access/domains", **AD, **BIND, **{"check-connection": 1})
    assert server.data("GET", "/access/domains/corp")["base_dn"] == EXAMPLE


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"server1": "nowhere.example.org"}, "Name or service not known"),
        ({"port": 1389}, "Connection refused"),
        ({"server1": "192.0.2.1"}, "Connection refused"),
        (
            {"mode": "ldaps", "verify": 1},
            "SSL connect attempt failed error:0A000086:SSL routines::certificate verify failed",
        ),
        ({"bind_dn": f"cn=proxmox,{EXAMPLE}"}, "missing password for realm corp"),
        ({**BIND, "password": "wrong"}, "ldap bind failed: Invalid credentials"),
    ],
)
def test_unusable_directory_fails_the_check_and_the_sync(settings: dict, reason: str) -> None:
    """The directory is contacted only with check-connection; a sync fails with the same message."""
    server = Server()
    checked = server.ask("POST", "/access/domains", **{**LDAP, **settings, "check-connection": 1})
    assert checked == (500, (f"add auth server failed: {reason}", None))
    assert server.ask("GET", "/access/domains/corp")[0] == 500
    server.data("POST", "/access/domains", **{**LDAP, **settings})
    assert server.sync()[-1] == f"TASK ERROR: {reason}"


@pytest.mark.parametrize("trusted", [{"verify": 0}, {"verify": 1, "capath": "/etc/ssl/example-ca.pem"}])
def test_trusted_directory_passes_the_check(trusted: dict) -> None:
    Server().data("POST", "/access/domains", **LDAP, **BIND, **trusted, **{"mode": "ldaps", "check-connection": 1})


def test_refused_search_fails_the_sync(realm: Callable[..., Server]) -> None:
    """An Active Directory accepts an anonymous bind and refuses the search."""
    server = Server()
    server.data("POST", "/access/domains", **AD, **{"check-connection": 1})
    assert server.sync()[-1] == "TASK ERROR: ldap user search error: Operations error"
    assert realm(filter="(mail=").sync()[-1] == "TASK ERROR: ldap user search error: Bad filter"


def test_password_is_stored_although_the_update_is_refused(realm: Callable[..., Server]) -> None:
    server = realm(**BIND)
    refused = server.ask("PUT", "/access/domains/corp", password="wrong", **{"check-connection": 1})
    assert refused == (500, ("update auth server failed: ldap bind failed: Invalid credentials", None))
    assert server.sync()[-1] == "TASK ERROR: ldap bind failed: Invalid credentials"
    server.data("PUT", "/access/domains/corp", password=BIND["password"])
    assert server.sync()[-1] == "TASK OK"
    server.data("PUT", "/access/domains/corp", delete="password")
    assert server.sync()[-1] == "TASK ERROR: missing password for realm corp"


def test_locked_configuration_fails_the_sync(realm: Callable[..., Server]) -> None:
    server = realm()
    server.simulator.cluster.held_locks = {"user.cfg"}
    failed = "syncing users and groups failed: cfs-lock 'file-user_cfg' error: got lock request timeout"
    assert server.sync()[-1] == f"TASK ERROR: {failed}"


def test_sync_takes_effect_when_its_task_ends(realm: Callable[..., Server]) -> None:
    server = realm()
    upid = server.data("POST", "/access/domains/corp/sync", scope="both")
    assert server.data("GET", f"/nodes/pve1/tasks/{upid}/status") == {
        "upid": upid,
        "node": "pve1",
        "pid": 1,
        "pstart": 1,
        "starttime": 1_700_000_000,
        "type": "auth-realm-sync",
        "id": "corp",
        "user": "root@pam",
        "tokenid": "oracle",
        "status": "running",
    }
    assert server.data("GET", f"/nodes/pve1/tasks/{upid}/log") == [{"n": 1, "t": "no content"}]
    assert "ann@corp" not in server.users()
    server.now += 60
    told = server.data("GET", f"/nodes/pve1/tasks/{upid}/status")
    assert (told["status"], told["exitstatus"]) == ("stopped", "OK")
    assert "ann@corp" in server.users()


def test_task_log_is_paged(realm: Callable[..., Server]) -> None:
    server = realm()
    upid = server.data("POST", "/access/domains/corp/sync", scope="both")
    server.now += 60
    log = f"/nodes/pve1/tasks/{upid}/log"
    whole = server.data("GET", log, limit=0)
    assert [row["n"] for row in whole] == list(range(1, 11))
    assert server.data("GET", log, start=2, limit=2) == whole[2:4]


def test_task_is_readable_by_its_owner_and_auditors_only(realm: Callable[..., Server]) -> None:
    server = realm()
    path = f"/nodes/pve1/tasks/{server.data('POST', '/access/domains/corp/sync', scope='both')}/status"
    assert server.ask("GET", path, by="eve@pve!look") == (
        403,
        ("Permission check failed (/nodes/pve1, Sys.Audit)", None),
    )
    server.data("PUT", "/access/acl", path="/nodes", roles="PVEAuditor", users="eve@pve")
    assert server.ask("GET", path, by="eve@pve!look")[0] == 200


def test_unknown_and_invalid_task_ids_are_refused(realm: Callable[..., Server]) -> None:
    server = realm()
    unknown = "UPID:pve1:00000009:00000009:00000009:auth-realm-sync:corp:root@pam:"
    refused = "Parameter verification failed."
    assert server.ask("GET", "/nodes/pve1/tasks/x/status") == (400, (refused, {"upid": "unable to parse worker upid"}))
    assert server.ask("GET", f"/nodes/pve1/tasks/{unknown}/status") == (400, (refused, {"upid": "no such task"}))
    assert server.data("GET", f"/nodes/pve1/tasks/{unknown}/log") == [
        {"n": 1, "t": "unable to open file - No such file or directory"}
    ]
