"""The playbook adopt describes a fleet as it is: wire and monitor, run with the files that it writes, change nothing."""

from __future__ import annotations

import itertools

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.modules.systems import run_on
from tests.simulators.server import Fault
from tests.support.sample import ALL

REALM = {"homelab": "pocketid", "fleet": "pocketid", "authentik": "authentik", "oidc": "company"}
PRODUCTS = ("pve", "pbs")
NUMBER = itertools.count()
PASSWORD = "vault-password"


class Site:
    """A wired fleet that people change by hand, and the folder that it is taken over into."""

    def __init__(self, wired, folder, **variables):
        self.wired, self.fleet, self.realm, self.folder = wired, wired.fleet, REALM[wired.example], folder
        self.variables = variables
        self.vault = folder / "password"
        self.vault.write_text(PASSWORD)

    def module(self, module, /, **options):
        """Run a module on the first server of its system."""
        return run_on(self.wired, module, **options)

    def play(self, playbook, *arguments, **variables):
        return self.wired.play(playbook, *arguments, **{**self.variables, **variables})

    def adopt(self, *arguments, **variables):
        """Take the fleet over into a new directory, which is returned with the run."""
        directory = self.folder / f"adopted{next(NUMBER)}"
        options = {"directory": str(directory), **variables.pop("fleetgate_adopt", {})}
        protected = ("--vault-password-file", str(self.vault), *arguments)
        return directory, self.play("adopt", *protected, fleetgate_adopt=options, **variables)

    def adopted(self):
        """The directory with the files; reading the fleet changed nothing."""
        directory, run = self.adopt()
        run.succeeded()
        assert self.fleet.writes() == []
        return directory

    def run_adopted(self, directory, playbook, *arguments, **variables):
        inventories = ("-i", str(directory / "inventory.yml"), "--vault-password-file", str(self.vault))
        return self.wired.play_with(inventories, playbook, *arguments, **variables)

    def unchanged(self, directory, **variables):
        """Neither wire nor monitor writes anything with these files."""
        for playbook in ("wire", "monitor"):
            run = self.run_adopted(directory, playbook, **variables).succeeded()
            assert (run.changed, self.fleet.writes()) == ([], []), run.output


def text(directory):
    """The text of all files but the vault, by name."""
    return {
        str(path.relative_to(directory)): path.read_text()
        for path in sorted(directory.rglob("*.yml"))
        if path.name != "vault.yml"
    }


@pytest.fixture(scope="module", params=["homelab", "authentik", "oidc"])
def changed(request, fleet_of, tmp_path_factory):
    """A fleet with each kind of identity provider, which the tests change more and more."""
    wired = fleet_of(request.param)
    site = Site(wired, tmp_path_factory.mktemp("adopted"))
    site.play("wire").succeeded()
    for name in ("alice", "bob"):
        # as their first sign-on does
        site.module("pve_user", userid=f"{name}@{site.realm}")
    if request.param == "homelab":
        site.play("monitor").succeeded()
    return site


# -- what people do by hand --------------------------------------------------------------------------------------------


def _group(site):
    """A group that wire made."""
    return next(
        group
        for group in site.module("pve_info", gather=["groups"])["groups"]
        if group["groupid"].endswith(f"-{site.realm}")
    )["groupid"]


def comment_of_a_group(site):
    site.module("pve_group", groupid=_group(site), comment="made by hand")


def member_that_left(site):
    site.module("pve_group", groupid=_group(site), users=[])


def direct_rights(site):
    for product, role in (("pve", "PVEVMUser"), ("pbs", "DatastoreReader")):
        userid = f"bob@{site.realm}"
        site.module(f"{product}_user", userid=userid)
        site.module(
            f"{product}_acl",
            path="/vms" if product == "pve" else "/datastore",
            roles=[role],
            users=[userid],
            propagate=False,
        )


def user_that_vanished(site):
    for product, role in (("pve", "PVEAuditor"), ("pbs", "Admin")):
        userid = f"eve@{site.realm}"
        site.module(f"{product}_user", userid=userid, comment="{{ lookup('pipe', 'false') }}")
        site.module(f"{product}_acl", path="/", roles=[role], users=[userid])


def profile(site):
    for product in PRODUCTS:
        site.module(
            f"{product}_user", userid=f"alice@{site.realm}", email="a.ahrens@elsewhere.example.org", firstname="Al"
        )


def realm_options(site):
    for product in PRODUCTS:
        site.module(
            f"{product}_realm",
            realm=site.realm,
            comment="{{ not a template }}",
            autocreate=product == "pbs",
            default=False,
            check_connection=False,
        )
    site.module(
        "pve_realm",
        realm=site.realm,
        groups_overwrite=False,
        scopes=["email", "profile", "groups", "offline_access"],
        check_connection=False,
    )


