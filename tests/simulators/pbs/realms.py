"""/access/domains and /config/access: the list of realms, and the settings of each type."""

from __future__ import annotations

from typing import Any

from .call import Call, apply_update, route
from .errors import ApiError, ParameterError
from .state import lookup

DIRECTORIES = ("ldap", "ad")


def kind_of(call: Call) -> str:
    """The realm type that an endpoint below /config/access is for."""
    return call.endpoint.path.split("/")[3]


def check_directory(call: Call, kind: str) -> None:
    """A realm of a directory is tried out before it is saved."""
    if kind in DIRECTORIES and not call.server.directory_reachable:
        raise ApiError(400, "the directory server cannot be reached")


@route("GET /access/domains")
def list_domains(call: Call) -> list[dict]:
    return call.shuffled([
        {"realm": realm, **{name: section[name] for name in ("type", "comment", "default") if name in section}}
        for realm, section in call.state.listed_realms().items()
    ])


@route("POST /access/domains/{realm}/sync")
def sync_realm(call: Call) -> str:
    """Starts a task; that it fails for a realm without a directory shows only in the task's log."""
    realm = call.params["realm"]
    if not call.state.is_realm_taken(realm):
        raise ApiError(400, f"unable to find realm {realm}")
    return call.server.start_task("realm-sync", realm, call.caller)


@route("GET /config/access/openid", "GET /config/access/ldap", "GET /config/access/ad")
def list_realms(call: Call) -> list[dict]:
    sections = call.state.realms.sections
    return call.shuffled([shown(realm, its) for realm, its in sections.items() if its["type"] == kind_of(call)])


def shown(realm: str, section: dict[str, Any]) -> dict[str, Any]:
    """The settings of a realm as stored; the OpenID client key is among them, in clear."""
    return {"realm": realm, **{name: value for name, value in section.items() if name != "type"}}


@route("POST /config/access/openid", "POST /config/access/ldap", "POST /config/access/ad")
def create_realm(call: Call) -> None:
    realm, kind = call.params["realm"], kind_of(call)
    with call.change() as realms:
        if call.state.is_realm_taken(realm):
            raise ParameterError([("realm", f"realm '{realm}' already exists.")])
        check_directory(call, kind)
        if call.params.get("default"):
            clear_default(realms)
        realms[realm] = {"type": kind, **call.values("realm", "password")}
        if kind == "ad":
            realms[realm].setdefault("base-dn", "DC=example,DC=test")


@route("GET /config/access/openid/{realm}", "GET /config/access/ldap/{realm}", "GET /config/access/ad/{realm}")
def read_realm(call: Call) -> dict:
    realm = call.params["realm"]
    return shown(realm, lookup(call.state.realms.sections, kind_of(call), realm))


@route("GET /config/access/pam", "GET /config/access/pbs")
def read_built_in_realm(call: Call) -> dict:
    kind = kind_of(call)
    return {"type": kind, **shown(kind, lookup(call.state.realms.sections, kind, kind))}


@route("PUT /config/access/openid/{realm}", "PUT /config/access/ldap/{realm}", "PUT /config/access/ad/{realm}",
       "PUT /config/access/pam", "PUT /config/access/pbs")
def update_realm(call: Call) -> None:
    """`capath` is taken and forgotten; since 3.3.7-1 a realm stays the default only by saying so every time."""
    kind = kind_of(call)
    with call.change() as realms:
        section = lookup(realms, kind, call.params.get("realm", kind))
        apply_update(section, call.params, call.values("realm", "password", "capath", "default"))
        section.pop("default", None)
        if call.params.get("default"):
            clear_default(realms)
            section["default"] = True
        check_directory(call, kind)


@route("DELETE /config/access/openid/{realm}", "DELETE /config/access/ldap/{realm}", "DELETE /config/access/ad/{realm}")
def delete_realm(call: Call) -> None:
    """Any realm, whatever its type; users, tokens and ACL rows of the realm stay."""
    realm = call.params["realm"]
    with call.change() as realms:
        if realms.pop(realm, None) is None:
            raise ApiError(404, f"realm '{realm}' does not exist.")


def clear_default(realms: dict[str, dict[str, Any]]) -> None:
    for section in realms.values():
        section.pop("default", None)
