"""/access/domains (pve-access-control 9.1.1, API2/Domains.pm, Auth/Plugin.pm)."""

from __future__ import annotations

from typing import Any

from ..call import Call, route
from ..directories import KINDS, SYNC_OPTIONS, Sync, connect_and_bind, sync_options
from ..errors import ApiError, parameter_error
from ..state import BUILTIN_REALMS, SectionConfig
from ..values import split_list, true
from .tasks import start

NOT_A_DIRECTORY = "'check-connection' parameter can only be set for realms of type 'ldap' or 'ad'\n"


@route("GET", "/access/domains")
def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    entries = []
    for name, section in call.cluster.realms.sections.items():
        section = section or {}
        entry = {"realm": name, "type": section.get("type")}
        if "comment" in section:
            entry["comment"] = section["comment"]
        if section.get("default"):
            entry["default"] = 1
        if "tfa" in section:
            entry["tfa"] = call.cluster.schema.parse_property_string("pve-tfa-config", section["tfa"])["type"]
        entries.append(entry)
    return entries


@route("POST", "/access/domains")
def create(call: Call, param: dict[str, Any]) -> None:
    password = param.pop("password", None)
    with call.cluster.edit("domains.cfg", "add auth server failed") as config:
        realm, check_connection = param.pop("realm"), param.pop("check-connection", None)
        if config.sections.get(realm):
            raise ApiError(f"domain '{realm}' already exists\n")
        if param["type"] in BUILTIN_REALMS:
            raise ApiError(f"unable to create builtin type '{param['type']}'\n")
        section = _checked(call, config, param["type"], param, check_connection, create=True)
        _take_over_default(config, section)
        config.sections[realm] = section
        _keep_password(call, section["type"], realm, password)
        if true(check_connection):
            connect_and_bind(call.cluster, realm, section, password)


@route("PUT", "/access/domains/{realm}")
def update(call: Call, param: dict[str, Any]) -> None:
    password, realm = param.pop("password", None), param.pop("realm")
    with call.cluster.edit("domains.cfg", "update auth server failed") as config:
        config.assert_unmodified(param.pop("digest", None))
        section = config.sections.get(realm) or {}
        check_connection, delete = param.pop("check-connection", None), param.pop("delete", None)
        if check_connection is not None:
            _require_directory(section.get("type"))
        alone = password is None or not call.cluster.product["sets_password_alone"]
        if not true(delete) and not param and alone:
            raise ApiError("no options specified\n")
        if not section:
            raise ApiError(f"cannot lookup undefined type! at {call.cluster.product['perl']['realm']}\n")
        for name in split_list(delete):
            section.pop(name, None)
        changes = _checked(call, config, section["type"], param, check_connection, create=False)
        _take_over_default(config, changes)
        section.update(changes)
        if password is not None or "password" in split_list(delete):
            _keep_password(call, section["type"], realm, password)
        if true(check_connection):
            connect_and_bind(call.cluster, realm, section, password)


def _keep_password(call: Call, kind: str, realm: str, password: str | None) -> None:
    """Store the password in its own file, which no request returns, even if the realm is refused afterwards."""
    if password is None:
        call.cluster.bind_passwords.pop(realm, None)
    elif kind in KINDS:
        call.cluster.bind_passwords[realm] = password


def _checked(
    call: Call, config: SectionConfig, kind: str, param: dict[str, Any], check_connection: object, create: bool
) -> dict[str, Any]:
    if check_connection is not None:
        _require_directory(kind)
    if kind in KINDS and param.get("sync-defaults-options") is not None:
        param["sync-defaults-options"] = _without_deprecated(call, param["sync-defaults-options"])
    return config.checked(kind, param, create)


def _require_directory(kind: str | None) -> None:
    if kind not in KINDS:
        raise ApiError(NOT_A_DIRECTORY)


def _take_over_default(config: SectionConfig, section: dict[str, Any]) -> None:
    """Remove the default flag of the others: only one realm is the default."""
    if section.get("default"):
        for other in config.sections.values():
            (other or {}).pop("default", None)


def _without_deprecated(call: Call, text: str) -> str:
    """The property string with `full` and `purge` rewritten to `remove-vanished`."""
    options = call.cluster.schema.parse_property_string(SYNC_OPTIONS, text)
    full, purge = true(options.pop("full", None)), true(options.pop("purge", None))
    if "remove-vanished" not in options and (full or purge):
        options["remove-vanished"] = ";".join(["entry", "properties"] * full + ["acl"] * purge)
    return ",".join(f"{name}={options[name]}" for name in sorted(options))


@route("GET", "/access/domains/{realm}")
def read(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    section = call.cluster.realms.sections.get(param["realm"])
    if not section:
        raise ApiError(f"domain '{param['realm']}' does not exist\n")
    return {**section, "digest": call.cluster.realms.digest}


@route("DELETE", "/access/domains/{realm}")
def delete(call: Call, param: dict[str, Any]) -> None:
    """Recreate pam and pve with defaults at the next read; users, groups and ACL entries of the realm are kept."""
    with call.cluster.edit("domains.cfg", "delete auth server failed") as config:
        if not config.sections.get(param["realm"]):
            raise ApiError(f"authentication domain '{param['realm']}' does not exist\n")
        del config.sections[param["realm"]]
        call.cluster.bind_passwords.pop(param["realm"], None)


@route("POST", "/access/domains/{realm}/sync")
def sync(call: Call, param: dict[str, Any]) -> str:
    """Start a task, whose log is the only report of the changes."""
    realm, dry_run = param["realm"], true(param.get("dry-run"))
    section = call.cluster.realms.sections.get(realm)
    if section is None:
        raise parameter_error({"realm": "Realm does not exist."})
    if section["type"] not in KINDS:
        raise ApiError(f"Cannot sync realm type '{section['type']}'! Only LDAP/AD realms can be synced.\n")
    options = sync_options(call.cluster, section, param)
    kind = "auth-realm-sync-test" if dry_run else "auth-realm-sync"
    return start(call, kind, realm, Sync(call.cluster, realm, section, options, dry_run))
