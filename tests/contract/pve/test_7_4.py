"""Differences of 7.4: section 13 of the contract, and pve-access-control 7.4-3."""

from __future__ import annotations

import pytest

from tests.simulators.directory import EXAMPLE, Directory, person

from .test_directories import LDAP, Server

UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"
OPENID = {"realm": "sso", "type": "openid", "issuer-url": "https://id.example.org", "client-id": "x"}


@pytest.fixture
def old() -> Server:
    return Server(version="7.4")


def test_errors_have_no_message(old: Server) -> None:
    assert old.ask("GET", "/access/groups/none") == (500, ("", None))
    assert Server().ask("GET", "/access/groups/none") == (500, ("group 'none' does not exist", None))


@pytest.mark.parametrize(
    ("verb", "path", "params"),
    [
        ("POST", "/access/domains", {**OPENID, "groups-claim": "groups"}),
        ("POST", "/access/domains", {**OPENID, "query-userinfo": 0}),
        ("POST", "/access/domains", {**OPENID, "audiences": "x"}),
        ("POST", "/access/domains", {**LDAP, "check-connection": 1}),
        ("PUT", "/access/users/root@pam/token/oracle", {"regenerate": 1}),
        ("PUT", "/access/users/root@pam/token/oracle", {"delete": "comment"}),
    ],
)
def test_later_options_are_unknown(old: Server, verb: str, path: str, params: dict) -> None:
    status, (_message, errors) = old.ask(verb, path, **params)
    assert (status, set(errors.values())) == (400, {UNKNOWN})


@pytest.mark.parametrize("path", ["/cluster/jobs/realm-sync", "/cluster/jobs/realm-sync/nightly"])
def test_sync_jobs_are_not_implemented(old: Server, path: str) -> None:
    assert old.ask("GET", path)[0] == 501


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/sdn/zones/z", 200),
        ("/sdn/vnets/v", 200),
        ("/sdn/zones", 400),
        ("/sdn/zones/z/v", 400),
        ("/mapping", 400),
        ("/pool/a/b", 400),
        ("/pool/a", 200),
    ],
)
def test_acl_accepts_the_paths_of_7_4(old: Server, path: str, status: int) -> None:
    assert old.ask("PUT", "/access/acl", path=path, roles="PVEAuditor", users="eve@pve")[0] == status


def test_privileges_of_built_in_roles(old: Server) -> None:
    roles = {one["roleid"]: one["privs"] for one in old.data("GET", "/access/roles")}
    assert "Permissions.Modify" in roles["PVEAdmin"] and "Permissions.Modify" in roles["PVESysAdmin"]
    assert "PVEMappingUser" not in roles and "Mapping.Use" not in roles["Administrator"]
    old.data("POST", "/access/roles", roleid="PVEMine", privs="VM.Audit")


def test_digest_is_limited_to_40_characters_and_password_requires_another_option(old: Server) -> None:
    old.data("POST", "/access/domains", **LDAP)
    assert old.ask("PUT", "/access/domains/corp", comment="x", digest="0" * 41)[0] == 400
    assert old.ask("PUT", "/access/domains/corp", password="x")[0] == 500
    old.data("PUT", "/access/domains/corp", password="x", comment="y")


def test_sync_copies_attributes_that_later_versions_reject() -> None:
    old = Server(
        version="7.4",
        directories=(Directory(("ldap.example.org",), EXAMPLE, dict([person("ann", mail="no address")])),),
    )
    old.data("POST", "/access/domains", **LDAP)
    old.sync()
    assert old.users()["ann@corp"]["email"] == "no address"
