"""The playbook unwire leaves the servers as they were before wire, and never takes away what others need."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.modules.systems import SYSTEMS, run_on
from tests.simulators.browser import Refused
from tests.simulators.server import Fault
from tests.support.in_process import run as run_module
from tests.support.sample import ALL, sample

REALM = {"homelab": "pocketid", "fleet": "pocketid", "authentik": "authentik", "oidc": "company"}
PRODUCTS = ("pve", "pbs")
ADMIN = {"pve": "Administrator", "pbs": "Admin"}
ROLES = {"pve": ("PVEAuditor", "PVEUserAdmin", "Administrator"), "pbs": ("Audit", "DatastoreReader", "Admin")}
PATHS = {"pve": ("/", "/vms", "/access"), "pbs": ("/", "/datastore", "/access")}


class Site:
    """A fleet, and what is on its servers."""

    def __init__(self, wired, **variables):
        self.wired, self.fleet, self.realm = wired, wired.fleet, REALM[wired.example]
        self.variables = {**variables, "fleetgate_unwire": {"confirm": self.realm}}

    def module(self, module, /, **options):
        """Run a module on the first server of its system."""
        return run_on(self.wired, module, **options)

    def wire(self, *arguments, **variables):
        return self.wired.play("wire", *arguments, **{**self.variables, **variables}).succeeded()

    def unwire(self, *arguments, **variables):
        return self.wired.play("unwire", *arguments, **{**self.variables, **variables})

    def refused(self, *arguments, **variables):
        """The messages of a run that writes nothing."""
        run = self.unwire(*arguments, **variables)
        assert run.code != 0 and self.fleet.writes() == [], run.output
        return " ".join(run.failed)

    def state(self):
        """Everything that the first servers have, except for what they report of themselves."""
        systems = (*PRODUCTS, *((self.fleet.idp,) if self.fleet.idp in SYSTEMS else ()))
        return {system: self._state_of(system) for system in systems}

    def _state_of(self, system):
        options = {"show_secrets": True} if system in (*PRODUCTS, "authentik") else {}
        found = self.module(f"{system}_info", **options)
        # servers list them in any order
        return {kind: sorted(found[kind], key=repr) for kind in found if isinstance(found[kind], list)}

    def sign_ons(self):
        """Everybody signs in on every server, and alice creates a token on each."""
        for server in (self.node, self.backup):
            for username in ("alice", "bob"):
                # who has no rights on PBS has no account either
                try:
                    self.sign_in(username, server)
                except Refused:
                    assert server is self.backup
        for product in PRODUCTS:
            self.token(product, f"alice@{self.realm}", "laptop")
        self.module("pbs_acl", path="/datastore", roles=["DatastoreReader"], tokens=[f"alice@{self.realm}!laptop"])

    def token(self, product, userid, name):
        """Create an API token and return its secret, an empty one for a token that exists."""
        options = {"tokenid": name, "privsep": False} if product == "pve" else {"token_name": name}
        return self.module(f"{product}_token", userid=userid, **options, return_secret=True).get("secret", "")

    def sign_in(self, username, server):
        return self.wired.person(username).sign_in(server.url, self.realm, server.named_url)

    @property
    def node(self):
        return next(iter(self.fleet.pve.values()))[0]

    @property
    def backup(self):
        return next(iter(self.fleet.pbs.values()))


@pytest.fixture(scope="module", params=["homelab", "authentik"])
def either(request, fleet_of):
    """A fleet with Pocket ID, or one with authentik and older servers.

    PBS 3.2 leaves tokens and ACL entries of removed users behind, and has no default realm.
    """
    if request.param == "homelab":
        return Site(fleet_of("homelab"))
    return Site(fleet_of("authentik", pve="8.4", pbs="3.2"), fleetgate_realm={"name": "authentik"})


@pytest.fixture
def site(fleet_of):
    return Site(fleet_of("homelab"))


# -- everything is as before -------------------------------------------------------------------------------------------

_NAME = st.sampled_from(("ops", "eve", "backup-operators", "admins", "a.b", "sso"))
_RIGHT = st.tuples(st.integers(0, 2), st.integers(0, 2), st.booleans())
_USERS = st.lists(
    st.tuples(_NAME, st.lists(_RIGHT, min_size=1, max_size=2), st.booleans()),
    min_size=1,
    max_size=3,
    unique_by=lambda one: one[0],
)


@st.composite
def foreign(draw: st.DrawFn) -> dict[str, Any]:
    """What servers may have beside the realm of the fleet."""
    return {
        "users": draw(_USERS),
        "groups": draw(st.lists(_NAME, min_size=1, max_size=2, unique=True)),
        "realm": draw(st.sampled_from(("", "sso", "other-realm"))),
    }


def put(site, objects):
    """Create the objects on all servers of the site."""
    local = {"pve": "pve", "pbs": "pbs"}
    if objects["realm"]:
        for product in PRODUCTS:
            other = {"realm": objects["realm"], "issuer_url": "https://sso.example.org", "client_id": "other"}
            site.module(f"{product}_realm", **other, client_key="a-secret-of-another", check_connection=False)
    for product in PRODUCTS:
        for name, rights, of_realm in objects["users"]:
            userid = f"{name}@{objects['realm'] if of_realm and objects['realm'] else local[product]}"
            site.module(f"{product}_user", userid=userid, comment="not of the fleet")
            site.token(product, userid, "cron")
            for path, role, propagate in rights:
                entry = {"path": PATHS[product][path], "roles": [ROLES[product][role]], "propagate": propagate}
                site.module(f"{product}_acl", **entry, users=[userid], tokens=[f"{userid}!cron"])
    users = [
        f"{name}@{objects['realm'] if of_realm and objects['realm'] else 'pve'}"
        for name, _rights, of_realm in objects["users"]
    ]
    for name in objects["groups"]:
        site.module("pve_group", groupid=name, users=users)
        site.module("pve_acl", path="/vms", roles=["PVEVMUser"], groups=[name])
    uris = ["https://wiki.example.org/callback"]
    if site.fleet.idp == "authentik":
        site.module("authentik_group", name="wiki", users=["akadmin"])
        site.module("authentik_application", slug="wiki", name="Wiki", redirect_uris=uris)
        site.module("authentik_binding", application="wiki", group="wiki")
    else:
        site.module("pocketid_group", name="wiki", friendly_name="Wiki")
        site.module("pocketid_client", id="wiki", name="Wiki", callback_urls=uris, allowed_groups=["wiki"])


def without_people(state, site, before):
    """The state without the people and groups of the declaration, which stay at the provider."""
    provider = site.fleet.idp
    known = {kind: {str(one) for one in found} for kind, found in before[provider].items()}
    kept = {
        kind: [one for one in found if kind not in ("users", "groups") or str(one) in known[kind]]
        for kind, found in state[provider].items()
    }
    return {**state, provider: kept}


@settings(max_examples=12 if ALL else 1, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(objects=foreign())
def test_servers_are_as_before_wire(either, objects):
    """With what others have on them, and after sign-ons."""
    put(either, objects)
    before = either.state()
    either.wire()
    either.sign_ons()
    assert either.state() != before
    either.unwire().succeeded()
    assert without_people(either.state(), either, before) == before


# -- interruptions -----------------------------------------------------------------------------------------------------


def test_interrupted_run_is_completed_by_the_next(site):
    """The hosts are interrupted at their requests with the same number, and the provider in the run after that."""
    before = site.state()
    site.wire()
    site.sign_ons()
    site.unwire().succeeded()
    sent = [(name, one.verb, one.path) for name, one in site.fleet.writes()]
    writes = {
        host: [(verb, path) for name, verb, path in sent if name == host] for host in ("pve1", "pbs1", "pocketid")
    }
    rounds = max(map(len, writes.values()))
    assert rounds >= 4
    for number, carried_out in sample(itertools.product(range(rounds), (True, False)), 36):
        site.wire()
        site.sign_ons()
        interrupt(writes, number, carried_out, {"pve1": site.node, "pbs1": site.backup})
        assert len(site.unwire().failed) == 2
        # no client is removed while a host may use it
        assert {"proxmox-ve", "proxmox-backup"} == set(site.wired.clients())
        interrupt(writes, number, carried_out, {"pocketid": site.fleet.pocketid})
        assert site.unwire().code != 0
        site.unwire().succeeded()
        assert without_people(site.state(), site, before) == before, number


def interrupt(writes, number, carried_out, servers):
    """Break the connection at one of the requests, before or after it is carried out."""
    for name, server in servers.items():
        verb, path = writes[name][min(number, len(writes[name]) - 1)]
        server.observed.faults.append(Fault(verb, re.escape(path), status=0, carried_out=carried_out))


# -- refusals ----------------------------------------------------------------------------------------------------------


def api_of(site, system, token, secret):
    """The connection options of the first server of a product, with another token."""
    host = {"pve": "pve1", "pbs": "pbs1"}[system]
    api = site.fleet.inventory()["all"]["children"][system]["hosts"][host]["fleetgate_api"]
    server = {"pve": site.node, "pbs": site.backup}[system]
    return host, {**api, "api_host": server.host, "api_token_id": token, "api_token_secret": secret}


def test_lockouts_and_mistakes_are_refused_before_the_first_write(site):
    site.wire()
    site.sign_ons()
    # the name of another realm does not confirm anything
    assert "must name the realms that are removed, pocketid" in site.refused(fleetgate_unwire={"confirm": "authentik"})
    wrong = {"fleetgate_realm": {"name": "pve"}, "fleetgate_unwire": {"confirm": "pve"}}
    assert "'openid' is not the type of the realm pve" in site.refused("--limit", "pve1", **wrong)
    # clients could not be removed afterwards
    site.fleet.pocketid.observed.faults.append(Fault(status=0, times=1000))
    assert "does not answer" in site.refused()
    site.fleet.pocketid.observed.faults.clear()
    site.module("pve_acl", path="/", roles=["Administrator"], users=["alice@pocketid"])
    host, own = api_of(site, "pve", "alice@pocketid!own", site.token("pve", "alice@pocketid", "own"))
    why = site.refused("--limit", host, fleetgate_api=own)
    assert "alice@pocketid!own belongs to the realm pocketid that is removed" in why
    site.module("pve_user", userid="ops@pve", groups=["proxmox_admins-pocketid"])
    _host, ops = api_of(site, "pve", "ops@pve!own", site.token("pve", "ops@pve", "own"))
    why = site.refused("--limit", host, fleetgate_api=ops)
    assert "ops@pve!own depends on acl / group proxmox_admins-pocketid Administrator" in why
    for product in PRODUCTS:
        refuses_to_remove_the_last_administrator(site, product)


LIMITED = "Group.Allocate Permissions.Modify Realm.Allocate Realm.AllocateUser Sys.Audit Sys.Modify User.Modify"


def refuses_to_remove_the_last_administrator(site, product):
    """Root is disabled, the automation has few privileges, and everybody else belongs to the realm or to its groups."""
    robot, path, role = f"robot@{product}", "/access", "Admin"
    if product == "pve":
        path, role = "/", "Robot"
        site.module("pve_role", roleid=role, privs=LIMITED.split())
    site.module(f"{product}_user", userid=robot)
    host, api = api_of(site, product, f"{robot}!own", site.token(product, robot, "own"))
    site.module(f"{product}_acl", path=path, roles=[role], users=[robot], tokens=[f"{robot}!own"])
    site.module(f"{product}_user", userid="ops@pam")
    site.module(f"{product}_acl", path="/", roles=[ADMIN[product]], users=["ops@pam"])
    run_module(f"{product}_user", **api, userid="root@pam", enable=False)
    if product == "pbs":
        assert site.unwire("--check", "--limit", host, fleetgate_api=api).succeeded().changed
    run_module(f"{product}_user", **api, userid="ops@pam", enable=False)
    why = site.refused("--limit", host, fleetgate_api=api)
    assert f"would be left with the role {ADMIN[product]} on /, who could repair {host}; enable root@pam" in why


# -- what others need --------------------------------------------------------------------------------------------------


def test_client_stays_as_long_as_another_host_uses_it(fleet_of):
    """One host is outside of the run and one does not answer; then all are in the run."""
    site = Site(fleet_of("fleet"))
    shared = {"fleetgate_client": {"id": "shared", "name": "Shared"}}
    site.wire(**shared)
    down = site.fleet.pbs["backup-vienna"]
    down.observed.faults.append(Fault(status=0, times=1000))
    run = site.unwire("--limit", "!lab", **shared)
    down.observed.faults.clear()
    assert [one.partition(":")[0] for one in run.failed] == ["backup-vienna"] and run.code != 0
    told = " ".join(run.output.split())
    assert (
        "client shared stays, because hosts that this run has not removed it from may use it: lab, backup-vienna"
        in told
    )
    for server in (down, site.fleet.pve["lab"][0]):
        assert site.sign_in("alice", server).userid == "alice@pocketid"
    for server in (site.node, site.backup):
        with pytest.raises(Refused):
            site.sign_in("alice", server)
    site.unwire(**shared).succeeded()
    assert site.wired.clients() == {}


def test_clients_and_members_of_other_realms_stay(site):
    """A client of the hosts that is not declared any more does not."""
    site.wire("--limit", "pbs1", fleetgate_client={"id": "no-longer-declared", "name": "Former"})
    site.wire()
    site.module("pocketid_scim_provider", client="proxmox-ve", endpoint="https://scim.example.org", token="x" * 20)
    realm = site.module("pve_info", gather=["realms"], show_secrets=True)["realms"]
    (own,) = [one for one in realm if one["realm"] == "pocketid"]
    same = {"issuer_url": own["issuer_url"], "client_id": own["client_id"], "client_key": own["client_key"]}
    site.module("pve_realm", realm="former", **same)
    site.module("pve_user", userid="eve@former")
    site.module("pve_user", userid="ops@pve", groups=["proxmox_users-pocketid"])
    client = site.wired.clients()["proxmox-backup"]
    site.module(
        "pocketid_client", id="proxmox-backup", callback_urls=[*client["callbackURLs"], "https://wiki.example.org"]
    )
    run = site.unwire().succeeded()
    told = " ".join(run.output.split())
    assert "ops@pve of other realms leave the group proxmox_users-pocketid" in told
    assert "the realm former has the same client as pocketid and stays" in told
    assert "client proxmox-ve stays, because the realm former on pve1 uses it" in told
    assert (
        "client proxmox-backup stays, because it has redirect URIs that are not those of these hosts: https://wiki"
        in told
    )
    assert set(site.wired.clients()) == {"proxmox-ve", "proxmox-backup"}
    assert len(site.module("pocketid_info", gather=["scim_providers"])["scim_providers"]) == 1
    users = {one["userid"] for one in site.module("pve_info", gather=["users"])["users"]}
    assert users == {"root@pam", "ops@pve", "eve@former"}
    site.module("pocketid_client", id="proxmox-backup", callback_urls=client["callbackURLs"])
    site.unwire(fleetgate_unwire={"confirm": ["pocketid", "former"]}).succeeded()
    assert site.wired.clients() == {}
    users = {one["userid"] for one in site.module("pve_info", gather=["users"])["users"]}
    assert users == {"root@pam", "ops@pve"}


def test_nothing_is_removed_from_an_issuer_that_is_managed_elsewhere(fleet_of):
    run = Site(fleet_of("oidc")).unwire("--check").succeeded()
    told = " ".join(run.output.split())
    assert "client proxmox-pve stays, because clients of the issuer are managed elsewhere" in told
