"""The life of one object of every kind: made, changed, options taken away, removed, and each of it once more.

Every step is first taken in check mode. Prediction and report must be the same, a step taken twice changes nothing, and
the servers see exactly the requests that the plans say.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.modules.servers import task

LOGOS = Path(__file__).resolve().parents[2] / "tests/modules/logos"
ISSUER = {"issuer_url": "https://id.example.org", "client_id": "proxmox"}

# kind of object: the options that name it, those it is made with, those that change it, those that take options away
LIVES = {
    "pve_role": (
        {"roleid": "Reader"},
        {"privs": ["VM.Audit"]},
        {"privs": ["Sys.Audit", "VM.Audit"]},
        {"privs": []},
    ),
    "pve_group": ({"groupid": "readers"}, {"comment": "They read – a lot"}, {"comment": "They write"}, {"comment": ""}),
    "pve_user": (
        {"userid": "rita@pve"},
        {"email": "rita@example.org", "firstname": "Rita", "groups": ["staff"], "enable": False, "password": "a-password-of-rita"},
        {"email": "r@example.org", "enable": True, "expire": 1893456000, "groups": ["others"], "append": ["groups"], "comment": "a: b, c;"},
        {"email": "", "firstname": "", "comment": "", "groups": [], "expire": 0},
    ),
    "pve_token": (
        {"userid": "staff@pve", "tokenid": "ci"},
        {"comment": "Pipeline", "return_secret": True},
        {"comment": "Pipelines", "privsep": False, "expire": 1893456000},
        {"comment": "", "expire": 0},
    ),
    "pve_acl": (
        {"path": "/vms", "roles": ["PVEAuditor", "PVEVMUser"], "users": ["staff@pve"], "groups": ["staff", "others"]},
        {},
        {"propagate": False},
        {"propagate": True},
    ),
    "pve_realm": (
        {"realm": "sso"},
        {**ISSUER, "client_key": "first-client-secret", "username_claim": "email", "scopes": ["email", "groups"], "prompt": "login"},
        {
            "client_id": "other", "client_key": "second-client-secret", "autocreate": True, "groups_claim": "groups", "groups_overwrite": True,
            "query_userinfo": False, "acr_values": ["phr", "phrh"], "audiences": ["one"], "default": True, "comment": "Sign-on",
        },
        {
            "client_key": "", "scopes": [], "prompt": "", "groups_claim": "", "groups_overwrite": False, "query_userinfo": True, "acr_values": [],
            "audiences": [], "default": False, "comment": "",
        },
    ),
    "pbs_realm": (
        {"realm": "sso"},
        {**ISSUER, "client_key": "first-client-secret", "username_claim": "email", "scopes": ["email"], "default": True},
        {"client_id": "other", "client_key": "second-client-secret", "autocreate": True, "prompt": "login", "acr_values": ["phr"], "comment": "Sign-on"},
        {"client_key": "", "scopes": [], "prompt": "", "acr_values": [], "default": False, "comment": ""},
    ),
    "pbs_user": (
        {"userid": "rita@pbs"},
        {"email": "rita@example.org", "firstname": "Rita", "enable": False, "password": "a-password-of-rita"},
        {"email": "r@example.org", "enable": True, "expire": 1893456000, "comment": "Night shift"},
        {"email": "", "firstname": "", "comment": "", "expire": 0},
    ),
    "pbs_token": (
        {"userid": "staff@pbs", "token_name": "ci"},
        {"comment": "Pipeline", "return_secret": True},
        {"comment": "Pipelines", "enable": False, "expire": 1893456000},
        {"comment": "", "enable": True, "expire": 0},
    ),
    "pbs_acl": (
        {"path": "/datastore/tank", "roles": ["DatastoreAudit", "DatastoreBackup"], "users": ["staff@pbs"]},
        {},
        {"propagate": False},
        {"propagate": True},
    ),
    "pocketid_user": (
        {"username": "rita"},
        {"email": "rita@example.org", "first_name": "Rita", "last_name": "R"},
        {"email": "r@example.org", "display_name": "Rita R", "disabled": True, "locale": "en"},
        {"last_name": "", "disabled": False, "locale": ""},
    ),
    "pocketid_group": (
        {"name": "readers"},
        {"users": ["staff"]},
        {"friendly_name": "Readers", "users": ["staff", "other"]},
        {"users": []},
    ),
    "pocketid_client": (
        {"id": "app"},
        {"name": "App", "callback_urls": ["https://app.example.org/back"], "logo": str(LOGOS / "plain.svg"), "secret": "a-chosen-client-secret"},
        {
            "name": "The App", "callback_urls": ["https://app.example.org:8443/"], "append": ["callback_urls"], "launch_url": "https://app.example.org",
            "allowed_groups": ["staff"], "pkce_enabled": True, "logo": str(LOGOS / "picture.png"), "dark_logo": str(LOGOS / "picture.jpg"),
            "description": "What we all use", "access_token_duration_minutes": 10, "secret": "another-client-secret",
        },
        {"callback_urls": [], "launch_url": "", "allowed_groups": [], "pkce_enabled": False, "logo": "", "dark_logo": "", "description": ""},
    ),
}

# who the objects above refer to
COMPANY = (
    ("pve_group", {"groupid": "staff"}),
    ("pve_group", {"groupid": "others"}),
    ("pve_user", {"userid": "staff@pve"}),
    ("pbs_user", {"userid": "staff@pbs"}),
    ("pocketid_user", {"username": "staff", "email": "staff@example.org", "first_name": "Staff"}),
    ("pocketid_user", {"username": "other", "email": "other@example.org", "first_name": "Other"}),
    ("pocketid_group", {"name": "staff", "users": ["staff"]}),
)

STEPS = ("make", "change", "take away", "remove")
WAYS = ("predicted", "done", "predicted again", "done again")


def steps_of(module):
    key, make, change, take_away = LIVES[module]
    return dict(zip(STEPS, ({**key, **make}, {**key, **change}, {**key, **take_away}, {**key, "state": "absent"})))


@pytest.fixture(scope="module", params=[{}, {"pve": "8.4", "pocketid": "2.13"}], ids=["newest servers", "older servers"])
def lived(request, fleet_of, ansible):
    """All lives, one after the other, and the requests that changed something."""
    wired = fleet_of("homelab", **request.param)
    assert ansible.tasks([task(wired, module, **options) for module, options in COMPANY]).succeeded().failed == []
    wired.fleet.forget()
    tasks = []
    for module in LIVES:
        for step, options in steps_of(module).items():
            if request.param and module == "pve_realm":
                options = {option: value for option, value in options.items() if option != "audiences"}
            for way in WAYS:
                tasks.append({"name": f"{module} {step} {way}", **task(wired, module, **options), "check_mode": way.startswith("predicted")})
    return wired, ansible.tasks(tasks)


def told(run, module, step, way):
    (result,) = run.results(f"{module} {step} {way}")
    assert not result["failed"], result["msg"]
    return result


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("module", LIVES)
class TestEveryStep:
    def test_it_changes_something_as_predicted(self, lived, module, step):
        _wired, run = lived
        predicted, done = told(run, module, step, "predicted"), told(run, module, step, "done")
        assert done["changed"] and predicted["changed"]
        kind = module.partition("_")[2]
        for part in ("plan", "diff", kind):
            assert predicted[part] == done[part]

    def test_taken_again_it_changes_nothing(self, lived, module, step):
        _wired, run = lived
        kind = module.partition("_")[2]
        for way in ("predicted again", "done again"):
            again = told(run, module, step, way)
            assert again["changed"] is False
            assert again["plan"] == []
            assert again["diff"] == {"before": {}, "after": {}}
            assert again[kind] == told(run, module, step, "done")[kind]


def test_the_servers_saw_what_the_plans_said(lived):
    wired, run = lived
    planned = [(step["verb"], step["path"]) for row in run.rows if row["task"].endswith(" done") for step in row["result"]["plan"]]
    seen = [(write.verb, write.path.removeprefix("/api2/json")) for _name, write in wired.fleet.writes()]
    # a plan has names where Pocket ID has ids
    named, seen_named = ([re.sub(r"/(users|user-groups)/[^/]+", r"/\1/ONE", " ".join(request)) for request in one] for one in (planned, seen))
    assert seen_named == named


def test_what_a_task_does_not_name_is_left_alone(lived, ansible):
    """A client has much that a task may leave out, and the server replaces it whole."""
    wired, _run = lived
    full = {"id": "kept", "name": "Kept", "callback_urls": ["https://a.example.org/"], "logout_callback_urls": ["https://b.example.org/"],
            "allowed_groups": ["staff"], "pkce_enabled": True, "launch_url": "https://a.example.org"}
    run = ansible.tasks([task(wired, "pocketid_client", **full), task(wired, "pocketid_client", id="kept", name="Renamed")])
    first, second = (result["client"] for result in run.succeeded().results())
    assert second == {**first, "name": "Renamed"}
