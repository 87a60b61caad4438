"""The compiler of a fleet: from the declaration to entries for hosts and for the identity provider."""

from __future__ import annotations

import importlib

import pytest

REALM = {"name": "pocketid"}
ADMINS = {
    "name": "admins",
    "members": ["alice", "bob"],
    "rights": {
        "pve": [{"path": "/", "roles": ["Administrator"]}],
        "pbs": [{"path": "/", "roles": ["Admin"], "propagate": False}],
    },
}
ALICE = {"username": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "A"}


def module(name):
    return importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.module_utils.fleet.{name}")


class Fleet:
    """The compiler, with short forms for frequent calls."""

    def __init__(self):
        self.compiler, self.products = module("compiler"), module("products")
        self.declaration, self.providers = module("declaration"), module("providers")
        names = ["lab", "pve", "development", "berlin"]
        self.place = self.declaration.Place("lab", ("pve", "development"), frozenset(names))

    def declare(self, users=(), groups=(), realm=None):
        return self.declaration.declaration(list(users), list(groups), REALM if realm is None else realm, self.place)

    def host(self, product, users=(), groups=(), realm=None, members=None):
        """The options by kind, and the scopes, of one host."""
        realm = REALM if realm is None else realm
        declared = self.declare(users, groups, realm)
        product = product if not isinstance(product, str) else self.products.PRODUCTS[product]
        entries = self.compiler.host_entries(product, declared, self.place, members or {}, {"realm": realm["name"]})
        kinds = {}
        for entry in entries.entries:
            kinds.setdefault(entry.kind, []).append(entry.options)
        return kinds, entries

    def clients(self, hosts, users=(), groups=(), members=None):
        return self.compiler.clients(hosts, self.declare(users, groups), members or {})

    def wiring(self, number, identity=None, **client):
        options = self.declaration.client_options(client, "", "")
        uris = (f"https://pve{number}:8006",)
        return self.compiler.Wiring(str(number), "", identity or (str(number),), options, uris, uris)


@pytest.fixture
def fleet():
    return Fleet()


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
    assert fleet.compiler.origins(names, 8006, domain) == expected


class TestAddresses:
    def addresses(self, fleet, product="pve", address="pve1.example.org", port=8006, names=(), domain="", nodes=()):
        server = fleet.products.Server("", tuple(nodes))
        one = fleet.products.PRODUCTS[product]
        return fleet.compiler.addresses(one, fleet.place, server, address, port, list(names), domain)

    def test_nodes_and_declared_names_of_a_cluster_are_certain_addresses(self, fleet):
        found = self.addresses(fleet, nodes=["pve1", "pve2"], names=["pve.example.org:443"])
        assert found.all == [
            "https://pve1:8006",
            "https://pve2:8006",
            "https://pve1.example.org:8006",
            "https://pve.example.org",
        ]
        assert found.likely == ()

    def test_default_port_is_a_likely_address_when_the_api_uses_another(self, fleet):
        found = self.addresses(fleet, address="127.0.0.1", port=18006, nodes=["pve1"])
        assert found.certain == ("https://pve1:18006", "https://127.0.0.1:18006")
        assert found.likely == ("https://pve1:8006", "https://127.0.0.1:8006")

    def test_name_of_a_backup_server_declared_by_address_is_a_likely_address(self, fleet):
        found = self.addresses(fleet, "pbs", "192.0.2.7", 8007, domain="example.org")
        assert found.all == ["https://192.0.2.7:8007", "https://lab:8007", "https://lab.example.org:8007"]

    @pytest.mark.parametrize("names", [[""], ""])
    def test_a_name_that_a_template_leaves_empty_is_no_address(self, fleet, names):
        server = fleet.products.Server("", ("pve1",))
        product = fleet.products.PRODUCTS["pve"]
        found = fleet.compiler.addresses(product, fleet.place, server, "pve1", 8006, names, "")
        assert found.all == ["https://pve1:8006"]

    @pytest.mark.parametrize(
        "domain", ["lab.example.org:8006", "192.0.2.1", "::1", "*", ".example.org", "https://x", 5]
    )
    def test_what_no_domain_can_be_is_refused(self, fleet, domain):
        with pytest.raises(Exception, match="fleetgate_domain: .* must be a domain"):
            self.addresses(fleet, nodes=["pve1"], domain=domain)

    @pytest.mark.parametrize(
        "name", ["https://pve.example.org/", "pve.example.org ", "pve..example.org", '["pve"]', "pve:https"]
    )
    def test_invalid_host_name_is_refused(self, fleet, name):
        with pytest.raises(Exception, match="fleetgate_names: .* must "):
            self.addresses(fleet, names=[name])
        with pytest.raises(Exception, match="fleetgate_domain: '.example.org' must be a domain"):
            self.addresses(fleet, domain=".example.org")


