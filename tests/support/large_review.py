"""The results of tasks of an access review of a large fleet, with every kind of difference between hosts."""

from __future__ import annotations

import random
from typing import Any

_TEAMS = 10
ADMINISTRATOR = [f"Privilege.{number}" for number in range(40)] + ["Permissions.Modify", "Realm.Allocate", "Sys.Audit"]
ROLES = {
    "Administrator": ADMINISTRATOR,
    "PVEAuditor": ["Datastore.Audit", "Pool.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit"],
    "PVEVMAdmin": [f"VM.{number}" for number in range(15)],
}


def large_review(hosts: int = 1000, people: int = 200) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The result of the provider and those of the hosts: teams have rights on the hosts of their sites, and exceptions are everywhere."""
    chance = random.Random(0)
    persons = [f"person{number:03}" for number in range(people)]
    groups = {f"team{team}": persons[team::_TEAMS] for team in range(_TEAMS)}
    provider = {
        "people": {
            "title": "Pocket ID",
            "users": {person: number % 40 == 0 for number, person in enumerate(persons)},
            "groups": {**groups, "nobody": []},
            "restricted": {"proxmox-ve": True},
        },
        "problems": [],
    }
    return provider, {f"host{number:04}": _host(number, groups, persons, chance) for number in range(hosts)}


def _host(number: int, groups: dict[str, list[str]], persons: list[str], chance: random.Random) -> dict[str, Any]:
    if number % 250 == 249:
        return {
            "failed": True,
            "msg": f"PVE host{number:04}: no answer",
            "problems": [f"PVE host{number:04}: no answer"],
        }
    acl = [_entry("/", "group", "team0-sso", "Administrator", "declared", "fleetgate_groups[team0].rights.pve")]
    for team in dict.fromkeys((1 + number % 9, 1 + number // 100 % 9)):
        where = f"fleetgate_groups[team{team}].rights.pve"
        acl.append(_entry(f"/pool/site{number // 100}", "group", f"team{team}-sso", "PVEVMAdmin", "declared", where))
    acl += [
        _entry("/vms", "user", f"{person}@sso", "PVEAuditor", "undeclared")
        for person in chance.sample(persons, number % 3)
    ]
    acl += (
        [_entry(f"/vms/{100 + number}", "user", "operator@pve", "Administrator", "unmanaged")]
        if number % 5 == 0
        else []
    )
    acl += [_entry("/", "user", "breakglass@pve", "Administrator", "declared", "fleetgate_emergency")]
    users = [
        {"userid": "root@pam", "second_factor": number % 2 == 0},
        {"userid": "breakglass@pve", "second_factor": False},
    ]
    users += [
        {"userid": f"{person}@sso", "enable": chance.random() > 0.02, "second_factor": False} for person in persons
    ]
    users += [{"userid": "operator@pve", "second_factor": None}] if number % 5 == 0 else []
    tokens = [
        {"userid": f"{person}@sso", "name": "cli", "separated": False}
        for person in chance.sample(persons, len(persons) // 10)
    ]
    return {
        "facts": {
            "product": "Proxmox VE",
            "server": f"PVE host{number:04}",
            "caller": "fleetgate@pve!automation",
            "realm": "sso",
            "emergency": "breakglass@pve",
            "all_powerful": "Administrator",
            "administrator": ADMINISTRATOR,
            "key_path": "/access/realm",
            "roles": ROLES,
            "acl": acl,
            "users": users,
            "groups": {f"{group}-sso": [f"{person}@sso" for person in members] for group, members in groups.items()},
            "tokens": [*tokens, {"userid": "root@pam", "name": "backup", "expire": 0}],
            "realms": [
                {"name": "sso", "type": "openid", "autocreate": True, "client_id": "proxmox-ve", "has_key": True},
                {"name": "pam", "type": "pam"},
                {"name": "pve", "type": "pve"},
            ],
            "undeclared": [],
            "unseen": ["fleetgate@pve!automation lacks Sys.Audit on /access (without it acl may be left out)"]
            if number % 100 == 7
            else [],
        }
    }


def _entry(path: str, kind: str, subject: str, role: str, status: str, where: str = "") -> dict[str, Any]:
    return {
        "path": path,
        "type": kind,
        "subject": subject,
        "role": role,
        "propagate": True,
        "status": status,
        "where": where,
    }
