"""Proxmox VE: tables for the tests of all modules."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.modules import any_state as states
from tests.modules.systems.shared import REALM, proxmox_connection
from tests.simulators.pve import PveSimulator


def server(wired):
    """The server that tasks connect to."""
    return next(iter(wired.fleet.pve.values()))[0]


def connection(wired):
    return proxmox_connection(server(wired), wired.fleet.tokens[next(iter(wired.fleet.pve))], wired)


def start_anew(wired):
    """An empty cluster."""
    server(wired).observed.app = PveSimulator(tokens={"root@pam!fleet": connection(wired)["api_token_secret"]}).app(
        "pve1"
    )


# principals that the states of any_state refer to
ANY_COMPANY = {
    "groups": [{"groupid": "staff"}, {"groupid": "others"}],
    "users": [{"userid": "ann@pve", "groups": ["staff"]}, {"userid": "bob@pve"}],
    "tokens": [{"userid": "ann@pve", "tokenid": "ci", "return_secret": True}],
    "acl": [{"path": "/", "roles": ["PVEAuditor"], "users": ["ann@pve"], "tokens": ["ann@pve!ci"]}],
    "realms": [
        {
            "realm": "corp",
            "type": "ldap",
            "server1": "ldap.example.org",
            "base_dn": "dc=example,dc=org",
            "user_attr": "uid",
        }
    ],
}


def any_state():
    """Each kind of object with a strategy for entries of it; what they refer to is in ANY_COMPANY or built in."""
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pve.system import PVE

    kinds = {kind.plural: kind for kind in PVE.resources}
    groups = st.lists(st.sampled_from(["staff", "others"]), unique=True)
    sso = {"type": "openid", **ISSUER, "on_immutable_change": "recreate"}
    company = {**LDAP, "on_immutable_change": "recreate"}
    fixed = dict.fromkeys(("issuer_url", "client_id", "server1", "base_dn", "user_attr", "bind_dn"))
    members = st.lists(st.sampled_from(["ann@pve", "bob@pve"]), unique=True)
    subjects = {"users": ["ann@pve", "bob@pve"], "groups": ["staff", "others"], "tokens": ["ann@pve!ci"]}
    privileges = st.lists(st.sampled_from(["VM.Audit", "Sys.Audit", "Datastore.Audit"]), unique=True)
    made = {
        "roles": states.entries(kinds["roles"], ["Reader", "Writer"], {"privs": privileges}, {}),
        "groups": states.entries(kinds["groups"], ["readers", "writers"], {"users": members}, {}),
        "users": states.entries(kinds["users"], ["rita@pve", "sam@sso"], {"groups": groups, "keys": None}, {}),
        "tokens": states.entries(
            kinds["tokens"], [("ann@pve", "pulse"), ("bob@pve", "x1")], {}, {"return_secret": True}
        ),
        "acl": states.acl(kinds["acl"], ["/", "/vms", "/pool/dev"], ["PVEAuditor", "PVEVMUser"], subjects),
        "realms": st.tuples(
            states.entries(kinds["realms"], ["one", "two"], fixed, sso),
            states.entries(kinds["realms"], ["company"], fixed, company),
        )
        .map(lambda drawn: [*drawn[0], *drawn[1]])
        .filter(states.one_default),
    }
    job = {"realm": "corp", "schedule": "daily", "scope": "both"}
    made["realm_sync_jobs"] = states.entries(kinds["realm_sync_jobs"], ["nightly", "weekly"], dict.fromkeys(job), job)
    return [(kinds[plural], strategy) for plural, strategy in made.items()]


def as_left(plural, one, declared):
    """An undeclared object after the declared state is applied; None if it is removed."""
    if plural == "realms" and any(realm.get("default") for realm in declared.get("realms", ())):
        return {**one, "default": False}
    if plural == "users":
        return {**one, "groups": _joined(one["groups"], one["userid"], declared.get("groups", ()), "groupid", "users")}
    if plural == "groups":
        return {**one, "users": _joined(one["users"], one["groupid"], declared.get("users", ()), "userid", "groups")}
    return one


def _joined(before, name, entries, key, option):
    """Users and groups share memberships: `before` after the memberships declared on the other side are applied."""
    after = set(before)
    for entry in entries:
        if entry.get("state") == "absent" or name not in entry.get(option, (name,) if entry[key] in after else ()):
            after.discard(entry[key])
        else:
            after.add(entry[key])
    return sorted(after)


# a task that creates an object, for tests of failures
ONE = ("pve_group", {"groupid": "new"})

ISSUER = {"issuer_url": "https://id.example.org", "client_id": "proxmox"}
LDAP = {"type": "ldap", "server1": "ldap.example.org", "base_dn": "dc=example,dc=org", "user_attr": "uid"}
BIND = {"bind_dn": "cn=proxmox,dc=example,dc=org", "password": "a-bind-password"}

JOB = {"id": "nightly", "schedule": "2:30", "scope": "both"}

# kind of object: options that identify, create, update and unset
LIVES = {
    "pve_role": ({"roleid": "Reader"}, {"privs": ["VM.Audit"]}, {"privs": ["Sys.Audit", "VM.Audit"]}, {"privs": []}),
    "pve_group": (
        {"groupid": "readers"},
        {"comment": "They read – a lot", "users": ["staff@pve", "other@pve"]},
        {"comment": "They write", "users": ["other@pve"], "remove": ["users"]},
        {"comment": "", "users": []},
    ),
    "pve_user": (
        {"userid": "rita@pve"},
        {
            "email": "rita@example.org",
            "firstname": "Rita",
            "groups": ["staff"],
            "enable": False,
            "password": "a-password-of-rita",
        },
        {
            "email": "r@example.org",
            "enable": True,
            "expire": 1893456000,
            "groups": ["others"],
            "append": ["groups"],
            "comment": "a: b, c;",
        },
        {"email": "", "firstname": "", "comment": "", "groups": [], "expire": 0},
    ),
    "pve_token": (
        {"userid": "staff@pve", "tokenid": "ci"},
        {"comment": "Pipeline", "return_secret": True},
        {"comment": "Pipelines", "privsep": False, "expire": 1893456000},
        {"comment": "", "expire": 0},
    ),
    "pve_acl": (
        {"path": "/vms", "roles": ["PVEAuditor", "PVEVMUser"], "users": ["staff@pve"], "groups": ["staff", "others"]},
        {},
        {"propagate": False},
        {"propagate": True},
    ),
    "pve_realm": (
        {"realm": "sso"},
        {
            **ISSUER,
            "client_key": "first-client-secret",
            "username_claim": "email",
            "scopes": ["email", "groups"],
            "prompt": "login",
        },
        {
            "client_id": "other",
            "client_key": "second-client-secret",
            "autocreate": True,
            "groups_claim": "groups",
            "groups_overwrite": True,
            "query_userinfo": False,
            "acr_values": ["phr", "phrh"],
            "audiences": ["one"],
            "default": True,
            "comment": "Sign-on",
        },
        {
            "client_key": "",
            "scopes": [],
            "prompt": "",
            "groups_claim": "",
            "groups_overwrite": False,
            "query_userinfo": True,
            "acr_values": [],
            "audiences": [],
            "default": False,
            "comment": "",
        },
    ),
    "pve_realm_sync_job": (
        {"id": "nightly"},
        {**JOB, "realm": "corp", "remove_vanished": ["entry", "acl"], "comment": "Every night"},
        {
            "schedule": "mon..fri *:0/30",
            "scope": "users",
            "remove_vanished": ["properties"],
            "append": ["remove_vanished"],
            "enabled": False,
            "enable_new": False,
        },
        {"remove_vanished": [], "comment": "", "enabled": True, "enable_new": True},
    ),
    "pve_realm of a directory": (
        {"realm": "company", "type": "ldap"},
        {
            **LDAP,
            **BIND,
            "server2": "ldap2.example.org",
            "sync_attributes": {"email": "mail"},
            "group_filter": "(cn=*)",
            "tfa": "type=oath",
            "comment": "Company",
        },
        {
            "port": 636,
            "mode": "ldaps",
            "verify": True,
            "capath": "/etc/ssl/company.pem",
            "filter": "(mail=*)",
            "user_classes": ["person"],
            "case_sensitive": False,
            "sync_attributes": {"firstname": "givenName"},
            "group_dn": "ou=groups,dc=example,dc=org",
            "group_classes": ["group"],
            "sync_defaults_options": {"scope": "both", "enable_new": False, "remove_vanished": ["entry", "acl"]},
        },
        {
            "server2": "",
            "port": 0,
            "mode": "ldap",
            "verify": False,
            "capath": "",
            "filter": "",
            "user_classes": [],
            "case_sensitive": True,
            "bind_dn": "",
            "sync_attributes": {"email": ""},
            "group_dn": "",
            "group_classes": [],
            "group_filter": "",
            "sync_defaults_options": {},
            "tfa": "",
            "comment": "",
        },
    ),
    "pve_realm of an Active Directory": (
        {"realm": "windows", "type": "ad"},
        {
            "server1": "dc1.example.org",
            "domain": "example.org",
            **BIND,
            "cert": "/etc/pve/priv/ad.pem",
            "certkey": "/etc/pve/priv/ad.key",
        },
        {
            "mode": "ldap+starttls",
            "sslversion": "tlsv1_3",
            "base_dn": "dc=example,dc=org",
            "user_attr": "sAMAccountName",
            "group_name_attr": "cn",
            "default": True,
        },
        {
            "cert": "",
            "certkey": "",
            "base_dn": "",
            "user_attr": "",
            "group_name_attr": "",
            "sslversion": "",
            "default": False,
        },
    ),
}

# options that the newest servers have, or can unset, and older ones cannot
NEWER = {"pve_realm": ("audiences",), "pve_token": ("comment",)}

# principals that the objects above refer to
COMPANY = (
    ("pve_group", {"groupid": "staff"}),
    ("pve_group", {"groupid": "others"}),
    ("pve_user", {"userid": "staff@pve"}),
    ("pve_user", {"userid": "other@pve", "groups": ["others"]}),
    ("pve_realm", {"realm": "corp", **LDAP}),
)

# given to modules or kept by servers, and never to be seen
HIDDEN = ("a-client-secret-of-a-realm", "a-password-of-rita", "a-candidate-of-ci")

# tasks that use every module, in an order in which they can run
EVERY_MODULE = [
    ("pve_role", {"roleid": "Reader", "privs": ["VM.Audit", "Sys.Audit"]}),
    ("pve_group", {"groupid": "readers", "comment": "They read"}),
    (
        "pve_user",
        {"userid": "rita@pve", "groups": ["readers"], "password": "a-password-of-rita", "email": "rita@example.org"},
    ),
    ("pve_token", {"userid": "rita@pve", "tokenid": "ci", "return_secret": True}),
    ("pve_token", {"userid": "rita@pve", "tokenid": "ci", "return_secret": True, "secret": "regenerate"}),
    (
        "pve_token",
        {
            "userid": "rita@pve",
            "tokenid": "ci",
            "return_secret": True,
            "secret": "if_invalid",
            "secret_candidates": ["a-candidate-of-ci"],
        },
    ),
    ("pve_acl", {"path": "/vms", "roles": ["Reader"], "users": ["rita@pve"], "tokens": ["rita@pve!ci"]}),
    ("pve_realm", {"realm": "sso", **REALM}),
    ("pve_realm", {"realm": "corp", **LDAP}),
    ("pve_realm_sync", {"realm": "corp", "scope": "both"}),
    ("pve_realm_sync_job", {**JOB, "realm": "corp"}),
    ("pve_state", {"groups": [{"groupid": "writers"}], "realms": [{"realm": "other", **REALM}]}),
    (
        "pve_info",
        {
            "gather": ["groups", "users", "tokens", "acl", "realms", "nodes", "cluster", "version", "roles"],
            "permissions_of": ["readers", "rita@pve"],
            "filters": {"users": [{"realm": "pve"}]},
        },
    ),
]

LONG = "x" * 57 + "@sso.org"
ACL = {"path": "/", "roles": ["PVEAuditor"], "users": ["root@pve"]}
# existing objects that bad input refers to
THERE = [
    ("pve_realm", dict(realm="sso", **REALM, username_claim="preferred_username")),
    ("pve_group", dict(groupid="readers")),
    ("pve_user", dict(userid="ann@pve")),
    ("pve_realm_sync_job", {**JOB, "realm": "directory"}),
]

# case: module, options, pattern of the message
BAD_INPUT = {
    "a group name PVE ignores at login": (
        "pve_group",
        {"groupid": "My Admins"},
        "groupid: 'My Admins' may only have letters",
    ),
    "an unknown role in an ACL": ("pve_acl", {**ACL, "roles": ["Administartor"]}, "role Administartor does not exist"),
    "an unknown user in an ACL": ("pve_acl", {**ACL, "users": ["nobody@pve"]}, "user nobody@pve does not exist"),
    "an unknown group in an ACL": (
        "pve_acl",
        {"path": "/", "roles": ["PVEAuditor"], "groups": ["nogroup"]},
        "group nogroup does not exist",
    ),
    "an unknown token in an ACL": (
        "pve_acl",
        {"path": "/", "roles": ["PVEAuditor"], "tokens": ["ann@pve!no"]},
        "token ann@pve!no does not exist",
    ),
    "a path without ACL support": (
        "pve_acl",
        {**ACL, "path": "/cluster"},
        "path: '/cluster' is not a path for PVE's ACL entries",
    ),
    "a path PVE no longer has": (
        "pve_acl",
        {**ACL, "path": "/sdn/vnets/v", "users": ["ann@pve"]},
        "path: '/sdn/vnets/v' was removed in version 8.0",
    ),
    "an invalid guest number": ("pve_acl", {**ACL, "path": "/vms/99"}, "path: '/vms/99' is not a path"),
    "an ACL entry without a subject": (
        "pve_acl",
        {"path": "/", "roles": ["PVEAuditor"]},
        "users or groups or tokens: must have at least one principal",
    ),
    "an ACL entry for root": ("pve_acl", {**ACL, "users": ["root@pam"]}, "users: 'root@pam' has all privileges"),
    "an ACL entry for an invalid user id": (
        "pve_acl",
        {**ACL, "users": ["ann@pve!ci"]},
        "'ann@pve!ci' must be a name and a realm",
    ),
    "a privilege that PVE 9 removed": (
        "pve_role",
        {"roleid": "Bad", "privs": ["VM.Monitor"]},
        "privs: 'VM.Monitor' is not a privilege of this server; Proxmox VE 9 removed it; use VM.GuestAgent.Audit .* Sys.Audit",
    ),
    "a misspelt privilege": ("pve_role", {"roleid": "Bad", "privs": ["Sys.Audti"]}, "did you mean Sys.Audit"),
    "defaults of a sync that remove nothing and something": (
        "pve_realm",
        {"realm": "corp", **LDAP, "sync_defaults_options": {"remove_vanished": ["none", "acl"]}},
        "sync_defaults_options: remove_vanished: must not combine none with other values",
    ),
    "an expiry in milliseconds": (
        "pve_user",
        {"userid": "ann@pve", "expire": 1767222000000},
        "expire: must be in seconds since 1970",
    ),
    "an unknown privilege": (
        "pve_role",
        {"roleid": "Bad", "privs": ["VM.Audit", "VM.Monitor"]},
        "privs: 'VM.Monitor' is not a privilege of this server",
    ),
    "a role that takes a built-in name": (
        "pve_role",
        {"roleid": "PVEMine", "privs": []},
        "roleid: 'PVEMine' may not begin with PVE",
    ),
    "a change of a built-in role": (
        "pve_role",
        {"roleid": "PVEAuditor", "privs": []},
        "roleid: 'PVEAuditor' is built in",
    ),
    "an empty issuer": ("pve_realm", {"realm": "new", **REALM, "issuer_url": ""}, "issuer_url: must not be empty"),
    "an issuer without TLS": (
        "pve_realm",
        {"realm": "new", **REALM, "issuer_url": "http://id.example.org"},
        "issuer_url: .* must be an https:// URL",
    ),
    "a realm without a client": (
        "pve_realm",
        {"realm": "new", "issuer_url": "https://id.example.org"},
        "client_id: is required to create realm new",
    ),
    "a realm that exists with another type": (
        "pve_realm",
        {"realm": "directory", **REALM},
        "type: is 'ldap' on the server and cannot be changed to 'openid'",
    ),
    "another username claim": (
        "pve_realm",
        {"realm": "sso", "username_claim": "email"},
        "username_claim: is 'preferred_username' on the server and cannot be changed to 'email'; set on_immutable_change=recreate to recreate the realm",
    ),
    "two scopes in one": (
        "pve_realm",
        {"realm": "sso", "scopes": ["email profile"]},
        "scopes: 'email profile' is not a single scope",
    ),
    "a user id of more than 64 characters": (
        "pve_user",
        {"userid": LONG},
        "userid: .* must not be longer than 64 characters",
    ),
    "a user without a realm": ("pve_user", {"userid": "ann"}, "userid: 'ann' must be a name and a realm"),
    "a user id invalid in a request path": (
        "pve_user",
        {"userid": "jürgen@pve"},
        "userid: .* characters outside ASCII",
    ),
    "an e-mail address PVE does not keep": (
        "pve_user",
        {"userid": "ann@pve", "email": "語@example.org"},
        "email: '語@example.org' is not an e-mail address",
    ),
    "a user id PVE parses as two": (
        "pve_user",
        {"userid": "ann,bob@pve"},
        "userid: 'ann,bob@pve' must be a name and a realm",
    ),
    "an ACL subject PVE splits": (
        "pve_acl",
        {**ACL, "users": ["ann;bob@pve"]},
        "users: 'ann;bob@pve' must be a name and a realm",
    ),
    "a group name that alters the request path": (
        "pve_group",
        {"groupid": ".."},
        "groupid: '..' may only have letters",
    ),
    "a role name that alters the request path": (
        "pve_role",
        {"roleid": ".", "privs": []},
        "roleid: '.' is not the name of a role",
    ),
    "a password for an OpenID user": (
        "pve_user",
        {"userid": "ann@sso", "password": "long-enough-1"},
        "password: cannot be set on ann@sso",
    ),
    "a password that is too short": (
        "pve_user",
        {"userid": "ann@pve", "password": "short"},
        "password: must have at least 8 characters",
    ),
    "a membership in an empty group name": (
        "pve_user",
        {"userid": "ann@pve", "groups": ["nogroup"]},
        "user ann@pve: group nogroup does not exist",
    ),
    "a token without a place to store its secret": (
        "pve_token",
        {"userid": "root@pam", "tokenid": "new"},
        "secret_file: or return_secret is required",
    ),
    "a token of a missing user": (
        "pve_token",
        {"userid": "nobody@pve", "tokenid": "new", "return_secret": True},
        "token nobody@pve!new: user nobody@pve does not exist",
    ),
    "an unknown option in an entry": (
        "pve_state",
        {"groups": [{"groupid": "a"}, {"groupid": "b", "coment": "x"}]},
        r"groups\[1\]: unknown option coment",
    ),
    "a missing key in an entry": (
        "pve_state",
        {"users": [{"comment": "x"}]},
        r"users\[0\]: missing required arguments: userid",
    ),
    "a bad value in an entry": (
        "pve_state",
        {"users": [{"userid": "a@pve"}, {"userid": "b@pve", "email": "b"}]},
        r"users\[1\]\.email: 'b' is not an e-mail",
    ),
    "an object declared twice": (
        "pve_state",
        {"groups": [{"groupid": "a", "comment": "1"}, {"groupid": "a", "comment": "2"}]},
        r"groups\[1\]\.comment: '2' contradicts '1', which an earlier entry sets for group a",
    ),
    "an ACL entry for a user being removed": (
        "pve_state",
        {
            "groups": [{"groupid": "readers", "state": "absent"}],
            "acl": [{"path": "/", "roles": ["PVEAuditor"], "groups": ["readers"]}],
        },
        "group readers is declared absent",
    ),
    "several problems at once": (
        "pve_state",
        {
            "groups": [{"groupid": "a b"}],
            "users": [{"userid": "a"}],
            "acl": [{"path": "/x", "roles": ["PVEAuditor"], "users": ["a@pve"]}],
        },
        r"groups\[0\]\.groupid: .*; users\[0\]\.userid: .*; acl\[0\]\.path: ",
    ),
    "the removal of a realm of another type": (
        "pve_realm",
        {"realm": "directory", "state": "absent"},
        "type: is 'ldap' on the server and not 'openid'",
    ),
    "the removal of a built-in realm": (
        "pve_realm",
        {"realm": "pam", "state": "absent"},
        "realm: 'pam' is built in and cannot be removed",
    ),
    "a directory without a base": (
        "pve_realm",
        {"realm": "new", "type": "ldap", "server1": "ldap.example.org"},
        "base_dn: is required to create realm new",
    ),
    "an Active Directory without a domain": (
        "pve_realm",
        {"realm": "new", "type": "ad", "server1": "dc1"},
        "domain: is required to create realm new",
    ),
    "the URL of a directory server": (
        "pve_realm",
        {"realm": "new", **LDAP, "server1": "ldap://x"},
        "server1: 'ldap://x' must be a host name",
    ),
    "a directory with an invalid port": (
        "pve_realm",
        {"realm": "new", **LDAP, "port": 70000},
        "port: must be from 1 to 65535",
    ),
    "a bind DN without a password": (
        "pve_realm",
        {"realm": "new", **LDAP, "bind_dn": "cn=x"},
        "password: is required, because the realm binds as 'cn=x'",
    ),
    "a password without a bind": (
        "pve_realm",
        {"realm": "new", **LDAP, "password": "a-bind-password"},
        "password: requires bind_dn",
    ),
    "issuer options on a directory": (
        "pve_realm",
        {"realm": "new", **LDAP, "client_id": "x"},
        "client_id: is not an option of a realm of type ldap",
    ),
    "directory options on pam": (
        "pve_realm",
        {"realm": "pam", "server1": "ldap.example.org"},
        "server1: is not an option of a realm of type pam",
    ),
    "a realm that takes a built-in type": (
        "pve_realm",
        {"realm": "new", "type": "pve"},
        "type: 'pve' is not the type of the realm new",
    ),
    "a second factor with an unknown setting": (
        "pve_realm",
        {"realm": "pam", "tfa": "type=yubico,k=w"},
        "tfa: .*may have id, key, url",
    ),
    "a second factor with a duplicate setting": (
        "pve_realm",
        {"realm": "pam", "tfa": "type=oath,step=30,digits=6,step=60"},
        "tfa: must begin",
    ),
    "an invalid second factor": ("pve_realm", {"realm": "pam", "tfa": "oath"}, "tfa: must begin with type="),
    "a job for a realm without a directory": (
        "pve_realm_sync_job",
        {**JOB, "id": "weekly", "realm": "sso"},
        "realm: 'sso' is of type openid, and only realms of type ldap and ad are synced",
    ),
    "a job for a missing realm": (
        "pve_realm_sync_job",
        {**JOB, "id": "weekly", "realm": "nowhere"},
        "realm_sync_job weekly: realm nowhere does not",
    ),
    "a job for another realm": (
        "pve_realm_sync_job",
        {"id": "nightly", "realm": "sso"},
        "realm: is 'directory' on the server and cannot be changed to 'sso'",
    ),
    "an empty schedule of a job": (
        "pve_realm_sync_job",
        {"id": "weekly", "realm": "directory", "scope": "both"},
        "schedule: is required to create realm_sync_job weekly",
    ),
    "an invalid schedule of a job": (
        "pve_realm_sync_job",
        {**JOB, "schedule": "@daily"},
        "schedule: '@daily' is not a calendar event",
    ),
    "an invalid job name": ("pve_realm_sync_job", {**JOB, "id": "1st"}, "id: '1st' must begin with a letter"),
    "a long comment of a job": (
        "pve_realm_sync_job",
        {"id": "nightly", "comment": "x" * 513},
        "must not be longer than 512 characters",
    ),
    "something that no job takes away": (
        "pve_realm_sync_job",
        {"id": "nightly", "remove_vanished": ["all"]},
        "value of remove_vanished must be one or more of: acl, entry, properties",
    ),
    "a sync of a realm without a directory": (
        "pve_realm_sync",
        {"realm": "sso"},
        "realm: 'sso' is of type openid, and only realms of type ldap and ad",
    ),
    "a sync of a missing realm": ("pve_realm_sync", {"realm": "nowhere"}, "realm nowhere does not exist"),
    "a sync with none and another value in remove_vanished": (
        "pve_realm_sync",
        {"realm": "directory", "remove_vanished": ["none", "acl"]},
        "remove_vanished: must not combine none with other values",
    ),
    "an invalid path": (
        "pve_realm",
        {"realm": "new", **LDAP, "capath": "ca.pem"},
        "capath: 'ca.pem' must be a path on the nodes",
    ),
    "the removal of root": (
        "pve_user",
        {"userid": "root@pam", "state": "absent"},
        "userid: 'root@pam' cannot be removed",
    ),
    "the removal of a built-in role": (
        "pve_role",
        {"roleid": "Administrator", "state": "absent"},
        "'Administrator' is built in and cannot be removed",
    ),
    "an impossible path of a secret file": (
        "pve_token",
        {"userid": "ann@pve", "tokenid": "new", "secret_file": "/no/such/folder/secret"},
        "secret_file: .*create its directory first",
    ),
    "a secret file that is a directory": (
        "pve_token",
        {"userid": "ann@pve", "tokenid": "new", "secret_file": "/tmp"},
        "secret_file: '/tmp' is a directory",
    ),
    "one secret file for two tokens": (
        "pve_state",
        {
            "tokens": [
                {"userid": "ann@pve", "tokenid": name, "secret_file": f"/tmp/{path}"}
                for name, path in (("one", "x"), ("two", "./x"))
            ]
        },
        "secret_file: '/tmp/x' cannot contain the secrets of ann@pve!one and ann@pve!two",
    ),
    "a secret file that is lost": (
        "pve_token",
        {"userid": "root@pam", "tokenid": "fleet", "secret_file": "/tmp/no-such-secret"},
        "secret_file: .* its secret cannot be read again",
    ),
    "an empty filter": (
        "pve_info",
        {"filters": {"users": [{}]}},
        r"filters\.users\[0\]: must have at least one of name, realm",
    ),
    "an invalid filter": (
        "pve_info",
        {"filters": {"acl": [{"path": "vms"}]}},
        r"filters\.acl\[0\]\.path: 'vms' must begin with a slash",
    ),
    "a filter for an unknown kind of object": (
        "pve_info",
        {"filters": {"users": [{"group": "x"}]}},
        r"filters: users\[0\]: unknown option group",
    ),
    "an unknown privilege in a requirement": (
        "pve_user",
        {"userid": "ann@pve", "required_privileges": [{"path": "/", "privileges": ["Sys.Audti"]}]},
        "required_privileges: 'Sys.Audti' is not a privilege of this server",
    ),
    "a requirement without a path": (
        "pve_user",
        {
            "userid": "ann@pve",
            "required_privileges": [{"path": "/", "privileges": []}, {"path": "/x", "privileges": []}],
        },
        "required_privileges: entry 1: path: '/x' is not a path for PVE's ACL entries",
    ),
    "half a requirement": (
        "pve_state",
        {"users": [{"userid": "ann@pve", "required_privileges": [{"path": "/"}]}]},
        r"users\[0\]: required_privileges\[0\]: missing required arguments: privileges",
    ),
    "candidates that are never tried": (
        "pve_token",
        {"userid": "ann@pve", "tokenid": "new", "secret_candidates": ["x"]},
        "secret_candidates: are only tried with secret=if_invalid",
    ),
    "a candidate from a block": (
        "pve_token",
        {
            "userid": "ann@pve",
            "tokenid": "new",
            "secret": "if_invalid",
            "secret_candidates": ["a-candidate-from-a-block\n"],
        },
        r"secret_candidates: [\s\S]* must be a single line",
    ),
    "a vault without a file": (
        "pve_token",
        {"userid": "ann@pve", "tokenid": "new", "secret_file_vault_id": "x"},
        "secret_file_vault_id: needs secret_file",
    ),
    "an unknown policy": (
        "pve_token",
        {"userid": "ann@pve", "tokenid": "new", "secret": "rotate"},
        "value of secret must be one of: keep, reg",
    ),
    "an invalid entry": (
        "pve_state",
        {"groups": [{"groupid": "a"}, "b"]},
        "groups.1.: must be a dictionary, and not text",
    ),
    "true for a list of entries": (
        "pve_state",
        {"exclusive": {"groups": True}},
        "exclusive: groups: must be a list of dictionaries, and not true or false",
    ),
    "nothing in a list of entries": ("pve_state", {"groups": [None]}, "groups.0.: must not be null"),
    "nothing in a list of names": ("pve_user", {"userid": "a@pve", "groups": [None]}, "groups.0.: must not be null"),
    "a list for text": ("pve_group", {"groupid": "a", "comment": ["b"]}, "comment: must be text, and not a list"),
    "a number for filters": ("pve_info", {"filters": 5}, "filters: must be a dictionary, and not a number"),
    "true for a date": (
        "pve_user",
        {"userid": "a@pve", "expire": True},
        "expire: must be a whole number, and not true or false",
    ),
    "true for a port": (
        "pve_group",
        {"groupid": "a", "api_port": True},
        "api_port: must be a whole number, and not true or false",
    ),
    "an impossible port": ("pve_group", {"groupid": "a", "api_port": 70000}, "api_port: must be from 1 to 65535"),
    "true for a time limit": (
        "pve_group",
        {"groupid": "a", "api_timeout": True},
        "api_timeout: must be a whole number",
    ),
    "endless time to answer": (
        "pve_group",
        {"groupid": "a", "api_timeout": 10000000000},
        "api_timeout: must be from 1 to 3600",
    ),
    "infinite time to answer": (
        "pve_group",
        {"groupid": "a", "api_timeout": float("inf")},
        "api_timeout: must be a whole number",
    ),
    "a password in the address": (
        "pve_group",
        {"groupid": "a", "api_host": "root:a-secret-from-a-block@pve1"},
        "api_host: must not contain a user name or password",
    ),
    "an unknown option of a scope": (
        "pve_state",
        {"exclusive": {"acl": [{"pth": "/"}]}},
        r"exclusive: acl\[0\]: unknown option pth",
    ),
    "an empty scope": (
        "pve_acl",
        {**ACL, "users": ["ann@pve"], "exclusive": [{}]},
        r"exclusive\[0\]: must have at least one of path, subtree",
    ),
    "an empty condition of a scope": (
        "pve_state",
        {"exclusive": {"users": [{"name": "*", "realm": ""}]}},
        r"exclusive\.users\[0\]\.realm: must not be empty",
    ),
    "two defaults": (
        "pve_state",
        {"realms": [{"realm": one, **REALM, "default": True} for one in ("one", "two")]},
        "only a single realm can be the default, but one and two",
    ),
    "a comment with a line break": (
        "pve_realm",
        {"realm": "sso", "comment": "one\n"},
        r"comment: [\s\S]* must be a single line",
    ),
    "a member that does not exist on PVE": (
        "pve_group",
        {"groupid": "readers", "users": ["nobody@pve"]},
        "group readers: user nobody@pve does not exist",
    ),
    "a member that is not a user": (
        "pve_group",
        {"groupid": "readers", "users": ["nobody"]},
        "users: 'nobody' must be a name and a realm",
    ),
    "a membership declared in two ways": (
        "pve_state",
        {"groups": [{"groupid": "readers", "users": ["ann@pve"]}], "users": [{"userid": "ann@pve", "groups": []}]},
        "group readers: users: ann@pve is a member, but not a member according to groups of the user's entry",
    ),
    "a member that a group does not have": (
        "pve_state",
        {
            "groups": [{"groupid": "readers", "users": []}],
            "users": [{"userid": "ann@pve", "groups": ["readers"], "append": ["groups"]}],
        },
        "group readers: users: ann@pve is not a member, but a member according to groups of the user's entry",
    ),
    "a member that leaves a group": (
        "pve_state",
        {
            "groups": [{"groupid": "readers", "users": ["ann@pve"]}],
            "users": [{"userid": "ann@pve", "groups": ["readers"], "remove": ["groups"]}],
        },
        "group readers: users: ann@pve is a member, but not a member according to groups of the user's entry",
    ),
    "an expiry for the credentials in use": (
        "pve_acl",
        {"path": "/", "roles": ["NoAccess"], "tokens": ["root@pam!fleet"]},
        "root@pam!fleet depends on this entry, .*allow_lockout=true if that is intended",
    ),
    "a blank comment on PVE": (
        "pve_group",
        {"groupid": "a", "comment": "0"},
        "comment: '0' must not be 0, which PVE reads as no text",
    ),
    "a group name PVE does not keep": ("pve_group", {"groupid": "0"}, "groupid: '0' must not be 0"),
    "a separator that is hard to see": (
        "pve_realm",
        {"realm": "sso", "audiences": ["one\u00a0two"]},
        "audiences: 'one\u00a0two' may not have blanks",
    ),
    "a comment with blanks around": (
        "pve_realm",
        {"realm": "sso", "comment": " one"},
        "comment: ' one' must not begin or end with a blank",
    ),
    "a token secret with a line break": (
        "pve_group",
        {"groupid": "a", "api_token_secret": "a-secret-from-a-block\n"},
        "api_token_secret: must be a single line .*a | in YAML adds a line break",
    ),
    "a token secret invalid in a header": (
        "pve_group",
        {"groupid": "a", "api_token_secret": "a-secret-€"},
        "api_token_secret: may only have printable",
    ),
    "a wrong secret of a PVE token": (
        "pve_group",
        {"groupid": "a", "api_token_secret": "none-of-its-secrets"},
        "is not accepted; the secret is wrong",
    ),
    "a wrong password on PVE": (
        "pve_group",
        {
            "groupid": "a",
            "api_token_id": None,
            "api_token_secret": None,
            "api_user": "root@pam",
            "api_password": "wrong-password",
        },
        "root@pam could not sign in; check api_user",
    ),
    "no credentials": (
        "pve_group",
        {"groupid": "a", "api_token_id": None},
        "credentials: set api_token_id and api_token_secret",
    ),
    "a token id without its user": (
        "pve_group",
        {"groupid": "a", "api_token_id": "fleet"},
        "api_token_id: 'fleet' has no user",
    ),
    "a token id with a line break": (
        "pve_group",
        {"groupid": "a", "api_token_id": "root@pam!fleet\n"},
        "api_token_id: must be a single line",
    ),
    "no time to answer": ("pve_group", {"groupid": "a", "api_timeout": 0}, "api_timeout: must be from 1 to 3600"),
    "an address with a scheme": (
        "pve_group",
        {"groupid": "a", "api_host": "https://pve1:8006"},
        "api_host: .* without https://",
    ),
    "a host that does not answer": (
        "pve_group",
        {"groupid": "a", "api_port": 1},
        "does not answer .*check the address, the port and the firewall",
    ),
    "a certificate that is not trusted": (
        "pve_group",
        {"groupid": "a", "ca_path": None},
        "the certificate of https://.* is not trusted .*set ca_path to the certificate of the authority",
    ),
    "a missing CA file": (
        "pve_group",
        {"groupid": "a", "ca_path": "/no/such/ca.pem"},
        "ca_path: '/no/such/ca.pem' is not a file",
    ),
}

# missing privilege: token, module, options, pattern of the message
MISSING_RIGHTS = [
    ("pve look", "pve_group", {"groupid": "new"}, "weak@pve!look lacks Group.Allocate on /access/groups"),
    ("pve look", "pve_role", {"roleid": "new", "privs": []}, "lacks Sys.Modify on /access"),
    ("pve look", "pve_user", {"userid": "new@pve"}, "lacks Realm.AllocateUser on /access/realm/pve"),
    (
        "pve look",
        "pve_acl",
        {"path": "/pool/x", "roles": ["PVEAuditor"], "users": ["weak@pve"]},
        "Permissions.Modify or Pool.Allocate on /pool/x",
    ),
    ("pve look", "pve_realm", {"realm": "new", **REALM}, "lacks Realm.Allocate on /access/realm"),
    ("pve look", "pve_realm_sync", {"realm": "directory"}, "lacks Realm.AllocateUser on /access/realm/directory"),
    (
        "pve blind",
        "pve_group",
        {"groupid": "new", "state": "absent"},
        "lacks Group.Allocate or Sys.Audit or User.Modify on /access/groups",
    ),
    (
        "pve blind",
        "pve_acl",
        {"path": "/", "roles": ["PVEAuditor"], "users": ["weak@pve"], "state": "absent"},
        "lacks Sys.Audit on /access",
    ),
]