class TestClients:
    def test_hosts_with_the_same_id_share_a_client(self, fleet):
        (client,) = fleet.clients([fleet.wiring(number, id="all", name="Proxmox") for number in (1, 2)])
        assert client.redirect_uris == ["https://pve1:8006", "https://pve2:8006"]
        assert client.append == ["callback_urls"]

    def test_nodes_of_one_cluster_use_the_client_of_the_first(self, fleet):
        hosts = [fleet.wiring(number, ("lab", "pve1", "pve2"), id=f"pve{number}") for number in (1, 2)]
        (client,) = fleet.clients(hosts)
        assert client.id == "pve1"
        assert client.redirect_uris == ["https://pve1:8006", "https://pve2:8006"]

    def test_only_members_of_declared_groups_may_use_a_client(self, fleet):
        (client,) = fleet.clients([fleet.wiring(1, id="pve")], groups=[ADMINS, {"name": "former", "state": "absent"}])
        assert client.options["allowed_groups"] == ["admins"]
        assert client.append == ["callback_urls", "allowed_groups"]

    @pytest.mark.parametrize("declared", [{"is_group_restricted": False}, {"allowed_groups": ["others"]}])
    def test_a_client_may_declare_who_may_use_it(self, fleet, declared):
        (client,) = fleet.clients([fleet.wiring(1, id="pve", **declared)], groups=[ADMINS])
        assert client.options.get("allowed_groups") == declared.get("allowed_groups")
        assert client.append == ["callback_urls"]

    def test_conflicting_options_of_a_shared_client_are_refused(self, fleet):
        with pytest.raises(Exception, match="1 and 2 share this client and declare its name differently"):
            fleet.clients([fleet.wiring(1, id="all", name="One"), fleet.wiring(2, id="all", name="Other")])

    @pytest.mark.parametrize(
        ("client", "problem"),
        [
            ({}, "fleetgate_client: id must be given"),
            ({"id": "all", "state": "absent"}, "fleetgate_client: state cannot be declared here"),
            ({"id": "all", "return_secret": True}, "fleetgate_client: return_secret cannot be declared here"),
            ({"id": "all", "callback_url": []}, "unknown option callback_url; did you mean callback_urls?"),
        ],
    )
    def test_invalid_client_options_are_refused(self, fleet, client, problem):
        with pytest.raises(Exception, match=problem):
            fleet.wiring(1, **client)

    def test_person_with_rights_but_without_access_is_refused(self, fleet):
        person = {**ALICE, "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"]}]}}
        assert fleet.clients([fleet.wiring(1, id="pve")], [person], [ADMINS], {"admins": ["alice"]})
        with pytest.raises(
            Exception, match=r"fleetgate_users\[alice\] has rights, but is in none of the declared groups"
        ):
            fleet.clients([fleet.wiring(1, id="pve")], [person], [ADMINS], {"admins": ["bob"]})


