"""Invalid declarations in playbooks: all problems are reported, and nothing is written on any server."""

from __future__ import annotations

import re

import pytest


@pytest.fixture(scope="module")
def unwired(fleet_of):
    return {example: fleet_of(example) for example in ("homelab", "authentik", "oidc")}


@pytest.fixture
def homelab(unwired):
    return unwired["homelab"]


def is_refused(wired, playbook, message, **variables):
    """Run a playbook that fails with a message, which is a pattern, and writes nothing on any server of the fleet."""
    run = wired.play(playbook, **variables)
    assert run.code != 0
    assert re.search(message, " ".join(run.failed)), run.failed
    assert wired.fleet.writes() == []
    return run


class TestWire:
    """Invalid variables of wire: nothing is written on any server of the fleet."""

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            (
                {
                    "fleetgate_groups": [
                        {
                            "name": "Proxmox Admins",
                            "members": [],
                            "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}]},
                        }
                    ]
                },
                r"fleetgate_groups\[Proxmox Admins\]: 'Proxmox Admins' may only have letters",
            ),
            (
                {
                    "fleetgate_groups": [
                        {"name": "admins", "members": [], "rights": {"pve": [{"path": "/", "roles": ["Administratr"]}]}}
                    ]
                },
                r"role Administratr does not exist; did you mean Administrator\?",
            ),
            (
                {
                    "fleetgate_groups": [
                        {
                            "name": "admins",
                            "members": [],
                            "rights": {"pve": [{"path": "/nope", "roles": ["Administrator"]}]},
                        }
                    ]
                },
                "'/nope' is not a path for PVE's ACL entries",
            ),
            ({"fleetgate_groups": [{"name": "admins", "members": ["nobody"]}]}, "user nobody does not exist"),
            (
                {
                    "fleetgate_groups": [
                        {"name": "admins", "rights": {"pve": [{"path": "/", "rolls": ["Administrator"]}]}}
                    ]
                },
                "unknown option rolls",
            ),
            (
                {"fleetgate_users": [{"username": "x", "mail": "x@example.org"}]},
                r"users\[x\]: unknown option mail; did you mean email\?",
            ),
            # names of groups and users are made of it, which are not reported as well
            (
                {"fleetgate_realm": {"name": "x"}},
                "Stop before the first change: fleetgate_realm.name: 'x' must begin with [^;]*$",
            ),
            ({"ansible_host": "127.0.0.1:8006"}, "ansible_host: '127.0.0.1:8006' must be a host name or an address"),
            (
                {"fleetgate_groups": [{"name": "admins", "members": ""}]},
                r"fleetgate_groups\[admins\].members: must not contain an empty name",
            ),
            (
                {"fleetgate_groups": [{"name": "admins", "members": [name]} for name in ("alice", "bob")]},
                r"fleetgate_groups\[admins\]: is declared twice with different options",
            ),
            (
                {"fleetgate_groups": [{"name": "admins", "members": ["alic"]}]},
                r"user alic does not exist; did you mean alice\?",
            ),
            # problems that only one server would report, after others were written
            (
                {"fleetgate_realm": {"name": "sso", "comment": "x" * 200}},
                "comment: .* must not be longer than 128 characters",
            ),
            (
                {"fleetgate_realm": {"name": "sso", "groups_claim": "https://x/groups"}},
                "groups_claim: 'https://x/groups' may only have",
            ),
            ({"fleetgate_realm": {"name": "sso", "user_claim": "sub"}}, "unknown option user_claim"),
            (
                {"fleetgate_groups": [{"name": "admins", "members": [], "rights": {"pev": []}}]},
                "'pev' is none of pve and pbs",
            ),
            (
                {
                    "fleetgate_users": [
                        {
                            "username": "eve",
                            "email": "eve@example.org",
                            "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"]}]},
                        }
                    ],
                    "fleetgate_groups": [{"name": "staff", "members": []}],
                },
                r"users\[eve\] has rights, but is in none of the declared groups",
            ),
        ],
    )
    def test_invalid_declaration_writes_nothing_on_any_server(self, homelab, variables, message):
        is_refused(homelab, "wire", message, **variables)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (
                lambda idp: {**idp, "issuer": idp["url"] + "/"},
                "the issuer identifies itself as 'https://.*', not 'https://.*/'",
            ),
            (lambda idp: {**idp, "api_key": "wrong-key-of-nobody"}, "the API key is not accepted"),
            (lambda idp: {**idp, "ca_path": None}, "is not trusted"),
            (lambda idp: {**idp, "url": "https://127.0.30.1:1"}, "does not answer"),
        ],
    )
    def test_invalid_provider_options_write_nothing_on_any_server(self, homelab, change, message):
        provider = homelab.fleet.inventory()["all"]["children"]["pve"]["hosts"]["pve1"]["fleetgate_idp"]
        declared = {key: value for key, value in change(provider).items() if value is not None}
        is_refused(homelab, "wire", message, fleetgate_idp=declared)


