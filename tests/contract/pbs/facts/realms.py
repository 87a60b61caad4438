"""Sections 4, 10 and 12: realms, OpenID without a provider, and missing endpoints."""

from __future__ import annotations

import re

from tests.simulators.directory import EXAMPLE

from ..language import (
    ABSENT,
    ACL,
    AD,
    AD_BODY,
    BIND,
    CA,
    LDAP,
    LDAP_BODY,
    MISMATCH,
    OPENID,
    REALM,
    REALM_BODY,
    REALM_MADE,
    UNKNOWN,
    USERS,
    case,
    grant,
    has,
    invalid,
    lacks,
    not_defined,
)

CASES = [
    case(
        "4",
        "the list of realms",
        REALM_MADE,
        ("GET /access/domains", None, 200, has(realm="{n}", type="openid", comment=ABSENT, default=ABSENT)),
        ("GET /access/domains", None, 200, has(realm="pam", type="pam")),
    ),
    case(
        "4",
        "the client key is returned in clear text",
        REALM_MADE,
        (f"GET {REALM}", None, 200, REALM_BODY),
        (f"GET {OPENID}", None, 200, has(**{"realm": "{n}", "client-key": "secret"})),
    ),
    case(
        "4",
        "unset options are absent, false ones are returned",
        (f"POST {OPENID}", {**REALM_BODY, "autocreate": False, "default": False}),
        (f"GET {REALM}", None, 200, {"autocreate": False, "default": False, "scopes": ABSENT, "comment": ABSENT}),
    ),
    case(
        "4",
        "an existing realm",
        REALM_MADE,
        (*REALM_MADE, 400, invalid("realm", "realm '{n}' already exists.")),
        (f"POST {LDAP}", LDAP_BODY, 400, invalid("realm", "realm '{n}' already exists.")),
    ),
    case(
        "4",
        "an update keeps omitted options",
        REALM_MADE,
        (f"PUT {REALM}", {"comment": " hello "}, 200, None),
        (f"GET {REALM}", None, 200, {**REALM_BODY, "comment": "hello"}),
    ),
    case(
        "4",
        "an empty comment is removed, another empty string is kept",
        REALM_MADE,
        (f"PUT {REALM}", {"comment": "c"}),
        (f"PUT {REALM}", {"comment": " ", "client-key": ""}),
        (f"GET {REALM}", None, 200, {"comment": ABSENT, "client-key": ""}),
    ),
    case(
        "4",
        "a value wins over its own deletion",
        REALM_MADE,
        (f"PUT {REALM}", {"delete": ["client-key"], "client-key": "new"}),
        (f"GET {REALM}", None, 200, {"client-key": "new"}),
    ),
    *(
        case(
            "4",
            f"delete {name}",
            (f"POST {OPENID}", {**REALM_BODY, name: value}),
            (f"PUT {REALM}", {"delete": [name]}),
            (f"GET {REALM}", None, 200, {name: ABSENT}),
        )
        for name, value in {
            "client-key": "k",
            "comment": "c",
            "autocreate": True,
            "scopes": "a",
            "prompt": "login",
            "acr-values": "a",
            "audiences": "a",
        }.items()
    ),
    *(
        case(
            "4",
            f"{name} cannot be deleted",
            REALM_MADE,
            (f"PUT {REALM}", {"delete": [name]}, 400, invalid("delete/[0]", not_defined(name))),
        )
        for name in ("username-claim", "issuer-url", "client-id")
    ),
    case(
        "4",
        "the username claim is refused on update",
        (f"POST {OPENID}", {**REALM_BODY, "username-claim": "email"}),
        (f"PUT {REALM}", {"username-claim": "email"}, 400, invalid("username-claim", UNKNOWN)),
        (f"GET {REALM}", None, 200, {"username-claim": "email"}),
    ),
    case(
        "4",
        "scopes are returned as written",
        (f"POST {OPENID}", {**REALM_BODY, "scopes": "profile,  email;x"}),
        (f"GET {REALM}", None, 200, {"scopes": "profile,  email;x"}),
    ),
    *(
        case(
            "4", f"{name}={value!r} is refused", (f"POST {OPENID}", {**REALM_BODY, name: value}, 400, re.compile(name))
        )
        for name, value in {
            "scopes": "urn:x",
            "prompt": "a b",
            "acr-values": "a#b",
            "audiences": "a<b",
            "username-claim": "a:b",
            "autocreate": "yes",
        }.items()
    ),
    case("4", "the issuer is not contacted", (f"POST {OPENID}", {**REALM_BODY, "issuer-url": "nonsense"})),
    case(
        "4",
        "unknown realm",
        (f"GET {REALM}", None, 400, "no such openid '{n}'"),
        (f"PUT {REALM}", {}, 400, "no such openid '{n}'"),
        (f"DELETE {REALM}", None, 404, "realm '{n}' does not exist."),
    ),
    case(
        "4",
        "a realm of another type",
        REALM_MADE,
        (f"GET {LDAP}/{{n}}", None, 400, "got unexpected type 'openid' for ldap '{n}'"),
        (f"GET {OPENID}/pam", None, 400, "got unexpected type 'pam' for openid 'pam'"),
    ),
    case(
        "4",
        "delete ignores the type",
        REALM_MADE,
        (f"DELETE {LDAP}/{{n}}", None, 200, None),
        ("GET /access/domains", None, 200, lacks(realm="{n}")),
    ),
    case("4", "delete with a digest", REALM_MADE, (f"DELETE {REALM}?digest={'0' * 64}", None, 400, MISMATCH)),
    case(
        "4",
        "users and rows of a deleted realm remain",
        REALM_MADE,
        (f"POST {USERS}", {"userid": "{n}@{n}"}),
        grant("{n}@{n}", "/", "Audit"),
        (f"DELETE {REALM}",),
        (f"GET {USERS}/{{n}}@{{n}}", None, 200, {"userid": "{n}@{n}"}),
        (f"GET {ACL}", None, 200, has(ugid="{n}@{n}")),
    ),
    case(
        "4",
        "sync",
        REALM_MADE,
        ("POST /access/domains/{n}/sync", {"dry-run": True}, 200, re.compile("^UPID:")),
        ("POST /access/domains/{n}-no/sync", {}, 400, "unable to find realm {n}-no"),
        ("POST /access/domains/{n}/sync", {"remove-vanished": "users"}, 400),
        version="4.2",
    ),
    case(
        "4",
        "built-in realms",
        ("GET /config/access/pam", None, 200, {"realm": "pam", "type": "pam"}),
        ("GET /config/access/pbs", None, 200, {"realm": "pbs", "type": "pbs"}),
        ("POST /config/access/pam", {}, 404),
    ),
    case(
        "4",
        "a default realm",
        REALM_MADE,
        (f"PUT {REALM}", {"default": True}),
        ("GET /access/domains", None, 200, has(realm="{n}", default=True)),
        ("GET /access/domains", None, 200, lacks(realm="pam", default=True)),
        version="4.2",
    ),
    case(
        "4",
        "a new default realm",
        (f"POST {OPENID}", {**REALM_BODY, "default": True}),
        ("GET /config/access/pam", None, 200, {"default": ABSENT}),
        version="4.2",
    ),
    case(
        "4",
        "an update without default: true unsets it",
        (f"POST {OPENID}", {**REALM_BODY, "default": True}),
        (f"PUT {REALM}", {"comment": "c"}),
        (f"GET {REALM}", None, 200, {"default": ABSENT}),
        ("PUT /config/access/pam", {"default": True}),
        ("PUT /config/access/pam", {"comment": "c"}),
        ("GET /config/access/pam", None, 200, {"default": ABSENT, "comment": "c"}),
        version="4.2",
    ),
    case(
        "4",
        "pam can be deleted and still works",
        (f"DELETE {OPENID}/pam",),
        ("GET /config/access/pam", None, 400),
        ("GET /version",),
        (f"POST {USERS}", {"userid": "{n}@pam"}),
        version="4.2",
    ),
    case(
        "4",
        "ldap has required options",
        (f"POST {LDAP}", {"realm": "{n}"}, 400, re.compile("base-dn.*\n.*server1")),
        (f"POST {LDAP}", {**LDAP_BODY, "mode": "tls"}, 400),
        (f"POST {LDAP}", {**LDAP_BODY, "port": 65536}, 400),
    ),
    case(
        "4",
        "ldap stores all but the password",
        (f"POST {LDAP}", {**LDAP_BODY, "password": "p", "verify": False}),
        (f"GET {LDAP}/{{n}}", None, 200, {**LDAP_BODY, "password": ABSENT, "verify": False}),
        (f"GET {LDAP}", None, 200, has(realm="{n}", password=ABSENT)),
        (f"PUT {LDAP}/{{n}}", {"delete": ["password", "verify"]}),
        (f"GET {LDAP}/{{n}}", None, 200, {"verify": ABSENT}),
        version="4.2",
    ),
    case(
        "4",
        "capath can only be set at creation",
        (f"POST {LDAP}", {**LDAP_BODY, "capath": CA}),
        (f"PUT {LDAP}/{{n}}", {"capath": "/b"}),
        (f"GET {LDAP}/{{n}}", None, 200, {"capath": CA}),
        (f"PUT {LDAP}/{{n}}", {"delete": ["capath"]}, 400),
        version="4.2",
    ),
    case(
        "4",
        "a configuration refused by the directory is not saved",
        (f"POST {LDAP}", {**LDAP_BODY, "server1": "elsewhere.example.org"}, 400),
        (f"POST {LDAP}", {**LDAP_BODY, "base-dn": "dc=nowhere"}, 400, re.compile("^Could not search LDAP realm")),
        (f"POST {LDAP}", {**LDAP_BODY, "port": 1389}, 400, re.compile("Connection refused")),
        (f"POST {LDAP}", {**LDAP_BODY, "capath": "/nowhere"}, 400, "No such file or directory (os error 2)"),
        (f"POST {LDAP}", {**LDAP_BODY, "mode": "ldaps", "verify": True}, 400, re.compile("certificate")),
        (f"POST {LDAP}", {**LDAP_BODY, **BIND, "password": "wrong"}, 400, re.compile("^LDAP bind failed")),
        (f"POST {LDAP}", {**LDAP_BODY, "bind-dn": "cn=x"}, 400, "Missing bind password for cn=x"),
        (
            f"POST {AD}",
            {"realm": "{n}", "server1": "ldap.example.org"},
            400,
            re.compile("^failed to determine base_dn"),
        ),
        ("GET /access/domains", None, 200, lacks(realm="{n}")),
        version="4.2",
    ),
    case(
        "4",
        "the second server is tried as well",
        (f"POST {LDAP}", {**LDAP_BODY, "server1": "gone.example.org", "server2": "ldap2.example.org"}),
        version="4.2",
    ),
    case(
        "4",
        "a certificate that the realm trusts",
        (f"POST {LDAP}", {**LDAP_BODY, "mode": "ldap+starttls", "verify": True, "capath": CA}),
        version="4.2",
    ),
    case(
        "4",
        "a bind password is kept until it is deleted",
        (f"POST {LDAP}", {**LDAP_BODY, **BIND}),
        (f"PUT {LDAP}/{{n}}", {"comment": "c"}),
        (f"PUT {LDAP}/{{n}}", {"password": "wrong"}, 400),
        (f"PUT {LDAP}/{{n}}", {"comment": "d"}),
        (f"PUT {LDAP}/{{n}}", {"delete": ["password"]}, 400, f"Missing bind password for {BIND['bind-dn']}"),
        (f"PUT {LDAP}/{{n}}", {"comment": "e"}, 400, f"Missing bind password for {BIND['bind-dn']}"),
        (f"GET {LDAP}/{{n}}", None, 200, {"comment": "d", **BIND, "password": ABSENT}),
        (f"PUT {LDAP}/{{n}}", {"delete": ["bind-dn"]}),
        version="4.2",
    ),
    *(
        case(
            "4",
            f"a bind password {'outlives' if kind == OPENID else 'goes with'} a realm that is deleted through {kind}",
            (f"POST {LDAP}", {**LDAP_BODY, **BIND}),
            (f"DELETE {kind}/{{n}}",),
            (f"POST {LDAP}", LDAP_BODY),
            (f"PUT {LDAP}/{{n}}", {"bind-dn": BIND["bind-dn"]}, status),
            version="4.2",
        )
        for kind, status in [(OPENID, 200), (LDAP, 400), (AD, 400)]
    ),
    case(
        "4",
        "an update contacts the directory again",
        (f"POST {LDAP}", LDAP_BODY),
        (f"PUT {LDAP}/{{n}}", {"base-dn": "dc=nowhere", "comment": "c"}, 400),
        (f"GET {LDAP}/{{n}}", None, 200, {**LDAP_BODY, "comment": ABSENT}),
        (f"PUT {LDAP}/{{n}}", {"user-attr": "cn", "filter": "(uid=*)", "server2": "ldap2.example.org"}),
        (f"GET {LDAP}/{{n}}", None, 200, {"user-attr": "cn", "filter": "(uid=*)", "server2": "ldap2.example.org"}),
        version="4.2",
    ),
    *(
        case(
            "4",
            f"{name} of ldap cannot be deleted",
            (f"POST {LDAP}", LDAP_BODY),
            (f"PUT {LDAP}/{{n}}", {"delete": [name]}, 400),
            version="4.2",
        )
        for name in ("server1", "base-dn", "user-attr", "capath")
    ),
    case(
        "4",
        "property strings",
        (f"POST {LDAP}", {**LDAP_BODY, "sync-attributes": "nick=x"}, 400),
        (f"POST {LDAP}", {**LDAP_BODY, "sync-defaults-options": "remove-vanished=users"}, 400),
        (f"POST {LDAP}", {**LDAP_BODY, "sync-defaults-options": "enable-new=0,remove-vanished=acl;entry"}),
        version="4.2",
    ),
    case(
        "4",
        "ad takes the base from the directory",
        (f"POST {AD}", AD_BODY),
        (f"GET {AD}/{{n}}", None, 200, {"base-dn": EXAMPLE, "server1": "dc1.example.org"}),
        version="4.2",
    ),
    case(
        "10",
        "unknown realm",
        ("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": "https://a"}, 400, "no such openid '{n}'"),
    ),
    case(
        "10",
        "unreachable issuer",
        (f"POST {OPENID}", {**REALM_BODY, "issuer-url": "https://127.0.0.1:1"}),
        ("POST /access/openid/auth-url", {"realm": "{n}", "redirect-url": "https://a"}, 400),
    ),
    case(
        "10", "an unknown state", ("POST /access/openid/login", {"state": "x", "code": "y", "redirect-url": "z"}, 401)
    ),
    case(
        "12",
        "no groups",
        ("GET /access/groups", None, 404),
        *(
            (f"POST {OPENID}", {**REALM_BODY, name: "x"}, 400, invalid(name, UNKNOWN))
            for name in ("groups-claim", "groups-autocreate", "query-userinfo")
        ),
    ),
]