class TestPve:
    def test_group_with_rights_is_created_with_the_realm_suffix(self, fleet):
        kinds, _entries = fleet.host("pve", groups=[ADMINS])
        assert kinds["group"] == [{"groupid": "admins-pocketid", "comment": "admins"}]
        assert kinds["acl"] == [{"path": "/", "roles": ["Administrator"], "groups": ["admins-pocketid"]}]
        assert "user" not in kinds

    def test_declared_rights_of_a_group_are_exclusive(self, fleet):
        _kinds, entries = fleet.host("pve", groups=[ADMINS, {"name": "elsewhere", "rights": {"pbs": []}}])
        assert entries.scopes == {"acl": [{"subject": "admins-pocketid"}]}

    def test_absent_users_and_groups_are_removed(self, fleet):
        kinds, _entries = fleet.host("pve", [{"username": "bob", "state": "absent"}], [{**ADMINS, "state": "absent"}])
        assert kinds["group"] == [{"groupid": "admins-pocketid", "state": "absent"}]
        assert kinds["user"] == [{"userid": "bob@pocketid", "state": "absent"}]
        assert "acl" not in kinds

    @pytest.mark.parametrize(
        ("hosts", "applies"), [(["lab"], True), (["development"], True), (["berlin"], False), ([], False)]
    )
    def test_right_applies_to_the_hosts_it_lists(self, fleet, hosts, applies):
        group = {"name": "developers", "rights": {"pve": [{"path": "/", "roles": ["PVEAdmin"], "hosts": hosts}]}}
        kinds, _entries = fleet.host("pve", groups=[group])
        assert ("group" in kinds) is ("acl" in kinds) is applies

    def test_person_with_rights_is_created_before_the_first_login(self, fleet):
        person = {**ALICE, "rights": {"pve": [{"path": "/vms/100", "roles": ["PVEVMUser"]}]}}
        kinds, _entries = fleet.host("pve", [person])
        # PBS refuses names of one letter; PVE creates the user at the first login
        assert kinds["user"] == [{"userid": "alice@pocketid", "email": "alice@example.org", "firstname": "Alice"}]
        assert kinds["acl"] == [{"path": "/vms/100", "roles": ["PVEVMUser"], "users": ["alice@pocketid"]}]

    def test_group_name_that_pve_ignores_at_login_is_refused(self, fleet):
        with pytest.raises(
            Exception, match=r"fleetgate_groups\[Proxmox Admins\]: 'Proxmox Admins' may only have letters"
        ):
            fleet.host("pve", groups=[{**ADMINS, "name": "Proxmox Admins"}])


class TestPbs:
    def test_rights_of_a_group_apply_to_exactly_its_members(self, fleet):
        kinds, entries = fleet.host("pbs", [ALICE], [ADMINS])
        assert [user["userid"] for user in kinds["user"]] == ["alice@pocketid", "bob@pocketid"]
        assert kinds["acl"] == [
            {"path": "/", "roles": ["Admin"], "propagate": False, "users": [f"{name}@pocketid"]}
            for name in ("alice", "bob")
        ]
        assert entries.scopes["acl"] == [
            {"path": "/", "realm": "pocketid"},
            {"subject": "alice@pocketid"},
            {"subject": "bob@pocketid"},
        ]

    def test_right_of_a_person_keeps_those_of_others(self, fleet):
        person = {**ALICE, "rights": {"pbs": [{"path": "/", "roles": ["Admin"]}]}}
        _kinds, entries = fleet.host("pbs", [person])
        assert entries.scopes == {"acl": [{"subject": "alice@pocketid"}]}

    def test_propagating_entry_wins_when_two_groups_grant_the_same_role(self, fleet):
        group = {"name": "others", "members": ["alice"], "rights": {"pbs": [{"path": "/", "roles": ["Admin"]}]}}
        kinds, _entries = fleet.host("pbs", groups=[ADMINS, group])
        assert {entry["users"][0]: entry["propagate"] for entry in kinds["acl"]} == {
            "alice@pocketid": True,
            "bob@pocketid": False,
        }

    def test_absent_person_is_removed(self, fleet):
        kinds, _entries = fleet.host("pbs", [{"username": "bob", "state": "absent"}], [ADMINS])
        assert kinds["user"] == [{"userid": "alice@pocketid"}, {"userid": "bob@pocketid", "state": "absent"}]
        assert [entry["users"] for entry in kinds["acl"]] == [["alice@pocketid"]]

    def test_members_default_to_those_at_the_provider(self, fleet):
        group = {key: value for key, value in ADMINS.items() if key != "members"}
        kinds, _entries = fleet.host("pbs", groups=[group], members={"admins": ["carol"]})
        assert [user["userid"] for user in kinds["user"]] == ["carol@pocketid"]

    def test_member_with_a_name_invalid_on_pbs_is_reported_and_skipped(self, fleet):
        group = {key: value for key, value in ADMINS.items() if key != "members"}
        kinds, entries = fleet.host("pbs", groups=[group], members={"admins": ["carol", "c:d"]})
        assert [user["userid"] for user in kinds["user"]] == ["carol@pocketid"]
        assert len(entries.warnings) == 1 and "c:d@pocketid" in entries.warnings[0]

    @pytest.mark.parametrize("product", ["pve", "pbs"])
    @pytest.mark.parametrize("claim", [None, ""])
    def test_a_claim_that_a_template_leaves_empty_is_the_default(self, fleet, product, claim):
        """Users are named after the default then, and Proxmox would take "sub" for a realm without the option."""
        declared = fleet.declare(realm={**REALM, "username_claim": claim})
        issuer, product = fleet.compiler.Issuer("https://id.example.org"), fleet.products.PRODUCTS[product]
        realm = fleet.compiler.realm_entry(product, declared, issuer, {"id": "pve"}, "", True)
        assert realm["username_claim"] == "preferred_username"
        assert fleet.compiler.naming(declared)("alice") == "alice@pocketid"

    def test_users_are_named_by_email_when_the_realm_uses_that_claim(self, fleet):
        group = {**ADMINS, "members": ["alice"]}
        kinds, _entries = fleet.host("pbs", [ALICE], [group], {**REALM, "username_claim": "email"})
        assert kinds["acl"][0]["users"] == ["alice@example.org@pocketid"]

    @pytest.mark.parametrize(
        ("claim", "why"), [("sub", "only known to the identity provider"), ("email", "bob has no declared email")]
    )
    def test_username_claim_with_unpredictable_names_is_refused(self, fleet, claim, why):
        with pytest.raises(Exception, match=why):
            fleet.host("pbs", [ALICE], [ADMINS], {**REALM, "username_claim": claim})


