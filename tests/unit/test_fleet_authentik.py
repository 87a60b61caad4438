"""From the declared state of a fleet, which is in the words of Pocket ID, to entries for the modules of authentik."""

from __future__ import annotations

import pytest


@pytest.fixture
def authentik():
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils import authentik

    return authentik


@pytest.fixture
def issuer():
    from ansible_collections.fleetgate.proxmox.plugins.plugin_utils.fleet import issuer

    return issuer


CLIENT = {
    "id": "pve1.lab.example.org",
    "name": "PVE",
    "callback_urls": ["https://pve1:8006"],
    "append": ["callback_urls"],
}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("https://id.example.org", "https://id.example.org"),
        ("https://id.example.org/application/o/{slug}/", "https://id.example.org/application/o/pve1-lab-example-org/"),
        ("https://id.example.org/oauth/{client_id}", "https://id.example.org/oauth/pve1.lab.example.org"),
    ],
)
def test_the_issuer_of_a_client(issuer, form, expected):
    assert issuer(form, CLIENT["id"]) == expected


def test_a_client_becomes_an_application(authentik):
    (application,) = authentik.applications([CLIENT])["applications"]
    assert application == {
        "slug": "pve1-lab-example-org",
        "client_id": "pve1.lab.example.org",
        "name": "PVE",
        "redirect_uris": ["https://pve1:8006"],
        "grant_types": ["authorization_code"],
        "property_mappings": ["openid", "email", "profile"],
        "include_claims_in_id_token": True,
        "encryption_key": "",
        "append": ["redirect_uris", "grant_types", "property_mappings"],
    }


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ({"description": "x", "launch_url": "https://x"}, {"meta_description": "x", "meta_launch_url": "https://x"}),
        ({"secret": "x" * 16, "is_public": False}, {"client_secret": "x" * 16, "client_type": "confidential"}),
        ({"access_token_duration_minutes": 5}, {"access_token_validity": "minutes=5"}),
        ({"logo": "x.svg"}, {"icon": "x.svg"}),
        ({"logo": ""}, {"meta_icon": ""}),
        # what only Pocket ID has, what only authentik has, and what nobody has, which the module refuses
        ({"pkce_enabled": True, "dark_logo": "x.svg"}, {}),
        ({"sub_mode": "user_uuid", "state": "present"}, {"sub_mode": "user_uuid", "state": "present"}),
        ({"call_back": "x"}, {"call_back": "x"}),
        (
            {"property_mappings": ["openid"]},
            {"property_mappings": ["openid"], "append": ["redirect_uris", "grant_types"]},
        ),
    ],
)
def test_options_in_other_words(authentik, declared, expected):
    (plain,) = authentik.applications([CLIENT])["applications"]
    (application,) = authentik.applications([{**CLIENT, **declared}])["applications"]
    assert application == {**plain, **expected}


@pytest.mark.parametrize(
    ("declared", "groups"),
    [
        ({"allowed_groups": ["a", "b"]}, ["a", "b"]),
        ({"allowed_groups": ["a"], "is_group_restricted": False}, []),
        ({}, []),
    ],
)
def test_groups_that_may_use_it_are_bound(authentik, declared, groups):
    bindings = authentik.applications([{**CLIENT, **declared}])["bindings"]
    assert bindings == [{"application": "pve1-lab-example-org", "group": group} for group in groups]


def test_people(authentik):
    users = [
        {"username": "alice", "email": "a@example.org", "first_name": "Alice", "last_name": "Ahrens", "is_admin": True},
        {"username": "bob", "first_name": "Bob", "display_name": "Bobby", "disabled": True, "path": "staff"},
        {"username": "gone", "state": "absent"},
    ]
    groups = [{"name": "admins", "friendly_name": "Administrators", "users": ["alice"]}]
    assert authentik.people({"users": users, "groups": groups}) == {
        "users": [
            {"username": "alice", "email": "a@example.org", "name": "Alice Ahrens"},
            {"username": "bob", "name": "Bobby", "is_active": False, "path": "staff"},
            {"username": "gone", "state": "absent"},
        ],
        "groups": [{"name": "admins", "users": ["alice"]}],
    }
