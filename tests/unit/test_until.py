"""The option until: what its values mean, and that what has ended counts as not declared."""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta, timezone

import pytest

REALM = {"name": "sso"}
NOW = datetime(2027, 1, 31, 12, tzinfo=UTC)


def module(name):
    return importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.module_utils.fleet.{name}")


def declare(users=(), groups=(), now=NOW):
    return module("declaration").declaration(list(users), list(groups), REALM, now=now)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2027-01-31", datetime(2027, 2, 1, tzinfo=UTC)),
        ("2028-02-28", datetime(2028, 2, 29, tzinfo=UTC)),
        ("2027-01-31/P14D", datetime(2027, 2, 14, tzinfo=UTC)),
        ("2027-01-31/P2W", datetime(2027, 2, 14, tzinfo=UTC)),
        ("2027-01-31T18:00:00Z", datetime(2027, 1, 31, 18, tzinfo=UTC)),
        ("2027-01-31 18:00+01:00", datetime(2027, 1, 31, 18, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_date_is_the_last_day_a_duration_has_a_first_one_and_a_date_time_is_exact(text, at):
    assert module("until").moment(text) == at


@pytest.mark.parametrize(
    "value",
    [
        "tomorrow",
        "30d",
        "P30D",
        "2027-02-30/P1D",
        "2027-01-31/P1M",
        "2027-02-30",
        "20270131",
        20270131,
        "2027-01-31T18:00:00",
        "2027-01",
        "9999-12-31",
        True,
        0,
    ],
)
@pytest.mark.parametrize(
    "place", ["fleetgate_users[bob]", "fleetgate_groups[g].members[bob]", "fleetgate_groups[g].rights.pve"]
)
def test_anything_else_is_refused_with_its_place(value, place):
    users = [{"username": "bob", **({"until": value} if "users" in place else {})}]
    member = {"username": "bob", **({"until": value} if "members" in place else {})}
    right = {"path": "/", "roles": ["PVEAuditor"], **({"until": value} if "rights" in place else {})}
    with pytest.raises(Exception, match="must be a date such as 2027-01-31") as refused:
        declare(users, [{"name": "g", "members": [member], "rights": {"pve": [right]}}])
    assert str(refused.value).startswith(f"{place}.until: '{value}'")


def test_member_and_right_end_at_their_time():
    group = {
        "name": "g",
        "members": ["ann", {"username": "bob", "until": "2027-01-31"}, {"username": "eve"}],
        "rights": {"pve": [{"path": "/", "roles": ["PVEAuditor"], "until": "2027-01-31"}]},
    }
    (before,) = declare(groups=[group], now=datetime(2027, 1, 31, 23, 59, 59, tzinfo=UTC)).groups
    (after,) = declare(groups=[group], now=datetime(2027, 2, 1, tzinfo=UTC)).groups
    assert (before.members, len(before.rights["pve"])) == (("ann", "bob", "eve"), 1)
    assert (after.members, after.rights["pve"]) == (("ann", "eve"), ())


def test_person_is_absent_from_its_end_on_and_leaves_the_declared_groups():
    users = [{"username": "bob", "until": "2027-01-31"}]
    groups = [{"name": "g", "members": ["bob"], "rights": {}}]
    before, after = declare(users, groups), declare(users, groups, NOW + timedelta(days=1))
    assert (before.users[0].present, before.users[0].profile) == (True, {"expire": 1801440000})
    assert (after.users[0].present, after.users[0].ended, after.groups[0].members) == (False, True, ())
    entries = module("entries").Entries()
    for name, disabled in (("pocketid", {"disabled": True}), ("authentik", {"is_active": False})):
        entries.entries.clear()
        module("providers").PROVIDERS[name].add_people(after, entries)
        assert entries.entries[0].options == {"username": "bob", **disabled}


def test_end_that_is_left_out_or_empty():
    assert declare([{"username": "bob"}]).users[0].profile == {}
    assert declare([{"username": "bob", "until": ""}]).users[0].profile == {"expire": 0}


def test_what_ends_within_fourteen_days_is_listed_once_and_in_order():
    group = {
        "name": "g",
        "members": [{"username": "ann", "until": "2027-02-10"}, {"username": "bob", "until": "2027-02-20"}],
        "rights": {"pve": [{"path": "/vms", "roles": ["PVEVMUser"], "until": "2027-02-01"}]},
    }
    declared = declare([{"username": "old", "until": "2027-01-01"}], [group, group])
    assert module("until").ending(declared.ends, NOW) == [
        "fleetgate_groups[g].rights.pve: PVEVMUser on /vms (until 2027-02-01)",
        "fleetgate_groups[g].members[ann] (until 2027-02-10)",
    ]


@pytest.mark.parametrize("member", [["ann"], {"until": "2027-02-10"}, {"username": "ann", "unti": "2027-02-10"}, ""])
def test_invalid_member_is_refused_with_its_place(member):
    with pytest.raises(Exception, match=r"fleetgate_groups\[g\]\.members"):
        declare(groups=[{"name": "g", "members": [member], "rights": {}}])