class TestDeclaration:
    @pytest.mark.parametrize("state", ["Absent", "presnt"])
    def test_a_misspelt_state_never_means_absent(self, fleet, state):
        with pytest.raises(Exception, match=r"fleetgate_users\[alice\]: .*state"):
            fleet.declare([{"username": "alice", "state": state}])

    @pytest.mark.parametrize(("option", "value"), [("scopes", 5), ("scopes", {"a": 1}), ("username_claim", ["email"])])
    def test_an_option_of_the_realm_of_a_wrong_type_is_named(self, fleet, option, value):
        with pytest.raises(Exception, match=f"fleetgate_realm: {option}: must be"):
            fleet.declare(realm={**REALM, option: value})

    @pytest.mark.parametrize("key", ["PBS", "Pbs", "pbss"])
    def test_a_misspelt_product_is_suggested(self, fleet, key):
        with pytest.raises(Exception, match="did you mean pbs"):
            fleet.declare([{"username": "alice", "rights": {key: []}}])

    def test_text_is_converted_to_the_declared_types(self, fleet):
        group = {
            "name": "staff",
            "members": "alice",
            "rights": {"pbs": [{"path": "/", "roles": "Admin", "propagate": "false"}]},
        }
        declared = fleet.declare([{"username": "alice", "disabled": "false"}], [group])
        assert declared.users[0].options == {"username": "alice", "disabled": False}
        assert declared.groups[0].members == ("alice",)
        (right,) = declared.groups[0].rights["pbs"]
        assert (right.roles, right.propagate) == (("Admin",), False)

    @pytest.mark.parametrize(
        ("users", "groups", "problem"),
        [
            ("alice", [], "fleetgate_users: must be a list"),
            (["alice"], [], r"fleetgate_users\[0\]: username must be given"),
            ([], [{"friendly_name": "Staff"}], r"fleetgate_groups\[0\]: name must be given"),
            ([{"username": "alice", "disabled": "perhaps"}], [], r"fleetgate_users\[alice\]: .*'disabled'.*to bool"),
            ([], [{"name": "staff", "member": []}], r"groups\[staff\]: unknown option member; did you mean members\?"),
        ],
    )
    def test_values_of_wrong_types_are_refused(self, fleet, users, groups, problem):
        with pytest.raises(Exception, match=problem):
            fleet.declaration.declaration(users, groups, REALM)

    def test_all_problems_are_reported_together(self, fleet):
        with pytest.raises(Exception) as refused:
            fleet.declaration.declaration([{"username": "a", "mail": "x"}], [{"name": "b", "rights": {"pev": []}}], {})
        assert len(refused.value.problems) == 3

    def test_a_group_without_rights_gets_a_warning(self, fleet):
        declared = fleet.declare(groups=[{"name": "staff"}, {"name": "meant", "rights": {}}, ADMINS])
        assert len(declared.warnings) == 1 and "fleetgate_groups[staff] has no rights" in declared.warnings[0]

    @pytest.mark.parametrize(
        ("rights", "problem"),
        [
            ({"pev": []}, "'pev' is none of pve and pbs; did you mean pve"),
            (
                {"pve": [{"path": "/", "roles": ["x"], "hosts": ["pve11"]}]},
                "'pve11' in hosts is neither a host nor a group of the inventory",
            ),
            (
                {"pve": [{"path": "/", "roles": ["x"], "hosts": {"lab": 1}}]},
                "hosts: must be a list, and not a dictionary",
            ),
            ({"pve": {"path": "/"}}, "rights.pve: must be a list of entries with path, roles, propagate, hosts"),
            ([{"path": "/"}], "rights.*dict"),
            ({"pbs": [{"path": "/", "rolls": ["x"]}]}, "unknown option rolls; did you mean roles"),
            ({"pbs": [{"roles": ["x"]}]}, "path is missing"),
        ],
    )
    def test_rights_that_apply_to_no_host_are_refused(self, fleet, rights, problem):
        with pytest.raises(Exception, match=problem):
            fleet.declare(groups=[{"name": "admins", "members": [], "rights": rights}])


