"""From the declared state of a fleet to entries for the modules."""

from __future__ import annotations

import pytest


@pytest.fixture
def fleet():
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils import fleet

    return fleet


REALM = {"name": "pocketid"}
HOST = {"name": "lab", "groups": ["pve", "development"], "known": ["lab", "pve", "development", "berlin"]}
ADMINS = {
    "name": "admins",
    "members": ["alice", "bob"],
    "rights": {
        "pve": [{"path": "/", "roles": ["Administrator"]}],
        "pbs": [{"path": "/", "roles": ["Admin"], "propagate": False}],
    },
}
ALICE = {"username": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "A"}


@pytest.mark.parametrize(
    ("names", "domain", "expected"),
    [
        (["pve1"], "", ["https://pve1:8006"]),
        (["pve1"], "example.org", ["https://pve1:8006", "https://pve1.example.org:8006"]),
        (["PVE.Example.org", "pve1", "pve1"], "", ["https://pve.example.org:8006", "https://pve1:8006"]),
        (["192.0.2.1", "2001:db8::1"], "example.org", ["https://192.0.2.1:8006", "https://[2001:db8::1]:8006"]),
        # proxies: browsers leave out the port 443
        (
            ["pve.example.org:443", "pve:8443", "[2001:db8::1]:443"],
            "",
            ["https://pve.example.org", "https://pve:8443", "https://[2001:db8::1]"],
        ),
    ],
)
def test_redirect_uris_are_origins_as_browsers_send_them(fleet, names, domain, expected):
    assert fleet.redirect_uris(names, 8006, domain) == expected


@pytest.mark.parametrize(
    "name", ["https://pve.example.org/", "pve.example.org ", "pve..example.org", '["pve"]', "pve:https"]
)
def test_what_is_no_name_of_a_host_is_refused(fleet, name):
    with pytest.raises(Exception, match="fleetgate_names: .* must "):
        fleet.redirect_uris([name], 8006)
    with pytest.raises(Exception, match="fleetgate_domain: '.example.org' must be the name"):
        fleet.redirect_uris(["pve"], 8006, ".example.org")


def host(number, cluster=None, **client):
    return {"client": client, "redirect_uris": [f"https://pve{number}:8006"], "cluster": cluster or [number]}


class TestClients:
    def test_hosts_with_the_same_id_share_a_client(self, fleet):
        (client,) = fleet.clients([host(1, id="all", name="Proxmox"), host(2, id="all", name="Proxmox")], [], [], {})
        assert client["callback_urls"] == ["https://pve1:8006", "https://pve2:8006"]
        assert client["append"] == ["callback_urls"]

    def test_nodes_of_one_cluster_use_the_client_of_the_first(self, fleet):
        (client,) = fleet.clients(
            [host(number, ["lab", "pve1", "pve2"], id=f"pve{number}") for number in (1, 2)], [], [], {}
        )
        assert client["id"] == "pve1"
        assert client["callback_urls"] == ["https://pve1:8006", "https://pve2:8006"]

    def test_only_members_of_declared_groups_may_use_one_beside_those_that_are_allowed_by_hand(self, fleet):
        (client,) = fleet.clients([host(1, id="pve")], [ADMINS, {"name": "former", "state": "absent"}], [], {})
        assert client["allowed_groups"] == ["admins"]
        assert client["append"] == ["callback_urls", "allowed_groups"]

    @pytest.mark.parametrize("said", [{"is_group_restricted": False}, {"allowed_groups": ["others"]}])
    def test_unless_the_client_says_who(self, fleet, said):
        (client,) = fleet.clients([host(1, id="pve", **said)], [ADMINS], [], {})
        assert client.get("allowed_groups") == said.get("allowed_groups")
        assert client["append"] == ["callback_urls"]

    def test_hosts_that_disagree_about_their_client_are_refused(self, fleet):
        with pytest.raises(Exception, match="hosts that share the client all declare its name differently"):
            fleet.clients([host(1, id="all", name="One"), host(2, id="all", name="Other")], [], [], {})

    @pytest.mark.parametrize(
        ("client", "problem"),
        [
            ({}, "fleetgate_client: id must be given"),
            ({"id": "all", "state": "absent"}, "fleetgate_client: state: cannot be said here"),
            ({"id": "all", "return_secret": True}, "fleetgate_client: return_secret: cannot be said here"),
        ],
    )
    def test_what_cannot_be_said_of_a_client_is_refused(self, fleet, client, problem):
        with pytest.raises(Exception, match=problem):
            fleet.clients([host(1, **client)], [], [], {})

    def test_who_has_rights_but_could_not_sign_in_is_told(self, fleet):
        person = {**ALICE, "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"]}]}}
        assert fleet.clients([host(1, id="pve")], [ADMINS], [person], {"admins": ["alice"]})
        with pytest.raises(
            Exception, match="alice has rights, but is in none of the declared groups that may use the client pve"
        ):
            fleet.clients([host(1, id="pve")], [ADMINS], [person], {"admins": ["bob"]})


