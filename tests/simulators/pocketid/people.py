"""Users, groups, custom claims, and the one-time tokens for logins without a passkey."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import jsonify
from joserfc import jwt

from . import rules, views
from .call import Call, Need, route
from .claims import RESERVED
from .errors import ApiError, Wrong, already_in_use, breakdown, missing, not_found, user_disabled, user_not_found
from .lists import Listing
from .state import Group, OneTimeToken, User, new_id, now, random_text

USERS, GROUPS = "/api/users", "/api/user-groups"
AUTHORIZED = "/api/oidc/users/{}/authorized-clients"
UNAMBIGUOUS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNPQRSTUVWXYZ0123456789"
# letters that are never in a token, converted to the digits they are mistaken for
MISREAD = str.maketrans("IiOo", "1100")
SHORT_LIFE = 15 * 60
NO_PROFILE = {
    "username": "",
    "email": None,
    "emailVerified": False,
    "firstName": "",
    "lastName": "",
    "displayName": "",
    "isAdmin": False,
    "locale": None,
    "disabled": False,
}


def _of_profile(name: str) -> Callable[[User], Any]:
    return lambda user: user.profile[name]


USER_FLAGS = {name: _of_profile(name) for name in ("emailVerified", "isAdmin", "disabled")}
USER_LISTING = Listing(
    search=lambda user: [user.profile[name] for name in ("email", "firstName", "lastName", "username")],
    sortable={
        **USER_FLAGS,
        "createdAt": lambda user: int(user.created.timestamp()),
        "username": lambda user: user.profile["username"].lower(),
        **{name: _of_profile(name) for name in ("email", "firstName", "lastName", "displayName")},
    },
    filterable=USER_FLAGS,
)
GROUP_LISTING = Listing(
    search=lambda group: (group.name,),
    sortable={
        "name": lambda group: group.name,
        "friendlyName": lambda group: group.friendly_name,
        "userCount": lambda group: len(group.members),
        "createdAt": lambda group: int(group.created.timestamp()),
    },
)


def _find_user(call: Call, user_id: str) -> User:
    if user_id not in call.state.users:
        raise user_not_found()
    return call.state.users[user_id]


def _find_group(call: Call, group_id: str) -> Group:
    if group_id not in call.state.groups:
        raise not_found("User group")
    return call.state.groups[group_id]


def _from_directory(call: Call, entry: User | Group) -> bool:
    """Whether an entry is managed by LDAP, which is no longer so once LDAP is disabled."""
    return entry.ldap_id is not None and call.state.configuration["ldapEnabled"] == "true"


def _changeable_group(call: Call, group_id: str) -> Group:
    group = _find_group(call, group_id)
    if _from_directory(call, group):
        raise ApiError(403, "ldap_user_group_update", "LDAP user groups can't be updated")
    return group


@route("GET", USERS)
def list_users(call: Call) -> tuple[int, Any]:
    def view(user: User) -> dict[str, Any]:
        return views.user(user, call.state.groups_of(user.id), call.version)

    return 200, USER_LISTING.page(call.state.users.values(), call.request.args, view)


@route("GET", f"{USERS}/me", Need.USER)
def get_own_user(call: Call) -> tuple[int, Any]:
    return 200, views.user(call.caller, call.state.groups_of(call.caller.id), call.version)


@route("GET", f"{USERS}/<user_id>")
def get_user(call: Call, user_id: str) -> tuple[int, Any]:
    return 200, views.user(_find_user(call, user_id), call.state.groups_of(user_id), call.version)


@route("POST", USERS)
def create_user(call: Call) -> tuple[int, Any]:
    values = call.body(rules.user_of(call.version))
    user = User(values["id"] or new_id(), _profile(call, values))
    _refuse_duplicate(call, user.profile, user.id)
    if user.id in call.state.users:
        raise breakdown()
    call.state.users[user.id] = user
    defaults = json.loads(call.state.configuration["signupDefaultUserGroupIDs"] or "[]")
    call.state.set_groups(user.id, values["userGroupIds"] or defaults)
    answer = views.user(user, call.state.groups_of(user.id), call.version, touched=now())
    claims = json.loads(call.state.configuration["signupDefaultCustomClaims"] or "[]")
    user.claims = {claim["key"]: claim["value"] for claim in claims}
    return 201, answer


@route("PUT", f"{USERS}/<user_id>")
def update_user(call: Call, user_id: str) -> tuple[int, Any]:
    """Omitted fields are reset to their zero value; id and groups in the body are ignored."""
    profile = _profile(call, call.body(rules.user_of(call.version)))
    user = _find_user(call, user_id)
    if _from_directory(call, user):
        user.profile["locale"] = profile["locale"]
        return 200, views.bare_user(user, call.version)
    _refuse_duplicate(call, profile, user_id)
    user.profile = profile
    return 200, views.bare_user(user, call.version)


@route("DELETE", f"{USERS}/<user_id>")
def delete_user(call: Call, user_id: str) -> tuple[int, Any]:
    user = _find_user(call, user_id)
    if _from_directory(call, user) and not user.disabled:
        raise ApiError(403, "ldap_user_update", "LDAP users can't be updated")
    call.state.drop_user(user.id)
    return 204, None


@route("GET", f"{USERS}/<user_id>/groups")
def list_user_groups(call: Call, user_id: str) -> tuple[int, Any]:
    return 200, [views.unlinked_group(group) for group in call.state.groups_of(_find_user(call, user_id).id)]


@route("PUT", f"{USERS}/<user_id>/user-groups")
def set_user_groups(call: Call, user_id: str) -> tuple[int, Any]:
    """It also gives the groups a new date of creation, for good."""
    chosen = call.body(rules.ids("userGroupIds"))["userGroupIds"]
    user = _find_user(call, user_id)
    call.state.set_groups(user_id, chosen)
    groups = call.state.groups_of(user_id)
    for group in groups:
        group.created = now()
    return 200, views.user(user, groups, call.version, touched=now())


@route("GET", GROUPS)
def list_groups(call: Call) -> tuple[int, Any]:
    return 200, GROUP_LISTING.page(call.state.groups.values(), call.request.args, views.listed_group)


@route("GET", f"{GROUPS}/<group_id>")
def get_group(call: Call, group_id: str) -> tuple[int, Any]:
    return 200, views.group(_find_group(call, group_id), call.state, call.version)


@route("POST", GROUPS)
def create_group(call: Call) -> tuple[int, Any]:
    values = call.body(rules.GROUP)
    _refuse_duplicate_group(call, values["name"], None)
    group = Group(new_id(), values["name"], values["friendlyName"])
    call.state.groups[group.id] = group
    return 201, {**views.unlinked_group(group), "createdAt": views.in_full(group.created)}


@route("PUT", f"{GROUPS}/<group_id>")
def update_group(call: Call, group_id: str) -> tuple[int, Any]:
    values = call.body(rules.GROUP)
    group = _changeable_group(call, group_id)
    _refuse_duplicate_group(call, values["name"], group_id)
    group.name, group.friendly_name = values["name"], values["friendlyName"]
    return 200, views.group(group, call.state, call.version)


@route("DELETE", f"{GROUPS}/<group_id>")
def delete_group(call: Call, group_id: str) -> tuple[int, Any]:
    call.state.drop_group(_changeable_group(call, group_id).id)
    return 204, None


@route("PUT", f"{GROUPS}/<group_id>/users")
def set_group_members(call: Call, group_id: str) -> tuple[int, Any]:
    """Unknown users are dropped silently."""
    chosen = call.body(rules.ids("userIds"))["userIds"]
    group = _find_group(call, group_id)
    group.members = [user for user in call.state.users if user in chosen]
    return 200, views.group(group, call.state, call.version)


@route("PUT", f"{GROUPS}/<group_id>/allowed-oidc-clients")
def set_group_clients(call: Call, group_id: str) -> tuple[int, Any]:
    """The other end of the clients' allowed groups; whether a client is restricted is not touched."""
    chosen = call.body(rules.ids("oidcClientIds"))["oidcClientIds"]
    group = _find_group(call, group_id)
    for client in call.state.clients.values():
        client.groups = [allowed for allowed in client.groups if allowed != group_id]
        if client.id in chosen:
            client.groups.append(group_id)
    return 200, views.group(group, call.state, call.version)


