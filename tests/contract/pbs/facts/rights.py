"""Sections 7 to 9 and 11: ACL, roles, permissions, and the data a monitoring identity can read."""

from __future__ import annotations

from ..language import ABSENT, ACL, MADE, case, grant, has, invalid, lacks, not_defined

CASES = [
    case(
        "7",
        "a row",
        MADE,
        (*grant("{n}@pbs", "/datastore/{n}", "Audit"), 200, None),
        (
            f"GET {ACL}?path=/datastore/{{n}}",
            None,
            200,
            [{"path": "/datastore/{n}", "ugid": "{n}@pbs", "propagate": True, "ugid_type": "user", "roleid": "Audit"}],
        ),
    ),
    case(
        "7",
        "path, subtree, exact",
        MADE,
        grant("{n}@pbs", "/datastore/{n}/a", "Audit"),
        (f"GET {ACL}?path=/datastore/{{n}}", None, 200, has(path="/datastore/{n}/a")),
        (f"GET {ACL}?path=/datastore/{{n}}&exact=1", None, 200, []),
        (f"GET {ACL}?path=/datastore/{{n}}/a&exact=1", None, 200, has(ugid="{n}@pbs")),
        (f"GET {ACL}?path=/datastore/{{n}}-no", None, 200, []),
        (f"GET {ACL}?exact=1", None, 200, lacks(ugid="{n}@pbs")),
    ),
    case(
        "7",
        "path=/ doubles the slash",
        MADE,
        grant("{n}@pbs", "/datastore", "Audit"),
        (f"GET {ACL}?path=/", None, 200, has(path="//datastore", ugid="{n}@pbs")),
    ),
    case(
        "7",
        "one role again changes propagate",
        MADE,
        *(grant("{n}@pbs", "/system", "Audit", propagate=propagate) for propagate in (True, False)),
        (f"GET {ACL}", None, 200, has(ugid="{n}@pbs", propagate=False)),
        (f"GET {ACL}", None, 200, lacks(ugid="{n}@pbs", propagate=True)),
    ),
    case(
        "7",
        "NoAccess replaces the others and is replaced",
        MADE,
        *(grant("{n}@pbs", "/system", role) for role in ("Audit", "TapeAudit")),
        (f"GET {ACL}", None, 200, has(ugid="{n}@pbs", roleid="Audit")),
        grant("{n}@pbs", "/system", "NoAccess"),
        (f"GET {ACL}", None, 200, lacks(ugid="{n}@pbs", roleid="Audit")),
        grant("{n}@pbs", "/system", "Audit"),
        (f"GET {ACL}", None, 200, lacks(ugid="{n}@pbs", roleid="NoAccess")),
    ),
    case(
        "7",
        "groups are refused",
        (
            f"PUT {ACL}",
            {"path": "/", "role": "Audit", "group": "admins"},
            400,
            "parameter 'group' - groups are currently not supported.",
        ),
    ),
    case(
        "7", "no subject", (f"PUT {ACL}", {"path": "/", "role": "Audit"}, 400, "missing 'userid' or 'group' parameter.")
    ),
    case(
        "7",
        "a missing identity",
        (*grant("{n}@pbs", "/", "Audit"), 400, "no such user."),
        (*grant("{n}@pbs!t", "/", "Audit"), 400, "no such API token."),
    ),
    case(
        "7",
        "an unknown role",
        (*grant("{n}@pbs", "/", "Administrator"), 400, invalid("role", not_defined("Administrator"))),
    ),
    case(
        "7",
        "valid paths",
        MADE,
        *(
            grant("{n}@pbs", path, "Audit")
            for path in (
                "/access/openid/x",
                "/datastore/{n}/1/2/3/4/5/6/7",
                "/remote/{n}/s/1/2/3/4/5/6/7",
                "/system/services/x",
                "/system/network/interfaces/x",
                "/system/s3-endpoint/x",
                "/system/encryption-keys",
                "/tape/pool/x",
            )
        ),
    ),
    *(
        case(
            "7",
            f"{path} is no path to add, but one to delete",
            MADE,
            (*grant("{n}@pbs", path, "Audit"), 400, f"invalid acl path '{path}'."),
            grant("{n}@pbs", path, "Audit", delete=True),
        )
        for path in ("/nope", "/vms", "/access/users/x", "/datastore/s/1/2/3/4/5/6/7/8", "/system/network/x", "/tape/x")
    ),
    case("7", "deleting never fails", (*grant("{n}@pbs", "/", "Audit", delete=True), 200, None)),
    case(
        "7",
        "rows of root@pam are dropped",
        grant("root@pam", "/tape", "Audit"),
        (f"GET {ACL}", None, 200, lacks(ugid="root@pam")),
    ),
    case(
        "8",
        "roles",
        ("GET /access/roles", None, 200, has(roleid="Audit", privs=["Sys.Audit", "Datastore.Audit"])),
        ("GET /access/roles", None, 200, has(roleid="NoAccess", privs=[], comment="Disable Access")),
        ("GET /access/roles", None, 200, lacks(roleid="Administrator")),
        ("GET /access/roles", None, 200, lambda rows: len(rows) == 18),
        ("POST /access/roles", {}, 404),
    ),
    case(
        "8",
        "only Admin has Permissions.Modify and Realm.Allocate",
        (
            "GET /access/roles",
            None,
            200,
            lambda rows: (
                [row["roleid"] for row in rows if {"Permissions.Modify", "Realm.Allocate"} & set(row["privs"])]
                == ["Admin"]
            ),
        ),
    ),
    case("9", "permissions of an unknown identity", ("GET /access/permissions?auth-id={n}@pbs", None, 200, {})),
    case(
        "9",
        "permissions on a path outside the tree",
        ("GET /access/permissions?path=/nope", None, 200, {"/nope": dict}),
    ),
    case(
        "11",
        "reads",
        ("GET /version", None, 200, {"version": str, "release": str, "repoid": str}),
        ("GET /ping", None, 200, {"pong": True}),
        ("GET /nodes", None, 403, "permission check failed"),
        ("GET /nodes/localhost/status", None, 200, {"uptime": int, "memory": dict}),
        ("GET /admin/datastore",),
        ("GET /status/datastore-usage",),
        ("GET /config/datastore",),
        ("GET /admin/datastore/{n}/status", None, 400),
    ),
    case(
        "11",
        "directory indexes",
        ("GET /access", None, 200, has(subdir="users")),
        ("GET /config/access", None, 200, has(subdir="openid")),
    ),
    case(
        "11",
        "datastores",
        ("GET /admin/datastore", None, 200, has(store="tank")),
        ("GET /admin/datastore/tank/status", None, 200, {"total": int, "used": int, "avail": int, "counts": ABSENT}),
        ("GET /admin/datastore/tank/status?verbose=1", None, 200, {"counts": dict, "gc-status": dict}),
        ("GET /config/datastore", None, 200, has(name="tank", path="/mnt/datastore/tank")),
        version="4.2",
    ),
]
