# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared state of a fleet, with values of the types that are meant.

Surveys, extra variables and templates give the text "false" for a flag, and a text where a list has one element. Modules
convert their options, and here it is done for what does not go straight to one.
"""

from __future__ import annotations

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..module_utils.authentik.application import Application
from ..module_utils.authentik.group import Group as AuthentikGroup
from ..module_utils.authentik.user import User as AuthentikUser
from ..module_utils.core.errors import refuse
from ..module_utils.pocketid.group import Group as PocketIdGroup
from ..module_utils.pocketid.oidc_client import OidcClient
from ..module_utils.pocketid.user import User as PocketIdUser

PRODUCTS = ("pve", "pbs")
_NAMES = {"type": "list", "elements": "str"}
RIGHT = {"path": {"type": "str"}, "roles": _NAMES, "propagate": {"type": "bool"}, "hosts": _NAMES}
_USER = {**AuthentikUser().spec(), **PocketIdUser().spec(), "rights": {"type": "dict"}}
_GROUP = {**AuthentikGroup().spec(), **PocketIdGroup().spec(), "rights": {"type": "dict"}, "members": _NAMES}
_CLIENT = {**Application().spec(), **OidcClient().spec()}
# what the roles say of a client themselves, and what would be another in every run
_NOT_OF_A_CLIENT = (
    "append",
    "remove",
    "replace_secret",
    "return_secret",
    "secret_candidates",
    "secret_max_age",
    "secret_overlap",
    "secrets",
    "state",
)
_MONITORING = {
    **{name: {"type": "bool"} for name in ("guest_agent", "backup_volumes", "pull_jobs")},
    **{name: {"type": "str"} for name in ("user", "token", "certificate")},
}


def users(declared):
    return _entries(declared, "fleetgate_users", "username", _USER)


def groups(declared):
    return _entries(declared, "fleetgate_groups", "name", _GROUP)


def client(declared):
    """Options of the client of a host, of which `id` must be given."""
    _refuse_unless(isinstance(declared, dict), "fleetgate_client", "must have the options of a client")
    _refuse_unless(declared.get("id"), "fleetgate_client", "id must be given")
    problems = [
        f"fleetgate_client: {option}: cannot be said here, because the roles see to it"
        for option in _NOT_OF_A_CLIENT
        if option in declared
    ]
    typed = _typed(declared, _CLIENT, "fleetgate_client", problems)
    refuse(problems)
    return typed


def monitoring(declared):
    problems = []
    typed = _typed(declared, _MONITORING, "fleetgate_monitoring", problems)
    refuse(problems)
    return typed


def _entries(declared, variable, key, spec):
    """Users or groups, with the rights that they have."""
    _refuse_unless(isinstance(declared, list), variable, "must be a list")
    problems, found = [], []
    for number, entry in enumerate(declared):
        if not (isinstance(entry, dict) and entry.get(key)):
            problems.append(f"{variable}[{number}]: {key} must be given")
            continue
        where = f"{variable}: {entry[key]}"
        typed = _typed(entry, spec, where, problems)
        if typed.get("rights") is not None:
            typed["rights"] = _rights(typed["rights"], f"{where}: rights", problems)
        found.append(typed)
    refuse(problems)
    return found


def _rights(declared, where, problems):
    """The rights by product, each a list or None."""
    if not isinstance(declared, dict):
        problems.append(f"{where}: must have lists for {' and '.join(PRODUCTS)}")
        return None
    problems += [
        f"{where}: '{product}' is none of {' and '.join(PRODUCTS)}" for product in declared if product not in PRODUCTS
    ]
    typed = {}
    for product in PRODUCTS:
        listed = declared.get(product)
        if listed is None:
            continue
        if not (isinstance(listed, list) and all(isinstance(right, dict) for right in listed)):
            problems.append(f"{where}.{product}: must be a list of entries with {', '.join(RIGHT)}")
            continue
        for right in listed:
            problems += [
                f"{where}.{product}: unknown option {option}; known are {', '.join(RIGHT)}"
                for option in right
                if option not in RIGHT
            ]
            problems += [f"{where}.{product}: {one} is missing" for one in ("path", "roles") if not right.get(one)]
        typed[product] = [_typed(right, RIGHT, f"{where}.{product}", problems) for right in listed]
    return typed


def _typed(entry, spec, where, problems):
    """An entry with the values of known options converted; the modules say what they think of others."""
    known = {option: _type_of(spec[option]) for option in entry if option in spec}
    checked = ArgumentSpecValidator(known).validate({option: _plain(entry[option]) for option in known})
    problems += [f"{where}: {message}" for message in checked.error_messages]
    return {**entry, **{option: checked.validated_parameters[option] for option in known}}


def _plain(value):
    """A value in containers of python. Those of ansible bring all variables along, and the validator copies what it is given."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _type_of(spec):
    return {part: spec[part] for part in ("type", "elements") if part in spec}


def _refuse_unless(right, variable, why):
    if not right:
        refuse([f"{variable}: {why}"])
