"""The playbook report finds violations of every rule, keeps their dates, and says what it cannot see. It writes nothing."""

from __future__ import annotations

import json

import pytest

from tests.modules.systems import run_on, system_of
from tests.simulators.server import Fault

REALM = {"type": "openid", "issuer_url": "https://id.example.org", "client_id": "other"}
# what nobody declared, on the cluster and at the provider
VIOLATIONS = [
    ("pve_user", {"userid": "carol@pocketid"}),
    ("pve_acl", {"path": "/vms", "roles": ["PVEVMAdmin"], "users": ["carol@pocketid"]}),
    ("pve_token", {"userid": "carol@pocketid", "tokenid": "cli", "return_secret": True}),
    ("pve_user", {"userid": "boss@pve"}),
    ("pve_acl", {"path": "/", "roles": ["Administrator"], "users": ["boss@pve"]}),
    (
        "pve_token",
        {"userid": "boss@pve", "tokenid": "all", "privsep": False, "expire": 4070908800, "return_secret": True},
    ),
    ("pve_user", {"userid": "off@pve", "enable": False}),
    ("pve_token", {"userid": "off@pve", "tokenid": "cli", "expire": 4070908800, "return_secret": True}),
    ("pve_realm", {"realm": "gone", **REALM, "check_connection": False}),
    ("pve_user", {"userid": "ghost@gone"}),
    ("pve_realm", {"realm": "gone", "type": "openid", "state": "absent"}),
    ("pocketid_client", {"id": "proxmox-ve", "is_group_restricted": False}),
    ("pocketid_group", {"name": "proxmox_users", "users": []}),
]
# rule: what it is about, what is seen, and the host
FOUND = {
    "undeclared-rights": ("carol@pocketid", "PVEVMAdmin on /vms", "pve1"),
    "tokens-of-the-departed": ("carol@pocketid!cli", "does not exist at Pocket ID", "pve1"),
    "administrator-outside-provider": ("boss@pve", "Administrator on /, direct", "pve1"),
    "root-token": ("root@pam!fleet", "has all privileges", "pve1"),
    "no-second-factor": ("boss@pve", "administrator of the realm pve with a password only", "pve1"),
    "client-key-readable": ("proxmox_users-pocketid", "PVEAuditor on / shows the client secret", "pve1"),
    "realm-open-to-everybody": ("pocketid", "everybody at Pocket ID may use the client proxmox-ve", "pve1"),
    "token-without-privilege-separation": ("boss@pve!all", "has all rights of boss@pve", "pve1"),
    "token-without-expiry": ("carol@pocketid!cli", "does not expire", "pve1"),
    "user-of-no-realm": ("ghost@gone", "the realm gone does not exist", "pve1"),
    "tokens-of-disabled-users": ("off@pve!cli", "account disabled", "pve1"),
    "empty-group": ("proxmox_users", "nobody is in it at Pocket ID", "identity provider"),
    "not-read": ("pbs1", "", "pbs1"),
}


class Site:
    """A fleet that wire has set up, and reviews of it."""

    def __init__(self, wired, folder):
        self.wired, self.fleet, self.file = wired, wired.fleet, folder / "access.json"
        wired.play("wire").succeeded()

    def module(self, module, /, **options):
        return run_on(self.wired, module, **options)

    def review(self, *arguments, **variables):
        self.wired.play("report", *arguments, fleetgate_report={"json": str(self.file)}, **variables).succeeded()
        assert self.fleet.writes() == []
        return json.loads(self.file.read_text())


@pytest.fixture(scope="module")
def site(fleet_of, tmp_path_factory):
    return Site(fleet_of("homelab"), tmp_path_factory.mktemp("review"))


def status(review, principal):
    return {(row["path"], row["role"]): row["status"] for row in review["access"] if row["principal"] == principal}


def test_caller_with_few_privileges_names_what_it_cannot_see(site):
    site.module("pve_role", roleid="Status", privs=["Sys.Audit"])
    site.module("pve_role", roleid="Realms", privs=["Realm.Allocate"])
    site.module("pve_user", userid="reader@pve")
    made = site.module("pve_token", userid="reader@pve", tokenid="review", privsep=False, return_secret=True)
    for path, role in (("/", "Status"), ("/access/realm", "Realms")):
        site.module("pve_acl", path=path, roles=[role], users=["reader@pve"], propagate=False)
    connection = system_of("pve_info").connection(site.wired)
    reader = {
        **{name: connection[name] for name in ("api_port", "ca_path")},
        "api_token_id": "reader@pve!review",
        "api_token_secret": made["secret"],
    }
    review = site.review("--limit", "pve1", fleetgate_api=reader)
    unseen = " ".join(one["what"] for one in review["unseen"])
    for lack in (
        "reader@pve!review lacks Sys.Audit on /access (without it acl may be left out)",
        "users may be left out",
        "second factors of users",
    ):
        assert lack in unseen
    site.module("pve_user", userid="reader@pve", state="absent")
    site.file.unlink()