def test_credentials_that_a_host_does_not_accept_are_reported_once(homelab):
    node = homelab.fleet.pve["pve1"][0]
    api = {
        "api_port": node.port,
        "api_token_id": "root@pam!fleet",
        "api_token_secret": "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa",
    }
    api["ca_path"] = str(homelab.fleet.authority.bundle)
    run = homelab.play("wire", "--limit", "pve", fleetgate_api=api)
    assert run.code != 0 and " ".join(run.failed).count("is not accepted") == 1, run.failed
    assert homelab.fleet.writes() == []


def test_problems_of_provider_and_hosts_are_reported_together(homelab):
    idp = {**homelab.fleet.provider(), "api_key": "wrong-key-of-nobody"}
    rights = {"pve": [{"path": "/", "roles": ["Administratr"]}], "pbs": [{"path": "/", "roles": ["Amin"]}]}
    groups = [{"name": "admins", "members": ["alice"], "rights": rights}]
    run = homelab.play("wire", fleetgate_idp=idp, fleetgate_groups=groups)
    reported = " ".join(run.failed)
    assert all(
        reported.count(one) == 1
        for one in ("API key is not accepted", "Administratr does not exist", "Amin does not exist")
    ), run.failed
    assert homelab.fleet.writes() == []


@pytest.mark.parametrize("playbook", ["wire", "monitor"])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"fleetgate_api": "{{ vault_tokens_of_others[inventory_hostname] }}"}, "vault_tokens_of_others"),
        ({"fleetgate_names": {"a": "b"}, "fleetgate_pulse_node": ["x"]}, "unable to convert to|must be a dictionary"),
    ],
    ids=["a variable that is missing", "values of other types"],
)
def test_invalid_variables_of_one_host_write_nothing_on_any_server(homelab, playbook, wrong, message):
    inventory = homelab.fleet.inventory()
    inventory["all"]["children"]["pbs"]["hosts"]["pbs1"].update(wrong)
    homelab.list_hosts(inventory)
    run = homelab.play(playbook)
    homelab.list_hosts(homelab.fleet.inventory())
    assert run.code != 0
    assert [one for one in run.failed if one.startswith("pbs1: ") and re.search(message, one)], run.failed
    assert len(run.failed) == 2 and "Finalization" not in run.output
    assert homelab.fleet.writes() == []


def client(secret="{{ vault_client_secrets['proxmox-pve'] }}", **more):
    return {"id": "proxmox-pve", "name": "Proxmox", **({"secret": secret} if secret else {}), **more}


