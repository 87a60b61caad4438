"""The playbook prove names cause and remedy of everything that keeps people from signing in, and writes nothing."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.modules.systems import run_on
from tests.simulators.server import Fault

PASSWORD = "a-password-of-alice"
GROUP = "proxmox_admins"


class Site:
    """A fleet that wire has set up, and proofs of it."""

    def __init__(self, wired, folder):
        self.wired, self.fleet = wired, wired.fleet
        self._report = folder / "report.json"
        wired.play("wire").succeeded()
        self.fleet.set_password("alice", PASSWORD)

    def module(self, module, /, **options):
        """Run a module on the first server of its system."""
        return run_on(self.wired, module, **options)

    def prove(self, *arguments, person="alice", password=PASSWORD, **variables):
        """The run and its report, as the JSON file has it."""
        self._report.unlink(missing_ok=True)
        options = {"person": person, "password": password, "json": str(self._report)}
        run = self.wired.play("prove", *arguments, **{"fleetgate_prove": options, **variables})
        report = json.loads(self._report.read_text())
        return run, {one["name"]: one for one in report["subjects"]}

    @property
    def node(self):
        return next(iter(self.fleet.pve.values()))[0]

    @property
    def backup(self):
        return next(iter(self.fleet.pbs.values()))


@pytest.fixture(scope="module")
def homelab(fleet_of, tmp_path_factory):
    return Site(fleet_of("homelab"), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def authentik(fleet_of, tmp_path_factory):
    return Site(fleet_of("authentik"), tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def company(fleet_of, tmp_path_factory):
    return Site(fleet_of("oidc"), tmp_path_factory.mktemp("report"))


def failed(report):
    """The messages of the failed checks by subject and name."""
    found = {}
    for subject, one in report.items():
        for check in one["checks"]:
            if check["status"] == "failed":
                message = "; ".join(filter(None, (check["problem"], check["remedy"])))
                found.setdefault((subject, check["name"]), []).append(message)
    return found


# -- what is broken ----------------------------------------------------------------------------------------------------


@contextmanager
def tasks(site, broken, mended):
    """Tasks that break something, and those that mend it: a module with its options each."""
    for module, options in broken:
        site.module(module, **options)
    try:
        yield
    finally:
        for module, options in mended:
            site.module(module, **options)


@contextmanager
def in_no_group(site):
    group = {"name": GROUP}
    with tasks(site, [("pocketid_group", {**group, "users": []})], [("pocketid_group", {**group, "users": ["alice"]})]):
        yield


def by(broken, mended):
    return lambda site: tasks(site, broken, mended)


@contextmanager
def wrong_issuer(site):
    right = site.fleet.pocketid.url
    broken = {"realm": "pocketid", "issuer_url": f"{right}/"}
    with tasks(site, [("pve_realm", broken)], [("pve_realm", {**broken, "issuer_url": right})]):
        yield


@contextmanager
def redirect_uri_missing(site):
    (client,) = site.module("pocketid_info", gather=["clients"], filters={"clients": [{"name": "proxmox-ve"}]})[
        "clients"
    ]
    urls = client["callback_urls"]
    assert any(url.startswith("https://pve1:") for url in urls)
    fewer = [url for url in urls if not url.startswith("https://pve1:")]
    options = {"id": "proxmox-ve"}
    with tasks(
        site,
        [("pocketid_client", {**options, "callback_urls": fewer})],
        [("pocketid_client", {**options, "callback_urls": urls})],
    ):
        yield


@contextmanager
def untrusted(site):
    """The servers do not trust the authority of the provider any more."""
    parties = [server.relying_party for server in (site.node, site.backup)]
    for party in parties:
        party.trust = None
    try:
        yield
    finally:
        for party in parties:
            party.trust = site.fleet.authority.bundle


@contextmanager
def clock(site, seconds):
    site.node.relying_party.ahead = seconds
    try:
        yield
    finally:
        site.node.relying_party.ahead = 0.0


@contextmanager
def wrong_secret(site):
    realm = {"realm": "pocketid"}
    right = site.wired.ask(site.node, "access", "domains", "pocketid")["client-key"]
    with tasks(
        site,
        [("pve_realm", {**realm, "client_key": "a-secret-of-yesterday"})],
        [("pve_realm", {**realm, "client_key": right})],
    ):
        yield


def with_claims(**claims):
    """A realm whose groups are in the claim `teams`, which alice has with these values."""

    @contextmanager
    def broken(site):
        names = {"teams": json.dumps(claims["teams"])} if claims else {}
        with tasks(
            site,
            [
                ("pve_realm", {"realm": "pocketid", "groups_claim": "teams"}),
                ("pocketid_user", {"username": "alice", "custom_claims": names}),
            ],
            [
                ("pve_realm", {"realm": "pocketid", "groups_claim": "groups"}),
                ("pocketid_user", {"username": "alice", "custom_claims": {}}),
            ],
        ):
            yield

    return broken


@contextmanager
def server_gone(site):
    site.backup.observed.faults += [Fault(status=0, times=1000)]
    try:
        yield
    finally:
        site.backup.observed.faults.clear()


ALICE = {"userid": "alice@pocketid"}
TEAMS = {"fleetgate_realm": {"name": "pocketid", "comment": "Pocket ID", "default": True, "groups_claim": "teams"}}
ADMINS = {"path": "/", "groups": [f"{GROUP}-pocketid"]}
PREFLIGHT = ("identity provider", "identity provider")


@dataclass
class Case:
    """What is broken, and the messages of failed checks that are expected, by host and name of the check."""

    broken: Any
    messages: dict[tuple[str, str], str]
    person: str = "alice"
    variables: dict[str, Any] = field(default_factory=dict)


CASES = {
    "the issuer has a slash too many": Case(
        wrong_issuer,
        {
            (
                "pve1",
                "issuer",
            ): "identifies itself as .*: realms must have exactly '.*', including slashes; run the playbook wire",
            (
                "pve1",
                "issuer as the server sees it",
            ): "pve1: the realm pocketid has another issuer .* run the playbook wire",
            ("pve1", "realm as declared"): "issuer_url.*; run the playbook wire",
        },
    ),
    "a redirect URI is missing": Case(
        redirect_uri_missing,
        {
            (
                "pve1",
                "redirect URI",
            ): "https://pve1:.* is not registered for the client proxmox-ve .*; run the playbook wire",
            ("identity provider", "clients as declared"): "client proxmox-ve.*; run the playbook wire",
        },
    ),
    "the servers do not trust the CA of the provider": Case(
        untrusted,
        {
            (
                host,
                "issuer as the server sees it",
            ): f"{host} cannot read .* does not trust the CA .*; copy .* update-ca-certificates"
            for host in ("pve1", "pbs1")
        },
    ),
    "a clock is ahead": Case(
        lambda site: clock(site, 7200),
        {
            ("pve1", "clock"): r"the clock of pve1 is (2 h 0|1 h 59) min ahead of .*; correct the clock with NTP",
            ("pve1", "sign-on"): "pve1 refuses the sign-on of alice: the clock of pve1 is .* ahead",
        },
    ),
    "a clock is behind": Case(
        lambda site: clock(site, -3600),
        {("pve1", "clock"): r"the clock of pve1 is (1 h 0|59) min behind .*; correct the clock with NTP"},
    ),
    "the secret of the realm is wrong": Case(
        wrong_secret,
        {("pve1", "client secret"): "rejects the secret .* for the client proxmox-ve .*; run the playbook wire"},
    ),
    "the person is in no group that may sign in": Case(
        in_no_group,
        {
            ("pve1", "access"): "does not let alice use the client proxmox-ve .*; add the person to one of the groups",
            ("pbs1", "access"): "does not let alice use the client proxmox-backup",
            ("identity provider", "clients as declared"): f"group {GROUP}",
        },
    ),
    "the claim is absent": Case(
        with_claims(),
        {
            (
                "pve1",
                "groups claim",
            ): "sends no claim teams of alice, only .*; request the scope .* or name another claim"
        },
        variables=TEAMS,
    ),
    "the claim is a string": Case(
        with_claims(teams=GROUP),
        {("pve1", "groups claim"): f"teams of alice is text \\('{GROUP}'\\) and not a list, .*; have .* send a list"},
        variables=TEAMS,
    ),
    "the claim is an object": Case(
        with_claims(teams={"proxmox": [GROUP]}),
        {("pve1", "groups claim"): "teams of alice is nested .* and not a list, .*; have .* send a list"},
        variables=TEAMS,
    ),
    "the entries of the claim are objects": Case(
        with_claims(teams=[{"name": GROUP}]),
        {("pve1", "groups claim"): "has entries that are nested .* which pve1 drops; have .* send the names"},
        variables=TEAMS,
    ),
    "the claim is nested in another": Case(
        by(
            [
                ("pve_realm", {"realm": "pocketid", "groups_claim": "roles"}),
                (
                    "pocketid_user",
                    {"username": "alice", "custom_claims": {"realm_access": json.dumps({"roles": [GROUP]})}},
                ),
            ],
            [
                ("pve_realm", {"realm": "pocketid", "groups_claim": "groups"}),
                ("pocketid_user", {"username": "alice", "custom_claims": {}}),
            ],
        ),
        {
            (
                "pve1",
                "groups claim",
            ): "the claim roles of alice is nested in the claim realm_access, .*; have .* top level"
        },
        variables={"fleetgate_realm": {**TEAMS["fleetgate_realm"], "groups_claim": "roles"}},
    ),
    "a group is dropped for its characters": Case(
        with_claims(teams=[f"/{GROUP}"]),
        {
            (
                "pve1",
                "groups",
            ): f"drops '/{GROUP}' of the claim teams, .* the group {GROUP}: only letters.*; have .* bare name"
        },
        variables=TEAMS,
    ),
    "a group differs in case": Case(
        with_claims(teams=["Proxmox_Admins"]),
        {("pve1", "groups"): f"drops the group 'Proxmox_Admins', because it has '{GROUP}': .*; declare the group"},
        variables=TEAMS,
    ),
    "a group is not in the claim": Case(
        with_claims(teams=[]),
        {("pve1", "groups"): f"alice is declared to be in the group {GROUP}, which is not in the claim teams; run"},
        variables=TEAMS,
    ),
    "the server has a group that differs in case": Case(
        by(
            [("pve_group", {"groupid": "Proxmox_Admins-pocketid"})],
            [("pve_group", {"groupid": "Proxmox_Admins-pocketid", "state": "absent"})],
        ),
        {
            (
                "pve1",
                "group names",
            ): "the group Proxmox_Admins-pocketid beside the declared proxmox_admins-.*; remove the group"
        },
    ),
    "a declared name is one that PVE drops": Case(
        by([], []),
        {("pve1", "declaration"): r"fleetgate_groups\[Proxmox Admins\]: 'Proxmox Admins' may only have letters"},
        variables={
            "fleetgate_groups": [
                {"name": "Proxmox Admins", "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"]}]}}
            ]
        },
    ),
    "the user is disabled on the server": Case(
        by([("pve_user", {**ALICE, "enable": False})], [("pve_user", {**ALICE, "enable": True})]),
        {
            ("pve1", "sign-on"): "refuses the sign-on of alice: alice@pocketid is disabled on pve1; enable the user",
            ("pve1", "accounts"): "alice@pocketid is disabled on pve1",
        },
    ),
    "the user has expired on the server": Case(
        by([("pve_user", {**ALICE, "expire": 1})], [("pve_user", {**ALICE, "expire": 0})]),
        {("pve1", "sign-on"): "refuses the sign-on of alice: alice@pocketid has expired on pve1; set another expiry"},
    ),
    "the user is missing and the realm creates none": Case(
        by([], []),
        {
            (
                "pbs1",
                "sign-on",
            ): "refuses .* pbs1 has no user bob@pocketid, and autocreate of the realm pocketid is off; declare"
        },
        person="bob",
    ),
    "a right is missing": Case(
        by(
            [("pve_acl", {**ADMINS, "roles": ["Administrator"], "state": "absent"})],
            [("pve_acl", {**ADMINS, "roles": ["Administrator"]})],
        ),
        {
            ("pve1", "rights"): "alice@pocketid lacks .*Permissions.Modify.* on / of pve1; run the playbook wire",
            ("pve1", "acl as declared"): "has Administrator on /; run the playbook wire",
        },
    ),
    "the person is disabled at the provider": Case(
        by(
            [("pocketid_user", {"username": "alice", "disabled": True})],
            [("pocketid_user", {"username": "alice", "disabled": False})],
        ),
        {("identity provider", "account"): "the user alice is disabled at Pocket ID .*; enable the user"},
    ),
    "the person does not exist": Case(
        by([], []),
        {("identity provider", "account"): "has no user carol; correct the name of the person"},
        person="carol",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_diagnosis_names_cause_and_remedy(homelab, name):
    case = CASES[name]
    homelab.module("pve_user", **ALICE)
    with case.broken(homelab):
        run, report = homelab.prove(person=case.person, **case.variables)
    found = failed(report)
    for place, pattern in case.messages.items():
        messages = found.get(place, [])
        assert any(re.search(pattern, message) for message in messages), (place, pattern, found)
    assert run.code != 0 and run.failed
    subjects = {subject for subject, _check in case.messages if subject != "identity provider"}
    assert {host for host, _check in found if host != "identity provider"} == subjects, found


def test_whole_fleet_is_proven_and_nothing_is_written(homelab):
    homelab.prove()
    run, report = homelab.prove()
    run.succeeded()
    assert failed(report) == {}
    assert report["pve1"]["sign_on"]["userid"] == report["pbs1"]["sign_on"]["userid"] == "alice@pocketid"
    assert report["pve1"]["sign_on"]["groups"] == {"received": [GROUP], "kept": [GROUP], "dropped": []}
    writes = {(name, one.path.removeprefix("/api2/json")) for name, one in homelab.fleet.writes()}
    assert {one for one in writes if one[0] != "pocketid"} == {
        (name, "/access/openid/login") for name in ("pve1", "pbs1")
    }
    assert run.changed == []


# -- other providers ---------------------------------------------------------------------------------------------------


class TestAuthentik:
    def test_person_with_a_password_signs_in_on_every_host(self, authentik):
        run, report = authentik.prove()
        run.succeeded()
        signed_in = {name: one["sign_on"].get("userid") for name, one in report.items()}
        assert signed_in == {"identity provider": None, "lab": "alice@authentik", "backup": "alice@authentik"}
        assert PASSWORD not in run.output

    def test_person_with_an_app_password_signs_in(self, authentik):
        secret = authentik.fleet.app_password("bob")
        run, report = authentik.prove(person="bob", password=secret)
        assert failed(report) == {} and report["lab"]["sign_on"]["userid"] == "bob@authentik"
        assert secret not in run.output

    @pytest.mark.parametrize(
        ("password", "place", "message"),
        [
            (
                "another",
                ("lab", "account"),
                "does not sign alice in: Invalid password; check the name and the password",
            ),
            ("", ("identity provider", "account"), "without a password alice cannot .*; give fleetgate_prove.password"),
        ],
    )
    def test_wrong_and_missing_passwords_are_reported(self, authentik, password, place, message):
        _run, report = authentik.prove(password=password)
        assert re.search(message, failed(report)[place][0])

    def test_missing_redirect_uri_is_reported(self, authentik):
        application = {"slug": "proxmox", "name": "Proxmox"}
        found = authentik.module("authentik_info", gather=["applications"])["applications"]
        uris = next(one["redirect_uris"] for one in found if one["slug"] == "proxmox")
        fewer = [uri for uri in uris if not uri.startswith("https://pve2:")]
        with tasks(
            authentik,
            [("authentik_application", {**application, "redirect_uris": fewer})],
            [("authentik_application", {**application, "redirect_uris": uris})],
        ):
            _run, report = authentik.prove()
        problems = failed(report)
        assert {name for _subject, name in problems} == {"redirect URI", "clients as declared"}
        assert "https://pve2:8006 is not registered for the client proxmox" in " ".join(problems["lab", "redirect URI"])

    def test_person_in_no_allowed_group_is_reported(self, authentik):
        group = {"name": "proxmox-admins"}
        with tasks(
            authentik,
            [("authentik_group", {**group, "users": []})],
            [("authentik_group", {**group, "users": ["alice"]})],
        ):
            _run, report = authentik.prove()
        assert "does not let alice use the client proxmox (Access denied)" in failed(report)["lab", "access"][0]

    def test_wrong_secret_is_reported(self, authentik):
        realm = {"realm": "authentik"}
        right = authentik.wired.ask(authentik.node, "access", "domains", "authentik")["client-key"]
        with tasks(
            authentik,
            [("pve_realm", {**realm, "client_key": "a-secret-of-yesterday"})],
            [("pve_realm", {**realm, "client_key": right})],
        ):
            _run, report = authentik.prove()
        problems = failed(report)
        assert "authentik rejects the secret" in problems["lab", "client secret"][0]
        assert ("lab", "redirect URI") not in problems


class TestAnyIssuer:
    """The issuer is Pocket ID, whose administrator is somebody else."""

    def test_everything_but_the_sign_on_is_proven(self, company):
        run, report = company.prove()
        run.succeeded()
        skipped = [check for check in report["lab"]["checks"] if check["status"] == "skipped"]
        assert [(check["name"], check["detail"]) for check in skipped] == [
            ("sign-on", "how a person signs in at the issuer is not known to the collection")
        ]
        assert company.fleet.writes() == []

    def test_missing_redirect_uri_is_reported(self, company):
        client = {"id": "proxmox-pve"}
        with tasks(
            company,
            [("pocketid_client", {**client, "callback_urls": ["https://pve2:*"]})],
            [("pocketid_client", {**client, "callback_urls": ["https://*:*"]})],
        ):
            _run, report = company.prove()
        messages = failed(report)["lab", "redirect URI"]
        assert any(re.search("https://pve1:8006 is not registered .* run the playbook wire", one) for one in messages)
        assert not any("https://pve2:8006" in one for one in messages)


# -- the report --------------------------------------------------------------------------------------------------------


def test_unreachable_host_is_reported_and_the_others_are_proven(homelab):
    with server_gone(homelab):
        run, report = homelab.prove()
    assert set(failed(report)) == {("pbs1", "server")} and "pbs1" in " ".join(run.failed)
    assert re.search("does not answer .*; check the address", failed(report)["pbs1", "server"][0])
    assert report["pve1"]["sign_on"]["userid"] == "alice@pocketid" and run.code != 0


def test_check_mode_is_complete_without_the_sign_on(homelab):
    run, report = homelab.prove("--check")
    run.succeeded()
    for host in ("pve1", "pbs1"):
        skipped = [check for check in report[host]["checks"] if check["status"] == "skipped"]
        assert [(check["name"], check["detail"]) for check in skipped] == [("sign-on", "nobody signs in in check mode")]
        assert len([check for check in report[host]["checks"] if check["status"] == "ok"]) > 10
    assert homelab.fleet.writes() == []
    assert not any("one-time" in one.path for _name, one in homelab.fleet.exchanges())


def test_limit_proves_one_host(homelab):
    run, report = homelab.prove("--limit", "pbs1")
    run.succeeded()
    assert set(report) == {"identity provider", "pbs1"}


def test_nobody_signs_in_unless_a_person_is_named(homelab):
    run = homelab.wired.play("prove").succeeded()
    assert "skipped  sign-on: no person is named in fleetgate_prove" in run.output
    assert homelab.fleet.writes() == []


def test_everything_runs_on_the_target_as_well(homelab):
    run, report = homelab.prove(fleetgate_execute_on="target", ansible_connection="local")
    run.succeeded()
    assert report["pve1"]["sign_on"]["userid"] == "alice@pocketid"


def test_terminal_json_and_junit_have_the_same_checks_and_no_secret(homelab, tmp_path):
    paths = {"json": str(tmp_path / "proof.json"), "junit": str(tmp_path / "proof.xml")}
    with wrong_secret(homelab):
        run = homelab.wired.play("prove", "-vvvv", "--diff", fleetgate_prove={"person": "alice", **paths})
        held = [
            homelab.wired.ask(homelab.node, "access", "domains", "pocketid")["client-key"],
            homelab.wired.ask(homelab.backup, "config", "access", "openid", "pocketid")["client-key"],
        ]
    report, junit = json.loads((tmp_path / "proof.json").read_text()), (tmp_path / "proof.xml").read_text()
    suites = {suite.get("name"): suite for suite in ElementTree.fromstring(junit)}
    assert not report["passed"] and [one["name"] for one in report["subjects"]] == list(suites)
    for subject in report["subjects"]:
        suite = suites[subject["name"]]
        checks = subject["checks"]
        assert int(suite.get("tests")) == len(checks) == len(suite)
        broken = [check["problem"] for check in checks if check["status"] == "failed"]
        assert [case.get("message") for case in suite.iter("failure")] == broken
        assert all(problem in run.output for problem in broken)
    sent = "".join(one.body for _name, one in homelab.fleet.exchanges() if "openid/login" in one.path)
    tickets = re.findall(r"P[VB][ES]:alice\S+", run.output)
    for text in (run.output, json.dumps(report), junit):
        assert [secret for secret in (*homelab.fleet.secrets(), *held) if secret in text] == []
    assert sent and tickets == []


def test_realm_that_is_missing_is_reported(homelab):
    homelab.module("pbs_realm", realm="pocketid", state="absent")
    try:
        _run, report = homelab.prove()
    finally:
        homelab.wired.play("wire").succeeded()
    assert "pbs1 has no OpenID realm pocketid; run the playbook wire" in failed(report)["pbs1", "realm"]