def groups_by_hand(site):
    site.module("pve_group", groupid="operators", users=[f"alice@{site.realm}", "root@pam"])
    site.module("pve_acl", path="/vms", roles=["PVEVMAdmin"], groups=["operators"])
    site.module("pve_group", groupid=f"former-{site.realm}", users=[f"alice@{site.realm}"])
    site.module("pve_acl", path="/storage", roles=["PVEDatastoreUser"], groups=[f"former-{site.realm}"])


def rights_of_a_group(site):
    site.module("pve_acl", path="/pool/test", roles=["PVEPoolUser"], groups=[_group(site)], propagate=False)


def rights_that_are_gone(site):
    for product in PRODUCTS:
        rows = site.module(f"{product}_info", gather=["acl"])["acl"]
        own = [row for row in rows if site.realm in str(row)]
        if own:
            site.module(f"{product}_acl", **{**own[0], "state": "absent"})


def clients(site):
    if site.fleet.idp == "pocketid":
        found = site.module("pocketid_info", gather=["clients"])["clients"][0]
        uris = [found["callback_urls"][0], "https://pve.example.org", "https://pve.example.org/sub/path"]
        site.module(
            "pocketid_client", id=found["id"], callback_urls=uris, is_group_restricted=False, description="by hand"
        )
    elif site.fleet.idp == "authentik":
        found = site.module("authentik_info", gather=["applications"])["applications"][0]
        site.module(
            "authentik_application",
            slug=found["slug"],
            redirect_uris=[found["redirect_uris"][0], "https://pve.example.org"],
        )
        site.module("authentik_binding", application=found["slug"], user="alice")


def people(site):
    if site.fleet.idp == "pocketid":
        site.module(
            "pocketid_user",
            username="dora",
            email="dora@example.org",
            first_name="Dora",
            last_name="Day",
            is_admin=True,
        )
        site.module("pocketid_group", name="proxmox_users", friendly_name="{{ Users }}", users=["bob", "dora"])
        site.module("pocketid_user", username="bob", disabled=True, custom_claims={"team": "blue"})
    elif site.fleet.idp == "authentik":
        site.module("authentik_user", username="dora", name="Dora {{ Day }}", email="dora@example.org")
        site.module("authentik_group", name="proxmox-users", users=["bob", "dora"])
        site.module("authentik_group", name="Staff of the house", users=["dora"])


def monitoring(site):
    if site.fleet.idp == "pocketid":
        site.module("pve_user", userid="pulse-monitor@pve")
        site.module("pve_acl", path="/vms", roles=["PVEVMUser"], users=["pulse-monitor@pve"])
        site.module("pbs_user", userid="pulse-monitor@pbs", comment="by hand")
        node = next(node for node in site.module("pulse_info")["nodes"] if node["type"] == "pve")
        site.module(
            "pulse_node", type="pve", host=node["host"], monitor_storage=False, guest_url="https://pve.example.org"
        )


def monitoring_that_is_gone(site):
    if site.fleet.idp == "pocketid":
        node = next((node for node in site.module("pulse_info")["nodes"] if node["type"] == "pbs"), None)
        if node:
            site.module("pulse_node", type="pbs", host=node["host"], state="absent")


CHANGES = (
    comment_of_a_group,
    member_that_left,
    direct_rights,
    user_that_vanished,
    profile,
    realm_options,
    groups_by_hand,
    rights_of_a_group,
    rights_that_are_gone,
    clients,
    people,
    monitoring,
    monitoring_that_is_gone,
)


@settings(
    max_examples=15 if ALL else 1, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None
)
@given(changes=st.lists(st.sampled_from(CHANGES), min_size=3, max_size=6, unique=True))
def test_nothing_is_written_after_people_changed_the_fleet(changed, changes):
    """Also not what wire would otherwise remove."""
    for change in changes:
        change(changed)
    directory = changed.adopted()
    changed.unchanged(directory)
    removing = changed.run_adopted(directory, "wire", fleetgate_undeclared="remove").succeeded()
    assert (removing.changed, changed.fleet.writes()) == ([], []), removing.output


# -- what a fleet may look like ----------------------------------------------------------------------------------------


@pytest.fixture
def site(fleet_of, tmp_path):
    return Site(fleet_of("homelab"), tmp_path)