class TestProviders:
    """People and clients translated to the options of a provider."""

    def entries(self, fleet, provider, client=None, users=(), groups=()):
        entries = module("entries").Entries()
        provider = fleet.providers.PROVIDERS[provider]
        provider.add_people(fleet.declare(users, groups), entries)
        if client:
            shared = fleet.clients([fleet.wiring("1.lab.example.org", **client)], users, groups)
            provider.add_clients(shared, {}, entries)
        found = {}
        for entry in entries.entries:
            found.setdefault(entry.kind, []).append(entry.options)
        return found

    def test_people_are_sent_to_pocket_id_without_their_rights(self, fleet):
        found = self.entries(fleet, "pocketid", users=[{**ALICE, "rights": {}}], groups=[ADMINS, {"name": "others"}])
        assert found == {"user": [ALICE], "group": [{"name": "admins", "users": ["alice", "bob"]}, {"name": "others"}]}

    def test_people_are_translated_to_the_options_of_authentik(self, fleet):
        users = [
            {
                "username": "alice",
                "email": "a@example.org",
                "first_name": "Alice",
                "last_name": "Ahrens",
                "is_admin": True,
            },
            {"username": "bob", "first_name": "Bob", "display_name": "Bobby", "disabled": True, "path": "staff"},
            {"username": "gone", "state": "absent"},
        ]
        groups = [{"name": "admins", "friendly_name": "Administrators", "members": ["alice"]}]
        assert self.entries(fleet, "authentik", users=users, groups=groups) == {
            "user": [
                {"username": "alice", "email": "a@example.org", "name": "Alice Ahrens"},
                {"username": "bob", "name": "Bobby", "is_active": False, "path": "staff"},
            ],
            "group": [{"name": "admins", "users": ["alice"]}],
        }

    @pytest.mark.parametrize(
        ("declared", "expected"),
        [
            (
                {"description": "x", "launch_url": "https://x"},
                {"meta_description": "x", "meta_launch_url": "https://x"},
            ),
            ({"secret": "x" * 16, "is_public": False}, {"client_secret": "x" * 16, "client_type": "confidential"}),
            ({"access_token_duration_minutes": 5}, {"access_token_validity": "minutes=5"}),
            ({"logo": "x.svg"}, {"icon": "x.svg"}),
            ({"logo": ""}, {"meta_icon": ""}),
            ({"pkce_enabled": True, "dark_logo": "x.svg"}, {}),
            ({"sub_mode": "user_uuid"}, {"sub_mode": "user_uuid"}),
            (
                {"property_mappings": ["openid"]},
                {"property_mappings": ["openid"], "append": ["redirect_uris", "grant_types"]},
            ),
        ],
    )
    def test_a_client_becomes_an_application_of_authentik(self, fleet, declared, expected):
        (application,) = self.entries(fleet, "authentik", {"id": "pve1.lab", "name": "PVE", **declared})["application"]
        assert application == {
            "slug": "pve1-lab",
            "client_id": "pve1.lab",
            "name": "PVE",
            "redirect_uris": ["https://pve1.lab.example.org:8006"],
            "grant_types": ["authorization_code"],
            "property_mappings": ["openid", "email", "profile"],
            "include_claims_in_id_token": True,
            "encryption_key": "",
            "repair_signing_key": True,
            "append": ["redirect_uris", "grant_types", "property_mappings"],
            "return_secret": True,
            **expected,
        }

    @pytest.mark.parametrize(
        ("declared", "groups"),
        [
            ({"allowed_groups": ["a", "b"]}, ["a", "b"]),
            ({"allowed_groups": ["a"], "is_group_restricted": False}, []),
            ({}, []),
        ],
    )
    def test_groups_that_may_use_an_application_are_bound(self, fleet, declared, groups):
        bindings = self.entries(fleet, "authentik", {"id": "pve1", **declared}).get("binding", [])
        assert bindings == [{"application": "pve1", "group": group} for group in groups]

    @pytest.mark.parametrize(
        ("form", "expected"),
        [
            ("https://id.example.org", "https://id.example.org"),
            ("https://id.example.org/application/o/{slug}/", "https://id.example.org/application/o/pve1-lab/"),
            ("https://id.example.org/oauth/{client_id}", "https://id.example.org/oauth/pve1.lab"),
        ],
    )
    def test_issuer_can_differ_by_client(self, fleet, form, expected):
        assert fleet.compiler.Issuer(form).of({"id": "pve1.lab"}) == expected


