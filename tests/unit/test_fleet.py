"""From the declared state of a fleet to entries for the modules."""

from __future__ import annotations

import pytest


@pytest.fixture
def fleet():
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils import fleet

    return fleet


REALM = {"name": "pocketid"}
HOST = {"name": "lab", "groups": ["pve", "development"]}
ADMINS = {
    "name": "admins",
    "members": ["alice", "bob"],
    "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"], "propagate": False}]},
}
ALICE = {"username": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "A"}


@pytest.mark.parametrize(
    ("names", "domain", "expected"),
    [
        (["pve1"], "", ["https://pve1:8006"]),
        (["pve1"], "example.org", ["https://pve1:8006", "https://pve1.example.org:8006"]),
        (["PVE.Example.org", "pve1", "pve1"], "", ["https://pve.example.org:8006", "https://pve1:8006"]),
        (["192.0.2.1", "2001:db8::1"], "example.org", ["https://192.0.2.1:8006", "https://[2001:db8::1]:8006"]),
    ],
)
def test_redirect_uris_are_origins_as_browsers_send_them(fleet, names, domain, expected):
    assert fleet.redirect_uris(names, 8006, domain) == expected


class TestClients:
    def test_hosts_with_the_same_id_share_a_client(self, fleet):
        hosts = [{"client": {"id": "all", "name": "Proxmox"}, "redirect_uris": [f"https://pve{number}:8006"], "cluster": [number]} for number in (1, 2)]
        (client,) = fleet.clients(hosts, [])
        assert client["callback_urls"] == ["https://pve1:8006", "https://pve2:8006"]
        assert client["append"] == ["callback_urls"]

    def test_nodes_of_one_cluster_use_the_client_of_the_first(self, fleet):
        hosts = [{"client": {"id": f"pve{number}"}, "redirect_uris": [f"https://pve{number}:8006"], "cluster": ["lab", "pve1", "pve2"]} for number in (1, 2)]
        (client,) = fleet.clients(hosts, [])
        assert client["id"] == "pve1"
        assert client["callback_urls"] == ["https://pve1:8006", "https://pve2:8006"]

    def test_only_members_of_declared_groups_may_use_one(self, fleet):
        (client,) = fleet.clients([{"client": {"id": "pve"}, "redirect_uris": [], "cluster": ["lab"]}], [ADMINS])
        assert client["allowed_groups"] == ["admins"]

    @pytest.mark.parametrize("said", [{"is_group_restricted": False}, {"allowed_groups": ["others"]}])
    def test_unless_the_client_says_who(self, fleet, said):
        (client,) = fleet.clients([{"client": {"id": "pve", **said}, "redirect_uris": [], "cluster": ["lab"]}], [ADMINS])
        assert client.get("allowed_groups") == said.get("allowed_groups")

    def test_hosts_that_disagree_about_their_client_are_refused(self, fleet):
        hosts = [{"client": {"id": "all", "name": name}, "redirect_uris": [], "cluster": [name]} for name in ("One", "Other")]
        with pytest.raises(Exception, match="hosts that share the client all declare its name differently"):
            fleet.clients(hosts, [])


class TestPve:
    def test_a_group_with_rights_here_is_made_under_its_name_in_the_realm(self, fleet):
        access = fleet.pve_access({"users": [], "groups": [ADMINS]}, REALM, HOST)
        assert access["groups"] == [{"groupid": "admins-pocketid", "comment": "admins"}]
        assert access["acl"] == [{"path": "/", "roles": ["Administrator"], "groups": ["admins-pocketid"]}]
        assert access["users"] == []

    @pytest.mark.parametrize(("hosts", "applies"), [(["lab"], True), (["development"], True), (["berlin"], False), ([], False)])
    def test_a_right_counts_where_it_says(self, fleet, hosts, applies):
        group = {"name": "developers", "rights": {"pve": [{"path": "/", "roles": ["PVEAdmin"], "hosts": hosts}]}}
        access = fleet.pve_access({"users": [], "groups": [group]}, REALM, HOST)
        assert bool(access["groups"]) is bool(access["acl"]) is applies

    def test_a_person_with_rights_is_made_ahead(self, fleet):
        person = {**ALICE, "rights": {"pve": [{"path": "/vms/100", "roles": ["PVEVMUser"]}]}}
        access = fleet.pve_access({"users": [person], "groups": []}, REALM, HOST)
        # a name of one letter is none for PBS, and is left to the first sign-on on PVE too
        assert access["users"] == [{"userid": "alice@pocketid", "email": "alice@example.org", "firstname": "Alice"}]
        assert access["acl"] == [{"path": "/vms/100", "roles": ["PVEVMUser"], "users": ["alice@pocketid"]}]


class TestPbs:
    def test_every_member_gets_the_rights_of_the_group_and_nobody_else_keeps_them(self, fleet):
        access = fleet.pbs_access({"users": [ALICE], "groups": [ADMINS]}, REALM, HOST, {})
        assert [user["userid"] for user in access["users"]] == ["alice@pocketid", "bob@pocketid"]
        assert access["acl"] == [
            {"path": "/", "roles": ["Admin"], "propagate": False, "users": ["alice@pocketid", "bob@pocketid"], "exclusive": "pocketid"}
        ]

    def test_members_at_the_provider_count_where_none_are_declared(self, fleet):
        group = {key: value for key, value in ADMINS.items() if key != "members"}
        access = fleet.pbs_access({"users": [], "groups": [group]}, REALM, HOST, {"admins": ["carol"]})
        assert [user["userid"] for user in access["users"]] == ["carol@pocketid"]

    def test_users_are_named_after_their_email_where_the_realm_does(self, fleet):
        group = {**ADMINS, "members": ["alice"]}
        access = fleet.pbs_access({"users": [ALICE], "groups": [group]}, {**REALM, "username_claim": "email"}, HOST, {})
        assert access["acl"][0]["users"] == ["alice@example.org@pocketid"]

    @pytest.mark.parametrize(("claim", "why"), [("sub", "only known to the identity provider"), ("email", "bob has no declared email")])
    def test_names_that_are_not_known_ahead_are_refused(self, fleet, claim, why):
        with pytest.raises(Exception, match=why):
            fleet.pbs_access({"users": [ALICE], "groups": [ADMINS]}, {**REALM, "username_claim": claim}, HOST, {})


def test_people_are_told_to_the_provider_without_their_rights(fleet):
    people = fleet.people([{**ALICE, "rights": {}}], [ADMINS, {"name": "others"}])
    assert people == {"users": [ALICE], "groups": [{"name": "admins", "users": ["alice", "bob"]}, {"name": "others"}]}