def test_rights_that_only_some_hosts_have_name_them(fleet_of, tmp_path):
    """A fleet of several clusters, one of which has no realm yet."""
    site = Site(fleet_of("fleet"), tmp_path)
    site.play("wire", "--limit", "!vienna").succeeded()
    directory = site.adopted()
    main = yaml.safe_load(text(directory)["group_vars/all/main.yml"])
    platform = next(group for group in main["fleetgate_groups"] if group["name"] == "platform")
    assert platform["rights"]["pve"] == [{"path": "/", "roles": ["Administrator"], "hosts": ["berlin", "lab"]}]
    kept = yaml.safe_load(text(directory)["group_vars/all/keep.yml"])["fleetgate_keep"]
    assert "realm pocketid" in kept["vienna"] and kept["fleetgate_idp"] == ["client vienna"]
    site.unchanged(directory)


def test_line_that_is_removed_from_keep_is_set_as_declared(site):
    site.play("wire").succeeded()
    site.module("pve_group", groupid="proxmox_admins-pocketid", comment="made by hand")
    directory = site.adopted()
    assert text(directory)["group_vars/all/keep.yml"].count("group proxmox_admins-pocketid: comment") == 1
    site.unchanged(directory)
    (directory / "group_vars/all/keep.yml").unlink()
    site.run_adopted(directory, "wire").succeeded()
    assert [(one.verb, one.path) for _server, one in site.fleet.writes()] == [
        ("PUT", "/api2/json/access/groups/proxmox_admins-pocketid")
    ]


def test_realm_without_username_claim_is_taken_over(site):
    """Its users are named by the subject, which is a number."""
    options = {"realm": "pocketid", "issuer_url": site.fleet.pocketid.url, "check_connection": False}
    secret = site.module("pocketid_client", id="by-hand", name="By hand", return_secret=True)["secret"]
    site.module("pve_realm", **options, client_id="by-hand", client_key=secret, autocreate=True)
    site.module("pve_user", userid="0b12@pocketid")
    site.module("pve_acl", path="/", roles=["PVEAuditor"], users=["0b12@pocketid"])
    directory = site.adopted()
    site.unchanged(directory)
    assert "username_claim: sub" in str(text(directory))
    assert "user 0b12@pocketid" in text(directory)["group_vars/all/keep.yml"]


def test_application_with_a_random_client_id_is_taken_over(fleet_of, tmp_path):
    """As authentik creates it, unless somebody chooses the ID."""
    site = Site(fleet_of("authentik"), tmp_path)
    redirects = [f"https://pve1.lab.example.org:{site.fleet.pve['lab'][0].port}"]
    site.module("authentik_user", username="alice", email="alice@example.org")
    site.module("authentik_group", name="admins", users=["alice"])
    found = site.module(
        "authentik_application",
        slug="proxmox",
        name="Proxmox",
        client_id="aB3xY9",
        redirect_uris=redirects,
        return_secret=True,
    )
    site.module("authentik_binding", application="proxmox", group="admins")
    realm = {
        "realm": "sso",
        "issuer_url": f"{site.fleet.authentik.url}/application/o/proxmox/",
        "client_id": "aB3xY9",
        "client_key": found["secret"],
    }
    site.module("pve_realm", **realm, username_claim="preferred_username", groups_claim="groups", autocreate=True)
    site.module("pve_group", groupid="admins-sso")
    site.module("pve_acl", path="/", roles=["Administrator"], groups=["admins-sso"])
    directory = site.adopted()
    site.unchanged(directory)
    assert "id: aB3xY9" in str(text(directory)) and "slug: proxmox" in str(text(directory))


