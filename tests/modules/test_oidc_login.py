"""oidc_login signs a person in on a wired fleet, and names cause and remedy where that fails."""

from __future__ import annotations

import re

import pytest

REALMS = {"homelab": "pocketid", "authentik": "authentik"}
PASSWORD = "a-password-of-the-person"


class Site:
    """A wired fleet, and sign-ons of people on its servers."""

    def __init__(self, wired, ansible):
        self.wired, self._ansible = wired, ansible
        self.fleet = wired.fleet
        self.fleet.set_password("alice", PASSWORD)

    @property
    def node(self):
        return next(iter(self.fleet.pve.values()))[0]

    @property
    def backup(self):
        return next(iter(self.fleet.pbs.values()))

    def options(self, server, person, **more):
        name = next((name for name, nodes in self.fleet.pve.items() if server in nodes), server.name)
        options = {
            "product": "pve" if name in self.fleet.pve else "pbs",
            "api_host": server.host,
            "api_port": server.port,
            "api_token_id": "root@pam!fleet",
            "api_token_secret": self.fleet.tokens[name],
            "ca_path": str(self.fleet.authority.bundle),
            "realm": REALMS[self.wired.example],
            "idp": self.fleet.provider(),
            "person": person,
            "password": PASSWORD,
            "redirect_url": server.named_url,
        }
        return {option: value for option, value in {**options, **more}.items() if value is not None}

    def run(self, server, person, *arguments, **more):
        """The result of a task, and what was printed."""
        keywords = more.pop("keywords", {})
        task = {"fleetgate.proxmox.oidc_login": self.options(server, person, **more), **keywords}
        run = self._ansible.tasks([task], *arguments, secrets=(PASSWORD, *self.fleet.secrets()))
        (result,) = run.results()
        return result, run.output


@pytest.fixture(scope="module", params=REALMS)
def site(request, fleet_of, ansible):
    wired = fleet_of(request.param)
    wired.play("wire").succeeded()
    return Site(wired, ansible)


@pytest.fixture(scope="module")
def homelab(fleet_of, ansible):
    wired = fleet_of("homelab")
    wired.play("wire").succeeded()
    return Site(wired, ansible)


def test_person_is_signed_in_on_a_cluster_with_groups_and_permissions(site):
    groups = {"homelab": "proxmox_admins", "authentik": "proxmox-admins"}
    group = groups[site.wired.example]
    result, output = site.run(site.node, "alice", "-vvvv", groups=[group], permissions={"/": ["Permissions.Modify"]})
    assert not result["failed"] and result["problems"] == [], result
    assert result["userid"] == f"alice@{REALMS[site.wired.example]}"
    assert result["groups"] == {"received": [group], "kept": [group], "dropped": []}
    assert "Permissions.Modify" in result["permissions"]["/"]
    assert result["claims"] == {"preferred_username": "alice", "groups": [group]}
    assert [one for one in (PASSWORD, *site.fleet.secrets()) if one in output] == []


def test_person_is_signed_in_on_a_backup_server(site):
    result, _output = site.run(site.backup, "alice", permissions={"/": "Datastore.Allocate"})
    assert not result["failed"] and not result["created"] and not result["changed"]
    assert "Datastore.Allocate" in result["permissions"]["/"]


def test_check_mode_signs_nobody_in(site):
    site.fleet.forget()
    result, _output = site.run(site.node, "alice", "--check")
    assert not result["failed"] and {one["status"] for one in result["checks"]} == {"ok", "skipped"}
    assert site.fleet.writes() == []
    assert not any("login" in one.path for _name, one in site.fleet.exchanges())


def test_result_is_the_same_on_the_target(site):
    inside, _output = site.run(site.node, "alice")
    other, _output = site.run(site.node, "alice", keywords={"vars": {"fleetgate_execute_on": "target"}})
    parts = ("userid", "created", "claims", "groups", "permissions", "checks", "problems", "failed")
    assert [other[part] for part in parts] == [inside[part] for part in parts]


def test_sign_on_creates_the_user_where_the_realm_says_so(homelab):
    """Bob is in a group of the cluster, which has no user for him yet."""
    result, _output = homelab.run(homelab.node, "bob")
    assert result["created"] and result["changed"] and result["userid"] == "bob@pocketid"
    again, _output = homelab.run(homelab.node, "bob")
    assert not again["created"] and not again["changed"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"person": "nobody"}, "has no user nobody; correct the name of the person"),
        ({"realm": "pam"}, "has no OpenID realm pam; create it, or correct its name"),
        ({"redirect_url": "https://elsewhere:8006"}, "redirect URI https://elsewhere:8006 is not registered .*; run"),
        ({"permissions": {"/": ["Sys.Nonsense"]}}, "alice@pocketid lacks Sys.Nonsense on /"),
        (
            {"groups": ["proxmox_users"]},
            "alice is declared to be in the group proxmox_users, which is not in the claim",
        ),
    ],
)
def test_failed_sign_on_names_cause_and_remedy(homelab, options, message):
    result, _output = homelab.run(homelab.node, options.pop("person", "alice"), **options)
    assert result["failed"]

    assert re.search(message, result["msg"]), result["msg"]


def test_wrong_password_is_reported(site):
    if site.wired.example == "authentik":
        result, _output = site.run(site.node, "alice", password="another")
        assert "does not sign alice in: Invalid password; check the name and the password" in result["msg"]
