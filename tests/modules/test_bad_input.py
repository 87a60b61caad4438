"""What is wrong is said plainly, all of it at once, before anything is written."""

from __future__ import annotations

import re

import pytest
import requests

from tests.modules.servers import REALM, connection, task

LONG = "x" * 57 + "@sso.org"
ACL = {"path": "/", "roles": ["PVEAuditor"], "users": ["root@pve"]}
PBS_ACL = {"path": "/", "roles": ["Audit"], "users": ["ann@pbs"]}

# module, options (those of the connection are added), and what the message must say
CASES = {
    "a group that PVE would drop at sign-on": ("pve_group", {"groupid": "My Admins"}, "groupid: 'My Admins' may only have letters"),
    "an unknown role in an ACL": ("pve_acl", {**ACL, "roles": ["Administartor"]}, "role Administartor does not exist"),
    "an unknown user in an ACL": ("pve_acl", {**ACL, "users": ["nobody@pve"]}, "user nobody@pve does not exist"),
    "an unknown group in an ACL": ("pve_acl", {"path": "/", "roles": ["PVEAuditor"], "groups": ["nogroup"]}, "group nogroup does not exist"),
    "an unknown token in an ACL": ("pve_acl", {"path": "/", "roles": ["PVEAuditor"], "tokens": ["ann@pve!no"]}, "token ann@pve!no does not exist"),
    "a path that no ACL is for": ("pve_acl", {**ACL, "path": "/cluster"}, "path: '/cluster' is not a path that PVE has ACL entries for"),
    "a guest number that cannot be": ("pve_acl", {**ACL, "path": "/vms/99"}, "path: '/vms/99' is not a path"),
    "an ACL for nobody": ("pve_acl", {"path": "/", "roles": ["PVEAuditor"]}, "users or groups or tokens: must name at least one"),
    "an ACL for root": ("pve_acl", {**ACL, "users": ["root@pam"]}, "users: 'root@pam' has every right already"),
    "a user of a role that is no user": ("pve_acl", {**ACL, "users": ["ann@pve!ci"]}, "'ann@pve!ci' must be a name and a realm"),
    "an unknown privilege": ("pve_role", {"roleid": "Bad", "privs": ["VM.Audit", "VM.Monitor"]}, "privs: 'VM.Monitor' is not a privilege of this server"),
    "a role that takes a built-in name": ("pve_role", {"roleid": "PVEMine", "privs": []}, "roleid: 'PVEMine' may not begin with PVE"),
    "a change of a built-in role": ("pve_role", {"roleid": "PVEAuditor", "privs": []}, "roleid: 'PVEAuditor' is built in"),
    "an empty issuer": ("pve_realm", {"realm": "new", **REALM, "issuer_url": ""}, "issuer_url: must not be empty"),
    "an issuer without TLS": ("pve_realm", {"realm": "new", **REALM, "issuer_url": "http://id.example.org"}, "issuer_url: .* must be an https:// URL"),
    "a realm without a client": ("pve_realm", {"realm": "new", "issuer_url": "https://id.example.org"}, "client_id: is needed to make realm new"),
    "a realm that exists with another type": ("pve_realm", {"realm": "directory", **REALM}, "type: is 'ldap' on the server and cannot be changed to 'openid'"),
    "another username claim": (
        "pve_realm",
        {"realm": "sso", "username_claim": "email"},
        "username_claim: is 'preferred_username' on the server and cannot be changed to 'email'; remove the realm and make it again",
    ),
    "two scopes in one": ("pve_realm", {"realm": "sso", "scopes": ["email profile"]}, "scopes: 'email profile' is not one scope"),
    "a user id of more than 64 characters": ("pve_user", {"userid": LONG}, "userid: .* must not be longer than 64 characters"),
    "a user without a realm": ("pve_user", {"userid": "ann"}, "userid: 'ann' must be a name and a realm"),
    "a user that no request could address": ("pve_user", {"userid": "jürgen@pve"}, "userid: .* characters outside ASCII"),
    "a password that OpenID cannot have": ("pve_user", {"userid": "ann@sso", "password": "long-enough-1"}, "password: cannot be set on ann@sso"),
    "a password that is too short": ("pve_user", {"userid": "ann@pve", "password": "short"}, "password: must have at least 8 characters"),
    "a membership in no group": ("pve_user", {"userid": "ann@pve", "groups": ["nogroup"]}, "user ann@pve: group nogroup does not exist"),
    "a token whose secret would be lost": ("pve_token", {"userid": "root@pam", "tokenid": "new"}, "secret_file: or return_secret is needed"),
    "a token of nobody": (
        "pve_token", {"userid": "nobody@pve", "tokenid": "new", "return_secret": True}, "token nobody@pve!new: user nobody@pve does not exist"
    ),
    "an unknown option in an entry": (
        "pve_state", {"groups": [{"groupid": "a"}, {"groupid": "b", "coment": "x"}]}, r"groups\[1\]: unknown option coment"
    ),
    "a missing key in an entry": ("pve_state", {"users": [{"comment": "x"}]}, r"users\[0\]: missing required arguments: userid"),
    "a bad value in an entry": ("pve_state", {"users": [{"userid": "a@pve"}, {"userid": "b@pve", "email": "b"}]}, r"users\[1\]\.email: 'b' is not an e-mail"),
    "an object declared twice": (
        "pve_state",
        {"groups": [{"groupid": "a", "comment": "1"}, {"groupid": "a", "comment": "2"}]},
        r"groups\[1\]\.comment: '2' for group a, which is declared with '1' before",
    ),
    "an ACL for what is being removed": (
        "pve_state",
        {"groups": [{"groupid": "readers", "state": "absent"}], "acl": [{"path": "/", "roles": ["PVEAuditor"], "groups": ["readers"]}]},
        "group readers is declared absent",
    ),
    "several problems at once": (
        "pve_state",
        {"groups": [{"groupid": "a b"}], "users": [{"userid": "a"}], "acl": [{"path": "/x", "roles": ["PVEAuditor"], "users": ["a@pve"]}]},
        r"groups\[0\]\.groupid: .*; users\[0\]\.userid: .*; acl\[0\]\.path: ",
    ),
    "the removal of a realm of another type": ("pve_realm", {"realm": "directory", "state": "absent"}, "type: is 'ldap' on the server and not 'openid'"),
    "the removal of a built-in realm": ("pve_realm", {"realm": "pam", "state": "absent"}, "type: is 'pam' on the server and not 'openid'"),
    "the removal of root": ("pve_user", {"userid": "root@pam", "state": "absent"}, "userid: 'root@pam' cannot be removed"),
    "the removal of a built-in role": ("pve_role", {"roleid": "Administrator", "state": "absent"}, "'Administrator' is built in and cannot be removed"),
    "a secret file that cannot be": (
        "pve_token", {"userid": "ann@pve", "tokenid": "new", "secret_file": "/no/such/folder/secret"}, "secret_file: .*make its folder first"
    ),
    "a secret file that is lost": (
        "pve_token", {"userid": "root@pam", "tokenid": "fleet", "secret_file": "/tmp/no-such-secret"}, "secret_file: .* its secret cannot be told again"
    ),
    "an entry that is none": ("pve_state", {"groups": [{"groupid": "a"}, "b"]}, "Elements value for option 'groups' is of type str"),
    "an unknown option of a scope": ("pve_state", {"exclusive": {"acl": [{"pth": "/"}]}}, r"exclusive: acl\[0\]: unknown option pth"),
    "a scope that says nothing": ("pve_acl", {**ACL, "users": ["ann@pve"], "exclusive": [{}]}, r"exclusive\[0\]: must name at least one of path, subtree"),
    "two defaults": (
        "pve_state", {"realms": [{"realm": one, **REALM, "default": True} for one in ("one", "two")]}, "only one realm can be the default, and not one and two"
    ),
    "a comment with a line break": ("pve_group", {"groupid": "a", "comment": "one\n"}, r"comment: [\s\S]* must be a single line"),
    "a comment with blanks around": ("pve_group", {"groupid": "a", "comment": " one"}, "comment: ' one' must not begin or end with a blank"),
    "a token secret with a line break": (
        "pve_group", {"groupid": "a", "api_token_secret": "a-secret-from-a-block\n"}, "api_token_secret: must be a single line .*a | in YAML adds a line break"
    ),
    "a token secret that no header can have": ("pve_group", {"groupid": "a", "api_token_secret": "a-secret-€"}, "api_token_secret: may only have printable"),
    "a wrong secret of a PVE token": ("pve_group", {"groupid": "a", "api_token_secret": "none-of-its-secrets"}, "is not accepted; the secret is wrong"),
    "a wrong password on PVE": (
        "pve_group",
        {"groupid": "a", "api_token_id": None, "api_token_secret": None, "api_user": "root@pam", "api_password": "wrong-password"},
        "root@pam could not sign in; check api_user",
    ),
    "no credentials": ("pve_group", {"groupid": "a", "api_token_id": None}, "credentials: give api_token_id and api_token_secret"),
    "a token id without its user": ("pve_group", {"groupid": "a", "api_token_id": "fleet"}, "api_token_id: 'fleet' names no user"),
    "an address with a scheme": ("pve_group", {"groupid": "a", "api_host": "https://pve1:8006"}, "api_host: .* without https://"),
    "a host that does not answer": ("pve_group", {"groupid": "a", "api_port": 1}, "does not answer .*check the address, the port and the firewall"),
    "a certificate that is not trusted": (
        "pve_group", {"groupid": "a", "ca_path": None}, "the certificate of https://.* is not trusted .*give the file of the authority .* as ca_path"
    ),
    "an authority that is no file": ("pve_group", {"groupid": "a", "ca_path": "/no/such/ca.pem"}, "ca_path: '/no/such/ca.pem' is no file"),
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
    "an unknown role on PBS": ("pbs_acl", {**PBS_ACL, "roles": ["Administrator"]}, "role Administrator does not exist"),
    "an unknown user on PBS": ("pbs_acl", {**PBS_ACL, "users": ["nobody@pbs"]}, "user nobody@pbs does not exist"),
    "a path of PVE on PBS": ("pbs_acl", {**PBS_ACL, "path": "/vms/100"}, "path: '/vms/100' is not a path that PBS has ACL entries for"),
    "a wrong secret of a PBS token": ("pbs_user", {"userid": "ann@pbs", "api_token_secret": "none-of-its-secrets"}, "root@pam!fleet is not accepted"),
    "a wrong API key": ("pocketid_user", {"username": "ann", "api_key": "nobodys-key"}, "the API key is not accepted; it is wrong, has expired or was removed"),
    "no API key": ("pocketid_user", {"username": "ann", "api_key": None}, "api_key: must be given"),
    "an address without a scheme": ("pocketid_user", {"username": "ann", "url": "id.example.org"}, "url: 'id.example.org' must begin with https://"),
    "an API key with a line break": ("pocketid_user", {"username": "ann", "api_key": "a-key-from-a-block\n"}, "api_key: must be a single line"),
    "a name that differs in case only": ("pocketid_user", {"username": "Dora", "email": "d@example.org"}, "username: 'Dora' is called 'dora' on the server"),
    "a token that lasts no time": (
        "pocketid_client", {"id": "app", "name": "App", "access_token_duration_minutes": 0}, "access_token_duration_minutes: must be from 1 to 525600"
    ),
    "no PKCE for a public client": (
        "pocketid_client", {"id": "public", "pkce_enabled": False}, "pkce_enabled: cannot be false, because the client is public"
    ),
    "a new secret on every run": ("pocketid_client", {"id": "private", "return_secret": True}, "secret_candidates: must be given for a client that exists"),
    "a user name that Pocket ID refuses": ("pocketid_user", {"username": "-ann"}, "username: '-ann' may only have letters"),
    "a member that does not exist": ("pocketid_group", {"name": "band", "users": ["nobody"]}, "group band: user nobody does not exist"),
    "an allowed group that does not exist": (
        "pocketid_client", {"id": "app", "name": "App", "allowed_groups": ["nobody"]}, "client app: group nobody does not exist"
    ),
    "allowed groups that would be forgotten": (
        "pocketid_client", {"id": "app", "name": "App", "allowed_groups": ["x"], "is_group_restricted": False}, "is_group_restricted: is false, so"
    ),
    "a secret that is too short": ("pocketid_client", {"id": "app", "name": "App", "secret": "short"}, "secret: must have at least 16 characters"),
    "a secret of a public client": (
        "pocketid_client", {"id": "app", "name": "App", "is_public": True, "return_secret": True}, "secret: cannot be had by a public client"
    ),
    "a logo that is not there": ("pocketid_client", {"id": "app", "name": "App", "logo": "no-such.svg"}, "logo: .*no-such.svg' cannot be read"),
    "a callback that is no URL": ("pocketid_client", {"id": "app", "name": "App", "callback_urls": ["pve1"]}, "callback_urls: 'pve1' must be a URL"),
    "a callback whose scheme was forgotten": (
        "pocketid_client", {"id": "app", "name": "App", "callback_urls": ["pve1:8006"]}, "callback_urls: 'pve1:8006' must be a URL"
    ),
    "an issuer that nobody may use": ("oidc_info", {"issuer": "http://id.example.org"}, "issuer: 'http://id.example.org' must be an https:// URL"),
    "no issuer": ("oidc_info", {"issuer": ""}, "issuer: .* must not be empty"),
}


