"""Proxmox Backup Server: tables for the tests of all modules."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.modules import any_state as states
from tests.modules.systems.shared import REALM, proxmox_connection
from tests.simulators.directory import EXAMPLE, example_directories
from tests.simulators.pbs import PbsSimulator


def server(wired):
    """The server that tasks connect to."""
    return next(iter(wired.fleet.pbs.values()))


def connection(wired):
    return proxmox_connection(server(wired), wired.fleet.tokens[server(wired).name], wired)


def start_anew(wired):
    """An empty host."""
    tokens = {"root@pam!fleet": connection(wired)["api_token_secret"]}
    server(wired).observed.app = PbsSimulator(
        tokens=tokens, directories=example_directories(), acl_cache_seconds=0
    ).app()


# principals that the states of any_state refer to
ANY_COMPANY = {
    "users": [{"userid": "ann@pbs"}, {"userid": "bob@pbs"}],
    "tokens": [{"userid": "ann@pbs", "token_name": "ci", "return_secret": True}],
    "acl": [{"path": "/", "roles": ["Audit"], "users": ["ann@pbs"], "tokens": ["ann@pbs!ci"]}],
}


def any_state():
    """Each kind of object with a strategy for entries of it; what they refer to is in ANY_COMPANY or built in."""
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pbs.system import PBS

    kinds = {kind.plural: kind for kind in PBS.resources}
    sso = {"type": "openid", **ISSUER, "on_immutable_change": "recreate"}
    company = {**LDAP, "server1": "ldap.example.org", "on_immutable_change": "recreate"}
    # the options of a connection to a directory depend on each other
    fixed = dict.fromkeys(
        ("issuer_url", "client_id", "server1", "port", "mode", "verify", "base_dn", "user_attr", "bind_dn")
    )
    subjects = {"users": ["ann@pbs", "bob@pbs"], "tokens": ["ann@pbs!ci"]}
    made = {
        "users": states.entries(kinds["users"], ["rita@pbs", "sam@pam"], {"tfa_locked": None}, {}),
        "tokens": states.entries(
            kinds["tokens"], [("ann@pbs", "pulse"), ("bob@pbs", "x")], {}, {"return_secret": True}
        ),
        "acl": states.acl(kinds["acl"], ["/", "/datastore", "/datastore/tank"], ["Audit", "DatastoreBackup"], subjects),
        "realms": st.tuples(
            states.entries(kinds["realms"], ["one", "two"], fixed, sso),
            states.entries(kinds["realms"], ["company"], {**fixed, "capath": st.sampled_from(("", CA))}, company),
        )
        .map(lambda drawn: [*drawn[0], *drawn[1]])
        .filter(states.one_default),
    }
    return [(kinds[plural], strategy) for plural, strategy in made.items()]


def as_left(plural, one, declared):
    """An undeclared object after the declared state is applied; None if it is removed."""
    if plural == "realms" and any(realm.get("default") for realm in declared.get("realms", ())):
        return {**one, "default": False}
    return one


# a task that creates an object, for tests of failures
ONE = ("pbs_user", {"userid": "new@pbs"})

ISSUER = {"issuer_url": "https://id.example.org", "client_id": "proxmox"}
LDAP = {
    "type": "ldap",
    "server1": "gone.example.org",
    "server2": "ldap.example.org",
    "base_dn": EXAMPLE,
    "user_attr": "uid",
}
COMPANY_REALM = {"realm": "company", **LDAP}
BIND = {"bind_dn": f"cn=proxmox,{EXAMPLE}", "password": "a-bind-password"}
CA = "/etc/ssl/example-ca.pem"

# kind of object: options that identify, create, update and unset
LIVES = {
    "pbs_realm": (
        {"realm": "sso"},
        {
            **ISSUER,
            "client_key": "first-client-secret",
            "username_claim": "email",
            "scopes": ["email"],
            "default": True,
        },
        {
            "client_id": "other",
            "client_key": "second-client-secret",
            "autocreate": True,
            "prompt": "login",
            "acr_values": ["phr"],
            "audiences": ["other"],
            "comment": "Sign-on",
        },
        {
            "client_key": "",
            "scopes": [],
            "prompt": "",
            "acr_values": [],
            "audiences": [],
            "default": False,
            "comment": "",
        },
    ),
    "pbs_realm of a directory": (
        {"realm": "company", "type": "ldap"},
        {**LDAP, **BIND, "sync_attributes": {"email": "mail"}, "comment": "Company"},
        {
            "server1": "ldap2.example.org",
            "port": 636,
            "mode": "ldaps",
            "verify": False,
            "filter": "(mail=*)",
            "user_classes": ["person"],
            "sync_attributes": {"firstname": "givenName"},
            "sync_defaults_options": {"enable_new": False, "remove_vanished": ["entry", "acl"]},
        },
        {
            "server2": "",
            "port": 0,
            "mode": "ldap",
            "filter": "",
            "user_classes": [],
            "bind_dn": "",
            "sync_attributes": {"email": ""},
            "sync_defaults_options": {},
            "comment": "",
        },
    ),
    "pbs_realm of an Active Directory": (
        {"realm": "windows", "type": "ad"},
        {"server1": "dc1.example.org", "base_dn": EXAMPLE, **BIND, "capath": CA},
        {
            "mode": "ldap+starttls",
            "verify": True,
            "sync_attributes": {"email": "mail", "lastname": "sn"},
            "default": True,
        },
        {"verify": False, "sync_attributes": {}, "default": False},
    ),
    "pbs_user": (
        {"userid": "rita@pbs"},
        {"email": "rita@example.org", "firstname": "Rita", "enable": False, "password": "a-password-of-rita"},
        {"email": "r@example.org", "enable": True, "expire": 1893456000, "comment": "Night shift"},
        {"email": "", "firstname": "", "comment": "", "expire": 0},
    ),
    "pbs_token": (
        {"userid": "staff@pbs", "token_name": "ci"},
        {"comment": "Pipeline", "return_secret": True},
        {"comment": "Pipelines", "enable": False, "expire": 1893456000},
        {"comment": "", "enable": True, "expire": 0},
    ),
    "pbs_acl": (
        {"path": "/datastore/tank", "roles": ["DatastoreAudit", "DatastoreBackup"], "users": ["staff@pbs"]},
        {},
        {"propagate": False},
        {"propagate": True},
    ),
}

# options that older servers do not have
NEWER = {"pbs_realm": ("default", "audiences"), "pbs_realm of an Active Directory": ("default",)}

# principals that the objects above refer to
COMPANY = (("pbs_user", {"userid": "staff@pbs"}),)

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-client-secret-of-a-realm", "a-password-of-sam", "a-candidate-of-ci")

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("pbs_realm", {"realm": "sso", **REALM}),
    ("pbs_user", {"userid": "rita@sso", "email": "rita@example.org"}),
    ("pbs_token", {"userid": "rita@sso", "token_name": "ci", "return_secret": True}),
    ("pbs_token", {"userid": "rita@sso", "token_name": "ci", "return_secret": True, "secret": "regenerate"}),
    (
        "pbs_token",
        {
            "userid": "rita@sso",
            "token_name": "ci",
            "return_secret": True,
            "secret": "if_invalid",
            "secret_candidates": ["a-candidate-of-ci"],
        },
    ),
    ("pbs_acl", {"path": "/datastore", "roles": ["Audit"], "users": ["rita@sso"], "tokens": ["rita@sso!ci"]}),
    ("pbs_realm", {"realm": "company", **LDAP}),
    ("pbs_realm_sync", {"realm": "company", "remove_vanished": ["entry"]}),
    ("pbs_state", {"users": [{"userid": "sam@pbs", "password": "a-password-of-sam"}]}),
    ("pbs_info", {"permissions_of": ["rita@sso!ci"], "filters": {"tokens": [{"name": "*!ci"}]}}),
]

ACL = {"path": "/", "roles": ["Audit"], "users": ["ann@pbs"]}
# existing objects that bad input refers to
THERE = [
    ("pbs_realm", dict(realm="sso", **REALM)),
    ("pbs_user", {"userid": "ann@pbs"}),
    ("pbs_acl", {"path": "/datastore", "roles": ["DatastoreAudit"], "users": ["ann@pbs"]}),
]

# case: module, options, pattern of the message
BAD_INPUT = {
    "a realm name that PBS refuses": ("pbs_realm", {"realm": "-x", **REALM}, "realm: '-x' may only have letters"),
    "an empty issuer on PBS": (
        "pbs_realm",
        {"realm": "new", **REALM, "issuer_url": ""},
        "issuer_url: must not be empty",
    ),
    "a realm of PBS that exists with another type": (
        "pbs_realm",
        {"realm": "directory", **REALM},
        "type: is 'ldap' on the server",
    ),
    "another username claim on PBS": (
        "pbs_realm",
        {"realm": "sso", "username_claim": "email"},
        "username_claim: is 'sub' on the server",
    ),
    "an option of another type of realm": (
        "pbs_realm",
        {**COMPANY_REALM, "issuer_url": "https://id.example.org"},
        "issuer_url: is not an option of a realm of type ldap",
    ),
    "an option pam does not support": (
        "pbs_realm",
        {"realm": "pam", "autocreate": True},
        "autocreate: is not an option of a realm of type pam",
    ),
    "the type of another realm": (
        "pbs_realm",
        {"realm": "new", "type": "pam"},
        "type: 'pam' is not the type of the realm new",
    ),
    "another type for pam": (
        "pbs_realm",
        {"realm": "pam", "type": "ldap"},
        "type: 'ldap' is not the type of the realm pam",
    ),
    "a realm name of one letter": ("pbs_realm", {"realm": "x", **REALM}, "realm: 'x' must have at least 2 characters"),
    "a realm name of 33 letters": ("pbs_realm", {"realm": "x" * 33, **REALM}, "must not be longer than 32 characters"),
    "a directory without required options": (
        "pbs_realm",
        {"realm": "new", "type": "ldap"},
        "server1: is required to create realm new; user_attr: is required .*; base_dn: is required",
    ),
    "an Active Directory without a server": (
        "pbs_realm",
        {"realm": "new", "type": "ad"},
        "server1: is required to create realm new$",
    ),
    "an Active Directory with its base DN unset": (
        "pbs_realm",
        {"realm": "new", "type": "ad", "base_dn": ""},
        "base_dn: must not be empty",
    ),
    "a user attribute for an Active Directory": (
        "pbs_realm",
        {"realm": "new", "type": "ad", "user_attr": "uid"},
        "user_attr: is not an option of a realm of type ad",
    ),
    "the URL of a directory": (
        "pbs_realm",
        {**COMPANY_REALM, "server1": "ldap://x"},
        "server1: 'ldap://x' must be a host name or an address",
    ),
    "a second server with a port": (
        "pbs_realm",
        {**COMPANY_REALM, "server2": "x:389"},
        "server2: 'x:389' must be a host name or an address",
    ),
    "an invalid port": ("pbs_realm", {**COMPANY_REALM, "port": 65536}, "port: must be from 1 to 65535"),
    "an invalid mode": (
        "pbs_realm",
        {**COMPANY_REALM, "mode": "tls"},
        "value of mode must be one of: ldap, ldap\\+starttls, ldaps",
    ),
    "an invalid base DN": (
        "pbs_realm",
        {**COMPANY_REALM, "base_dn": "example.org"},
        "base_dn: 'example.org' is not a distinguished name",
    ),
    "an invalid attribute": (
        "pbs_realm",
        {**COMPANY_REALM, "user_attr": "u id"},
        "user_attr: 'u id' is not the name of an attribute",
    ),
    "an invalid synced attribute": (
        "pbs_realm",
        {**COMPANY_REALM, "sync_attributes": {"email": "m,n"}},
        "sync_attributes: email: 'm,n' is not the name",
    ),
    "an attribute that PBS does not sync": (
        "pbs_realm",
        {**COMPANY_REALM, "sync_attributes": {"phone": "x"}},
        "sync_attributes: unknown option phone",
    ),
    "an invalid object class": (
        "pbs_realm",
        {**COMPANY_REALM, "user_classes": ["a,b"]},
        "user_classes: 'a,b' is not the name of an attribute",
    ),
    "an unknown value of remove_vanished": (
        "pbs_realm",
        {**COMPANY_REALM, "sync_defaults_options": {"remove_vanished": ["users"]}},
        "remove_vanished must be one or more of: acl, entry, properties",
    ),
    "a bind DN without a password on PBS": (
        "pbs_realm",
        {**COMPANY_REALM, "bind_dn": "cn=x"},
        "password: is required, because the realm binds as 'cn=x'",
    ),
    "an empty bind password": ("pbs_realm", {**COMPANY_REALM, **BIND, "password": ""}, "password: must not be empty"),
    "a bind password without a bind DN": (
        "pbs_realm",
        {**COMPANY_REALM, "password": "x"},
        "password: requires bind_dn",
    ),
    "a new bind DN without a password on an existing realm": (
        "pbs_realm",
        {"realm": "directory", "type": "ldap", "bind_dn": "cn=x"},
        "password: is required",
    ),
    "a scope that PBS refuses": (
        "pbs_realm",
        {"realm": "sso", "scopes": ["urn:x"]},
        "scopes: 'urn:x' may only have letters",
    ),
    "a prompt with a blank": (
        "pbs_realm",
        {"realm": "sso", "prompt": "login now"},
        "prompt: 'login now' may only have letters",
    ),
    "an invalid authentication context class on PBS": (
        "pbs_realm",
        {"realm": "sso", "acr_values": ["a#b"]},
        "acr_values: 'a#b' may not have blanks",
    ),
    "an audience that is too long": (
        "pbs_realm",
        {"realm": "sso", "audiences": ["x" * 257]},
        "audiences: .* must not be longer than 256",
    ),
    "a username claim that is too long": (
        "pbs_realm",
        {"realm": "new", **REALM, "username_claim": "x" * 65},
        "username_claim: .* must not be longer than 64",
    ),
    "a realm comment that is too long": (
        "pbs_realm",
        {"realm": "sso", "comment": "x" * 129},
        "comment: .* must not be longer than 128",
    ),
    "two default realms of PBS": (
        "pbs_state",
        {"realms": [{"realm": "sso", "default": True}, {"realm": "pam", "default": True}]},
        "only a single realm can be the default, but sso and pam",
    ),
    "a new capath on an existing realm of PBS": (
        "pbs_realm",
        {"realm": "directory", "type": "ldap", "capath": CA},
        "capath: is '' on the server and cannot be changed to .*; set on_immutable_change=recreate",
    ),
    "a sync of a realm without a directory on PBS": (
        "pbs_realm_sync",
        {"realm": "sso"},
        "realm: 'sso' is of type openid, and only realms of type ldap and ad",
    ),
    "a sync of a missing realm on PBS": ("pbs_realm_sync", {"realm": "nowhere"}, "realm nowhere does not exist"),
    "a sync with an empty remove_vanished": (
        "pbs_realm_sync",
        {"realm": "directory", "remove_vanished": []},
        "remove_vanished: must not be empty",
    ),
    "a user in a missing realm on PBS": (
        "pbs_user",
        {"userid": "ann@nowhere"},
        "user ann@nowhere: realm nowhere does not exist",
    ),
    "a one-letter name on PBS": (
        "pbs_user",
        {"userid": "ann@pbs", "firstname": "A"},
        "firstname: 'A' must have at least 2 characters",
    ),
    "a name PBS truncates": (
        "pbs_user",
        {"userid": "ann@pbs", "firstname": "A "},
        "firstname: 'A ' must not begin or end with a blank",
    ),
    "removing a built-in realm of PBS": (
        "pbs_realm",
        {"realm": "pam", "state": "absent"},
        "realm: 'pam' is built in and cannot be removed",
    ),
    "a comment with a tab on PBS": (
        "pbs_state",
        {"users": [{"userid": "a@pbs"}, {"userid": "b@pbs", "comment": "a\tb"}]},
        r"users\[1\]\.comment: .* without control characters",
    ),
    "a user of PBS without a realm": ("pbs_user", {"userid": "ann"}, "userid: 'ann' must be a name and a realm"),
    "a user of PBS with a blank": ("pbs_user", {"userid": "a b@pbs"}, "userid: 'a b@pbs' must be a name and a realm"),
    "a user of PBS with a colon": ("pbs_user", {"userid": "a:b@pbs"}, "userid: 'a:b@pbs' must be"),
    "a user of PBS with a slash": ("pbs_user", {"userid": "a/b@pbs"}, "userid: 'a/b@pbs' must be"),
    "a user of PBS with a comma": ("pbs_user", {"userid": "a,b@pbs"}, "userid: 'a,b@pbs' must be a name and a realm"),
    "a user PBS parses as a group": (
        "pbs_user",
        {"userid": "@ops@pbs"},
        "userid: '@ops@pbs' must be .* nor begin with '.' or '@'",
    ),
    "a token of a user of PBS with a comma": (
        "pbs_token",
        {"userid": "a,b@pbs", "token_name": "ci", "return_secret": True},
        "userid: 'a,b@pbs' must be a name and a realm",
    ),
    "an entry for a user of PBS with a comma": (
        "pbs_acl",
        {**ACL, "users": ["a,b@pbs"]},
        "users: 'a,b@pbs' must be a name and a realm",
    ),
    "an ACL entry for two users in one name on PBS": (
        "pbs_acl",
        {**ACL, "users": ["ann@pbs,bob@pbs"]},
        "users: 'ann@pbs,bob@pbs' must be",
    ),
    "an ACL entry PBS parses as one of a group": (
        "pbs_acl",
        {**ACL, "users": ["@ann@pbs"]},
        "users: '@ann@pbs' must be a name and a realm",
    ),
    "an entry for a token of PBS with a comma": (
        "pbs_acl",
        {"path": "/", "roles": ["Audit"], "tokens": ["a,b@pbs!ci"]},
        "tokens: 'a,b@pbs!ci' must be a full token id",
    ),
    "a state of PBS with a name that has a comma": (
        "pbs_state",
        {"users": [{"userid": "a,b@pbs"}], "acl": [{"path": "/", "roles": ["Audit"], "users": ["a,b@pbs"]}]},
        r"users\[0\]\.userid: 'a,b@pbs' must be .*acl\[0\]\.users: 'a,b@pbs' must be",
    ),
    "a user id PBS refuses in a path": (
        "pbs_user",
        {"userid": ".ann@pbs"},
        "userid: '.ann@pbs' must be a name and a realm, .* nor begin with '.'",
    ),
    "a token id of PBS that is too long": (
        "pbs_token",
        {"userid": "u" * 40 + "@pbs", "token_name": "n" * 20, "return_secret": True},
        r"token_name: 'u+@pbs!n+' must not be longer than 64 characters \(it has 65\)",
    ),
    "a user id of PBS that is too long": (
        "pbs_user",
        {"userid": "u" * 61 + "@pbs"},
        "must not be longer than 64 characters",
    ),
    "a last name of PBS that is too long": (
        "pbs_user",
        {"userid": "ann@pbs", "lastname": "x" * 65},
        "lastname: .* must not be longer than 64",
    ),
    "a one-letter e-mail address on PBS": (
        "pbs_user",
        {"userid": "ann@pbs", "email": "a"},
        "email: 'a' must have at least 2 characters",
    ),
    "an expiry in milliseconds on PBS": (
        "pbs_user",
        {"userid": "ann@pbs", "expire": 1767222000000},
        "expire: must be in seconds since 1970",
    ),
    "a negative expiry on PBS": ("pbs_user", {"userid": "ann@pbs", "expire": -1}, "expire: must be from 0 to"),
    "a comment of a user of PBS that is too long": (
        "pbs_user",
        {"userid": "ann@pbs", "comment": "x" * 129},
        "comment: .* must not be longer than 128",
    ),
    "a password of PBS that is too short": (
        "pbs_user",
        {"userid": "ann@pbs", "password": "seven77"},
        "password: must have at least 8 characters",
    ),
    "a password of PBS that is too long": (
        "pbs_user",
        {"userid": "ann@pbs", "password": "x" * 65},
        "password: must not be longer than 64",
    ),
    "a password for an OpenID user on PBS": (
        "pbs_user",
        {"userid": "ann@sso", "password": "long-enough"},
        "password: cannot be set on ann@sso",
    ),
    "a password of a system account": (
        "pbs_user",
        {"userid": "ann@pam", "password": "long-enough"},
        "password: cannot be set on ann@pam",
    ),
    "setting tfa_locked on PBS": (
        "pbs_user",
        {"userid": "ann@pbs", "tfa_locked": True},
        "tfa_locked: can only be set to false",
    ),
    "removing root on PBS": (
        "pbs_user",
        {"userid": "root@pam", "state": "absent"},
        "userid: 'root@pam' cannot be removed",
    ),
    "a token name that PBS refuses": (
        "pbs_token",
        {"userid": "root@pam", "token_name": "-x", "return_secret": True},
        "token_name: '-x' may only have letters",
    ),
    "a token of a missing user on PBS": (
        "pbs_token",
        {"userid": "nobody@pbs", "token_name": "x", "return_secret": True},
        "user nobody@pbs does not exist",
    ),
    "an ACL entry without a subject on PBS": (
        "pbs_acl",
        {"path": "/", "roles": ["Audit"]},
        "users or tokens: must have at least one principal",
    ),
    "an ACL entry for root on PBS": ("pbs_acl", {**ACL, "users": ["root@pam"]}, "users: 'root@pam' has all privileges"),
    "an ACL entry without a role on PBS": ("pbs_acl", {**ACL, "roles": []}, "roles: must not be empty"),
    "a token in place of a user on PBS": (
        "pbs_acl",
        {**ACL, "users": ["root@pam!fleet"]},
        "users: 'root@pam!fleet' must be a name and a realm",
    ),
    "a user in place of a token on PBS": (
        "pbs_acl",
        {"path": "/", "roles": ["Audit"], "tokens": ["root@pam"]},
        "tokens: 'root@pam' must be a full token id",
    ),
    "a missing token on PBS": (
        "pbs_acl",
        {"path": "/", "roles": ["Audit"], "tokens": ["root@pam!x"]},
        "token root@pam!x does not exist",
    ),
    "a namespace that is too deep": (
        "pbs_acl",
        {**ACL, "path": "/datastore/s/1/2/3/4/5/6/7/8"},
        "is not a path for PBS's ACL entries",
    ),
    "a namespace with a blank": ("pbs_acl", {**ACL, "path": "/datastore/s/a b"}, "is not a path for PBS's ACL entries"),
    "a path that is too long on PBS": (
        "pbs_acl",
        {**ACL, "path": "/datastore/" + "x" * 120},
        "must not be longer than 128",
    ),
    "an unknown role on PBS": ("pbs_acl", {**ACL, "roles": ["Administrator"]}, "role Administrator does not exist"),
    "an unknown user on PBS": ("pbs_acl", {**ACL, "users": ["nobody@pbs"]}, "user nobody@pbs does not exist"),
    "two roles that exclude each other on PBS": (
        "pbs_acl",
        {**ACL, "roles": ["Audit", "NoAccess"]},
        "no other role beside NoAccess, and Audit exists or is declared",
    ),
    "a role conflicting with an existing one": (
        "pbs_acl",
        {"path": "/datastore", "roles": ["NoAccess"], "users": ["ann@pbs"]},
        "acl /datastore user ann@pbs NoAccess: the server keeps no other role beside NoAccess, and DatastoreAudit exists or is declared",
    ),
    "a path of PVE on PBS": (
        "pbs_acl",
        {**ACL, "path": "/vms/100"},
        "path: '/vms/100' is not a path for PBS's ACL entries",
    ),
    "permissions of a group of PBS": (
        "pbs_info",
        {"permissions_of": ["admins"]},
        "permissions_of: 'admins' is neither a user nor a token, and PBS has no groups",
    ),
    "a privilege of PVE on PBS": (
        "pbs_token",
        {
            "userid": "ann@pbs",
            "token_name": "new",
            "return_secret": True,
            "required_privileges": [{"path": "/", "privileges": ["VM.Audit"]}],
        },
        "required_privileges: 'VM.Audit' is not a privilege of this server",
    ),
    "candidates that are never tried on PBS": (
        "pbs_token",
        {"userid": "ann@pbs", "token_name": "new", "secret_candidates": ["x"]},
        "secret_candidates: are only tried with secret=if_invalid",
    ),
    "a wrong secret of a PBS token": (
        "pbs_user",
        {"userid": "ann@pbs", "api_token_secret": "none-of-its-secrets"},
        "root@pam!fleet is not accepted",
    ),
}

# missing privilege: token, module, options, pattern of the message
MISSING_RIGHTS = [
    ("pbs look", "pbs_realm_sync", {"realm": "directory"}, "lacks Permissions.Modify on /access/users"),
    ("pbs look", "pbs_user", {"userid": "new@pbs"}, "weak@pbs!look lacks Permissions.Modify on /access/users"),
    ("pbs look", "pbs_realm", {"realm": "new", **REALM}, "lacks Realm.Allocate on /access/domains"),
    (
        "pbs look",
        "pbs_acl",
        {"path": "/datastore", "roles": ["Audit"], "users": ["weak@pbs"]},
        "lacks Permissions.Modify on /access/acl",
    ),
    ("pbs blind", "pbs_user", {"userid": "new@pbs", "state": "absent"}, "lacks Sys.Audit on /access/users"),
]
