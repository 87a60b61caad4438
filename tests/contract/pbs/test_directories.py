"""Section 4: the sync of a realm and its task (src/server/realm_sync_job.rs, 3.2.4 and 4.2.3)."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.simulators.directory import EXAMPLE, Directory, person

from .language import ABSENT, ACL, AD, AD_BODY, BIND, BOB, LDAP, LDAP_BODY, OPENID, USERS, grant, has, lacks
from .server import Server

ATTRIBUTES = {"sync-attributes": "email=mail,firstname=givenName,lastname=sn"}
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d: "


@pytest.fixture
def synced(simulated: Callable[..., Server]) -> Callable[..., Server]:
    """Starts a server with a realm of the example company's directory."""

    def start(version: str = "4.2", **settings: object) -> Server:
        server = simulated(version=version)
        server.ask((f"POST {LDAP}", {**LDAP_BODY, **ATTRIBUTES, **settings}))
        return server

    return start


def log_of(server: Server, realm: str = "{n}", **options: object) -> list[str]:
    """The log of a sync, without the time of each line."""
    upid = quote(server.data(f"POST /access/domains/{realm}/sync", options))
    server.ask((f"GET /nodes/localhost/tasks/{upid}/status", None, 200, {"status": "running", "exitstatus": ABSENT}))
    server.clock.ahead += 60
    lines = [row["t"] for row in server.data(f"GET /nodes/localhost/tasks/{upid}/log?limit=0")]
    assert all(re.match(STAMP, line) for line in lines)
    return [re.sub(STAMP, "", line) for line in lines]


@pytest.mark.parametrize("version", ["3.2", "4.2"])
def test_4_sync_creates_users(synced: Callable[..., Server], version: str) -> None:
    server = synced(version)
    first, *between, last = log_of(server)
    assert (first, last) == ("starting realm sync for fg-1", "TASK WARNINGS: 1")
    assert sorted(between) == [
        "bob@fg-1: ignoring attribute `lastname`: value must be at least 2 characters long",
        "creating user ann@fg-1",
        "creating user bob@fg-1",
    ]
    ann = {
        "userid": "ann@{n}",
        "firstname": "Ann",
        "lastname": "Lee",
        "email": "ann@example.org",
        "enable": True,
        "expire": 0,
    }
    server.ask((f"GET {USERS}/ann@{{n}}", None, 200, ann), (f"GET {USERS}/bob@{{n}}", None, 200, {"lastname": ABSENT}))
    assert "updating user ann@fg-1" not in log_of(server)


def test_4_sync_takes_effect_when_its_task_ends(synced: Callable[..., Server]) -> None:
    server = synced()
    upid = quote(server.data("POST /access/domains/{n}/sync", {}))
    server.ask((f"GET {USERS}/ann@{{n}}", None, 400))
    server.clock.ahead += 60
    server.ask(
        (f"GET /nodes/localhost/tasks/{upid}/status", None, 200, {"status": "stopped", "exitstatus": "WARNINGS: 1"}),
        (f"GET {USERS}/ann@{{n}}",),
    )


def test_4_dry_run_logs_the_same_and_changes_nothing(synced: Callable[..., Server]) -> None:
    server = synced()
    dry = log_of(server, **{"dry-run": True})
    server.ask((f"GET {USERS}", None, 200, lacks(userid="ann@{n}")))
    assert dry[1] == "this is a DRY RUN - changes will not be persisted"
    assert sorted([dry[0], *dry[2:]]) == sorted(log_of(server))


def test_4_sync_updates_existing_users(synced: Callable[..., Server]) -> None:
    """A user without the fields that a sync writes is logged as changed, although its values are the same."""
    server = synced()
    server.ask(
        (f"POST {USERS}", {"userid": "ann@{n}", "comment": "mine", "enable": False, "lastname": "Other"}),
        (f"POST {USERS}", {"userid": "bob@{n}", "firstname": "Bob", "email": "bob@example.org", "lastname": "Kept"}),
    )
    assert {"updating user ann@fg-1", "updating user bob@fg-1"} <= set(log_of(server))
    server.ask(
        (f"GET {USERS}/ann@{{n}}", None, 200, {"comment": "mine", "enable": False, "lastname": "Lee"}),
        (f"GET {USERS}/bob@{{n}}", None, 200, {"lastname": "Kept", "enable": True, "expire": 0}),
    )
    log_of(server, **{"remove-vanished": "properties"})
    server.ask((f"GET {USERS}/bob@{{n}}", None, 200, {"lastname": ABSENT, "firstname": "Bob"}))


@pytest.mark.parametrize(
    ("settings", "options", "user_stays", "rows_stay"),
    [
        ({}, {}, True, True),
        ({}, {"remove-vanished": "entry"}, False, True),
        ({}, {"remove-vanished": "entry;acl"}, False, False),
        ({}, {"remove-vanished": "acl"}, True, True),
        ({"sync-defaults-options": "remove-vanished=acl;entry"}, {}, False, False),
        ({"sync-defaults-options": "remove-vanished=acl;entry"}, {"remove-vanished": "properties"}, True, True),
    ],
)
def test_4_remove_vanished_removes_the_selected_parts(
    synced: Callable[..., Server], settings: dict, options: dict, user_stays: bool, rows_stay: bool
) -> None:
    server = synced(**settings)
    server.ask(
        (f"POST {USERS}", {"userid": "gone@{n}"}),
        (f"POST {USERS}/gone@{{n}}/token/t", {}),
        grant("gone@{n}", "/", "Audit"),
        grant("gone@{n}!t", "/", "Audit"),
    )
    assert ("deleting user gone@fg-1" in log_of(server, **options)) is not user_stays
    server.ask(
        (f"GET {USERS}/gone@{{n}}", None, 200 if user_stays else 400),
        (f"GET {USERS}/gone@{{n}}/token/t", None, 200 if user_stays else 400),
        *((f"GET {ACL}", None, 200, (has if rows_stay else lacks)(ugid=ugid)) for ugid in ("gone@{n}", "gone@{n}!t")),
    )


