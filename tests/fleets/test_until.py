"""Rights that end by themselves: the next run of wire takes them away, and servers get the date where they have one."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta

import pytest
import yaml

from tests.support.ansible import ROOT

PEOPLE = [
    {"username": name, "email": f"{name}@example.org", "first_name": name.title()} for name in ("ann", "bob", "eve")
]
(EXAMPLE,) = [
    yaml.safe_load(block)
    for block in re.findall(
        r"code-block:: yaml\n\n((?:    .*\n|\n)+)", (ROOT / "docs/docsite/rst/guide_offboarding.rst").read_text()
    )
    if "carol" in block
]


def day(days):
    return (date.today() + timedelta(days=days)).isoformat()


def declared(bob=None, eve=None, right=None):
    """Ends of the person bob, of the membership of eve, and of a right of the group."""
    until = {name: {"until": value} if value else {} for name, value in (("bob", bob), ("eve", eve), ("right", right))}
    lasting = {"path": "/", "roles": ["PVEAuditor"]}
    ends = {"path": "/vms", "roles": ["PVEVMUser"], **until["right"]}
    rights = {"pve": [lasting, ends], "pbs": [{"path": "/", "roles": ["Audit"]}]}
    members = ["ann", "bob", {"username": "eve", **until["eve"]}]
    return {
        "fleetgate_users": [PEOPLE[0], {**PEOPLE[1], **until["bob"]}, PEOPLE[2]],
        "fleetgate_groups": [{"name": "staff", "members": members, "rights": rights}],
    }


def seen(wired):
    """Members at the provider, and users and ACL rows on both servers."""
    pve = next(iter(wired.fleet.pve.values()))[0]
    pbs = next(iter(wired.fleet.pbs.values()))
    return {
        "pve": {one["userid"]: one.get("expire", 0) for one in wired.ask(pve, "access", "users")},
        "pbs": {one["userid"]: one.get("expire", 0) for one in wired.ask(pbs, "access", "users")},
        "rows": {(one["path"], one["ugid"]) for server in (pve, pbs) for one in wired.ask(server, "access", "acl")},
    }


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.mark.parametrize("example", ["homelab", "authentik"])
def test_next_run_takes_away_what_has_ended(fleet_of, homelab, example):
    wired = homelab if example == "homelab" else fleet_of(example)
    realm = "pocketid" if example == "homelab" else "authentik"
    server = next(iter(wired.fleet.pve.values()))[0]
    running = declared(bob=day(3), eve=f"{day(4)}T12:00:00+01:00", right=day(40))
    run = wired.play("wire", **running).succeeded()
    bob, eve = (f"{name}@{realm}" for name in ("bob", "eve"))
    end = int(datetime.combine(date.fromisoformat(day(4)), datetime.min.time(), UTC).timestamp())
    now = seen(wired)
    assert (now["pbs"][bob], now["pbs"][eve]) == (end, 0)
    assert ("/", bob) in now["rows"] and ("/vms", f"staff-{realm}") in now["rows"]
    output = " ".join(run.output.split())
    assert output.count("fleetgate_groups[staff].members[eve] (until") == 1 and "PVEVMUser on /vms (" not in output
    if example == "homelab":
        wired.person("bob").sign_in(server.url, realm, server.named_url)
        wired.play("wire", **running).succeeded()
        assert seen(wired)["pve"][bob] == end, "a user that a sign-on created gets the date as well"
    over = declared(bob=day(-2), eve=day(-2), right=day(-2))
    wired.play("wire", **over).succeeded()
    now = seen(wired)
    assert bob not in now["pve"] and bob not in now["pbs"]
    assert not now["rows"] & {("/", bob), ("/", eve), ("/vms", f"staff-{realm}")}
    assert ("/", f"staff-{realm}") in now["rows"] and ("/", f"ann@{realm}") in now["rows"]
    with pytest.raises(Exception, match="disabled|403|Invalid password|code"):
        wired.person("bob").sign_in(server.url, realm, server.named_url)
    again = wired.play("wire", **over).succeeded()
    assert again.changed == [] and wired.fleet.writes() == []


def test_empty_end_removes_the_date_and_one_that_is_left_out_leaves_it(homelab):
    wired = homelab
    wired.play("wire", **declared(bob=day(100))).succeeded()
    ends = seen(wired)["pbs"]["bob@pocketid"]
    assert ends > time.time()
    wired.play("wire", **declared()).succeeded()
    assert seen(wired)["pbs"]["bob@pocketid"] == ends
    empty = declared()
    empty["fleetgate_users"][1]["until"] = ""
    wired.play("wire", **empty).succeeded()
    assert seen(wired)["pbs"]["bob@pocketid"] == 0


def test_issuer_that_is_not_managed_gets_a_warning(fleet_of):
    run = fleet_of("oidc").play("wire", "--check", **{**declared(bob=day(-2)), "fleetgate_groups": []})
    assert "fleetgate_users[bob] has ended; disable bob at https://" in " ".join(run.output.split())


def test_duration_is_refused_with_its_place_and_the_guide_is_accepted(homelab, tmp_path):
    wired = homelab
    run = wired.play("wire", "--check", **declared(eve="30d"))
    assert run.code != 0 and "fleetgate_groups[staff].members[eve].until: '30d' must be a date" in " ".join(run.failed)
    # as ansible reads them from a file: dates are no text
    assert isinstance(EXAMPLE["fleetgate_users"][0]["until"], date)
    people = [*PEOPLE[1:2], *EXAMPLE["fleetgate_users"]]
    (tmp_path / "guide.yml").write_text(yaml.safe_dump({**EXAMPLE, "fleetgate_users": people}))
    wired.play("wire", "--check", "-e", f"@{tmp_path / 'guide.yml'}").succeeded()