@route("PUT", "/api/custom-claims/user/<user_id>")
def set_user_claims(call: Call, user_id: str) -> tuple[int, Any]:
    return _set_claims(call, _find_user, user_id)


@route("PUT", "/api/custom-claims/user-group/<group_id>")
def set_group_claims(call: Call, group_id: str) -> tuple[int, Any]:
    return _set_claims(call, _find_group, group_id)


@route("GET", "/api/custom-claims/suggestions")
def suggest_claims(call: Call) -> tuple[int, Any]:
    """The keys in use, the most used first."""
    owners: list[User | Group] = [*call.state.users.values(), *call.state.groups.values()]
    used = [key for owner in owners for key in owner.claims]
    return 200, sorted(sorted(set(used)), key=used.count, reverse=True)


@route("POST", f"{USERS}/<user_id>/one-time-access-token")
def create_one_time_token(call: Call, user_id: str) -> tuple[int, Any]:
    sent = call.body(rules.ONE_TIME)
    life = sent["ttl"] or SHORT_LIFE
    if not call.since(2, 4):
        # the user was taken from the body, and the path ignored (2.0.0 and 2.2.0, observed)
        user_id = sent["userId"]
        if user_id not in call.state.users:
            raise breakdown()
    _find_user(call, user_id)
    longer = 12 if call.since(2, 14) else 16
    token = random_text(6 if life <= SHORT_LIFE else longer, UNAMBIGUOUS)
    call.state.one_time[token] = OneTimeToken(user_id, now() + timedelta(seconds=life))
    return 201, {"token": token}