class TestPve:
    def test_a_group_with_rights_here_is_made_under_its_name_in_the_realm(self, fleet):
        access = fleet.pve_access({"users": [], "groups": [ADMINS]}, REALM, HOST)
        assert access["groups"] == [{"groupid": "admins-pocketid", "comment": "admins"}]
        assert access["acl"] == [{"path": "/", "roles": ["Administrator"], "groups": ["admins-pocketid"]}]
        assert access["users"] == []

    def test_the_rights_that_are_declared_are_all_that_it_has(self, fleet):
        access = fleet.pve_access(
            {"users": [], "groups": [ADMINS, {"name": "elsewhere", "rights": {"pbs": []}}]}, REALM, HOST
        )
        assert access["exclusive"] == [{"subject": "admins-pocketid"}]

    def test_what_is_declared_absent_is_removed(self, fleet):
        access = fleet.pve_access(
            {"users": [{"username": "bob", "state": "absent"}], "groups": [{**ADMINS, "state": "absent"}]}, REALM, HOST
        )
        assert access["groups"] == [{"groupid": "admins-pocketid", "state": "absent"}]
        assert access["users"] == [{"userid": "bob@pocketid", "state": "absent"}]
        assert access["acl"] == []

    @pytest.mark.parametrize(
        ("hosts", "applies"), [(["lab"], True), (["development"], True), (["berlin"], False), ([], False)]
    )
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


class TestText:
    """Surveys and templates give text where other types are meant."""

    def test_it_means_what_it_says(self, fleet):
        group = {
            "name": "staff",
            "members": "alice",
            "rights": {"pbs": [{"path": "/", "roles": "Admin", "propagate": "false"}]},
        }
        assert fleet.people([{"username": "alice", "disabled": "false"}], [group]) == {
            "users": [{"username": "alice", "disabled": False}],
            "groups": [{"name": "staff", "users": ["alice"]}],
        }
        access = fleet.pbs_access({"users": [], "groups": [group]}, REALM, HOST, {})
        assert access["acl"] == [{"path": "/", "roles": ["Admin"], "users": ["alice@pocketid"], "propagate": False}]
        (client,) = fleet.clients([host(1, id="lab", is_public="false", callback_urls="https://a")], [], [], {})
        assert client["is_public"] is False
        assert client["callback_urls"] == ["https://a", "https://pve1:8006"]

    @pytest.mark.parametrize(
        ("users", "groups", "problem"),
        [
            ("alice", [], "fleetgate_users: must be a list"),
            (["alice"], [], r"fleetgate_users\[0\]: username must be given"),
            ([], [{"friendly_name": "Staff"}], r"fleetgate_groups\[0\]: name must be given"),
            ([{"username": "alice", "disabled": "perhaps"}], [], "fleetgate_users: alice: .*'disabled'.*to bool"),
        ],
    )
    def test_what_it_cannot_mean_is_refused(self, fleet, users, groups, problem):
        with pytest.raises(Exception, match=problem):
            fleet.people(users, groups)