@pytest.fixture(scope="module")
def answered(fleet_of, ansible):
    """All cases, on a fleet with something on it to collide with; the journals begin after that."""
    wired = fleet_of("homelab")
    have_directories(wired)
    prepared = [
        task(wired, "pve_realm", realm="sso", **REALM, username_claim="preferred_username"),
        task(wired, "pve_group", groupid="readers"),
        task(wired, "pve_user", userid="ann@pve"),
        task(wired, "pbs_realm", realm="sso", **REALM),
        task(wired, "pocketid_user", username="dora", email="dora@example.org"),
        task(wired, "pocketid_client", id="public", name="Public", is_public=True),
        task(wired, "pocketid_client", id="private", name="Private"),
    ]
    assert ansible.tasks(prepared).succeeded().failed == []
    wired.fleet.forget()
    tasks = []
    for name, (module, options, _message) in CASES.items():
        given = {option: value for option, value in {**connection(wired, module.partition("_")[0]), **options}.items() if value is not None}
        tasks.append({"name": name, f"fleetgate.proxmox.{module}": given})
    return wired, ansible.tasks(tasks)


def have_directories(wired):
    """LDAP realms, which the modules do not make."""
    pve, pbs = wired.fleet.pve["pve1"][0], wired.fleet.pbs["pbs1"]
    trust = str(wired.fleet.authority.bundle)
    form = {"realm": "directory", "type": "ldap", "server1": "ldap.example.org", "base_dn": "dc=example", "user_attr": "uid"}
    told = requests.post(
        f"{pve.url}/api2/json/access/domains",
        data=form, headers={"Authorization": f"PVEAPIToken=root@pam!fleet={wired.fleet.tokens['pve1']}"}, verify=trust, timeout=10,
    )
    assert told.status_code == 200, told.text
    form = {"realm": "directory", "server1": "ldap.example.org", "base-dn": "dc=example", "user-attr": "uid"}
    told = requests.post(
        f"{pbs.url}/api2/json/config/access/ldap",
        data=form, headers={"Authorization": f"PBSAPIToken=root@pam!fleet:{wired.fleet.tokens['pbs1']}"}, verify=trust, timeout=10,
    )
    assert told.status_code == 200, told.text


