"""Sections 7 to 9 and 11: permissions, and the data a monitoring identity can read."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from .language import ACL, BOB, MADE, OPENID, REALM, REALM_MADE, ROOT_PASSWORD, TOKEN, USER, USERS, grant, has
from .server import Server

AUDIT = {"Sys.Audit": True, "Datastore.Audit": True}

# The rows of a user and of its token, and the privileges that the token has on a path.
EFFECTIVE = [
    pytest.param([("/", "Audit")], [], "/", {}, id="a token needs its own rows"),
    pytest.param([], [("/", "Admin")], "/", {}, id="the owner of a token needs rows, too"),
    pytest.param([("/", "Audit")], [("/", "Admin")], "/datastore/x", AUDIT, id="what both have"),
    pytest.param(
        [("/", "Admin")],
        [("/", "Admin"), ("/datastore", "DatastoreBackup")],
        "/datastore/x",
        {"Datastore.Backup": True},
        id="a deeper node replaces",
    ),
    pytest.param(
        [("/", "Admin")],
        [("/", "Audit"), ("/", "DatastoreBackup")],
        "/datastore",
        {**AUDIT, "Datastore.Backup": True},
        id="roles of one node add up",
    ),
    pytest.param([("/", "Admin")], [("/", "Admin"), ("/datastore", "NoAccess")], "/datastore/x", {}, id="NoAccess"),
    pytest.param(
        [("/", "Admin"), ("/datastore", "NoAccess")], [("/", "Audit")], "/datastore", {}, id="NoAccess of the owner"
    ),
    pytest.param(
        [("/", "Admin")],
        [("/datastore", "DatastoreAudit", False)],
        "/datastore",
        {"Datastore.Audit": False},
        id="not propagating, on the path itself",
    ),
    pytest.param(
        [("/", "Admin")], [("/datastore", "DatastoreAudit", False)], "/datastore/x", {}, id="not propagating, below"
    ),
    pytest.param(
        [("/", "Admin")],
        [("/", "Audit"), ("/datastore", "DatastoreBackup", False)],
        "/datastore/x",
        AUDIT,
        id="a row without propagation does not replace rows further down",
    ),
    pytest.param(
        [("/datastore", "Audit", False)],
        [("/datastore", "Audit")],
        "/datastore",
        dict.fromkeys(AUDIT, False),
        id="propagates if both do",
    ),
]

# The only row of both a user and its token, and the response to a request of the token.
DECLARED = [
    (("/", "Audit"), f"GET {REALM}", None, 200),
    (("/", "Audit"), f"GET {OPENID}", None, 403),
    (("/", "Audit"), f"PUT {REALM}", {}, 403),
    (("/", "Audit"), f"DELETE {REALM}", None, 403),
    (("/", "Audit"), f"GET {USER}", None, 200),
    (("/", "Audit"), f"POST {USERS}", {"userid": "{n}-2@pbs"}, 403),
    (("/", "Audit"), "GET /nodes/localhost/status", None, 200),
    (("/datastore", "Audit"), "GET /nodes/localhost/status", None, 403),
    (("/datastore", "Audit"), f"GET {REALM}", None, 403),
    (("/system", "Audit"), "GET /nodes/localhost/status", None, 200),
    (("/access", "Admin"), f"PUT {REALM}", {"comment": "c"}, 200),
    (("/access", "Admin"), f"POST {USERS}", {"userid": "{n}-2@pbs"}, 200),
    (("/access", "Admin"), *grant("{n}@pbs!t", "/", "Admin"), 200),
    (("/access", "Admin"), "GET /nodes/localhost/status", None, 403),
    (("/access", "Admin"), "POST /access/domains/{n}/sync", {"dry-run": "yes"}, 400),
    (("/access/users", "Admin"), f"PUT {USER}", {}, 200),
    (("/access/users", "Admin"), f"PUT {REALM}", {}, 403),
    (("/access/domains", "Admin"), f"PUT {REALM}", {}, 200),
    (("/", "Admin"), "GET /nodes", None, 403),
    (("/", "RemoteAudit"), "GET /version", None, 200),
    (("/", "RemoteAudit"), "GET /admin/datastore/tank/status", None, 403),
]


def test_7_unprivileged_users_can_write_acl_rows_of_their_own_tokens(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(MADE, (f"POST {TOKEN}",))
    bob = server.by_ticket(*BOB)
    made = server.data(f"POST {USERS}/{BOB[0]}/token/t", **bob)
    own = grant(f"{BOB[0]}!t", "/", "Admin")
    refused = re.compile("^Unprivileged ")
    server.ask(
        own,
        (*grant("{n}@pbs!t", "/", "Audit"), 400, refused),
        (*grant(BOB[0], "/", "Audit"), 400, refused),
        (f"PUT {ACL}", {"path": "/", "role": "Audit", "group": "admins"}, 400, refused),
        (f"PUT {ACL}", {"path": "/", "role": "Audit"}, 400, refused),
        (f"GET {ACL}", None, 200, lambda rows: [row["ugid"] for row in rows] == [f"{BOB[0]}!t"]),
        **bob,
    )
    server.ask((*own, 400, refused), (f"GET {ACL}", None, 200, []), token=f"{made['tokenid']}:{made['value']}")


def test_7_permission_checks_use_an_acl_cached_for_five_seconds(simulated: Callable[..., Server]) -> None:
    server = simulated(acl_cache_seconds=5)
    token = server.identity()
    mine = "GET /access/permissions?path=/"
    assert server.data(mine, token=token) == {}
    server.ask(
        grant("{n}@pbs", "/", "Audit"),
        grant("{n}@pbs!t", "/", "Audit"),
        (f"GET {ACL}", None, 200, has(ugid="{n}@pbs!t")),
    )
    assert server.data(mine, token=token) == {}
    server.clock.ahead = 5
    assert server.data(mine, token=token)["/"]["Sys.Audit"]
    server.ask(grant("{n}@pbs!t", "/", "Audit", delete=True))
    assert server.data(mine, token=token)
    server.ask((f"PUT {USER}", {"comment": "a write of users renews it"}))
    assert server.data(mine, token=token) == {}


@pytest.mark.parametrize(("user_rows", "token_rows", "path", "privileges"), EFFECTIVE)
def test_9_effective_permissions(
    server: Server, user_rows: list, token_rows: list, path: str, privileges: dict[str, bool]
) -> None:
    token = server.identity(user_rows, token_rows)
    expected = {path: privileges} if privileges else {}
    assert server.data(f"GET /access/permissions?path={path}", token=token) == expected
    assert server.data(f"GET /access/permissions?auth-id={{n}}@pbs!t&path={path}") == expected
    assert server.data("GET /access/permissions", token=token).get(path, {}) == (
        privileges if path in ("/", "/datastore") else {}
    )


def test_9_permissions_of_others_require_audit_rights(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask((f"POST {USERS}/{BOB[0]}/token/t",))
    server.ask(
        (f"GET /access/permissions?auth-id={BOB[0]}!t",),
        ("GET /access/permissions?auth-id=root@pam", None, 400, "not allowed to list permissions of root@pam"),
        **server.by_ticket(*BOB),
    )
    everything = server.data("GET /access/permissions", **server.by_ticket())
    assert everything.keys() == {"/", "/access", "/datastore", "/remote", "/system"}
    assert all(len(privileges) == 23 and all(privileges.values()) for privileges in everything.values())


@pytest.mark.parametrize(("row", "request_", "body", "status"), DECLARED)
def test_4_to_11_requests_require_the_documented_permissions(
    server: Server, row: tuple, request_: str, body: dict | None, status: int
) -> None:
    server.ask(REALM_MADE)
    token = server.identity([row], [row])
    server.ask((request_, body, status), token=token)


def test_11_auditor_sees_datastores(simulated: Callable[..., Server]) -> None:
    server = simulated(datastores=("tank", "vault"))
    everything = server.identity([("/", "Audit")], [("/", "Audit")])
    server.ask(
        ("GET /admin/datastore", None, 200, lambda rows: {row["store"] for row in rows} == {"tank", "vault"}),
        token=everything,
    )
    server.n = "fg-2"
    row = ("/datastore/tank/ns", "DatastoreReader")
    below = server.identity([row], [row])
    server.ask(
        (
            "GET /admin/datastore",
            None,
            200,
            [{"store": "tank", "mount-status": "nonremovable", "backend-type": "filesystem"}],
        ),
        ("GET /admin/datastore/tank/status", None, 200, {"total": 0, "used": 0, "avail": 0}),
        ("GET /admin/datastore/vault/status", None, 403),
        ("GET /config/datastore", None, 200, []),
        token=below,
    )
    server.n = "fg-3"
    server.ask(
        ("GET /admin/datastore", None, 200, []),
        ("GET /status/datastore-usage", None, 200, []),
        token=server.identity([("/", "Audit")]),
    )


def test_7_subject_with_a_comma_makes_the_acl_unreadable(simulated: Callable[..., Server]) -> None:
    server = simulated(acl_cache_seconds=5)
    server.ask(
        (f"POST {USERS}", {"userid": "a,b@pbs"}),
        (*grant("a,b@pbs", "/", "Audit"), 200, None),
        (f"GET {ACL}", None, 400, re.compile("^unable to parse acl config .* not a valid user id$")),
        ("GET /access/roles", None, 200),
    )
    server.clock.ahead = 5
    refused = (401, "authentication failed")
    server.ask(
        ("GET /access/roles", None, *refused),
        (f"GET {USERS}", None, *refused),
        ("GET /access/domains", None, 200),
        ("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD}, 401),
    )


def test_7_subject_with_a_comma_can_be_parsed_as_two(simulated: Callable[..., Server]) -> None:
    server = simulated()
    server.ask(
        *((f"POST {USERS}", {"userid": userid}) for userid in ("ann@pbs,bob2@pbs", "ann@pbs")),
        grant("ann@pbs,bob2@pbs", "/tape", "Audit"),
        (f"GET {ACL}", None, 200, has(ugid="ann@pbs", path="/tape")),
    )


def test_7_subject_with_a_leading_at_sign_is_parsed_as_a_group(simulated: Callable[..., Server]) -> None:
    server, name, row = simulated(), "@ops@pbs", {"path": "/tape", "roleid": "Audit", "ugid": "ops@pbs"}
    server.ask(
        (f"POST {USERS}", {"userid": name}),
        (*grant(name, "/tape", "Audit"), 200, None),
        (f"GET {ACL}", None, 200, has(**row, ugid_type="group")),
        (f"GET /access/permissions?auth-id={name}&path=/tape", None, 200, {}),
        (*grant(name, "/tape", "Audit", delete=True), 200, None),
        (f"GET {ACL}", None, 200, has(**row, ugid_type="group")),
    )
