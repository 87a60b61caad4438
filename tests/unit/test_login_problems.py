"""What the identity providers allow and PVE and PBS cannot use, or what their claims leave out."""

from __future__ import annotations

import pytest

GOOD = {
    "slug": "app",
    "grant_types": ["authorization_code"],
    "property_mappings": ["openid", "email", "profile"],
    "encryption_key": "",
    "issuer_mode": "per_provider",
    "signing_key": "authentik Self-signed Certificate",
}


@pytest.fixture
def oidc_client():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.pocketid import oidc_client

    return oidc_client


@pytest.fixture
def application():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.authentik import application

    return application


@pytest.fixture
def group():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.authentik import group

    return group


def test_pushed_authorization_requests_are_reported(oidc_client):
    client = {"id": "pve", "requires_pushed_authorization_requests": False}
    assert oidc_client.login_problems(client) == []
    (problem,) = oidc_client.login_problems({**client, "requires_pushed_authorization_requests": True})
    assert problem.startswith("client pve: requires_pushed_authorization_requests must be false")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("grant_types", ["client_credentials"]),
        ("property_mappings", ["email"]),
        ("encryption_key", "some key"),
        ("issuer_mode", "global"),
        ("signing_key", ""),
    ],
)
def test_applications_that_pve_and_pbs_cannot_use_are_reported(application, option, value):
    # before 2026.5 there are no grant types
    assert application.login_problems(GOOD) == application.login_problems({**GOOD, "grant_types": []}) == []
    (problem,) = application.login_problems({**GOOD, option: value})
    assert problem.startswith(f"application app: {option}: must ")


def test_members_of_child_groups_without_rights_are_reported(group):
    groups = [
        {"name": "admins", "users": ["ann"], "parents": []},
        {"name": "ops", "users": ["ann", "bob"], "parents": ["admins"]},
        {"name": "night", "users": ["eve"], "parents": ["ops"]},
        {"name": "others", "users": ["dan"], "parents": []},
    ]
    reported = group.missing_from_claims(groups, {"admins", "others", "not declared"})
    assert [problem.partition(" would")[0] for problem in reported] == [
        "group admins: eve of its child group night",
        "group admins: bob of its child group ops",
    ]
    assert group.missing_from_claims(groups, {"others"}) == []


def test_groups_that_are_in_each_other_are_no_endless_loop(group):
    groups = [{"name": "a", "users": [], "parents": ["b"]}, {"name": "b", "users": ["ann"], "parents": ["a"]}]
    assert len(group.missing_from_claims(groups, {"a"})) == 1
