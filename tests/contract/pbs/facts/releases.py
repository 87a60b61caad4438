"""Section 13: differences of older releases."""

from __future__ import annotations

from ..language import (
    ACL,
    MADE,
    NEW,
    OPENID,
    REALM,
    REALM_BODY,
    REALM_MADE,
    ROOT_PASSWORD,
    TOKEN,
    USER,
    USERS,
    case,
    grant,
    has,
)

CASES = [
    case("13", "roles", ("GET /access/roles", None, 200, lambda rows: len(rows) == 15), version="3.2"),
    case("13", "roles", ("GET /access/roles", None, 200, lambda rows: len(rows) == 18), version="3.3"),
    case("13", "push roles", MADE, (*grant("{n}@pbs", "/", "RemoteDatastoreAdmin"), 400), version="3.2"),
    *(
        case("13", f"{path} as a path", MADE, (*grant("{n}@pbs", path, "Audit"), status), version=version)
        for path, version, status in [
            ("/remote/r/s/ns", "3.2", 400),
            ("/remote/r/s/ns", "3.3", 200),
            ("/system/s3-endpoint", "3.4", 400),
            ("/system/s3-endpoint/x", "4.0", 200),
            ("/system/encryption-keys", "4.0", 400),
        ]
    ),
    case(
        "13",
        "the fixed realms",
        ("GET /access/domains", None, 200, has(realm="pam", default=True)),
        ("GET /config/access/pam", None, 404),
        ("PUT /config/access/pbs", {}, 404),
        (f"DELETE {OPENID}/pam", None, 404, "realm 'pam' does not exist."),
        (f"POST {OPENID}", {**REALM_BODY, "default": True}, 400),
        REALM_MADE,
        (f"GET {REALM}",),
        version="3.3",
    ),
    case("13", "shorter passwords", (f"POST {USERS}", {**NEW, "password": "five5"}), version="3.2"),
    case("13", "shorter passwords are refused", (f"POST {USERS}", {**NEW, "password": "five5"}, 400), version="3.3"),
    case(
        "13",
        "PUT user sets the password",
        (f"POST {USERS}", {**NEW, "password": "five5"}),
        (f"PUT {USER}", {"password": "six666"}),
        ("POST /access/ticket", {"username": "{n}@pbs", "password": "six666"}),
        version="3.2",
    ),
    case(
        "13",
        "token delete and regenerate are not supported",
        MADE,
        (f"POST {TOKEN}",),
        (f"PUT {TOKEN}", {"delete": ["comment"]}, 400),
        (f"PUT {TOKEN}", {"regenerate": True}, 400),
        version="3.3",
    ),
    case(
        "13",
        "token rows stay",
        MADE,
        (f"POST {TOKEN}",),
        grant("{n}@pbs!t", "/", "Audit"),
        (f"DELETE {TOKEN}",),
        (f"GET {ACL}", None, 200, has(ugid="{n}@pbs!t")),
        version="3.3",
    ),
    case(
        "13",
        "tokens outlive their user",
        MADE,
        (f"POST {TOKEN}",),
        (f"DELETE {USER}",),
        (f"GET {TOKEN}", None, 200, {"tokenid": "{n}@pbs!t"}),
        version="3.3",
    ),
    case(
        "13",
        "no audiences",
        (f"POST {OPENID}", {**REALM_BODY, "audiences": "a"}, 400),
        REALM_MADE,
        (f"PUT {REALM}", {"delete": ["audiences"]}, 400),
        version="4.0",
    ),
    case(
        "13",
        "no http-only",
        ("POST /access/ticket", {"username": "root@pam", "password": ROOT_PASSWORD, "http-only": True}, 400),
        ("DELETE /access/ticket", None, 404),
        ("POST /access/vncticket", {}, 404),
        version="3.4",
    ),
    case("13", "no VNC tickets before 4.0.20-1", ("POST /access/vncticket", {}, 404), version="4.0"),
    case(
        "13",
        "VNC tickets",
        (
            "POST /access/vncticket",
            {"authid": "root@pam", "vncticket": "x", "path": "/", "privs": "Sys.Console"},
            400,
            "Checking VNC ticket failed",
        ),
    ),
]