@route("POST", "/api/one-time-access-token/<token>", Need.NOBODY)
def exchange_one_time_token(call: Call, token: str) -> Any:
    """A session for a one-time token, which survives only if its user is disabled."""
    token = token.translate(MISREAD)
    stored = call.state.one_time.get(token)
    if stored is None or stored.expires <= now() or stored.user not in call.state.users:
        raise ApiError(401, "token_invalid_or_expired", "Token is invalid or expired")
    user = call.state.users[stored.user]
    if user.disabled:
        raise user_disabled()
    del call.state.one_time[token]
    minutes = int(call.state.configuration["sessionDuration"])
    issued = int(now().timestamp())
    claims = {
        "sub": user.id,
        "iss": call.simulator.issuer,
        "aud": [call.simulator.issuer],
        "iat": issued,
        "jti": new_id(),
        "exp": issued + 60 * minutes,
        "type": "access-token",
        "amr": ["otp"],
    }
    answer = jsonify(views.bare_user(user, call.version))
    answer.set_cookie(
        call.simulator.cookie,
        jwt.encode(call.simulator.jose_header("JWT"), claims, call.simulator.key),
        max_age=60 * minutes,
        secure=True,
        httponly=True,
        samesite="Lax",
    )
    return answer


@route("GET", AUTHORIZED.format("me"), Need.USER)
def list_own_authorizations(call: Call) -> tuple[int, Any]:
    return list_authorizations(call, call.caller.id)


@route("GET", AUTHORIZED.format("<user_id>"))
def list_authorizations(call: Call, user_id: str) -> tuple[int, Any]:
    """The clients that a user has consented to."""
    user = _find_user(call, user_id)
    rows = [(client, scopes) for (owner, client), scopes in call.state.consents.items() if owner == user.id]

    def view(row: tuple[str, list[str]]) -> dict[str, Any]:
        summary = views.client_summary(call.state.clients[row[0]], call.version)
        return {
            "scope": json.dumps(row[1], separators=(",", ":")),
            "client": summary,
            "lastUsedAt": views.in_seconds(now()),
        }

    return 200, Listing().page(rows, call.request.args, view)


@route("DELETE", f"{AUTHORIZED.format('me')}/<client_id>", Need.USER)
def revoke_own_authorization(call: Call, client_id: str) -> tuple[int, Any]:
    """The refresh tokens of the client for the user end as well."""
    if call.state.consents.pop((call.caller.id, client_id), None) is None:
        raise not_found("Client authorization")
    for grant in call.state.refresh_tokens.values():
        if (grant.user, grant.client) == (call.caller.id, client_id):
            grant.revoked = True
    return 204, None


def _profile(call: Call, values: dict[str, Any]) -> dict[str, Any]:
    if values["email"] is None and call.state.configuration["requireUserEmail"] == "true":
        raise missing("email")
    return {name: value for name, value in values.items() if name not in ("id", "userGroupIds")}


def _refuse_duplicate(call: Call, profile: dict[str, Any], user_id: str) -> None:
    """User names are unique case-insensitively, e-mail addresses case-sensitively; the address is reported first."""
    others = [user.profile for user in call.state.users.values() if user.id != user_id]
    if profile["email"] is not None and any(other["email"] == profile["email"] for other in others):
        raise already_in_use("email")
    if any(other["username"].lower() == profile["username"].lower() for other in others):
        raise already_in_use("username")


def _refuse_duplicate_group(call: Call, name: str, group_id: str | None) -> None:
    if any(group.name == name and group.id != group_id for group in call.state.groups.values()):
        raise already_in_use("name")


def _set_claims(call: Call, find: Callable[[Call, str], User | Group], owner_id: str) -> tuple[int, Any]:
    """Replace all claims of a user or group. Existing ones keep their position."""
    wanted: dict[str, str] = {}
    rows = call.body_list(rules.CLAIM)
    if not call.since(2, 13) and owner_id not in (*call.state.users, *call.state.groups):
        # only the database refused it
        if rows:
            raise breakdown()
        return 200, []
    owner = find(call, owner_id)
    for row in rows:
        key = row["key"]
        if key in wanted:
            wrong = Wrong("key", "duplicate", "is listed more than once")
            raise ApiError(400, "duplicate_claim", f"Claim {key} is already defined", [wrong], key=key)
        wanted[key] = row["value"]
    for key in wanted:
        if key in RESERVED:
            wrong = Wrong("key", "reserved", "is reserved")
            raise ApiError(400, "reserved_claim", f"Claim {key} is reserved and can't be used", [wrong], key=key)
    kept = [key for key in owner.claims if key in wanted]
    owner.claims = {key: wanted[key] for key in (*kept, *(key for key in wanted if key not in kept))}
    return 200, views.claims(owner.claims)