def test_every_rule_finds_its_violation_and_keeps_its_date(site):
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.fleet.review.rules import RULES

    assert set(FOUND) == set(RULES)
    before = site.review()
    assert status(before, "proxmox_admins-pocketid") == {("/", "Administrator"): "declared"}
    for module, options in VIOLATIONS:
        site.module(module, **options)
    backup = site.fleet.pbs["pbs1"].observed
    backup.faults.append(Fault(status=0, times=1000))
    review = site.review()
    backup.faults.clear()
    for rule, (about, detail, host) in FOUND.items():
        found = [
            one for one in review["findings"] if one["rule"] == rule and one["about"] == about and host in one["hosts"]
        ]
        assert found and any(detail in one["detail"] and one["remedy"] for one in found), (rule, review["findings"])
    assert status(review, "carol@pocketid") == {("/vms", "PVEVMAdmin"): "undeclared"}
    assert status(review, "boss@pve!all") == {("/", "Administrator"): "unmanaged"}
    review["first_reported"] = [[*key, "2020-01-01T00:00:00Z"] for *key, _since in review["first_reported"]]
    site.file.write_text(json.dumps(review))
    again = site.review("--limit", "pve1", fleetgate_emergency={"userid": "boss@pve", "proven": "2026-11-01"})
    dates = {one["first_reported"] for one in again["findings"] if one["hosts"] == ["pve1"]}
    assert dates == {"2020-01-01T00:00:00Z"}
    assert {row["differs_since"] for row in again["access"] if row["status"] == "undeclared"} == dates
    # the emergency account may be an administrator, but should have a second factor
    assert {one["rule"] for one in again["findings"] if one["about"] == "boss@pve"} == {"no-second-factor"}
    assert status(again, "boss@pve") == {("/", "Administrator"): "declared"}
    assert ["pbs1", "not-read"] in [key[:2] for key in again["first_reported"]]
    # on the server it reaches further than it is declared to
    narrow = {"pve": [{"path": "/", "roles": ["PVEAuditor"], "propagate": False}]}
    wider = site.review("--limit", "pve1", fleetgate_groups=[{"name": "proxmox_users", "rights": narrow}])
    assert status(wider, "proxmox_users-pocketid") == {("/", "PVEAuditor"): "undeclared"}


def test_provider_that_does_not_answer_makes_nobody_undeclared(site):
    site.fleet.pocketid.observed.faults.append(Fault(status=0, times=1000))
    review = site.review()
    site.fleet.pocketid.observed.faults.clear()
    assert {row["status"] for row in review["access"]} <= {"declared", "missing", "unmanaged", "unknown"}
    assert status(review, "carol@pocketid") == {("/vms", "PVEVMAdmin"): "unknown"}
    assert any("who should have rights is not known" in one["what"] for one in review["unseen"])
    assert {one["about"] for one in review["findings"] if one["rule"] == "not-read"} == {"identity provider"}


def test_foreign_file_is_not_overwritten_and_wrong_options_are_named(site, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text("[]")
    run = site.wired.play("report", "--limit", "pve1", fleetgate_report={"json": str(file)})
    assert run.code != 0 and "is not a report of this playbook" in run.output and file.read_text() == "[]"
    file.unlink()
    run = site.wired.play("report", "--limit", "pve1", fleetgate_report={"html": str(file / "page.html")})
    assert run.code != 0 and "page.html' cannot be written (" in run.output
    run = site.wired.play("report", "--limit", "pve1", fleetgate_report={"fail_on": "critical"})
    assert run.code != 0 and "fleetgate_report: " in run.output


def test_nodes_of_a_cluster_are_one_host_of_the_review(fleet_of, tmp_path):
    wired = fleet_of("authentik")
    hosts = wired.fleet.inventory()
    of_pve = hosts["all"]["children"]["pve"]["hosts"]
    second = wired.fleet.pve["lab"][1]
    of_pve["lab-2"] = {**of_pve["lab"], "ansible_host": second.host}
    wired.list_hosts(hosts)
    site = Site(wired, tmp_path)
    site.module("pve_user", userid="boss@pve")
    site.module("pve_acl", path="/", roles=["Administrator"], users=["boss@pve"])
    limited = site.review("--limit", "lab-2")
    assert [one["name"] for one in limited["subjects"]] == ["identity provider", "lab-2"]
    limited["first_reported"] = [[*key, "2020-01-01T00:00:00Z"] for *key, _since in limited["first_reported"]]
    site.file.write_text(json.dumps(limited))
    review = site.review()
    assert [(one["name"], one["also"]) for one in review["subjects"] if one["product"] == "Proxmox VE"] == [
        ("lab", ["lab-2"])
    ]
    assert {host for row in review["access"] for host in row["hosts"]} == {"lab", "backup"}
    (found,) = (one for one in review["findings"] if one["about"] == "boss@pve" and one["rule"] == "no-second-factor")
    # the date of another node is kept
    assert (found["hosts"], found["first_reported"]) == (["lab"], "2020-01-01T00:00:00Z")


@pytest.mark.parametrize("example", ["authentik", "oidc"])
def test_review_with_other_providers(fleet_of, tmp_path, example):
    other = Site(fleet_of(example), tmp_path)
    review = other.review()
    assert {row["status"] for row in review["access"]} <= {"declared", "unmanaged"}
    assert [one for one in review["findings"] if one["rule"] in ("not-read", "undeclared-rights", "empty-group")] == []
    hidden = any("persons and their state are not read" in one["what"] for one in review["unseen"])
    opened = [one["detail"] for one in review["findings"] if one["rule"] == "realm-open-to-everybody"]
    assert hidden == bool(opened) == (example == "oidc")
