"""/access/domains and /config/access: the list of realms, and the settings of each type."""

from __future__ import annotations

from typing import Any

from .call import Call, apply_update, route
from .directories import KINDS, Sync, test_connection
from .errors import ApiError, ParameterError
from .state import lookup, shown
from .tasks import start


def _kind_of(call: Call) -> str:
    """The realm type of an endpoint below /config/access."""
    return call.endpoint.path.split("/")[3]


@route("GET", "/access/domains")
def list_domains(call: Call) -> list[dict[str, Any]]:
    return call.shuffled(
        [
            {"realm": realm, **{name: section[name] for name in ("type", "comment", "default") if name in section}}
            for realm, section in call.state.listed_realms().items()
        ]
    )


@route("POST", "/access/domains/{realm}/sync")
def sync_realm(call: Call) -> str:
    """Start a task; the failure for a realm without a directory is only in the task's log."""
    realm = call.params["realm"]
    if realm not in call.state.realms.sections:
        raise ApiError(400, f"unable to find realm {realm}")
    kind = call.state.realms.sections[realm]["type"]
    task = start(call, "realm-sync", realm, Sync(call, realm, kind))
    task.log(f"starting realm sync for {realm}")
    return task.upid


@route("GET", "/config/access/openid", "/config/access/ldap", "/config/access/ad")
def list_realms(call: Call) -> list[dict[str, Any]]:
    sections = call.state.realms.sections
    return call.shuffled(
        [_described(realm, section) for realm, section in sections.items() if section["type"] == _kind_of(call)]
    )


def _described(realm: str, section: dict[str, Any]) -> dict[str, Any]:
    """The settings of a realm as stored; including the OpenID client key in plain text."""
    return {"realm": realm, **shown(section)}


@route("POST", "/config/access/openid", "/config/access/ldap", "/config/access/ad")
def create_realm(call: Call) -> None:
    realm, kind = call.params["realm"], _kind_of(call)
    with call.change() as realms:
        if call.state.is_realm_taken(realm):
            raise ParameterError([("realm", f"realm '{realm}' already exists.")])
        section, password = {"type": kind, **call.values("realm", "password")}, call.params.get("password")
        if kind in KINDS:
            test_connection(call, kind, section, password)
        if call.params.get("default"):
            _clear_default(realms)
        realms[realm] = section
        if password is not None:
            call.state.bind_passwords[realm] = password


@route("GET", "/config/access/openid/{realm}", "/config/access/ldap/{realm}", "/config/access/ad/{realm}")
def read_realm(call: Call) -> dict[str, Any]:
    realm = call.params["realm"]
    return _described(realm, lookup(call.state.realms.sections, _kind_of(call), realm))


@route("GET", "/config/access/pam", "/config/access/pbs")
def read_built_in_realm(call: Call) -> dict[str, Any]:
    kind = _kind_of(call)
    return {"type": kind, **_described(kind, lookup(call.state.realms.sections, kind, kind))}


@route(
    "PUT",
    "/config/access/openid/{realm}",
    "/config/access/ldap/{realm}",
    "/config/access/ad/{realm}",
    "/config/access/pam",
    "/config/access/pbs",
)
def update_realm(call: Call) -> None:
    """`capath` is accepted and dropped; since 3.3.7-1 every update without `default` resets it.

    A password is deleted even if the directory then refuses the update.
    """
    kind = _kind_of(call)
    realm, password = call.params.get("realm", kind), call.params.get("password")
    with call.change() as realms:
        section = lookup(realms, kind, realm)
        if "password" in call.params.get("delete", ()):
            call.state.bind_passwords.pop(realm, None)
        apply_update(section, call.params, call.values("realm", "password", "capath", "default"))
        section.pop("default", None)
        if call.params.get("default"):
            _clear_default(realms)
            section["default"] = True
        if kind in KINDS:
            test_connection(call, kind, section, call.state.bind_passwords.get(realm) if password is None else password)
            if password is not None:
                call.state.bind_passwords[realm] = password


@route("DELETE", "/config/access/openid/{realm}", "/config/access/ldap/{realm}", "/config/access/ad/{realm}")
def delete_realm(call: Call) -> None:
    """Delete a realm of any type; its users, tokens and ACL entries are kept. The openid path keeps the bind password."""
    realm = call.params["realm"]
    with call.change() as realms:
        if realms.pop(realm, None) is None:
            raise ApiError(404, f"realm '{realm}' does not exist.")
    if _kind_of(call) in KINDS:
        call.state.bind_passwords.pop(realm, None)


def _clear_default(realms: dict[str, dict[str, Any]]) -> None:
    for section in realms.values():
        section.pop("default", None)
