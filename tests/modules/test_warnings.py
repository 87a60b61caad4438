"""Warnings of successful tasks, and values that are equal in different notations."""

from __future__ import annotations

import pytest

from tests.modules.systems import SYSTEMS
from tests.modules.systems.shared import REALM
from tests.support.in_process import run


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(params=["pve", "pbs"])
def server(homelab, request):
    """Runs a module of the system, without its prefix, on an empty server."""
    system = request.param
    SYSTEMS[system].start_anew(homelab)
    options = SYSTEMS[system].connection(homelab)

    def module(name, **given):
        return run(f"{system}_{name}", **options, **given)

    module.system = system
    return module


def warnings(result):
    return "; ".join(result.get("warnings", ()))


def test_a_user_that_is_disabled_on_the_server_is_reported(server):
    userid = f"ann@{server.system}"
    server("user", userid=userid, enable=False)
    assert f"user {userid} is disabled on the server and cannot sign in" in warnings(server("user", userid=userid))
    assert warnings(server("user", userid=userid, enable=False)) == ""
    assert warnings(server("user", userid=userid, enable=True)) == "" and warnings(server("user", userid=userid)) == ""


def test_a_user_that_has_expired_is_reported(server):
    userid = f"ann@{server.system}"
    server("user", userid=userid, expire=1500000000)
    assert f"user {userid} has expired on the server" in warnings(server("user", userid=userid, comment="Night shift"))


def test_a_name_that_differs_in_case_only_is_reported_when_it_is_created(server):
    for userid in (f"ann@{server.system}", f"Ann@{server.system}"):
        result = server("user", userid=userid)
    assert (
        f"user Ann@{server.system} is created although user ann@{server.system}, which differs only in case"
        in warnings(result)
    )
    assert warnings(server("user", userid=f"Ann@{server.system}")) == ""


def test_a_realm_that_differs_in_case_only_is_reported(server):
    server("realm", realm="company", **REALM)
    assert "realm company, which differs only in case" in warnings(server("realm", realm="Company", **REALM))


def test_users_of_a_realm_that_does_not_exist_are_reported(homelab):
    SYSTEMS["pve"].start_anew(homelab)
    options = SYSTEMS["pve"].connection(homelab)
    assert "the realm pocketld neither exists nor is declared" in warnings(
        run("pve_user", **options, userid="kim@pocketld")
    )
    declared = {"users": [{"userid": "kim@sso"}], "realms": [{"realm": "sso", **REALM}]}
    assert warnings(run("pve_state", **options, **declared)) == ""


@pytest.mark.parametrize(
    ("has", "declared"), [("username", "preferred_username"), ("preferred_username", "username"), ("subject", "sub")]
)
def test_username_claims_that_mean_the_same_are_equal(server, has, declared):
    server("realm", realm="sso", **REALM, username_claim=has)
    assert not server("realm", realm="sso", **REALM, username_claim=declared)["changed"]


def test_tokens_are_named_by_either_option(server):
    owner = {"userid": f"ann@{server.system}"}
    server("user", **owner)
    assert server("token", **owner, tokenid="ci", return_secret=True)["changed"]
    assert not server("token", **owner, token_name="ci")["changed"]
    state = {"tokens": [{**owner, "tokenid": "ci"}, {**owner, "token_name": "ci"}]}
    assert not server("state", **state)["changed"]


@pytest.mark.parametrize(
    ("module", "key"),
    [
        ("pve_user", {"userid": "ann@pve"}),
        ("pve_group", {"groupid": "crew"}),
        ("pve_token", {"userid": "root@pam", "tokenid": "ci", "return_secret": True}),
    ],
)
def test_comments_of_pve_are_declared_as_the_server_keeps_them(homelab, module, key):
    SYSTEMS["pve"].start_anew(homelab)
    options = SYSTEMS["pve"].connection(homelab)
    made = run(module, **options, **key, comment=" two\nlines ")
    assert made["changed"] and made[module.partition("_")[2]]["comment"] == "two\nlines"
    assert not run(module, **options, **key, comment=" two\nlines ")["changed"]
    assert run(module, **options, **key, comment="  ")[module.partition("_")[2]]["comment"] == ""
