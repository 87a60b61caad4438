"""Section 15: users and groups that come from an LDAP directory, while LDAP is on and after it was switched off."""

from __future__ import annotations

from typing import Any

import pytest

from .server import CLIENTS, Directory, Server, names

ANN = {"username": "fg-ann", "email": "fg-ann@example.org"}
CREW = {"name": "fg-crew", "friendlyName": "fg-crew"}
CLAIMS = [{"key": "k", "value": "v"}]


@pytest.fixture
def ann(directory: Directory) -> str:
    return directory.there()["fg-ann"]


@pytest.fixture
def crew(directory: Directory) -> str:
    return directory.there()["fg-crew"]


def own_id(path: str) -> str:
    return path.rpartition("/")[2]


def members(server: Server, group: str) -> set[str]:
    return {user["username"] for user in server.ask(f"GET {group}")["users"]}


def told_of(server: Server, path: str, like: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in server.ask(f"GET {path}").items() if name in like}


def test_15_sync_creates_users_and_groups(server: Server, ann: str, crew: str) -> None:
    shown = {**ANN, "ldapId": "fg-ann", "emailVerified": True, "isAdmin": False, "disabled": False, "locale": None}
    assert told_of(server, ann, shown) == shown
    assert {name: server.ask(f"GET {crew}")[name] for name in (*CREW, "ldapId")} == {**CREW, "ldapId": "fg-crew"}
    assert members(server, crew) == {"fg-ann", "fg-bob"}


def test_15_only_the_locale_of_a_user_can_be_changed(server: Server, ann: str) -> None:
    before = server.ask(f"GET {ann}")
    taken = {"username": "fg-bob", "email": "fg-bob@example.org", "firstName": "x", "isAdmin": True, "disabled": True}
    answer = server.ask(f"PUT {ann}", {**taken, "locale": "de"}, 200)
    assert answer == {**before, "locale": "de", "userGroups": []}
    assert server.ask(f"GET {ann}") == {**before, "locale": "de"}
    # invalid values are refused as usual
    server.refused(f"PUT {ann}", {**ANN, "username": ""}, status=400, code="validation_failed")
    server.refused(f"PUT {ann}", {"username": "fg-ann"}, status=400, code="validation_failed")


def test_15_only_disabled_users_can_be_deleted(server: Server, directory: Directory, ann: str) -> None:
    server.refused(f"DELETE {ann}", status=403, code="ldap_user_update")
    directory.switch(on=False)
    server.ask(f"PUT {ann}", {**ANN, "disabled": True})
    directory.switch(on=True)
    server.ask(f"DELETE {ann}", status=204)


def test_15_groups_cannot_be_renamed_or_deleted(server: Server, crew: str) -> None:
    for request, body in (
        (f"PUT {crew}", {"name": "xx", "friendlyName": "xx"}),
        (f"PUT {crew}", CREW),
        (f"DELETE {crew}", None),
    ):
        server.refused(request, body, status=403, code="ldap_user_group_update")
    server.refused(f"PUT {crew}", {**CREW, "name": ""}, status=400, code="validation_failed")


def test_15_memberships_and_allowed_groups_can_be_changed(server: Server, ann: str, crew: str) -> None:
    own, client = server.group(), server.client(isGroupRestricted=True)["id"]
    for body in ({"userGroupIds": [own["id"]]}, {"userGroupIds": [own["id"], own_id(crew)]}):
        assert names(server.ask(f"PUT {ann}/user-groups", body, 200)["userGroups"]) == set(body["userGroupIds"])
    assert server.ask(f"PUT {crew}/users", {"userIds": []}, 200)["users"] == []
    for kind, path in (("user", ann), ("user-group", crew)):
        assert server.ask(f"PUT /api/custom-claims/{kind}/{own_id(path)}", CLAIMS, 200) == CLAIMS
    server.ask(f"PUT {CLIENTS}/{client}/allowed-user-groups", {"userGroupIds": [own_id(crew)]}, 200)
    assert names(server.ask(f"GET {crew}")["allowedOidcClients"]) == {client}
    assert server.ask(f"PUT {crew}/allowed-oidc-clients", {"oidcClientIds": []}, 200)["allowedOidcClients"] == []
    assert server.session(own_id(ann))


def test_15_sync_restores_values_of_the_directory(server: Server, directory: Directory, ann: str, crew: str) -> None:
    own, client = server.group(), server.client(isGroupRestricted=True)["id"]
    before = server.ask(f"GET {ann}"), server.ask(f"GET {crew}")["friendlyName"]
    for kind, path in (("user", ann), ("user-group", crew)):
        server.ask(f"PUT /api/custom-claims/{kind}/{own_id(path)}", CLAIMS)
    server.ask(f"PUT {CLIENTS}/{client}/allowed-user-groups", {"userGroupIds": [own_id(crew)]})
    directory.switch(on=False)
    server.ask(
        f"PUT {ann}",
        {**ANN, "username": "fg-other", "displayName": "x", "locale": "de", "disabled": True, "isAdmin": True},
        200,
    )
    server.ask(f"PUT {crew}", {**CREW, "friendlyName": "xx"}, 200)
    server.ask(f"PUT {ann}/user-groups", {"userGroupIds": [own["id"]]})
    server.ask(f"PUT {crew}/users", {"userIds": []})
    directory.switch(on=True)
    assert server.ask(f"GET {ann}")["username"] == "fg-other"

    directory.sync()
    after = server.ask(f"GET {ann}")
    assert {**after, "userGroups": []} == {**before[0], "customClaims": CLAIMS, "userGroups": []}
    # users added to another group stay in it
    assert names(after["userGroups"]) == {own["id"], own_id(crew)}
    group = server.ask(f"GET {crew}")
    assert (group["friendlyName"], group["customClaims"], names(group["allowedOidcClients"])) == (
        before[1],
        CLAIMS,
        {client},
    )
    assert members(server, crew) == {"fg-ann", "fg-bob"}


def test_15_objects_can_be_changed_once_ldap_is_disabled(
    server: Server, directory: Directory, ann: str, crew: str
) -> None:
    directory.switch(on=False)
    changed = {**ANN, "firstName": "Ann", "isAdmin": True, "disabled": True}
    server.ask(f"PUT {ann}", changed, 200)
    assert told_of(server, ann, changed) == changed and server.ask(f"GET {ann}")["ldapId"] == "fg-ann"
    assert server.ask(f"PUT {crew}", {**CREW, "friendlyName": "xx"}, 200)["ldapId"] == "fg-crew"
    for path in (ann, crew):
        server.ask(f"DELETE {path}", status=204)
    directory.switch(on=True)
    directory.sync()
    assert directory.there().keys() == {"fg-ann", "fg-bob", "fg-crew"}
    assert directory.there()["fg-ann"] != ann
