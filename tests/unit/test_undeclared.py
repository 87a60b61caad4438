"""Undeclared objects of a realm on PVE and PBS, for each kind of object, and exceptions."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

REALM = {"realm": "sso", "client_id": "px", "issuer_url": "https://id.example.org", "autocreate": True}
RIGHTS = {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"]}]}


def fleet():
    from ansible_collections.fleetgate.proxmox.plugins.module_utils.fleet import (
        compiler,
        declaration,
        entries,
        products,
        undeclared,
    )

    return SimpleNamespace(
        compiler=compiler, declaration=declaration, products=products, undeclared=undeclared, entries=entries
    )


class FakeServer:
    """Objects by kind as a server has them, given as the options of the modules."""

    def __init__(self, product, caller="fleetgate@pve", **objects):
        self.resources = {one.name: one for one in product.system.resources}
        self.client = SimpleNamespace(
            user=caller, caller=f"{caller}!automation", missing_permissions=lambda permissions: []
        )
        self._objects = {kind: {} for kind in self.resources}
        objects.setdefault("realm", [{"type": "openid", **REALM}])
        for kind, entries in objects.items():
            resource = self.resources[kind]
            for entry in entries:
                values = {option: entry.get(option) for option in (*resource.key, *entry)}
                values.setdefault("users" if kind == "group" else "groups", [])
                self._objects[kind][resource.key_of(values)] = SimpleNamespace(values=values, raw=values)
        for resource in self.resources.values():
            resource.read_again = lambda server, key, kind=resource.name: self._objects[kind].get(key)

    def actual(self, kind, _keys=()):
        return self._objects[kind]


def row(kind, subject, role, path="/"):
    return {"path": path, "type": kind, "ugid": subject, "roleid": role, "propagate": True}


@pytest.fixture(params=["pve", "pbs"])
def product(request):
    # a copy of the module keeps the replacement local to the test
    import copy

    return copy.deepcopy(fleet().products.PRODUCTS[request.param])


def look(product, server, users=(), groups=(), members=None, memberships=False):
    f = fleet()
    declared = f.declaration.declaration(list(users), list(groups), {"name": "sso"})
    place = f.declaration.Place("host1")
    realm = {**REALM, "autocreate": product.has_groups}
    members = members or {}
    entries = f.compiler.host_entries(product, declared, place, members, realm)
    if memberships:
        return f.undeclared.add_memberships(server, declared, members, entries), entries
    connection = {**dict.fromkeys(product.system.connection), "api_host": "127.0.0.1"}
    desired = entries.desired(product.system, connection)
    return f.undeclared.on_server(product, server, declared, members, realm, desired, entries.scopes)


def names(report):
    return [one.name for one in report.found]


ADMINS = {"name": "admins", "members": ["alice"], "rights": RIGHTS}


def test_server_that_matches_the_declaration_has_nothing_undeclared(product):
    users = [{"userid": "alice@sso", "groups": ["admins-sso"] if product.has_groups else []}, {"userid": "ops@pve"}]
    subject = ("group", "admins-sso", "Administrator") if product.has_groups else ("user", "alice@sso", "Admin")
    groups = {"group": [{"groupid": "admins-sso", "users": ["alice@sso"]}]} if product.has_groups else {}
    rows = [row(*subject), row("user", "ops@pve", "Admin"), row("token", "alice@sso!own", "Audit")]
    server = FakeServer(product, user=users, acl=rows, **groups)
    report = look(product, server, users=[{"username": "alice"}], groups=[ADMINS])
    assert (report.found, report.without_rights, report.warnings("host1", "report")) == ([], 0, [])


def test_acl_row_of_a_person_without_declared_rights_is_undeclared(product):
    server = FakeServer(product, user=[{"userid": "alice@sso"}], acl=[row("user", "alice@sso", "Admin", "/vms")])
    report = look(product, server, users=[{"username": "alice"}])
    assert names(report) == ["Admin on /vms of user alice@sso"]
    assert report.found[0].removal == {"path": "/vms", "roles": ["Admin"], "users": ["alice@sso"], "state": "absent"}


def test_acl_row_in_an_exclusive_scope_is_not_reported_twice(product):
    server = FakeServer(product, user=[{"userid": "alice@sso"}], acl=[row("user", "alice@sso", "Admin", "/vms")])
    report = look(product, server, users=[{"username": "alice", "rights": {"pve": [], "pbs": []}}])
    assert report.found == []


def test_undeclared_user_is_reported_with_its_tokens_and_acl_rows(product):
    key = "tokenid" if product.has_groups else "token_name"
    server = FakeServer(
        product,
        user=[{"userid": "bob@sso"}],
        acl=[row("user", "bob@sso", "Admin"), row("token", "bob@sso!ci", "Audit", "/vms")],
        token=[{"userid": "bob@sso", key: "ci"}],
    )
    report = look(product, server, users=[{"username": "alice"}])
    assert names(report) == ["user bob@sso (Admin on /; Audit on /vms; tokens: ci)"]
    assert report.found[0].removal == {"userid": "bob@sso", "state": "absent"}


def test_accounts_without_rights_are_counted_when_autocreated_and_named_otherwise(product):
    server = FakeServer(product, user=[{"userid": "bob@sso"}, {"userid": "carol@sso"}])
    report = look(product, server, users=[{"username": "alice"}])
    if product.has_groups:
        assert (names(report), report.without_rights) == ([], 2)
        assert "2 further accounts" in report.warnings("host1", "report")[0]
    else:
        assert (names(report), report.without_rights) == (["user bob@sso", "user carol@sso"], 0)


def test_a_member_of_a_declared_group_is_declared(product):
    server = FakeServer(product, user=[{"userid": "bob@sso"}])
    report = look(product, server, groups=[{"name": "staff"}], members={"staff": ["bob"]})
    assert (report.found, report.without_rights) == ([], 0)


def test_caller_is_never_undeclared(product):
    server = FakeServer(
        product, caller="robot@sso", user=[{"userid": "robot@sso"}], acl=[row("user", "robot@sso", "Admin")]
    )
    assert look(product, server, users=[{"username": "alice"}]).found == []


def test_untraceable_accounts_are_kept_but_their_acl_rows_are_reported(product, monkeypatch):
    f = fleet()
    monkeypatch.setattr(f.undeclared, "accounts", lambda _declared, _members: None)
    server = FakeServer(product, user=[{"userid": "8f3c@sso"}], acl=[row("user", "8f3c@sso", "Admin")])
    assert names(look(product, server, users=[{"username": "alice"}])) == ["Admin on / of user 8f3c@sso"]


def test_former_realm_is_reported_with_its_users(product):
    realms = [{"type": "openid", **REALM}, {"type": "openid", **REALM, "realm": "old"}]
    realms += [{"type": "openid", **REALM, "realm": "other", "client_id": "another"}, {"realm": "pve", "type": "pve"}]
    server = FakeServer(product, user=[{"userid": "alice@old"}, {"userid": "alice@other"}], realm=realms)
    report = look(product, server, users=[{"username": "alice"}])
    assert names(report) == ["user alice@old", "realm old, a former name of sso"]


@pytest.fixture
def pve():
    import copy

    return copy.deepcopy(fleet().products.PRODUCTS["pve"])


def test_undeclared_group_is_reported_with_its_rights_and_members(pve):
    groups = [{"groupid": "ops-sso", "users": ["bob@sso"]}, {"groupid": "ops-other-sso"}, {"groupid": "local"}]
    realms = [{"type": "openid", **REALM}, {"type": "openid", "realm": "other-sso"}]
    server = FakeServer(pve, group=groups, acl=[row("group", "ops-sso", "PVEAdmin")], realm=realms)
    report = look(pve, server, groups=[ADMINS])
    assert names(report) == ["group ops-sso (PVEAdmin on /; members: bob@sso)"]


def test_undeclared_rights_of_a_declared_group_are_reported(pve):
    server = FakeServer(pve, group=[{"groupid": "staff-sso"}], acl=[row("group", "staff-sso", "PVEAdmin")])
    assert names(look(pve, server, groups=[{"name": "staff"}])) == ["PVEAdmin on / of group staff-sso"]


def test_members_follow_the_provider_and_other_realms_are_kept(pve):
    users = [{"userid": "alice@sso"}, {"userid": "bob@sso"}, {"userid": "ops@pve"}, {"userid": "dave@sso"}]
    server = FakeServer(
        pve,
        user=users,
        group=[{"groupid": "admins-sso", "users": ["bob@sso", "ops@pve", "dave@sso"]}],
        token=[
            {"userid": "bob@sso", "tokenid": "ci", "privsep": False},
            {"userid": "bob@sso", "tokenid": "own", "privsep": True},
        ],
    )
    declared = [{"username": "dave", "disabled": True}]
    members = {"admins": ["alice", "carol", "dave"]}
    notes, entries = look(pve, server, users=declared, groups=[ADMINS], members=members, memberships=True)
    (group,) = [one.options for one in entries.entries if one.kind == "group"]
    assert group["users"] == ["alice@sso", "ops@pve"]
    assert [note.partition(",")[0] for note in notes] == ["user bob@sso leaves admins-sso"]
    assert "bob@sso!ci has no privilege separation" in notes[0]


def test_unchanged_members_are_not_sent(pve):
    server = FakeServer(pve, user=[{"userid": "alice@sso"}], group=[{"groupid": "admins-sso", "users": ["alice@sso"]}])
    _notes, entries = look(pve, server, groups=[ADMINS], members={"admins": ["alice", "bob"]}, memberships=True)
    assert [one.options.get("users") for one in entries.entries if one.kind == "group"] == [None]


def test_unknown_members_are_kept(product):
    """With a plain OpenID issuer, the members of a group declared without members are unknown."""
    users = [{"userid": "bob@sso", "groups": ["staff-sso"]}]
    groups = {"group": [{"groupid": "staff-sso", "users": ["bob@sso"]}]} if product.has_groups else {}
    server = FakeServer(product, user=users, **groups)
    assert names(look(product, server, groups=[{"name": "staff"}])) == []
    if product.has_groups:
        notes, entries = look(product, server, groups=[{"name": "staff"}], memberships=True)
        assert (notes, [one for one in entries.entries if one.kind == "group"]) == ([], [])


def test_removed_or_ignored_objects_cause_no_warning(pve):
    server = FakeServer(
        pve, user=[{"userid": "bob@sso"}, {"userid": "eve@sso"}], acl=[row("user", "bob@sso", "PVEAdmin")]
    )
    report = look(pve, server, users=[{"username": "alice"}])
    assert "not declared: user bob@sso (PVEAdmin on /); remove with" in report.warnings("host1", "report")[0]
    assert not any("bob@sso" in warning for warning in report.warnings("host1", "remove"))
    assert report.warnings("host1", "ignore") == []


def test_removals_from_the_same_object_are_merged():
    report = fleet().undeclared.Report()
    report.add("client", "client a", "a", {"id": "px", "callback_urls": ["u1"], "remove": ["callback_urls"]})
    report.add("client", "client b", "b", {"id": "px", "callback_urls": ["u2"], "remove": ["callback_urls"]})
    report.add("client", "client c", "c", {"id": "px", "allowed_groups": ["g"], "remove": ["allowed_groups"]})
    report.add("client", "client d", "d", {"id": "old", "state": "absent"})
    report.add("binding", "binding e", "e", None)
    assert report.removals == [
        {
            "kind": "client",
            "options": {
                "id": "px",
                "remove": ["callback_urls", "allowed_groups"],
                "callback_urls": ["u1", "u2"],
                "allowed_groups": ["g"],
            },
        },
        {"kind": "client", "options": {"id": "old", "state": "absent"}},
    ]