def test_fleet_that_was_set_up_by_the_guides_of_pocket_id_is_taken_over(site):
    """As https://pocket-id.org/docs/client-examples/proxmox describes it: a redirect URI without port, and names of groups with a blank."""
    for name in ("alice", "bob"):
        site.module(
            "pocketid_user", username=name, email=f"{name}@example.org", first_name=name.title(), last_name="Day"
        )
    for name, member in (("Proxmox Admins", "alice"), ("Proxmox Users", "bob"), ("operators", "bob")):
        site.module("pocketid_group", name=name, friendly_name=name, users=[member])
    groups = {"allowed_groups": ["Proxmox Admins", "Proxmox Users", "operators"], "is_group_restricted": True}
    for product, server in (("pve", site.fleet.pve["pve1"][0]), ("pbs", site.fleet.pbs["pbs1"])):
        client = {
            "id": f"proxmox-{product}",
            "name": product,
            "callback_urls": ["https://proxmox.example.com", server.named_url],
        }
        secret = site.module("pocketid_client", **client, **groups, return_secret=True)["secret"]
        of_groups = {"groups_claim": "groups", "groups_autocreate": True} if product == "pve" else {}
        realm = {
            "realm": "PocketID",
            "issuer_url": site.fleet.pocketid.url,
            "client_id": client["id"],
            "client_key": secret,
        }
        scopes = ["openid", "profile", "email", "groups"]
        site.module(
            f"{product}_realm",
            **realm,
            username_claim="username",
            autocreate=True,
            default=True,
            scopes=scopes,
            **of_groups,
        )
        for name in ("alice", "bob"):
            site.wired.person(name).sign_in(server.url, "PocketID", server.named_url)
    site.module("pve_acl", path="/", roles=["PVEAuditor"], groups=["operators-PocketID"])
    site.module("pve_acl", path="/", roles=["Administrator"], users=["alice@PocketID"])
    site.module("pbs_acl", path="/", roles=["Admin"], users=["alice@PocketID"])
    directory = site.adopted()
    site.unchanged(directory)
    main = yaml.safe_load(text(directory)["group_vars/all/main.yml"])
    rights = {user["username"]: user.get("rights") for user in main["fleetgate_users"]}
    assert rights == {
        "alice": {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"]}]},
        "bob": None,
    }
    assert "operators" in str(main["fleetgate_groups"]) and "https://proxmox.example.com" not in text(directory).get(
        "keep.yml", ""
    )


def test_group_of_a_realm_whose_name_ends_with_that_of_the_fleet_is_not_declared(fleet_of, tmp_path):
    """The group staff-other-company belongs to the realm other-company, and not as staff-other to the realm company."""
    site = Site(fleet_of("oidc"), tmp_path)
    site.play("wire").succeeded()
    other = {"realm": "other-company", "issuer_url": "https://sso.example.org", "client_id": "other"}
    site.module("pve_realm", **other, check_connection=False)
    site.module("pve_group", groupid="staff-other-company")
    site.module("pve_acl", path="/vms", roles=["PVEVMUser"], groups=["staff-other-company"])
    directory = site.adopted()
    assert "staff" not in str(text(directory))
    site.unchanged(directory)


def test_host_with_two_realms_of_the_provider_needs_a_choice(site):
    site.play("wire").succeeded()
    other = {"realm": "other", "issuer_url": site.fleet.pocketid.url, "client_id": "pve1", "check_connection": False}
    site.module("pve_realm", **other)
    directory, run = site.adopt()
    assert "fleetgate_adopt.realm: must name one of the realms of the identity provider: other, pocketid" in " ".join(
        run.failed
    )
    assert not directory.exists()
    directory, run = site.adopt(fleetgate_adopt={"realm": "pocketid"})
    run.succeeded()
    site.unchanged(directory)


# -- files -------------------------------------------------------------------------------------------------------------


def test_secrets_are_only_in_the_vault(site):
    site.play("wire").succeeded()
    directory, run = site.adopt("--diff")
    secrets = [site.fleet.api_key, *site.fleet.tokens.values()]
    assert not [secret for secret in secrets if secret in run.succeeded().output + str(text(directory))]
    assert (directory / "group_vars/all/vault.yml").read_text().startswith("$ANSIBLE_VAULT;1.1;AES256")
    assert (directory / "group_vars/all/vault.yml").stat().st_mode & 0o077 == 0


def test_files_are_not_written_without_a_vault_password(site):
    site.play("wire").succeeded()
    directory = site.folder / "out"
    run = site.play("adopt", fleetgate_adopt={"directory": str(directory)})
    assert run.code != 0 and "no password is known for 'default'" in run.output and not directory.exists()


def test_file_with_another_content_is_not_overwritten(site):
    site.play("wire").succeeded()
    directory = site.adopted()
    options = {"fleetgate_adopt": {"directory": str(directory)}}
    again = site.play("adopt", "--vault-password-file", str(site.vault), **options).succeeded()
    assert again.changed == []
    (directory / "inventory.yml").write_text("all: {}\n")
    refused = site.play("adopt", "--vault-password-file", str(site.vault), **options)
    assert refused.code != 0 and "exists with another content" in refused.output
    assert (directory / "inventory.yml").read_text() == "all: {}\n"


def test_host_that_does_not_answer_is_left_out(fleet_of, tmp_path):
    site = Site(fleet_of("fleet"), tmp_path)
    site.play("wire").succeeded()
    site.fleet.pve["lab"][0].observed.faults.append(Fault(status=0, times=1000))
    directory, run = site.adopt()
    assert "not read, and therefore not in the inventory: lab" in run.output
    assert list(yaml.safe_load((directory / "inventory.yml").read_text())["all"]["children"]["pve"]["hosts"]) == [
        "berlin",
        "vienna",
    ]
