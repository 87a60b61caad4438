"""Sections 1 to 3: transport, errors, authentication, names."""

from __future__ import annotations

from ..language import (
    ABSENT,
    ACL,
    FORM,
    JSON,
    MADE,
    MISMATCH,
    NEW,
    OPENID,
    PATTERN,
    REALM,
    REALM_BODY,
    TOKEN,
    UNKNOWN,
    USER,
    USERS,
    Raw,
    case,
    grant,
    invalid,
    lacks,
    not_defined,
    too_long,
    too_short,
)

CASES = [
    case("1", "success without a result is null", MADE, (f"PUT {USER}", {"comment": "d"}, 200, None)),
    case(
        "1",
        "at sign and exclamation mark may be coded in paths or not",
        MADE,
        (f"POST {TOKEN}",),
        (f"GET {USERS}/{{n}}%40pbs", None, 200, NEW),
        (f"GET {USERS}/{{n}}@pbs/%74oken/t", None, 200, {"tokenid": "{n}@pbs!t"}),
    ),
    case("1", "empty segments are dropped", ("GET //version/", None, 200, {"release": str})),
    case("1", "a segment that begins with a dot", ("GET /.hidden", None, 400)),
    case("1", "path and query over 3072 bytes", (f"GET /version?_dc={'x' * 3072}", None, 414, "")),
    case("1", "just below 3072 bytes", (f"GET /version?_dc={'x' * 3000}", None, 200)),
    case("1", "a body of 512 KiB", (f"POST {USERS}", Raw(FORM, "x" * 512 * 1024), 400)),
    case("1", "other content types", (f"POST {USERS}", Raw("text/plain", ""), 400)),
    case("1", "content type parameters are ignored", MADE, (f"PUT {USER}", Raw(f"{JSON};charset=utf-8", "{}"))),
    case("1", "unknown path", ("GET /nope", None, 404, "Path '/api2/json/nope' not found.")),
    case(
        "1",
        "unsupported method on a known path",
        (f"POST {ACL}", {}, 404, f"Path '/api2/json{ACL}' not found."),
        ("PATCH /version", None, 404),
        ("HEAD /version", None, 404),
    ),
    case(
        "1", "JSON booleans", (f"POST {USERS}", {**NEW, "enable": 1}, 400, invalid("enable", "Expected boolean value."))
    ),
    case(
        "1",
        "JSON integers",
        (f"POST {USERS}", {**NEW, "expire": "5"}, 400, invalid("expire", "Expected integer value.")),
        (f"POST {USERS}", {**NEW, "expire": 5.0}, 400),
        (f"POST {USERS}", {**NEW, "expire": True}, 400),
    ),
    case(
        "1", "JSON null", (f"POST {USERS}", {**NEW, "comment": None}, 400, invalid("comment", "Expected string value."))
    ),
    case(
        "1",
        "JSON arrays",
        MADE,
        (f"PUT {USER}", {"delete": "comment"}, 400, invalid("delete", "Expected array - got scalar value.")),
        (f"PUT {USER}", {"delete": ["comment"]}),
    ),
    case("1", "invalid JSON", (f"POST {USERS}", Raw(JSON, "{"), 400), (f"POST {USERS}", Raw(JSON, "[]"), 400)),
    case("1", "an empty JSON body is an empty object", MADE, (f"POST {TOKEN}", Raw(JSON, ""))),
    case(
        "1",
        "path parameters replace JSON keys",
        MADE,
        (f"PUT {USER}", {"userid": "root@pam", "comment": "mine"}),
        (f"GET {USER}", None, 200, {"comment": "mine"}),
    ),
    case(
        "1",
        "the query is ignored beside JSON",
        MADE,
        (f"GET {ACL}?bogus=1", {}),
        (f"GET {ACL}?bogus=1", None, 400),
        (f"DELETE {USER}?digest={'0' * 64}", {}),
    ),
    case(
        "1",
        "the query is merged with a form",
        MADE,
        (f"PUT {USER}?firstname=Ann", "lastname=Lee"),
        (f"GET {USER}", None, 200, {"firstname": "Ann", "lastname": "Lee"}),
    ),
    case(
        "1",
        "form booleans",
        MADE,
        (f"PUT {USER}", "enable=Off"),
        (f"GET {USER}", None, 200, {"enable": False}),
        (f"PUT {USER}", "enable=YES"),
        (f"GET {USER}", None, 200, {"enable": ABSENT}),
        (f"PUT {USER}", "enable=2", 400, invalid("enable", "Unable to parse boolean option.")),
    ),
    case(
        "1",
        "form integers",
        (f"POST {USERS}", "userid={n}%40pbs&expire=soon", 400),
        (f"POST {USERS}", "userid={n}%40pbs&expire=4102444800"),
    ),
    case(
        "1",
        "form arrays are repeated keys",
        MADE,
        (f"PUT {USER}", "delete=comment&delete=email"),
        (f"GET {USER}", None, 200, {"comment": ABSENT, "email": ABSENT}),
    ),
    case(
        "1", "form arrays of one", MADE, (f"PUT {USER}", "delete=email"), (f"GET {USER}", None, 200, {"comment": "c"})
    ),
    case(
        "1",
        "form arrays are not split at commas",
        MADE,
        (f"PUT {USER}", "delete=comment,email", 400, invalid("delete", not_defined("comment,email"))),
    ),
    case(
        "1",
        "a repeated form key",
        MADE,
        (f"PUT {USER}", "comment=a&comment=b", 400, invalid("comment", "duplicate parameter.")),
    ),
    case(
        "1",
        "a path parameter repeated in a form",
        MADE,
        (f"PUT {USER}", "userid={n}%40pbs", 400, invalid("userid", "duplicate parameter.")),
    ),
    case("1", "_dc is ignored", ("GET /version?_dc=1",)),
    case(
        "1",
        "a missing parameter",
        (f"POST {USERS}", {}, 400, invalid("userid", "property is missing and it is not optional")),
        (f"POST {USERS}", "", 400, invalid("userid", "parameter is missing and it is not optional.")),
    ),
    case(
        "1",
        "an unknown parameter",
        (f"POST {USERS}", {**NEW, "groups": "x"}, 400, invalid("groups", UNKNOWN)),
        (f"POST {USERS}", "userid={n}%40pbs&groups=x", 400, invalid("groups", f"{UNKNOWN}.")),
    ),
    case(
        "1",
        "several errors; a form reports missing ones only alone",
        (
            f"POST {USERS}",
            {"expire": -1},
            400,
            "parameter verification failed:\n- 'expire': value must have a minimum value of 0 (got -1)\n"
            "- 'userid': property is missing and it is not optional",
        ),
        (f"POST {USERS}", "expire=-1", 400, invalid("expire", "value must have a minimum value of 0 (got -1)")),
    ),
    case(
        "1",
        "digest mismatch",
        MADE,
        (f"PUT {USER}", {"digest": "0" * 64}, 400, MISMATCH),
        (f"DELETE {USER}?digest={'0' * 64}", None, 400, MISMATCH),
        (f"POST {TOKEN}", {"digest": "0" * 64}, 400, MISMATCH),
        (*grant("{n}@pbs", "/", "Audit", digest="0" * 64), 400, MISMATCH),
    ),
    case("1", "an invalid digest", MADE, (f"PUT {USER}", {"digest": "abc"}, 400, invalid("digest", PATTERN))),
    case(
        "2",
        "PUT password is refused for tokens",
        MADE,
        ("PUT /access/password", {**NEW, "password": "long enough"}, 400, "API tokens cannot access this API endpoint"),
        version="4.2",
    ),
    case(
        "2",
        "no password, wrong password, unknown user, unknown realm",
        ("POST /access/ticket", {"username": "{n}@pbs"}, 400),
        ("POST /access/ticket", {"username": "root@pam", "password": "wrong"}, 401, "permission check failed."),
        ("POST /access/ticket", {"username": "{n}@pbs", "password": "wrong"}, 401, "permission check failed."),
        ("POST /access/ticket", {"username": "{n}@{n}", "password": "wrong"}, 401, "permission check failed."),
    ),
    *(
        case(
            "3",
            f"a realm called {realm!r}",
            (f"POST {OPENID}", {**REALM_BODY, "realm": realm}, 400, invalid("realm", reason)),
        )
        for realm, reason in [
            ("a", too_short(2)),
            ("-ab", PATTERN),
            ("a b", PATTERN),
            ("a" * 33, too_long(32)),
            ("pam", "realm 'pam' already exists."),
            ("pbs", "realm 'pbs' already exists."),
        ]
    ),
    *(
        case("3", f"a user called {userid!r}", (f"POST {USERS}", {"userid": userid}, 400, invalid("userid", PATTERN)))
        for userid in ["nobody", "a b@pbs", "a:b@pbs", "a/b@pbs", "@pbs", "a@p!b", "a\u0007@pbs"]
    ),
    case(
        "3",
        "a user id over 64 characters",
        (f"POST {USERS}", {"userid": "u" * 61 + "@pbs"}, 400, invalid("userid", too_long(64))),
    ),
    case(
        "3",
        "the last at sign separates the realm",
        (f"POST {USERS}", {"userid": "{n}@example.org@pbs"}),
        (f"GET {USERS}/{{n}}@example.org@pbs", None, 200, {"userid": "{n}@example.org@pbs"}),
    ),
    case("3", "a token called !", MADE, (f"POST {USER}/token/%21", {}, 400)),
    case("3", "a token id over 64 characters", MADE, (f"POST {USER}/token/{'t' * 60}", {}, 400)),
    case(
        "3",
        "a comment over 128 characters",
        (f"POST {USERS}", {**NEW, "comment": "c" * 129}, 400, invalid("comment", too_long(128))),
    ),
    case(
        "3",
        "a comment with a control character",
        (f"POST {USERS}", {**NEW, "comment": "a\nb"}, 400, invalid("comment", PATTERN)),
    ),
    case(
        "3",
        "a first name of one character",
        (f"POST {USERS}", {**NEW, "firstname": "A"}, 400, invalid("firstname", too_short(2))),
    ),
    case("3", "an email is not checked", (f"POST {USERS}", {**NEW, "email": "no mail"})),
    *(
        case("3", f"the ACL path {path!r}", (*grant("{n}@pbs", path, "Audit"), 400, invalid("path", reason)))
        for path, reason in [
            ("/access/", PATTERN),
            ("access", PATTERN),
            ("//access", PATTERN),
            ("/a b", PATTERN),
            ("", too_short(1)),
            ("/" + "a" * 128, too_long(128)),
        ]
    ),
    case(
        "3",
        "blanks around a stored string are removed",
        (f"POST {OPENID}", {**REALM_BODY, "client-id": " pbs "}),
        (f"GET {REALM}", None, 200, {"client-id": "pbs"}),
    ),
    case(
        "3",
        "control characters cannot be stored",
        (f"POST {OPENID}", {**REALM_BODY, "client-id": "p\tbs"}, 400),
        ("GET /access/domains", None, 200, lacks(realm="{n}")),
    ),
]
