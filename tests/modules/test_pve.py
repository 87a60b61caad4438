"""What is odd about PVE: syncs of realms with directories, the jobs that begin them, and its versions."""

from __future__ import annotations

import pytest

from tests.modules.systems import pve, task
from tests.simulators.directory import EXAMPLE, example_directories
from tests.simulators.pve import PveSimulator

CORP = {"type": "ldap", "server1": "ldap.example.org", "base_dn": EXAMPLE, "user_attr": "uid", "sync_attributes": "email=mail"}
JOB = {"id": "nightly", "realm": "corp", "schedule": "2:30", "scope": "both"}


class Cluster:
    """A cluster with a realm of a directory, and ansible to work on it with."""

    def __init__(self, wired, ansible, **options):
        self.wired, self._ansible = wired, ansible
        secret = pve.connection(wired)["api_token_secret"]
        self.simulator = PveSimulator(tokens={"root@pam!fleet": secret}, directories=example_directories(), **options)
        pve.server(wired).observed.app = self.simulator.app("pve1")
        with self.simulator.cluster.edit("domains.cfg") as config:
            config.sections["corp"] = dict(CORP)

    def tasks(self, *tasks, check=False):
        """The results of tasks, given as (module, options)."""
        made = [{**task(self.wired, module, **options), "check_mode": check} for module, options in tasks]
        return self._ansible.tasks(made).results()

    def one(self, module, check=False, **options):
        (result,) = self.tasks((module, options), check=check)
        return result

    def done(self, module, **options):
        result = self.one(module, **options)
        assert not result["failed"], result["msg"]
        return result

    def writes(self):
        return [f"{one.verb} {one.path.removeprefix('/api2/json')}" for _name, one in self.wired.fleet.writes()]


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def cluster(homelab, ansible):
    """Starts a cluster of a version, or with other options of its own."""

    def start(version="9.2", **options):
        made = Cluster(homelab, ansible, version=version, **options)
        homelab.fleet.forget()
        return made

    return start


class TestJobs:
    def test_a_job_lives(self, cluster):
        server = cluster()
        make = ("pve_realm_sync_job", {**JOB, "remove_vanished": ["entry", "acl"], "comment": "Every night"})
        change = ("pve_realm_sync_job", {"id": "nightly", "scope": "users", "enabled": False, "remove_vanished": ["properties"], "append": ["remove_vanished"]})
        empty = ("pve_realm_sync_job", {"id": "nightly", "remove_vanished": [], "comment": "", "enabled": True})
        remove = ("pve_realm_sync_job", {"id": "nightly", "state": "absent"})
        made, again, changed, emptied, removed, nothing = server.tasks(make, make, change, empty, remove, remove)
        assert [one["changed"] for one in (made, again, changed, emptied, removed, nothing)] == [True, False, True, True, True, False]
        told = {**JOB, "remove_vanished": ["acl", "entry"], "enable_new": True, "enabled": True, "comment": "Every night"}
        assert made["realm_sync_job"] == told
        told.update(scope="users", enabled=False, remove_vanished=["acl", "entry", "properties"])
        assert changed["realm_sync_job"] == told
        assert emptied["realm_sync_job"] == {**told, "remove_vanished": [], "comment": "", "enabled": True}
        path = "/cluster/jobs/realm-sync/nightly"
        assert server.writes() == [f"POST {path}", f"PUT {path}", f"PUT {path}", f"DELETE {path}"]

    def test_a_job_comes_with_its_realm_and_in_the_whole_state(self, cluster):
        server = cluster()
        predicted = server.one("pve_state", check=True, realm_sync_jobs=[JOB])
        done = server.done("pve_state", realm_sync_jobs=[JOB])
        assert predicted["realm_sync_jobs"] == done["realm_sync_jobs"] and predicted["plan"] == done["plan"]
        known = server.done("pve_info", gather=["realm_sync_jobs"])
        assert not server.done("pve_state", realm_sync_jobs=known["realm_sync_jobs"])["changed"]
        gone = server.done("pve_state", exclusive={"realm_sync_jobs": [{"name": "*"}]})
        assert gone["plan"][0]["reason"] == "realm_sync_job nightly is declared absent"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"realm": "pam"}, "realm: 'pam' is of type pam, and only realms of type ldap and ad are synced"),
            ({"realm": "nowhere"}, "realm_sync_job nightly: realm nowhere does not exist"),
            ({"schedule": None, "scope": None}, "schedule: is needed to make realm_sync_job nightly; scope: is needed"),
            ({"schedule": "@daily"}, "schedule: '@daily' is not a calendar event"),
            ({"id": "1st"}, "id: '1st' must begin with a letter"),
            ({"comment": "x" * 513}, "must not be longer than 512 characters"),
            ({"remove_vanished": ["all"]}, "value of remove_vanished must be one or more of: acl, entry, properties. Got no match for: all"),
        ],
    )
    def test_what_is_wrong_is_said(self, cluster, options, message):
        server = cluster()
        result = server.one("pve_realm_sync_job", **{**JOB, **options})
        assert result["failed"] and message in result["msg"], result["msg"]
        assert server.writes() == []

    def test_a_job_keeps_its_realm(self, cluster):
        server = cluster()
        with server.simulator.cluster.edit("domains.cfg") as config:
            config.sections["other"] = dict(CORP)
        made, moved = server.tasks(("pve_realm_sync_job", JOB), ("pve_realm_sync_job", {**JOB, "realm": "other"}))
        assert made["changed"] and moved["failed"]
        assert "realm: is 'corp' on the server and cannot be changed to 'other'; remove the object" in moved["msg"]