class TestExtension:
    """An additional product or provider takes one object."""

    def test_a_new_product_is_compiled_from_its_object(self, fleet, monkeypatch):
        from dataclasses import replace

        known = fleet.products.PBS
        manager = replace(known, name="pdm", title="Proxmox Datacenter Manager", port=8443, not_in_scopes=frozenset())
        monkeypatch.setitem(fleet.products.PRODUCTS, "pdm", manager)
        group = {"name": "ops", "members": ["alice"], "rights": {"pdm": [{"path": "/", "roles": ["Admin"]}]}}
        kinds, _entries = fleet.host(manager, [ALICE], [group])
        assert [user["userid"] for user in kinds["user"]] == ["alice@pocketid"]
        assert kinds["acl"][0]["roles"] == ["Admin"]
        assert fleet.products.product_of(["datacenter", "pdm"]) is manager
        issuer = fleet.compiler.Issuer("https://id.example.org", ("groups",))
        realm = fleet.compiler.realm_entry(manager, fleet.declare(), issuer, {"id": "pdm"}, "", True)
        assert realm["scopes"] == ["groups"] and realm["client_id"] == "pdm"

    def test_a_new_provider_is_compiled_from_its_object(self, fleet, monkeypatch):
        class Keycloak(fleet.providers.PocketId):
            name = "keycloak"
            title = "Keycloak"
            issuer_path = "/realms/company"

            def user(self, options):
                return {"username": options["username"].lower()}

        monkeypatch.setitem(fleet.providers.PROVIDERS, "keycloak", Keycloak())
        assert Keycloak().issuer({"url": "https://sso.example.org/"}) == "https://sso.example.org/realms/company"
        found = TestProviders().entries(fleet, "keycloak", {"id": "pve1"}, [{"username": "Alice"}], [ADMINS])
        assert found["user"] == [{"username": "alice"}]
        assert found["client"][0]["callback_urls"] == ["https://pve1.lab.example.org:8006"]
