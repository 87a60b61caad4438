"""Off-boarding: refusals, accounts of other names, servers that are down, interruptions, and other identity providers."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest
import requests

from tests.modules.systems import run_on
from tests.simulators.browser import Refused
from tests.simulators.server import Fault
from tests.support.in_process import result_of
from tests.support.in_process import run as run_module
from tests.support.interruptions import interruption
from tests.support.sample import ALL, from_the_middle, sample

GONE = {"fleetgate_users": [{"username": "bob", "state": "absent"}], "fleetgate_groups": []}
USERID = "bob@pocketid"


def settle_on_hosts(site, userid, group):
    """A user with a token and rights on both servers, on PVE in a group as well."""
    site.module("pve_group", groupid=group)
    site.module("pve_user", userid=userid, groups=[group])
    site.module("pve_token", userid=userid, tokenid="ci", privsep=False, return_secret=True)
    site.module("pve_acl", path="/vms", roles=["PVEVMUser"], users=[userid])
    site.module("pbs_user", userid=userid)
    site.module("pbs_token", userid=userid, token_name="ci", return_secret=True)
    site.module("pbs_acl", path="/", roles=["Audit"], users=[userid], tokens=[f"{userid}!ci"])


class Site:
    """A fleet, and the tasks of an off-boarding without a playbook."""

    def __init__(self, wired, realm="pocketid"):
        self.wired, self.fleet = wired, wired.fleet
        self.realm = {"name": realm}
        self.hosts = {name: ("pve", nodes[0]) for name, nodes in self.fleet.pve.items()}
        self.hosts.update({name: ("pbs", server) for name, server in self.fleet.pbs.items()})

    def module(self, module, /, **options):
        return run_on(self.wired, module, **options)

    def provider(self, stage="apply", check=False, **options):
        given = {"idp": self.fleet.provider(), "realm": self.realm, "person": "bob", **options}
        return result_of("offboard_provider", check, stage=stage, **given)

    def api(self, name, token="root@pam!fleet", secret=None):
        server, trust = self.hosts[name][1], str(self.fleet.authority.bundle)
        credentials = {"api_token_id": token, "api_token_secret": secret or self.fleet.tokens[name]}
        return {"api_host": server.host, "api_port": server.port, "ca_path": trust, **credentials}

    def host(self, name, stage="apply", check=False, **options):
        product, _server = self.hosts[name]
        place = {"name": name, "groups": [product], "known": []}
        given = {"product": product, "host": place, "api": self.api(name), "realm": self.realm, "person": "bob"}
        given.update(options)
        return result_of("offboard_host", check, stage=stage, **given)

    def ask_authentik(self, verb, path, **content):
        headers = {"Authorization": f"Bearer {self.fleet.authentik_token}"}
        url, trust = f"{self.fleet.authentik.url}/api/v3/core/{path}", str(self.fleet.authority.bundle)
        answer = requests.request(verb, url, headers=headers, verify=trust, timeout=10, **content)
        answer.raise_for_status()
        return answer.json()

    def sessions(self):
        """How many sessions bob has at authentik."""
        path = "authenticated_sessions/?user__username=bob"
        return self.ask_authentik("GET", path)["pagination"]["count"]

    def everywhere(self):
        """The results of all tasks in their order; the hosts only if the provider is done."""
        results = [self.provider()]
        if not results[0].get("failed"):
            results += [self.host(name) for name in self.hosts]
        return results

    def settle(self, userid=USERID):
        """Give bob something of each kind, at Pocket ID and on both servers."""
        self.module("pocketid_user", username="bob", email="bob@example.org", first_name="Bob", disabled=False)
        self.module("pocketid_group", name="staff", users=["bob"])
        self.module("pocketid_api_key", username="bob", name="deploy", return_secret=True)
        settle_on_hosts(self, userid, "staff-pocketid")

    def left(self, userid=USERID):
        """What the servers still have of bob."""
        found = [
            self.wired.ask(server, "access", kind)
            for _product, server in self.hosts.values()
            for kind in ("users", "acl")
        ]
        return [row for rows in found for row in rows if userid in repr(row)]


def realms(wired):
    """The realm of the fleet on both servers, which users of PBS need."""
    for system in ("pve", "pbs"):
        options = {"realm": "pocketid", "type": "openid", "issuer_url": wired.fleet.pocketid.url, "client_id": "x"}
        name = f"{system}_realm"
        run_on(wired, name, **options, check_connection=False)


@pytest.fixture(scope="module")
def site(fleet_of):
    wired = fleet_of("homelab")
    realms(wired)
    return Site(wired)


def messages(result):
    assert result.get("failed"), result
    return "; ".join(result["problems"])


def checks(result, status="failed"):
    return [f"{one['name']} {one['about']}: {one['detail']}" for one in result["checks"] if one["status"] == status]


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_owner_of_the_credentials_is_refused(site):
    site.settle()
    key = site.module("pocketid_api_key", username="bob", name="admin", return_secret=True)["secret"]
    site.module("pocketid_user", username="bob", is_admin=True)
    own = {**site.fleet.provider(), "api_key": key}
    assert "bob owns the API key in fleetgate_idp" in messages(site.provider("preflight", idp=own))
    token = site.module("pve_token", userid=USERID, tokenid="run", privsep=False, return_secret=True)["secret"]
    site.module("pve_acl", path="/", roles=["Administrator"], users=[USERID])
    api = site.api("pve1", f"{USERID}!run", token)
    assert "cannot end its own access; use other credentials" in messages(site.host("pve1", "preflight", api=api))


def test_last_administrator_is_refused(site):
    site.settle()
    site.module("pocketid_user", username="bob", is_admin=True)
    assert "bob is the last administrator who can sign in" in messages(site.provider("preflight"))
    site.module("pocketid_user", username="ann", email="ann@example.org", first_name="Ann", is_admin=True)
    assert not site.provider("preflight").get("failed")
    site.module("pve_acl", path="/", roles=["Administrator"], users=[USERID])
    warned = site.host("pve1", "preflight")
    assert warned["warnings"] == [
        f"pve1: without {USERID} only root@pam is left as an administrator (role Administrator on /)"
    ]
    # root is disabled with the token of somebody who is no administrator
    site.module("pve_user", userid="ops@pve")
    site.module("pve_acl", path="/", roles=["PVEAdmin"], users=["ops@pve"])
    token = site.module("pve_token", userid="ops@pve", tokenid="run", privsep=False, return_secret=True)["secret"]
    api = site.api("pve1", "ops@pve!run", token)
    run_module("pve_user", **api, userid="root@pam", enable=False)
    try:
        assert f"{USERID} is the last administrator of pve1" in messages(site.host("pve1", "preflight", api=api))
    finally:
        run_module("pve_user", **api, userid="root@pam", enable=True)


@pytest.mark.parametrize(
    ("declared", "place"),
    [
        ({"users": [{"username": "bob"}]}, "set state: absent in fleetgate_users[bob]"),
        (
            {"groups": [{"name": "staff", "members": ["bob"], "rights": {}}]},
            "remove bob from fleetgate_groups[staff].members",
        ),
        ({"members": {"staff": ["ann", "bob"]}}, "remove bob from fleetgate_members[staff]"),
    ],
)
def test_declared_person_is_refused_everywhere(site, declared, place):
    for result in (site.provider("preflight", **declared), site.host("pve1", "preflight", **declared)):
        assert place in messages(result)


# -- who is who --------------------------------------------------------------------------------------------------------


def test_user_named_by_email_is_found_through_the_provider(site):
    site.settle("bob@example.org@pocketid")
    realm = {**site.realm, "username_claim": "email"}
    claims = site.provider("preflight", realm=realm)["claims"]
    for name in site.hosts:
        removed = site.host(name, realm=realm, claims=claims)["removed"]
        assert "user bob@example.org@pocketid" in removed and "token bob@example.org@pocketid!ci" in removed
    assert site.left("bob@example.org@pocketid") == []
    unknown = site.host("pve1", "preflight", realm=realm)
    assert "declare bob in fleetgate_users with the email and state: absent" in messages(unknown)


def test_wire_finds_a_user_named_by_email_through_the_provider(site):
    site.settle("bob@example.org@pocketid")
    realm = {**site.realm, "username_claim": "email", "on_immutable_change": "recreate"}
    declared = {"realm": realm, "users": GONE["fleetgate_users"], "groups": []}
    found = result_of("wire_provider", stage="preflight", idp=site.fleet.provider(), **declared)
    assert found["claims"]["bob"]["email"] == "bob@example.org", found
    for name, (product, _server) in site.hosts.items():
        options = {"product": product, "host": {"name": name, "groups": [product], "known": []}, "api": site.api(name)}
        options.update({option: found[option] for option in ("claims", "issuer", "scopes", "members")})
        planned = result_of("wire_host", stage="preflight", emergency=False, **options, **declared)
        assert "plan" in planned, planned
        reasons = [step["reason"] for step in planned["plan"]]
        assert "user bob@example.org@pocketid is declared absent" in reasons, reasons
        assert "token bob@example.org@pocketid!ci is declared absent" in reasons


def test_accounts_in_other_realms_are_reported_with_their_tokens_and_stay(site):
    site.settle()
    site.module("pve_user", userid="robert@pve", email="bob@example.org")
    site.module("pve_token", userid="robert@pve", tokenid="old", return_secret=True)
    site.module("pve_user", userid="BOB@pam")
    others = site.host("pve1", claims={"email": "Bob@example.org"})["others"]
    assert others == [
        "user BOB@pam (the same name)",
        "user robert@pve (the e-mail address Bob@example.org, token robert@pve!old)",
    ]
    kept = {one["userid"] for one in site.wired.ask(site.hosts["pve1"][1], "access", "users")}
    assert {"BOB@pam", "robert@pve"} <= kept and USERID not in kept


def test_rows_that_the_server_keeps_of_a_user_who_is_gone_are_removed(site):
    """They would apply to another user of that name."""
    site.settle()
    server, secret = site.hosts["pbs1"][1], site.fleet.tokens["pbs1"]
    url, trust = f"{server.url}/api2/json/access/users/{USERID}", str(site.fleet.authority.bundle)
    answer = requests.delete(url, headers={"Authorization": f"PBSAPIToken=root@pam!fleet:{secret}"}, verify=trust)
    assert answer.status_code == 200
    assert site.host("pbs1", "preflight")["found"] == [f"Audit on / of {USERID}"]
    assert not checks(site.host("pbs1")) and site.host("pbs1")["plan"] == []
    site.host("pve1")
    assert site.left() == []


# -- interruptions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("carried_out", [False, True], ids=["before", "after"])
def test_run_interrupted_at_any_request_is_completed_by_the_next(site, carried_out):
    site.settle()
    site.fleet.forget()
    assert not any(result.get("failed") for result in site.everywhere())
    writes = [(name, one.verb, one.path) for name, one in site.fleet.writes()]
    assert len(writes) >= 7 and site.left() == []
    servers = {"pocketid": site.fleet.pocketid, **{name: server for name, (_product, server) in site.hosts.items()}}
    for name, verb, path in sample(writes, 8):
        site.settle()
        # identifiers differ in each round
        pattern = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "[^/]+", re.escape(path).replace(r"\-", "-"))
        servers[name].observed.faults.append(Fault(verb, pattern, status=0, carried_out=carried_out))
        site.everywhere()
        servers[name].observed.faults.clear()
        done = site.everywhere()
        assert not any(result.get("failed") for result in done), (name, verb, path)
        assert not any(checks(result) for result in done) and site.left() == []
        assert [result["plan"] for result in site.everywhere()] == [[], [], []]


def test_keys_that_cannot_be_listed_do_not_stop_the_run(site):
    site.settle()
    site.fleet.pocketid.observed.faults.append(Fault("POST", "/api/one-time-access-token/.*", status=403, body="{}"))
    # another time limit is another connection, which has no session yet
    result = site.provider(idp={**site.fleet.provider(), "timeout": 11})
    site.fleet.pocketid.observed.faults.clear()
    assert result["changed"] and "the API keys of bob cannot be listed" in checks(result, "skipped")[0]
    assert checks(site.provider(), "skipped")[0].startswith(
        "not seen bob: the API keys of bob cannot be listed, because"
    )


def test_hosts_are_not_touched_before_the_provider_is_done(site):
    site.settle()
    site.fleet.pocketid.observed.faults.append(Fault("PUT", "/api/users/.*", status=500, times=9))
    run = site.wired.play("offboard", person="bob", **GONE)
    site.fleet.pocketid.observed.faults.clear()
    assert run.code != 0 and {name for name, _one in site.fleet.writes()} == {"pocketid"} and site.left()


# -- the fleet ---------------------------------------------------------------------------------------------------------


def test_server_that_is_down_does_not_stop_the_others_and_is_named(site):
    site.settle()
    node = site.hosts["pve1"][1]
    node.observed.faults.append(Fault(status=0, times=99))
    run = site.wired.play("offboard", person="bob", **GONE)
    node.observed.faults.clear()
    assert run.code != 0 and [one.partition(":")[0] for one in run.failed if "again when" in one] == ["pve1"]
    assert all("PVE" not in repr(row) for row in site.left() if "ugid_type" in row)
    assert USERID in repr(site.left()), "pve1 still has it"
    limited = site.wired.play("offboard", "--limit", "pbs1", person="bob", **GONE).succeeded()
    assert "bob may still have access on pve1, which this run left out" in " ".join(limited.output.split())
    site.wired.play("offboard", person="bob", **GONE).succeeded()
    assert site.left() == []


def test_name_that_nobody_has_is_refused_before_the_first_write(site):
    assert "fleetgate_person: must be given" in messages(site.provider("preflight", person=""))
    run = site.wired.play("offboard", person="nobody-at-all", **GONE)
    assert run.code != 0 and site.fleet.writes() == []
    declared = [{"username": "nobody-at-all", "state": "absent"}]
    site.wired.play("offboard", person="nobody-at-all", fleetgate_users=declared, fleetgate_groups=[]).succeeded()


# -- wire --------------------------------------------------------------------------------------------------------------


class AtPocketId(Site):
    """A wired fleet, in which bob has more than was ever declared."""

    member_of, stays = "proxmox_users", "access tokens that Pocket ID has issued"

    def settle_at_provider(self):
        self.module("pocketid_user", username="bob", email="bob@example.org", first_name="Bob", disabled=False)
        self.module("pocketid_group", name="staff", users=["bob"])
        self.module("pocketid_group", name=self.member_of, users=["bob"])
        self.module("pocketid_api_key", username="bob", name="deploy", return_secret=True)

    def people(self):
        return self.module("pocketid_info", gather=["users", "groups"])

    def enable(self):
        """What bob still has, a disabled user cannot show."""
        self.module("pocketid_user", username="bob", disabled=False)


class AtAuthentik(Site):
    member_of, stays = "proxmox-users", "sessions that other applications keep"

    def settle_at_provider(self):
        self.module("authentik_group", name="staff")
        groups = ["staff", self.member_of]
        self.module("authentik_user", username="bob", email="bob@example.org", is_active=True, groups=groups)
        self.module("authentik_token", identifier="ci-of-bob", user="bob", return_secret=True)

    def people(self):
        return self.module("authentik_info", gather=["users", "groups", "tokens"])

    def enable(self):
        self.module("authentik_user", username="bob", is_active=True)


@pytest.fixture(scope="module", params=[("homelab", AtPocketId, "pocketid"), ("authentik", AtAuthentik, "authentik")])
def leaving(request, fleet_of):
    example, site, realm = request.param
    wired = fleet_of(example)
    wired.play("wire").succeeded()
    return site(wired, realm)


def settle_everywhere(site):
    """Everything that a person can have, and two accounts of bob that are none of the realm."""
    site.settle_at_provider()
    userid = f"bob@{site.realm['name']}"
    settle_on_hosts(site, userid, "staff-of-pve")
    site.module("pve_user", userid="bob@pam")


def everything(site):
    """What all servers have of people, and what bob would have again."""
    found = [
        site.people(),
        site.module("pve_info", gather=["users", "groups", "tokens", "acl"]),
        site.module("pbs_info", gather=["users", "tokens", "acl"]),
    ]
    site.enable()
    rows = [(kind, sorted(map(repr, rows))) for result in found for kind, rows in result.items() if kind != "changed"]
    return rows, site.provider(check=True)["removed"]


def test_wire_leaves_of_a_person_who_is_declared_absent_what_offboard_leaves(leaving):
    site, wired = leaving, leaving.wired
    settle_everywhere(site)
    planned = wired.play("wire", "--check", **GONE).succeeded()
    assert wired.fleet.writes() == []
    run = wired.play("wire", **GONE).succeeded()
    assert run.told("plan") == planned.told("plan")
    userid = f"bob@{site.realm['name']}"
    first = {name: one.path for name, one in reversed(wired.fleet.writes())}
    assert all(first[server.name].endswith(f"{userid}/token/ci") for _product, server in site.hosts.values())
    output = " ".join(run.output.split())
    assert f"user bob@pam (the same name) may be the same person as {userid}, and is not removed" in output
    assert f"user {userid} is removed: consoles" in output and f"bob: {site.stays}" in output
    checked = [one for result in run.results() for one in result.get("checks", ()) if one["status"] == "ok"]
    assert {"ended", "disabled, without memberships", "no privileges"} <= {one["name"] for one in checked}
    assert wired.play("wire", **GONE).succeeded().changed == []
    after_wire = everything(site)
    settle_everywhere(site)
    assert not any(result.get("failed") for result in site.everywhere())
    assert everything(site) == after_wire
    assert after_wire[1] == ["user bob: disabled"] or after_wire[1][0].startswith("user bob: is_active")


def test_wire_that_was_interrupted_while_a_person_leaves_is_completed_by_the_next(leaving):
    site, wired = leaving, leaving.wired
    if not ALL and isinstance(site, AtAuthentik):
        pytest.skip("one provider is enough for a sample")
    settle_everywhere(site)
    wired.play("wire", **GONE).succeeded()
    count, gone = len(wired.fleet.writes()), everything(site)
    tries = [(number, carried_out) for number in from_the_middle(count) for carried_out in (False, True)]
    for number, carried_out in sample(tries, 45):
        settle_everywhere(site)
        with interruption(wired.fleet, number, carried_out):
            assert wired.play("wire", **GONE).code != 0
        wired.play("wire", **GONE).succeeded()
        assert everything(site) == gone, (number, carried_out)


def test_wire_refuses_what_offboard_refuses(leaving):
    site, wired = leaving, leaving.wired
    settle_everywhere(site)
    owner = {"pocketid": "the-run", "authentik": "akadmin"}[site.realm["name"]]
    if owner == "the-run":
        site.module("pocketid_user", username=owner, email="run@example.org", first_name="R", is_admin=True)
        key = site.module("pocketid_api_key", username=owner, name="run", return_secret=True)["secret"]
        provider = {**site.fleet.provider(), "api_key": key}
    else:
        provider = site.fleet.provider()
    refused = {
        f"{owner} owns the": {"fleetgate_users": [{"username": owner, "state": "absent"}]},
        f"remove bob from fleetgate_groups[{site.member_of}].members": {
            "fleetgate_users": GONE["fleetgate_users"],
            "fleetgate_groups": [{"name": site.member_of, "members": ["bob"], "rights": {}}],
        },
    }
    for problem, declared in refused.items():
        run = wired.play("wire", **{**GONE, **declared, "fleetgate_idp": provider})
        assert run.code != 0 and problem in " ".join(run.failed), run.failed
        assert wired.fleet.writes() == []


# -- other providers ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authentik(fleet_of):
    return Site(fleet_of("authentik"), "authentik")


def test_authentik_ends_tokens_and_sessions(authentik):
    site, wired = authentik, authentik.wired
    site.module("authentik_group", name="staff")
    site.module("authentik_user", username="bob", name="Bob", email="bob@example.org", groups=["staff"])
    site.module("authentik_token", identifier="ci-of-bob", user="bob", return_secret=True)
    wired.fleet.set_password("bob", "a-password-of-bob")
    wired.fleet.app_password("bob")
    wired.play("wire").succeeded()
    node = next(iter(wired.fleet.pve.values()))[0]
    with suppress(Refused):
        # no group admits bob, but the session at authentik begins all the same
        wired.person("bob").sign_in(node.url, "authentik", node.named_url)
    assert "bob" in repr(site.provider("preflight")["claims"])
    planned = site.provider(check=True)
    assert not [one for one in wired.fleet.writes() if one[0] == "authentik" and one[1].verb == "DELETE"]
    done = site.provider()
    assert done["removed"] == planned["removed"] and done["plan"] == planned["plan"]
    assert {"token ci-of-bob of bob", "token app-of-bob of bob"} <= {*done["removed"]}
    assert not checks(done) and site.provider()["plan"] == [] and site.sessions() == 0
    bob = site.module("authentik_info", gather=["users"], filters={"users": [{"name": "bob"}]})["users"][0]
    assert (bob["is_active"], bob["groups"]) == (False, [])
    alone = site.provider("preflight", person="akadmin")
    assert "akadmin owns the token in fleetgate_idp" in messages(alone)


def test_sessions_of_a_user_that_was_deactivated_in_another_way_are_ended_at_authentik(authentik):
    site, wired = authentik, authentik.wired
    site.module("authentik_user", username="bob", is_active=True)
    wired.play("wire").succeeded()
    node = next(iter(wired.fleet.pve.values()))[0]
    wired.person("bob").sign_in(node.url, "authentik", node.named_url)
    user = site.ask_authentik("GET", "users/", params={"username": "bob"})["results"][0]
    site.ask_authentik("PUT", f"users/{user['pk']}/", json={"username": "bob", "name": "Bob", "is_active": False})
    assert site.sessions() == 1
    done = site.provider()
    assert [one for one in done["removed"] if one.startswith("session ")]
    assert not checks(done) and site.sessions() == 0 and site.provider()["plan"] == []


def test_any_issuer_is_done_by_hand(fleet_of):
    wired = fleet_of("oidc")
    site = Site(wired, "company")
    site.module("pve_user", userid="bob@company")
    run = wired.play("offboard", person="bob", **{**GONE, "fleetgate_realm": site.realm}).succeeded()
    assert "disable bob at" in run.output and "by hand" in run.output
    assert site.left("bob@company") == []
