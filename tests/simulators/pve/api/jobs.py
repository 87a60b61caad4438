"""/cluster/jobs/realm-sync (pve-access-control 9.1.1, API2/Jobs/RealmSync.pm)."""

from __future__ import annotations

import time
from typing import Any

from ..call import Call, route
from ..directories import KINDS
from ..errors import ApiError, parameter_error
from ..state import SectionConfig
from ..values import split_list

KIND = "realm-sync"
DAY = 24 * 60 * 60


def _missing(job: str) -> ApiError:
    return parameter_error({"id": f"No such job '{job}'"})


def _options(config: SectionConfig) -> dict[str, list[str]]:
    return config.types[KIND]


@route("GET", "/cluster/jobs/realm-sync")
def index(call: Call, _param: dict[str, Any]) -> list[dict[str, Any]]:
    """Calendar events are not computed: every job is due at the next midnight, and has never run."""
    midnight = (int(time.time()) // DAY + 1) * DAY
    return [
        {"enabled": 1, **(job or {}), "id": name, "last-run": None, "next-run": midnight}
        for name, job in call.cluster.jobs.sections.items()
    ]


@route("GET", "/cluster/jobs/realm-sync/{id}")
def read(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    if param["id"] not in call.cluster.jobs.sections:
        raise _missing(param["id"])
    return {"enabled": 1, **(call.cluster.jobs.sections[param["id"]] or {})}


@route("POST", "/cluster/jobs/realm-sync/{id}")
def create(call: Call, param: dict[str, Any]) -> None:
    job = param.pop("id")
    with call.cluster.edit("jobs.cfg") as config:
        if job in config.sections:
            raise ApiError(f"Job '{job}' already exists\n")
        section = config.checked(KIND, param, create=True)
        realm = call.cluster.realms.sections.get(section["realm"])
        if realm is None:
            raise parameter_error({"realm": f"No such realm '{section['realm']}'"})
        if realm["type"] not in KINDS:
            raise parameter_error({"realm": "Only LDAP/AD realms can be synced."})
        config.sections[job] = section


@route("PUT", "/cluster/jobs/realm-sync/{id}")
def update(call: Call, param: dict[str, Any]) -> None:
    job, delete = param.pop("id"), split_list(param.pop("delete", None))
    with call.cluster.edit("jobs.cfg") as config:
        changes = config.checked(KIND, param, create=False)
        section = config.sections.get(job)
        if section is None:
            raise ApiError("no such realm-sync job\n")
        for name in delete:
            if name not in _options(config)["optional"]:
                required = name in _options(config)["required"]
                raise ApiError(f"{'unable to delete required' if required else 'no such'} option '{name}'\n")
            if name in changes:
                raise ApiError(f"cannot set and delete property '{name}' at the same time!\n")
            section.pop(name, None)
        section.update(changes)


@route("DELETE", "/cluster/jobs/realm-sync/{id}")
def delete(call: Call, param: dict[str, Any]) -> None:
    with call.cluster.edit("jobs.cfg") as config:
        if param["id"] not in config.sections:
            raise _missing(param["id"])
        del config.sections[param["id"]]