@pytest.mark.parametrize("case", CASES)
def test_it_is_said_what_is_wrong(answered, case):
    _wired, run = answered
    (result,) = run.results(case)
    assert result["failed"], result
    assert result["changed"] is False
    assert re.search(CASES[case][2], result["msg"]), result["msg"]


def test_no_secret_is_in_what_is_said(answered):
    _wired, run = answered
    given = ("a-secret-from-a-block", "a-secret-€", "a-key-from-a-block", "none-of-its-secrets", "nobodys-key")
    assert [secret for secret in given for result in run.results() if secret in repr(result)] == []


def test_nothing_is_written(answered):
    wired, _run = answered
    # the attempt to sign in with a password is a POST
    assert [one for one in wired.fleet.writes() if not one[1].path.endswith("/access/ticket")] == []


@pytest.fixture(scope="module")
def weak(fleet_of, ansible):
    """Tokens that can look at everything and change nothing, and such as cannot even look."""
    wired = fleet_of("homelab")
    tasks = [
        task(wired, "pve_user", userid="weak@pve"),
        task(wired, "pve_token", userid="weak@pve", tokenid="look", return_secret=True),
        task(wired, "pve_token", userid="weak@pve", tokenid="blind", return_secret=True),
        task(wired, "pve_acl", path="/", roles=["PVEAuditor"], users=["weak@pve"], tokens=["weak@pve!look"]),
        task(wired, "pbs_user", userid="weak@pbs"),
        task(wired, "pbs_token", userid="weak@pbs", token_name="look", return_secret=True),
        task(wired, "pbs_token", userid="weak@pbs", token_name="blind", return_secret=True),
        task(wired, "pbs_acl", path="/", roles=["Audit"], users=["weak@pbs"], tokens=["weak@pbs!look"]),
    ]
    run = ansible.tasks(tasks).succeeded()
    assert run.failed == []
    secrets = [result["secret"] for result in run.results() if "secret" in result]
    wired.fleet.forget()
    return wired, dict(zip(("pve look", "pve blind", "pbs look", "pbs blind"), secrets))


