"""A sync with an LDAP directory, which then manages its users and groups (2.14.0 with OpenLDAP, observed)."""

from __future__ import annotations

from typing import Any

from .call import Call, route
from .errors import ApiError, breakdown
from .people import NO_PROFILE
from .settings import CONFIGURATION
from .state import Group, State, User, new_id


@route("POST", f"{CONFIGURATION}/sync-ldap")
def sync_now(call: Call) -> tuple[int, Any]:
    if call.state.configuration["ldapEnabled"] != "true":
        raise ApiError(409, "ldap_disabled", "LDAP is not enabled")
    if call.simulator.directory is None:
        raise breakdown()
    sync(call.state, call.simulator.directory)
    return 204, None


def sync(state: State, directory: dict[str, list[str]]) -> None:
    """Create, update and remove users and groups as in the directory, which has only names of users.

    Claims are kept, and the allowed groups of clients; a selected language is not. A user with the name of a local user
    is skipped, and a group with the name of a local group fails the sync.
    """
    own_groups = {group.name for group in state.groups.values() if not group.ldap_id}
    if own_groups & directory.keys():
        raise breakdown()
    own_users = {user.profile["username"].lower() for user in state.users.values() if not user.ldap_id}
    people = {name for members in directory.values() for name in members if name.lower() not in own_users}
    users = {user.ldap_id: user for user in state.users.values() if user.ldap_id}
    groups = {group.ldap_id: group for group in state.groups.values() if group.ldap_id}
    for name in sorted(people):
        user = users.setdefault(name, User(new_id(), {}, ldap_id=name))
        email = f"{name}@example.org"
        user.profile = {**NO_PROFILE, "username": name, "email": email, "emailVerified": True, "displayName": name}
        state.users[user.id] = user
    for name in users.keys() - people:
        if state.configuration["ldapSoftDeleteUsers"] == "true":
            users[name].profile["disabled"] = True
        else:
            state.drop_user(users[name].id)
    for name, members in directory.items():
        group = groups.setdefault(name, Group(new_id(), name, name, ldap_id=name))
        group.name = group.friendly_name = name
        group.members = [users[member].id for member in members if member in people]
        state.groups[group.id] = group
    for name in groups.keys() - directory.keys():
        state.drop_group(groups[name].id)
