"""Particularities of authentik, and a fleet that changes its identity provider."""

from __future__ import annotations

import pytest
import requests

from tests.simulators.browser import Refused


@pytest.fixture(scope="module")
def lab(fleet_of):
    """A wired fleet with authentik; the tests build on each other."""
    lab = fleet_of("authentik")
    lab.play("wire").succeeded()
    return lab


class TestAuthentik:
    """Particularities: an issuer for each application, and bindings."""

    def test_each_host_has_the_issuer_of_its_application(self, lab):
        issuer = lab.ask(lab.fleet.pve["lab"][0], "access", "domains", "authentik")["issuer-url"]
        assert issuer == f"{lab.fleet.authentik.url}/application/o/proxmox/"
        issuer = lab.ask(lab.fleet.pbs["backup"], "config", "access", "openid", "authentik")["issuer-url"]
        assert issuer == f"{lab.fleet.authentik.url}/application/o/proxmox-backup/"

    def test_realm_requests_existing_scopes_only(self, lab):
        realm = lab.ask(lab.fleet.pve["lab"][0], "access", "domains", "authentik")
        assert set(realm["scopes"].replace(",", " ").split()) == {"email", "profile"}
        assert realm["groups-claim"] == "groups"

    def test_only_members_of_declared_groups_can_sign_in(self, lab):
        node = lab.fleet.pve["lab"][0]
        lab.play("wire", fleetgate_users=[{"username": "eve", "email": "eve@example.org"}]).succeeded()
        with pytest.raises(Refused, match="authentik does not redirect"):
            lab.person("eve").sign_in(node.url, "authentik", node.named_url)

    def test_members_of_child_groups_who_get_no_rights_are_reported(self, lab):
        """The claim has the direct groups of a person only."""
        groups = [
            {"name": "admins", "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}]}},
            {"name": "operators", "parents": ["admins"], "rights": {}},
            {"name": "trainees", "parents": ["operators"], "rights": {}},
        ]
        run = lab.play("wire", "--check", fleetgate_groups=groups, fleetgate_users=[]).succeeded()
        for name in ("operators", "trainees"):
            warning = f"fleetgate_groups[admins]: members of its child group {name} get none of its rights"
            assert warning in " ".join(run.output.split())

    def test_authentik_can_be_used_as_a_plain_oidc_provider(self, lab):
        """The administration API of authentik is not used, and nothing changes."""
        nodes = lab.fleet.pve["lab"]
        trust = str(lab.fleet.authority.bundle)
        provider = {"type": "oidc", "issuer": lab.fleet.authentik.url + "/application/o/{client_id}/", "ca_path": trust}
        assert lab.play("wire", fleetgate_idp=provider).succeeded().changed == []
        assert lab.fleet.writes() == []
        assert not [one for name, one in lab.fleet.exchanges() if name == "authentik" and one.path.startswith("/api/")]
        assert lab.person("alice").sign_in(nodes[1].url, "authentik", nodes[1].named_url).userid == "alice@authentik"

    def test_redirect_uri_missing_at_a_plain_oidc_provider_is_reported(self, lab):
        trust = str(lab.fleet.authority.bundle)
        provider = {"type": "oidc", "issuer": lab.fleet.authentik.url + "/application/o/{client_id}/", "ca_path": trust}
        run = lab.play("wire", fleetgate_idp=provider, fleetgate_names=["pve.company.example.org"])
        assert run.code != 0 and "the redirect URI https://pve.company.example.org:" in " ".join(run.failed)
        assert lab.fleet.writes() == []

    def test_deletion_that_may_be_refused_is_a_warning_before_the_first_write(self, lab):
        bearer = {"Authorization": f"Bearer {lab.fleet.authentik_token}"}

        def ask(verb, path, **body):
            url = f"{lab.fleet.authentik.url}/api/v3{path}"
            trust = str(lab.fleet.authority.bundle)
            return requests.request(verb, url, json=body, headers=bearer, verify=trust, timeout=10).json()

        lab.play("wire", fleetgate_groups=[{"name": "crew", "members": [], "rights": {}}]).succeeded()
        robot = ask("POST", "/core/users/", username="robot", name="")["pk"]
        role = ask("POST", "/rbac/roles/", name="robots")["pk"]
        seeing = [f"authentik_core.view_{kind}" for kind in ("user", "group", "application")]
        seeing += ["authentik_providers_oauth2.view_oauth2provider", "authentik_policies.view_policybinding"]
        seeing += ["authentik_flows.view_flow", "authentik_crypto.view_certificatekeypair"]
        seeing += ["authentik_providers_oauth2.view_scopemapping"]
        ask("POST", f"/rbac/permissions/assigned_by_roles/{role}/assign/", permissions=seeing)
        ask("POST", "/core/groups/", name="robots", roles=[role], users=[robot])
        ask("POST", "/core/tokens/", identifier="robot", user=robot, expiring=False)
        provider = {**lab.fleet.provider(), "token": ask("GET", "/core/tokens/robot/view_key/")["key"]}
        gone = [{"name": "crew", "state": "absent"}]
        run = lab.play("wire", "--check", fleetgate_idp=provider, fleetgate_users=[], fleetgate_groups=gone)
        preflight = next(row["result"] for row in run.rows if "members" in row["result"])
        [warning] = preflight["warnings"]
        assert "may be refused (group crew is declared absent): no role of robot has the permission" in warning
        assert lab.fleet.writes() == []

    def test_orphaned_provider_of_an_interrupted_run_is_reused(self, lab):
        """The application of the backup server is missing, but its provider exists."""
        bearer = {"Authorization": f"Bearer {lab.fleet.authentik_token}"}
        url = f"{lab.fleet.authentik.url}/api/v3/core/applications/proxmox-backup/"
        requests.delete(url, headers=bearer, verify=str(lab.fleet.authority.bundle), timeout=10).raise_for_status()
        server = lab.fleet.pbs["backup"]
        with pytest.raises(Refused):
            lab.person("alice").sign_in(server.url, "authentik", server.url)
        assert lab.play("wire", "--check").succeeded().changed
        lab.play("wire").succeeded()
        assert {name for name, _write in lab.fleet.writes()} == {"authentik"}
        assert "Permissions.Modify" in lab.person("alice").sign_in(server.url, "authentik", server.url).rights["/"]
        with pytest.raises(Refused):
            lab.person("eve").sign_in(server.url, "authentik", server.url)
        assert lab.play("wire").succeeded().changed == []


class TestSwitch:
    """A fleet changes from Pocket ID to authentik and back by one variable."""

    def test_people_keep_their_rights_when_the_provider_changes(self, fleet_of):
        lab = fleet_of("homelab")
        node, backup = lab.fleet.pve["pve1"][0], lab.fleet.pbs["pbs1"]
        issuers = []
        for kind in ("pocketid", "authentik", "pocketid"):
            lab.fleet.idp = kind
            provider = lab.fleet.provider()
            assert lab.play("wire", fleetgate_idp=provider).succeeded().changed
            issuers.append(lab.ask(node, "access", "domains", "pocketid")["issuer-url"])
            for server in (node, backup):
                assert "Realm.Allocate" in lab.person("alice").sign_in(server.url, "pocketid", server.url).rights["/"]
            signed_in = lab.person("bob").sign_in(node.url, "pocketid", node.url)
            assert signed_in.userid == "bob@pocketid" and "Sys.Audit" in signed_in.rights["/"]
        assert issuers == [
            lab.fleet.pocketid.url,
            f"{lab.fleet.authentik.url}/application/o/proxmox-ve/",
            lab.fleet.pocketid.url,
        ]
        assert lab.play("wire", fleetgate_idp=lab.fleet.provider()).succeeded().changed == []
        assert lab.fleet.writes() == []

    def test_logo_is_uploaded_to_the_new_provider(self, fleet_of):
        lab = fleet_of("homelab")
        lab.fleet.idp = "authentik"
        lab.play("wire", fleetgate_idp=lab.fleet.provider()).succeeded()
        bearer = {"Authorization": f"Bearer {lab.fleet.authentik_token}"}
        url = f"{lab.fleet.authentik.url}/api/v3/core/applications/proxmox-ve/"
        told = requests.get(url, headers=bearer, verify=str(lab.fleet.authority.bundle), timeout=10).json()
        assert told["meta_icon"].startswith("application-icons/proxmox-ve-")

    def test_check_mode_predicts_the_provider_change(self, fleet_of):
        lab = fleet_of("homelab")
        lab.play("wire").succeeded()
        lab.fleet.idp = "authentik"
        planned = lab.play("wire", "--check", fleetgate_idp=lab.fleet.provider()).succeeded()
        assert lab.fleet.writes() == []
        done = lab.play("wire", fleetgate_idp=lab.fleet.provider()).succeeded()
        assert sorted(done.changed) == sorted(planned.changed) != []