class TestPbs:
    def test_every_member_gets_the_rights_of_the_group_and_nobody_else_keeps_them(self, fleet):
        access = fleet.pbs_access({"users": [ALICE], "groups": [ADMINS]}, REALM, HOST, {})
        assert [user["userid"] for user in access["users"]] == ["alice@pocketid", "bob@pocketid"]
        assert access["acl"] == [
            {"path": "/", "roles": ["Admin"], "propagate": False, "users": [f"{name}@pocketid"]}
            for name in ("alice", "bob")
        ]
        assert access["exclusive"] == [
            {"subject": "alice@pocketid"},
            {"subject": "bob@pocketid"},
            {"path": "/", "realm": "pocketid"},
        ]

    def test_the_right_of_a_person_takes_nothing_from_others(self, fleet):
        person = {**ALICE, "rights": {"pbs": [{"path": "/", "roles": ["Admin"]}]}}
        assert fleet.pbs_access({"users": [person], "groups": []}, REALM, HOST, {})["exclusive"] == [
            {"subject": "alice@pocketid"}
        ]

    def test_of_two_groups_that_give_the_same_role_the_one_that_reaches_further_counts(self, fleet):
        group = {"name": "others", "members": ["alice"], "rights": {"pbs": [{"path": "/", "roles": ["Admin"]}]}}
        access = fleet.pbs_access({"users": [], "groups": [ADMINS, group]}, REALM, HOST, {})
        assert {entry["users"][0]: entry["propagate"] for entry in access["acl"]} == {
            "alice@pocketid": True,
            "bob@pocketid": False,
        }

    def test_who_is_declared_absent_is_removed(self, fleet):
        access = fleet.pbs_access(
            {"users": [{"username": "bob", "state": "absent"}], "groups": [ADMINS]}, REALM, HOST, {}
        )
        assert access["users"] == [{"userid": "alice@pocketid"}, {"userid": "bob@pocketid", "state": "absent"}]
        assert [entry["users"] for entry in access["acl"]] == [["alice@pocketid"]]

    def test_members_at_the_provider_count_where_none_are_declared(self, fleet):
        group = {key: value for key, value in ADMINS.items() if key != "members"}
        access = fleet.pbs_access({"users": [], "groups": [group]}, REALM, HOST, {"admins": ["carol"]})
        assert [user["userid"] for user in access["users"]] == ["carol@pocketid"]

    def test_users_are_named_after_their_email_where_the_realm_does(self, fleet):
        group = {**ADMINS, "members": ["alice"]}
        access = fleet.pbs_access({"users": [ALICE], "groups": [group]}, {**REALM, "username_claim": "email"}, HOST, {})
        assert access["acl"][0]["users"] == ["alice@example.org@pocketid"]

    @pytest.mark.parametrize(
        ("claim", "why"), [("sub", "only known to the identity provider"), ("email", "bob has no declared email")]
    )
    def test_names_that_are_not_known_ahead_are_refused(self, fleet, claim, why):
        with pytest.raises(Exception, match=why):
            fleet.pbs_access({"users": [ALICE], "groups": [ADMINS]}, {**REALM, "username_claim": claim}, HOST, {})


@pytest.mark.parametrize(
    ("rights", "problem"),
    [
        ({"pev": []}, "'pev' is none of pve and pbs"),
        (
            {"pve": [{"path": "/", "roles": ["x"], "hosts": ["pve11"]}]},
            "'pve11' in hosts is no host or group of the inventory",
        ),
        ({"pve": [{"path": "/", "roles": ["x"], "hosts": {"lab": 1}}]}, "hosts.*unable to convert to list"),
        ({"pve": {"path": "/"}}, "rights.pve: must be a list of entries with path, roles, propagate, hosts"),
        ([{"path": "/"}], "rights: must have lists for pve and pbs"),
        ({"pbs": [{"path": "/", "rolls": ["x"]}]}, "unknown option rolls; known are path, roles, propagate, hosts"),
        ({"pbs": [{"roles": ["x"]}]}, "path is missing"),
    ],
)
def test_rights_that_would_count_nowhere_are_refused(fleet, rights, problem):
    group = {"name": "admins", "members": [], "rights": rights}
    for access in (
        lambda: fleet.pve_access({"users": [], "groups": [group]}, REALM, HOST),
        lambda: fleet.pbs_access({"users": [], "groups": [group]}, REALM, HOST, {}),
    ):
        with pytest.raises(Exception, match=problem):
            access()


def test_people_are_told_to_the_provider_without_their_rights(fleet):
    people = fleet.people([{**ALICE, "rights": {}}], [ADMINS, {"name": "others"}])
    assert people == {"users": [ALICE], "groups": [{"name": "admins", "users": ["alice", "bob"]}, {"name": "others"}]}
