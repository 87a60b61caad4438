"""Proxmox Backup Server: what the tests of all modules do with its modules."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.modules import any_state as states
from tests.modules.systems.shared import REALM, proxmox_connection
from tests.simulators.pbs import PbsSimulator


def server(wired):
    """The server that the tasks go to."""
    return next(iter(wired.fleet.pbs.values()))


def connection(wired):
    return proxmox_connection(server(wired), wired.fleet.tokens[server(wired).name], wired)


def start_anew(wired):
    """A host, with nothing on it."""
    server(wired).observed.app = PbsSimulator(tokens={"root@pam!fleet": connection(wired)["api_token_secret"]}).app()


# who the states of any_state refer to
ANY_COMPANY = {
    "users": [{"userid": "ann@pbs"}, {"userid": "bob@pbs"}],
    "tokens": [{"userid": "ann@pbs", "token_name": "ci", "return_secret": True}],
    "acl": [{"path": "/", "roles": ["Audit"], "users": ["ann@pbs"], "tokens": ["ann@pbs!ci"]}],
}


def any_state():
    """Each kind of object with a strategy for entries of it; what they refer to is in ANY_COMPANY or built in."""
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pbs.system import PBS

    kinds = {kind.plural: kind for kind in PBS.resources}
    realm = {**ISSUER, "on_immutable_change": "recreate"}
    subjects = {"users": ["ann@pbs", "bob@pbs"], "tokens": ["ann@pbs!ci"]}
    made = {
        "users": states.entries(kinds["users"], ["rita@pbs", "sam@pam"], {}, {}),
        "tokens": states.entries(kinds["tokens"], [("ann@pbs", "pulse"), ("bob@pbs", "x")], {}, {"return_secret": True}),
        "acl": states.acl(kinds["acl"], ["/", "/datastore", "/datastore/tank"], ["Audit", "DatastoreBackup"], subjects),
        "realms": states.entries(kinds["realms"], ["one", "two"], {"issuer_url": None, "client_id": None}, realm).filter(states.one_default),
    }
    return [(kinds[plural], strategy) for plural, strategy in made.items()]


def as_left(plural, one, declared):
    """What is left of an object that is not declared when the rest is made as declared; None when it is gone too."""
    if plural == "realms" and any(realm.get("default") for realm in declared.get("realms", ())):
        return {**one, "default": False}
    return one


# a task that makes something, for what may go wrong with any
ONE = ("pbs_user", {"userid": "new@pbs"})

ISSUER = {"issuer_url": "https://id.example.org", "client_id": "proxmox"}

# kind of object: the options that name it, those it is made with, those that change it, those that take options away
LIVES = {
    "pbs_realm": (
        {"realm": "sso"},
        {**ISSUER, "client_key": "first-client-secret", "username_claim": "email", "scopes": ["email"], "default": True},
        {"client_id": "other", "client_key": "second-client-secret", "autocreate": True, "prompt": "login", "acr_values": ["phr"], "comment": "Sign-on"},
        {"client_key": "", "scopes": [], "prompt": "", "acr_values": [], "default": False, "comment": ""},
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

# who the objects above refer to
COMPANY = (
    ("pbs_user", {"userid": "staff@pbs"}),
)

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-client-secret-of-a-realm", "a-password-of-sam")

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("pbs_realm", {"realm": "sso", **REALM}),
    ("pbs_user", {"userid": "rita@sso", "email": "rita@example.org"}),
    ("pbs_token", {"userid": "rita@sso", "token_name": "ci", "return_secret": True}),
    ("pbs_acl", {"path": "/datastore", "roles": ["Audit"], "users": ["rita@sso"], "tokens": ["rita@sso!ci"]}),
    ("pbs_state", {"users": [{"userid": "sam@pbs", "password": "a-password-of-sam"}]}),
    ("pbs_info", {}),
]

ACL = {"path": "/", "roles": ["Audit"], "users": ["ann@pbs"]}
# what is there already when bad input arrives
THERE = [
    ("pbs_realm", dict(realm="sso", **REALM)),
]

# what is wrong: module, options, and what the message must say
BAD_INPUT = {
    "a realm name that PBS refuses": ("pbs_realm", {"realm": "-x", **REALM}, "realm: '-x' may only have letters"),
    "an empty issuer on PBS": ("pbs_realm", {"realm": "new", **REALM, "issuer_url": ""}, "issuer_url: must not be empty"),
    "a realm of PBS that exists with another type": ("pbs_realm", {"realm": "directory", **REALM}, "type: is 'ldap' on the server"),
    "another username claim on PBS": ("pbs_realm", {"realm": "sso", "username_claim": "email"}, "username_claim: is 'sub' on the server"),
    "a user of PBS in no realm": ("pbs_user", {"userid": "ann@nowhere"}, "user ann@nowhere: realm nowhere does not exist"),
    "a name of one letter on PBS": ("pbs_user", {"userid": "ann@pbs", "firstname": "A"}, "firstname: 'A' must have at least 2 characters"),
    "a name that PBS would cut": ("pbs_user", {"userid": "ann@pbs", "firstname": "A "}, "firstname: 'A ' must not begin or end with a blank"),
    "the removal of a built-in realm of PBS": ("pbs_realm", {"realm": "pam", "state": "absent"}, "type: is 'pam' on the server and not 'openid'"),
    "a comment with a tab on PBS": (
        "pbs_state", {"users": [{"userid": "a@pbs"}, {"userid": "b@pbs", "comment": "a\tb"}]}, r"users\[1\]\.comment: .* without control characters"
    ),
    "an unknown role on PBS": ("pbs_acl", {**ACL, "roles": ["Administrator"]}, "role Administrator does not exist"),
    "an unknown user on PBS": ("pbs_acl", {**ACL, "users": ["nobody@pbs"]}, "user nobody@pbs does not exist"),
    "a path of PVE on PBS": ("pbs_acl", {**ACL, "path": "/vms/100"}, "path: '/vms/100' is not a path that PBS has ACL entries for"),
    "a wrong secret of a PBS token": ("pbs_user", {"userid": "ann@pbs", "api_token_secret": "none-of-its-secrets"}, "root@pam!fleet is not accepted"),
}

# who lacks a right: token, module, options, and what the message must say
MISSING_RIGHTS = [
    ("pbs look", "pbs_user", {"userid": "new@pbs"}, "weak@pbs!look lacks Permissions.Modify on /access/users"),
    ("pbs look", "pbs_realm", {"realm": "new", **REALM}, "lacks Realm.Allocate on /access/domains"),
    ("pbs look", "pbs_acl", {"path": "/datastore", "roles": ["Audit"], "users": ["weak@pbs"]}, "lacks Permissions.Modify on /access/acl"),
    ("pbs blind", "pbs_user", {"userid": "new@pbs", "state": "absent"}, "lacks Sys.Audit on /access/users"),
]