@pytest.mark.parametrize(
    ("settings", "options", "enabled"),
    [
        ({}, {}, True),
        ({}, {"enable-new": False}, False),
        ({"sync-defaults-options": "enable-new=0"}, {}, False),
        ({"sync-defaults-options": "enable-new=0"}, {"enable-new": True}, True),
    ],
)
def test_4_enable_new_sets_the_state_of_new_users(
    synced: Callable[..., Server], settings: dict, options: dict, enabled: bool
) -> None:
    server = synced(**settings)
    log_of(server, **options)
    server.ask((f"GET {USERS}/ann@{{n}}", None, 200, {"enable": enabled}))


@pytest.mark.parametrize(
    ("settings", "made"),
    [
        ({"filter": "(mail=ann*)"}, ["ann"]),
        ({"user-classes": "device"}, ["printer"]),
        ({"user-attr": "sn"}, ["Lee", "X"]),
    ],
)
def test_4_filters_and_attributes_select_users(synced: Callable[..., Server], settings: dict, made: list[str]) -> None:
    lines = log_of(synced(**settings))
    assert sorted(line for line in lines if line.startswith("creating")) == [
        f"creating user {name}@fg-1" for name in made
    ]


def test_4_invalid_user_names_are_skipped(simulated: Callable[..., Server]) -> None:
    people = dict((person("ann", mail="ann@example.org"), person("a b")))
    people[f"cn=nobody,{EXAMPLE}"] = {"objectClass": ["person"], "mail": ["nobody@example.org"]}
    server = simulated(directories=(Directory(("ldap.example.org",), EXAMPLE, people),))
    server.ask((f"POST {LDAP}", {**LDAP_BODY, **ATTRIBUTES}))
    lines = sorted(log_of(server))
    assert lines[0] == "TASK OK"
    assert lines[1].startswith("could not create/update user: could not parse username `a b@fg-1`")
    assert lines[2] == "could not create/update user: userid attribute `uid` not in LDAP search result"
    assert lines[3] == "creating user ann@fg-1"


def test_4_sync_of_an_active_directory(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask((f"POST {AD}", AD_BODY))
    assert "creating user ann@fg-1" in log_of(server)


@pytest.mark.parametrize("version", ["3.2", "4.2"])
def test_4_sync_of_a_realm_without_a_directory_fails(simulated: Callable[..., Server], version: str) -> None:
    server = simulated(version=version)
    server.ask((f"POST {OPENID}", {"realm": "{n}", "issuer-url": "https://x", "client-id": "x"}))
    assert log_of(server)[-1] == "TASK ERROR: cannot sync realm fg-1 of type openid"
    if version == "3.2":
        server.ask(("POST /access/domains/pam/sync", {}, 400, "unable to find realm pam"))
    else:
        assert log_of(server, "pam")[-1] == "TASK ERROR: cannot sync realm pam of type pam"


def test_4_unreachable_directory_fails_the_sync(synced: Callable[..., Server]) -> None:
    server = synced()
    server.simulator.directories[0].is_up = False
    lines = log_of(server)
    assert lines[-1] == "TASK ERROR: I/O error: Connection refused (os error 111)"


def test_4_task_is_readable_by_its_owner_and_auditors_only(synced: Callable[..., Server]) -> None:
    server = synced()
    made = server.data("POST /access/domains/{n}/sync", {})
    assert made.split(":")[6:] == ["realm-sync", r"fg\x2d1", "root@pam!oracle", ""]
    status = f"GET /nodes/localhost/tasks/{quote(made)}/status"
    server.ask((status,))
    server.ask((status, None, 400, "task access not allowed"), **server.by_ticket(*BOB))
    server.ask(
        grant(BOB[0], "/system/tasks", "Audit"),
        (status, None, 200, {"user": "root@pam", "tokenid": "oracle", "id": "{n}"}),
    )
    server.ask((status,), **server.by_ticket(*BOB))


def test_4_task_log_is_paged(synced: Callable[..., Server]) -> None:
    server = synced()
    upid = quote(server.data("POST /access/domains/{n}/sync", {}))
    server.clock.ahead += 60
    log = f"GET /nodes/localhost/tasks/{upid}/log"
    whole = server.call(f"{log}?limit=0").json()
    assert (whole["total"], whole["success"], [row["n"] for row in whole["data"]]) == (5, 1, [1, 2, 3, 4, 5])
    server.ask(
        (f"{log}?start=2&limit=2", None, 200, whole["data"][1:3]),
        (f"{log}?start=0&limit=1", None, 200, whole["data"][:1]),
    )
    unknown = upid.replace(quote("realm-sync"), "other")
    server.ask(
        (f"GET /nodes/localhost/tasks/{unknown}/status", None, 200, {"status": "stopped", "exitstatus": "unknown"}),
        (f"GET /nodes/localhost/tasks/{unknown}/log", None, 400),
        ("GET /nodes/localhost/tasks/x/status", None, 400),
    )


def test_4_rejected_bind_fails_the_sync(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask((f"POST {AD}", AD_BODY))
    (entry,) = (each for dn, each in server.simulator.directories[1].entries.items() if dn == BIND["bind-dn"])
    entry["userPassword"] = ["another-one"]
    assert log_of(server)[-1].startswith("TASK ERROR: LDAP operation result: rc=49 (invalidCredentials)")