class TestMissingRights:
    """A token without the rights that it needs: the privilege and the path are named, before the first write."""

    @pytest.mark.parametrize(
        ("who", "module", "options", "lacking"),
        [
            ("pve look", "pve_group", {"groupid": "new"}, "weak@pve!look lacks Group.Allocate on /access/groups"),
            ("pve look", "pve_role", {"roleid": "new", "privs": []}, "lacks Sys.Modify on /access"),
            ("pve look", "pve_user", {"userid": "new@pve"}, "lacks Realm.AllocateUser on /access/realm/pve"),
            ("pve look", "pve_acl", {"path": "/pool/x", "roles": ["PVEAuditor"], "users": ["weak@pve"]}, "Permissions.Modify or Pool.Allocate on /pool/x"),
            ("pve look", "pve_realm", {"realm": "new", **REALM}, "lacks Realm.Allocate on /access/realm"),
            ("pve blind", "pve_group", {"groupid": "new", "state": "absent"}, "lacks Group.Allocate or Sys.Audit or User.Modify on /access/groups"),
            ("pve blind", "pve_acl", {"path": "/", "roles": ["PVEAuditor"], "users": ["weak@pve"], "state": "absent"}, "lacks Sys.Audit on /access"),
            ("pbs look", "pbs_user", {"userid": "new@pbs"}, "weak@pbs!look lacks Permissions.Modify on /access/users"),
            ("pbs look", "pbs_realm", {"realm": "new", **REALM}, "lacks Realm.Allocate on /access/domains"),
            ("pbs look", "pbs_acl", {"path": "/datastore", "roles": ["Audit"], "users": ["weak@pbs"]}, "lacks Permissions.Modify on /access/acl"),
            ("pbs blind", "pbs_user", {"userid": "new@pbs", "state": "absent"}, "lacks Sys.Audit on /access/users"),
        ],
    )
    def test_the_missing_privilege_is_named(self, weak, ansible, who, module, options, lacking):
        wired, secrets = weak
        system, name = who.split()
        credentials = {"api_token_id": f"weak@{system}!{name}", "api_token_secret": secrets[who]}
        run = ansible.tasks([task(wired, module, **credentials, **options)])
        (result,) = run.results()
        assert result["failed"] and lacking in result["msg"], result
        assert wired.fleet.writes() == []


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


