"""/access/openid: from the claims of a login to a user and its groups (pve-access-control 9.1.1, API2/OpenId.pm)."""

from __future__ import annotations

from typing import Any

from ...relying_party import Client, OpenIdError
from ..auth import check_enabled
from ..call import Call, route
from ..errors import ApiError
from ..values import split_list, true
from .login import cluster_name, full_ticket

PROFILE = {"email": "email", "firstname": "given_name", "lastname": "family_name"}
FALLBACKS = {
    "subject": "sub",
    "username": "preferred_username",
}  # of realms created before claims could be named freely


@route("POST", "/access/openid/auth-url")
def auth_url(call: Call, param: dict[str, Any]) -> str:
    client = Client.of_realm(_realm(call, param["realm"]), param["redirect-url"], split_list)
    try:
        return call.node.relying_party.authorization_url(param["realm"], client)
    except OpenIdError as error:
        raise ApiError(f"{error}\n") from error


def _realm(call: Call, realm: str) -> dict[str, Any]:
    section = call.cluster.realms.sections.get(realm)
    if not section:
        raise ApiError(f"authentication domain '{realm}' does not exist\n")
    if section["type"] != "openid":
        raise ApiError(f"wrong realm type ({section['type']} != openid)\n")
    return section


@route("POST", "/access/openid/login")
def login(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    """Every failure has the same response, and its cause is only in the node's log."""
    try:
        userid = _login(call, param)
    except (ApiError, OpenIdError) as error:
        raise ApiError("authentication failure\n", 401) from error
    after = Call(call.cluster, call.node, None)
    capabilities = after.permissions.capabilities(userid)
    return {**full_ticket(after, userid), "cap": capabilities, **cluster_name(after, userid)}


def _login(call: Call, param: dict[str, Any]) -> str:
    pending = call.node.relying_party.returned(param["state"])
    realm = pending.realm
    section = _realm(call, realm)
    client = Client.of_realm(section, param["redirect-url"], split_list)
    asks_userinfo = true(section.get("query-userinfo", 1))
    claims = call.node.relying_party.claims(client, pending, param["code"], asks_userinfo)
    userid = f"{_user_name(section.get('username-claim', 'sub'), claims)}@{realm}"
    call.cluster.schema.require("pve-userid", userid)
    if section.get("autocreate") and userid not in call.config.users:
        with call.cluster.edit("user.cfg", "autocreate openid user failed") as config:
            config.users[userid] = {"enable": 1, **{name: claims.get(claim) for name, claim in PROFILE.items()}}
    else:
        check_enabled(call.cluster, userid)
    groups = claims.get(section.get("groups-claim", ""))
    if isinstance(groups, list):  # anything else is only logged
        _join_groups(call, section, userid, realm, groups)
    return userid


def _user_name(claim: str, claims: dict[str, Any]) -> object:
    for name in (claim, FALLBACKS.get(claim, claim)):
        if claims.get(name) is not None:
            return claims[name]
    raise ApiError(f"missing configured claim '{claim}' in returned info object\n")


def _join_groups(call: Call, section: dict[str, Any], userid: str, realm: str, groups: list[Any]) -> None:
    """Every valid name gets the realm as suffix; invalid names are only logged."""
    wanted = [f"{name}-{realm}" for name in groups if call.cluster.schema.matches("pve-groupid", name) and true(name)]
    with call.cluster.edit("user.cfg", "openid group mapping failed") as config:
        if section.get("groups-autocreate"):
            for name in wanted:
                config.groups.setdefault(name, {"users": set()})
        if section.get("groups-overwrite"):
            config.leave_groups(userid)
        config.join_groups(userid, [name for name in wanted if name in config.groups])