WRONG = {
    "a token of a missing user": (
        "authentik",
        lambda idp: {"fleetgate_idp": {**idp, "token": "nobodys-token"}},
        "the token is not accepted",
    ),
    "no token": ("authentik", lambda idp: {"fleetgate_idp": {**idp, "token": ""}}, "token: must be given"),
    "an address that is not trusted": (
        "authentik",
        lambda idp: {"fleetgate_idp": {"type": "authentik", "url": idp["url"], "token": idp["token"]}},
        "is not trusted",
    ),
    "the global issuer": (
        "authentik",
        lambda idp: {"fleetgate_client": client(None, issuer_mode="global")},
        "issuer_mode: 'global' cannot be used by PVE and PBS",
    ),
    "a wildcard callback URL of Pocket ID": (
        "authentik",
        lambda idp: {"fleetgate_client": client(None, callback_urls=["https://*.example.org"])},
        "has a pattern as Pocket ID has them",
    ),
    "an unknown option": (
        "authentik",
        lambda idp: {"fleetgate_users": [{"username": "x", "mail": "x@example.org"}]},
        r"users\[x\]: unknown option mail; did you mean email\?",
    ),
    "an unknown scope of authentik": (
        "authentik",
        lambda idp: {"fleetgate_client": client(None, property_mappings=["openid", "groups"])},
        "scope mapping groups does not exist",
    ),
    "no issuer": ("oidc", lambda idp: {"fleetgate_idp": {"type": "oidc"}}, "fleetgate_idp.issuer must be given"),
    "no address": ("authentik", lambda idp: {"fleetgate_idp": {**idp, "url": ""}}, "fleetgate_idp.url must be given"),
    "an issuer with a slash": (
        "oidc",
        lambda idp: {"fleetgate_idp": {**idp, "issuer": idp["issuer"] + "/"}},
        "the issuer identifies itself as 'https://.*', not 'https://.*/'",
    ),
    "an invalid issuer": (
        "oidc",
        lambda idp: {"fleetgate_idp": {**idp, "issuer": idp["issuer"] + "/nowhere"}},
        "nowhere",
    ),
    "no secret": (
        "oidc",
        lambda idp: {"fleetgate_client": client(None)},
        "fleetgate_client.secret must be given for proxmox-pve",
    ),
    "a wrong secret": (
        "oidc",
        lambda idp: {"fleetgate_client": client("not-the-secret-of-it")},
        "the issuer rejects the secret of the client proxmox-pve",
    ),
}


class TestWrongProviders:
    """All problems are reported, and nothing is written on any server of the fleet."""

    @pytest.mark.parametrize("case", WRONG)
    def test_unusable_provider_writes_nothing_on_any_server(self, unwired, case):
        example, variables, message = WRONG[case]
        fleet = unwired[example]
        run = is_refused(fleet, "wire", message, **variables(fleet.fleet.provider()))
        assert "not-the-secret-of-it" not in run.output


class TestMonitor:
    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"fleetgate_monitoring": {"guestagent": True}}, "guestagent"),
            ({"fleetgate_monitoring": {"certificate": "trust"}}, "certificate"),
            (
                {"fleetgate_monitoring": {"token": "a token"}},
                "fleetgate_monitoring.token: 'a token' must begin with a letter",
            ),
            ({"fleetgate_pulse": {"url": "https://127.0.40.1:1", "api_token": "x"}}, "does not answer"),
            ({"fleetgate_pulse_node": {"nam": "x"}}, "unknown option nam"),
            ({"fleetgate_pulse_node": {"host": "https://pve.example.org/pve"}}, "host: .* without a path"),
        ],
    )
    def test_invalid_monitoring_declaration_writes_nothing_on_any_server(self, homelab, variables, message):
        is_refused(homelab, "monitor", message, **variables)


def test_all_problems_with_the_variables_of_bootstrap_are_reported_together(homelab, tmp_path):
    wrong = {
        "fleetgate_bootstrap": {"via": "telnet", "replace": True},
        "fleetgate_api": {"api_prt": 8006, "api_token_id": "automation"},
        "fleetgate_privileges": {"Sys.Audit": True},
        "fleetgate_token_file": str(tmp_path / "secrets/{{ inventory_hostname }}.txt"),
    }
    message = (
        "fleetgate_api: unknown option api_prt.*fleetgate_bootstrap: .*via.*telnet.*fleetgate_privileges: must be a list"
        ".*fleetgate_api: api_token_id: 'automation' has no user"
    )
    run = is_refused(homelab, "bootstrap", message, **wrong)
    assert len(run.failed) == 2 and "unknown option replace" in run.failed[0]
    name = {
        **wrong,
        "fleetgate_bootstrap": {},
        "fleetgate_privileges": [],
        "fleetgate_api": {"api_token_id": "a b@pve!x y"},
    }
    run = is_refused(homelab, "bootstrap", "fleetgate_api: api_token_id: ", **name)
    assert not (tmp_path / "secrets").exists()


@pytest.mark.parametrize("playbook", ["bootstrap", "wire", "monitor"])
def test_run_without_matching_hosts_fails(ansible, homelab, playbook):
    """A misspelt group, no inventory, or a limit that excludes all hosts."""
    nowhere = [
        ansible.playbook(f"fleetgate.proxmox.{playbook}", *inventory) for inventory in (["-i", "pve1.example.org,"], [])
    ]
    for run in [*nowhere, homelab.play(playbook, "--limit", "pulse")]:
        assert run.code != 0 and "no host in the groups pve and pbs" in " ".join(run.failed), run.output