class TestWire:
    """The same through the playbook: nothing is written on any server of the fleet."""

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"fleetgate_groups": [{"name": "Proxmox Admins", "members": [], "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}]}}]},
             "fleetgate_groups: 'Proxmox Admins' may only have letters"),
            ({"fleetgate_groups": [{"name": "admins", "members": [], "rights": {"pve": [{"path": "/", "roles": ["Administratr"]}]}}]},
             "role Administratr does not exist"),
            ({"fleetgate_groups": [{"name": "admins", "members": [], "rights": {"pve": [{"path": "/nope", "roles": ["Administrator"]}]}}]},
             "'/nope' is not a path that PVE has ACL entries for"),
            ({"fleetgate_groups": [{"name": "admins", "members": ["nobody"]}]}, "user nobody does not exist"),
            ({"fleetgate_groups": [{"name": "admins", "rights": {"pve": [{"path": "/", "rolls": ["Administrator"]}]}}]}, "unknown option rolls"),
            ({"fleetgate_users": [{"username": "x", "mail": "x@example.org"}]}, r"users\[0\]: unknown option mail"),
            ({"fleetgate_realm": {"name": "x"}}, "realm: 'x' must begin with a letter"),
            # what only one of the servers would refuse, after others were written
            ({"fleetgate_realm": {"name": "sso", "comment": "x" * 200}}, "comment: .* must not be longer than 128 characters"),
            ({"fleetgate_realm": {"name": "sso", "groups_claim": "https://x/groups"}}, "groups_claim: 'https://x/groups' may only have"),
            ({"fleetgate_realm": {"name": "sso", "user_claim": "sub"}}, "unknown option user_claim"),
            ({"fleetgate_groups": [{"name": "admins", "members": [], "rights": {"pev": []}}]}, "'pev' is none of pve and pbs"),
            ({"fleetgate_users": [{"username": "eve", "email": "eve@example.org", "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"]}]}}],
              "fleetgate_groups": [{"name": "staff", "members": []}]}, "eve has rights, but is in none of the declared groups"),
        ],
    )
    def test_a_wrong_declaration_writes_nothing_anywhere(self, homelab, variables, message):
        run = homelab.play("wire", **variables)
        assert run.code != 0
        assert re.search(message, " ".join(run.failed)), run.failed
        assert homelab.fleet.writes() == []

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda idp: {**idp, "issuer": idp["url"] + "/"}, "the issuer calls itself 'https://.*' and not 'https://.*/'"),
            (lambda idp: {**idp, "api_key": "wrong-key-of-nobody"}, "the API key is not accepted"),
            (lambda idp: {**idp, "ca_path": None}, "is not trusted"),
            (lambda idp: {**idp, "url": "https://127.0.30.1:1"}, "does not answer"),
        ],
    )
    def test_a_wrong_provider_writes_nothing_anywhere(self, homelab, change, message):
        provider = homelab.fleet.inventory()["all"]["children"]["pve"]["hosts"]["pve1"]["fleetgate_idp"]
        declared = {key: value for key, value in change(provider).items() if value is not None}
        run = homelab.play("wire", fleetgate_idp=declared)
        assert run.code != 0
        assert re.search(message, " ".join(run.failed)), run.failed
        assert homelab.fleet.writes() == []
