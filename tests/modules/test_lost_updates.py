"""A second administrator writes to the same object between the read and the write of a task: neither change is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import requests

from tests.modules.systems import SYSTEMS
from tests.modules.systems.shared import REALM
from tests.support.in_process import run

AFTER_READ, BEFORE_WRITE = "after the plan was read", "just before the write arrives"


@dataclass
class Race:
    """A task, the concurrent request, and the resulting object."""

    module: str
    options: dict
    path: str
    body: dict
    expected: dict
    # the object in question, where it is not that of the task
    shown: tuple = ()
    moments: tuple = (AFTER_READ,)
    prepared: tuple = ()
    raced: list = field(default_factory=list)


STAFF = tuple(("pve_group", {"groupid": name}) for name in ("a1", "b1", "c1"))
ANN = ("pve_user", {"userid": "ann@pve", "groups": ["a1"], "comment": ""})
READER = ("pve_role", {"roleid": "Reader", "privs": ["VM.Audit"]})
APPEND, REMOVE = {"append": ["groups"]}, {"remove": ["groups"]}
BOTH = (AFTER_READ, BEFORE_WRITE)
USER, ROLE = "access/users/ann@pve", "access/roles/Reader"

RACES = {
    "pve_user groups append": Race(
        "pve_user", {"userid": "ann@pve", "groups": ["b1"], **APPEND}, USER, {"groups": "a1,c1"}, {"groups": ["a1", "b1", "c1"]}, moments=BOTH
    ),
    "pve_user groups remove": Race(
        "pve_user", {"userid": "ann@pve", "groups": ["a1"], **REMOVE}, USER, {"groups": "a1,c1"}, {"groups": ["c1"]}
    ),
    "pve_user groups in full": Race(
        "pve_user", {"userid": "ann@pve", "groups": ["b1"]}, USER, {"groups": "a1,c1", "comment": "Night shift"},
        {"groups": ["b1"], "comment": "Night shift"},
    ),
    "pve_user other options": Race(
        "pve_user", {"userid": "ann@pve", "firstname": "Ann"}, USER, {"groups": "a1,c1"}, {"groups": ["a1", "c1"], "firstname": "Ann"}, moments=BOTH
    ),
    "pve_group users append": Race(
        "pve_group", {"groupid": "b1", "users": ["ann@pve"], "append": ["users"]}, USER, {"groups": "a1,c1"}, {"groups": ["a1", "b1", "c1"]},
        shown=("pve_user", {"userid": "ann@pve"}), moments=BOTH,
    ),
    "pve_group users in full": Race(
        "pve_group", {"groupid": "a1", "users": []}, USER, {"groups": "a1,c1"}, {"groups": ["c1"]}, shown=("pve_user", {"userid": "ann@pve"})
    ),
    "pve_role privs append": Race(
        "pve_role", {"roleid": "Reader", "privs": ["Sys.Audit"], "append": ["privs"]}, ROLE, {"privs": "VM.Audit,VM.Console"},
        {"privs": ["Sys.Audit", "VM.Audit", "VM.Console"]}, moments=BOTH,
    ),
    "pve_role privs remove": Race(
        "pve_role", {"roleid": "Reader", "privs": ["VM.Audit"], "remove": ["privs"]}, ROLE, {"privs": "VM.Audit,VM.Console"}, {"privs": ["VM.Console"]}
    ),
    "pve_realm scopes append": Race(
        "pve_realm", {"realm": "sso", "scopes": ["groups"], "append": ["scopes"]}, "access/domains/sso", {"scopes": "email profile phone"},
        {"scopes": ["email", "groups", "phone", "profile"]}, moments=BOTH,
    ),
    "pbs_realm scopes append": Race(
        "pbs_realm", {"realm": "sso", "scopes": ["groups"], "append": ["scopes"]}, "config/access/openid/sso", {"scopes": "email profile phone"},
        {"scopes": ["email", "groups", "phone", "profile"]}, moments=BOTH,
    ),
    "pbs_user other options": Race(
        "pbs_user", {"userid": "ann@pbs", "firstname": "Ann"}, "access/users/ann@pbs", {"comment": "Night shift"},
        {"comment": "Night shift", "firstname": "Ann"}, moments=BOTH,
    ),
}  # fmt: skip
CASES = [(name, moment) for name, race in RACES.items() for moment in race.moments]


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(scope="module", autouse=True)
def number_of_races():
    raced = []
    yield raced
    print(f"\nlost updates: {len(raced)} races tried, with {len(RACES)} kinds of change")


def concurrent_change(wired, system, race, moment):
    """Send the concurrent request once: before the first write, or right after the first read of the object's kind."""
    server, options = SYSTEMS[system].server(wired), SYSTEMS[system].connection(wired)
    separator = {"pve": "=", "pbs": ":"}[system]
    headers = {
        "Authorization": f"{system.upper()}APIToken={options['api_token_id']}{separator}{options['api_token_secret']}"
    }
    plain, raced = server.observed.app, []

    def disturbed(environ, start_response):
        verb, path = environ["REQUEST_METHOD"], environ["PATH_INFO"].removeprefix("/api2/json/")
        own = not environ.get("HTTP_X_SOMEBODY_ELSE")
        writes = own and verb == "PUT" and path == race.path
        reads = own and verb == "GET" and race.path.startswith(path)
        answer = None if writes else plain(environ, start_response)
        if not raced and (writes if moment == BEFORE_WRITE else reads):
            raced.append(path)
            url = f"{server.url}/api2/json/{race.path}"
            other = requests.put(
                url, data=race.body, headers={**headers, "X-Somebody-Else": "1"}, verify=options["ca_path"], timeout=10
            )
            assert other.status_code == 200, other.text
        return plain(environ, start_response) if writes else answer

    server.observed.app = disturbed
    return lambda: setattr(server.observed, "app", plain), raced


@pytest.mark.parametrize(("name", "moment"), CASES)
def test_concurrent_changes_are_both_kept(homelab, number_of_races, name, moment):
    race = RACES[name]
    system = race.module.partition("_")[0]
    SYSTEMS[system].start_anew(homelab)
    options = SYSTEMS[system].connection(homelab)
    prepared = {
        "pve": (*STAFF, ANN, READER, ("pve_realm", {"realm": "sso", **REALM})),
        "pbs": (("pbs_user", {"userid": "ann@pbs"}), ("pbs_realm", {"realm": "sso", **REALM})),
    }[system]
    for module, given in prepared:
        run(module, **options, **given)
    stop, raced = concurrent_change(homelab, system, race, moment)
    result = run(race.module, **options, **race.options)
    stop()
    assert raced and result["changed"]
    number_of_races.append(name)
    module, key = race.shown or (
        race.module,
        {key: race.options[key] for key in ("userid", "roleid", "realm") if key in race.options},
    )
    has = run(module, check=True, **options, **key)[module.partition("_")[2]]
    assert {option: has[option] for option in race.expected} == race.expected
