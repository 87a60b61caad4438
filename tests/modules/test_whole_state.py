"""Whole states beyond single objects: exclusive scopes, the removal limit, concurrent writes."""

from __future__ import annotations

import pytest
import requests

from tests.modules.systems import SYSTEMS, task
from tests.modules.systems.shared import REALM

# where a realm is changed past the modules, and how each product takes it
REALM_ITEM = {"pve": "/api2/json/access/domains/sso", "pbs": "/api2/json/config/access/openid/sso"}


@pytest.fixture
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture(params=["pve", "pbs"])
def system(request):
    return request.param


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("pve_role", {"roleid": "Reader", "privs": ["VM.Audit"]}),
        ("pve_group", {"groupid": "readers"}),
        ("pve_user", {"userid": "rita@pve"}),
        ("pbs_user", {"userid": "rita@pbs"}),
    ],
)
def test_unchanged_object_takes_one_request(homelab, ansible, module, options):
    assert ansible.tasks([task(homelab, module, **options)]).succeeded().changed
    homelab.fleet.forget()
    assert ansible.tasks([task(homelab, module, **options)]).succeeded().changed == []
    assert len(homelab.fleet.exchanges()) == 1


def meanwhile(wired, system, times=1, users=()):
    """Change the realm and create users right after each of the next reads of the realm."""
    server, options = SYSTEMS[system].server(wired), SYSTEMS[system].connection(wired)
    plain, left = server.observed.app, [times]
    separator = {"pve": "=", "pbs": ":"}[system]
    secret = f"{system.upper()}APIToken={options['api_token_id']}{separator}{options['api_token_secret']}"

    def disturbed(environ, start_response):
        answer = plain(environ, start_response)
        if left[0] and environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == REALM_ITEM[system]:
            left[0] -= 1
            body = {"comment": f"changed by somebody else {left[0]}"}
            elsewhere = requests.put(
                f"{server.url}{REALM_ITEM[system]}",
                data=body,
                headers={"Authorization": secret},
                verify=options["ca_path"],
                timeout=10,
            )
            assert elsewhere.status_code == 200, elsewhere.text
            for userid in users:
                elsewhere = requests.post(
                    f"{server.url}/api2/json/access/users",
                    data={"userid": userid},
                    headers={"Authorization": secret},
                    verify=options["ca_path"],
                    timeout=10,
                )
                assert elsewhere.status_code == 200, elsewhere.text
        return answer

    server.observed.app = disturbed


class TestConcurrentChanges:
    def test_concurrent_change_is_read_and_planned_again(self, homelab, ansible, system):
        made = task(homelab, f"{system}_realm", realm="sso", **REALM)
        assert ansible.tasks([made]).succeeded().failed == []
        meanwhile(homelab, system)
        told = ansible.tasks(
            [
                task(homelab, f"{system}_realm", realm="sso", prompt="login"),
                task(homelab, f"{system}_realm", realm="sso"),
            ]
        ).succeeded()
        assert told.failed == []
        changed, after = told.results()
        assert changed["changed"] and [step["verb"] for step in changed["plan"]] == ["PUT"]
        assert after["realm"]["prompt"] == "login" and after["realm"]["comment"].startswith("changed by somebody else")

    def test_repeated_concurrent_changes_fail_with_a_message(self, homelab, ansible, system):
        assert ansible.tasks([task(homelab, f"{system}_realm", realm="sso", **REALM)]).succeeded().failed == []
        meanwhile(homelab, system, times=2)
        (result,) = ansible.tasks([task(homelab, f"{system}_realm", realm="sso", prompt="login")]).results()
        assert result["failed"] and not result["changed"] and "detected modified configuration" in result["msg"]

    def test_second_plan_prunes_nothing_beyond_the_first(self, homelab, ansible, system):
        prepared = [
            task(homelab, f"{system}_realm", realm="sso", **REALM),
            task(homelab, f"{system}_user", userid=f"old@{system}"),
        ]
        assert ansible.tasks(prepared).succeeded().failed == []
        meanwhile(homelab, system, users=[f"new@{system}"])
        homelab.fleet.forget()
        scope = {
            "realms": [{"realm": "sso", "prompt": "login"}],
            "exclusive": {"users": [{"realm": system}]},
            "max_removals": 1,
        }
        (result,) = ansible.tasks([task(homelab, f"{system}_state", **scope)]).results()
        assert result["failed"] and "max_removals: 2 objects would be removed" in result["msg"], result
        assert "DELETE" not in [one.verb for _name, one in homelab.fleet.writes()]

    def test_user_deleted_concurrently_is_created_again(self, homelab, ansible):
        users = [{"userid": f"{name}@pbs"} for name in ("ann", "bob")]
        assert ansible.tasks([task(homelab, "pbs_state", users=users)]).succeeded().failed == []
        observed, options = SYSTEMS["pbs"].server(homelab).observed, SYSTEMS["pbs"].connection(homelab)
        plain, left = observed.app, [1]
        secret = f"PBSAPIToken={options['api_token_id']}:{options['api_token_secret']}"

        def removed_after_a_write(environ, start_response):
            answer = plain(environ, start_response)
            if left[0] and environ["REQUEST_METHOD"] == "PUT":
                left[0] -= 1
                where = f"{SYSTEMS['pbs'].server(homelab).url}/api2/json/access/users/bob@pbs"
                requests.delete(
                    where, headers={"Authorization": secret}, verify=options["ca_path"], timeout=10
                ).raise_for_status()
            return answer

        observed.app = removed_after_a_write
        told = [{**one, "comment": "Night shift"} for one in users]
        (result,) = ansible.tasks([task(homelab, "pbs_state", users=told)]).results()
        assert not result["failed"], result
        assert [step["verb"] for step in result["plan"]] == ["PUT", "POST"]

    def test_own_writes_are_not_taken_for_concurrent_changes(self, homelab, ansible, system):
        realms = [{"realm": name, **REALM} for name in ("one", "two")]
        told = ansible.tasks(
            [
                task(homelab, f"{system}_state", realms=realms),
                task(homelab, f"{system}_state", realms=[{**one, "prompt": "login"} for one in realms]),
            ]
        ).succeeded()
        assert told.failed == []
        refused = [one for _name, one in homelab.fleet.writes() if one.status != 200]
        assert refused == []
        digests = [one.body for _name, one in homelab.fleet.writes() if one.verb == "PUT"]
        assert len(digests) == 2 and all("digest=" in body for body in digests)


class TestImmutableOptions:
    def test_recreated_realm_keeps_all_its_settings(self, homelab, ansible, system):
        user = {"userid": "ann@sso"}
        before = {
            "realm": "sso",
            **REALM,
            "username_claim": "email",
            "comment": "Sign-on",
            "default": True,
            "scopes": ["email"],
        }
        acl = {"path": "/", "roles": [{"pve": "PVEAuditor", "pbs": "Audit"}[system]], "users": ["ann@sso"]}
        prepared = [
            task(homelab, f"{system}_realm", **before),
            task(homelab, f"{system}_user", **user),
            task(homelab, f"{system}_acl", **acl),
        ]
        assert ansible.tasks(prepared).succeeded().failed == []
        other = {"realm": "sso", "username_claim": "preferred_username", "on_immutable_change": "recreate"}
        tasks = [
            {**task(homelab, f"{system}_realm", **other), "check_mode": True},
            task(homelab, f"{system}_realm", **other),
            task(homelab, f"{system}_realm", **other),
            task(homelab, f"{system}_info", gather=["realms", "users", "acl"], show_secrets=True),
        ]
        predicted, done, again, after = ansible.tasks(tasks).succeeded().results()
        assert [step["verb"] for step in done["plan"]] == ["DELETE", "POST"]
        for part in ("plan", "diff", "realm"):
            assert predicted[part] == done[part]
        assert not again["changed"]
        (realm,) = [one for one in after["realms"] if one["realm"] == "sso"]
        assert {option: realm[option] for option in before} == {**before, "username_claim": "preferred_username"}
        assert "ann@sso" in [one["userid"] for one in after["users"]]
        assert ["ann@sso"] in [one.get("users") for one in after["acl"]]


def test_append_and_remove_apply_to_server_defaults_of_a_new_realm(homelab, ansible, system):
    more = {"realm": "more", **REALM, "scopes": ["groups"], "append": ["scopes"]}
    less = {"realm": "less", **REALM, "scopes": ["profile"], "remove": ["scopes"]}
    made, again = ansible.tasks([task(homelab, f"{system}_state", realms=[more, less])] * 2).succeeded().results()
    assert [realm["scopes"] for realm in made["realms"]] == [["email", "groups", "profile"], ["email"]]
    assert not again["failed"] and not again["changed"]


class TestPruning:
    def test_undeclared_objects_in_an_exclusive_scope_are_removed(self, homelab, ansible):
        groups = [{"groupid": name} for name in ("a-sso", "b-sso", "c")]
        told = ansible.tasks(
            [
                task(
                    homelab,
                    "pve_state",
                    groups=groups,
                    users=[{"userid": "ann@pve"}, {"userid": "ann@sso"}],
                    roles=[{"roleid": "Mine"}],
                ),
                task(
                    homelab,
                    "pve_state",
                    groups=groups[:1],
                    exclusive={"groups": [{"name": "*-sso"}], "users": [{"realm": "sso"}], "roles": [{"name": "*"}]},
                ),
                task(homelab, "pve_info", gather=["groups", "users", "roles"]),
            ]
        ).succeeded()
        assert told.failed == []
        after = told.results()[-1]
        assert {one["groupid"] for one in after["groups"]} == {"a-sso", "c"}
        assert {one["userid"] for one in after["users"]} == {"root@pam", "ann@pve"}
        assert "Mine" not in {one["roleid"] for one in after["roles"]} and "Administrator" in {
            one["roleid"] for one in after["roles"]
        }

    @pytest.mark.parametrize(("scope", "left"), [({"path": "/vms/"}, ["/vms/100"]), ({"subtree": "//vms/"}, [])])
    def test_path_of_a_scope_is_normalised_like_that_of_an_entry(self, homelab, ansible, scope, left):
        acl = [{"path": path, "roles": ["PVEAuditor"], "users": ["ann@pve"]} for path in ("/vms/", "/vms/100")]
        told = ansible.tasks(
            [
                task(homelab, "pve_state", users=[{"userid": "ann@pve"}], acl=acl),
                task(homelab, "pve_state", exclusive={"acl": [scope]}),
                task(homelab, "pve_info", gather=["acl"], filters={"acl": [{"subject": "ann@pve"}]}),
            ]
        ).succeeded()
        assert told.failed == []
        assert [one["path"] for one in told.results()[-1]["acl"]] == left

    def test_exceeding_the_removal_limit_is_refused(self, homelab, ansible):
        groups = [{"groupid": f"g{number}"} for number in range(4)]
        assert ansible.tasks([task(homelab, "pve_state", groups=groups)]).succeeded().failed == []
        homelab.fleet.forget()
        everything = {"exclusive": {"groups": [{"name": "*"}]}}
        tasks = [task(homelab, "pve_state", **everything, max_removals=most) for most in (3, 4)]
        refused, done = ansible.tasks([{**tasks[0], "check_mode": True}, tasks[1]]).results()
        assert refused["failed"] and "max_removals: 4 objects would be removed (group g" in refused["msg"], refused
        assert done["changed"] and len(homelab.fleet.writes()) == 4

    def test_credentials_in_use_are_never_pruned(self, homelab, ansible):
        tasks = [task(homelab, "pve_state", exclusive={"tokens": [{"name": "root@pam!*"}]})]
        (result,) = ansible.tasks(tasks).results()
        assert result["failed"] and "is used by the caller root@pam!fleet itself; declare it as well" in result["msg"]


class TestCascadingDeletion:
    """Deleting a user deletes its tokens and the ACL entries of both."""

    def company(self, system):
        token = {"userid": f"ann@{system}", {"pve": "tokenid", "pbs": "token_name"}[system]: "ci"}
        acl = {"path": "/", "roles": [{"pve": "PVEAuditor", "pbs": "Audit"}[system]], "tokens": [f"ann@{system}!ci"]}
        return {"userid": f"ann@{system}"}, token, acl

    def test_declaring_entries_of_a_deleted_user_is_refused(self, homelab, ansible, system):
        user, token, acl = self.company(system)
        made = task(homelab, f"{system}_state", users=[user], tokens=[{**token, "return_secret": True}], acl=[acl])
        wrong = task(homelab, f"{system}_state", users=[{**user, "state": "absent"}], acl=[acl])
        _made, result = ansible.tasks([made, wrong]).results()
        assert (
            result["failed"]
            and f"token ann@{system}!ci {acl['roles'][0]}: user ann@{system} is declared absent" in result["msg"]
        ), result
        assert not result["changed"]

    def test_cascading_deletion_is_reported_once(self, homelab, ansible, system):
        user, token, acl = self.company(system)
        made = task(homelab, f"{system}_state", users=[user], tokens=[{**token, "return_secret": True}], acl=[acl])
        gone = {
            "users": [{**user, "state": "absent"}],
            "tokens": [{**token, "state": "absent"}],
            "acl": [{**acl, "state": "absent"}],
        }
        parts = {**gone, "acl": []}
        for state in (parts, gone):
            _made, result = ansible.tasks([made, task(homelab, f"{system}_state", **state)]).results()
            assert not result["failed"], result
            steps = [step["reason"] for step in result["plan"]]
            assert len(steps) == len(set(steps)), steps


class TestLockout:
    """A run that would remove the caller's own rights or access is refused before the first write."""

    STATE = {
        "roles": [
            {
                "roleid": "Automation",
                "privs": ["Permissions.Modify", "Sys.Audit", "Sys.Modify", "Group.Allocate", "User.Modify"],
            }
        ],
        "groups": [{"groupid": "automation"}],
        "users": [{"userid": "auto@pve", "groups": ["automation"]}],
        "tokens": [{"userid": "auto@pve", "tokenid": "run", "privsep": False, "return_secret": True}],
        "acl": [{"path": "/", "roles": ["Automation"], "groups": ["automation"]}],
    }
    BY_THE_GROUP = "auto@pve!run depends on acl / group automation Automation, which would no longer apply"
    ACCESS = "it is the caller auto@pve!run or its user, which cannot end its own access"
    REFUSED = {
        "an entry of its group": (
            {"exclusive": {"acl": [{"path": "/"}]}},
            "group automation Automation is used by the caller auto@pve!run itself",
        ),
        "what its group gives it": (
            {"acl": [{"path": "/", "roles": ["PVEAuditor"], "users": ["auto@pve"]}]},
            "acl / user auto@pve: auto@pve!run would lose Permissions.Modify on this path; set allow_lockout=true",
        ),
        "what it has from above": (
            {"acl": [{"path": "/access", "roles": ["PVEAuditor"], "groups": ["automation"]}]},
            "acl /access group automation: auto@pve!run would lose Permissions.Modify on this path",
        ),
        "its role": ({"exclusive": {"roles": [{"name": "*"}]}}, f"role Automation: {BY_THE_GROUP}"),
        "its group": ({"groups": [{"groupid": "automation", "state": "absent"}]}, f"group automation: {BY_THE_GROUP}"),
        "its membership": ({"users": [{"userid": "auto@pve", "groups": []}]}, f"user auto@pve: {BY_THE_GROUP}"),
        "its membership, from the other side": (
            {"groups": [{"groupid": "automation", "users": []}]},
            f"user auto@pve: {BY_THE_GROUP}",
        ),
        "its user": ({"users": [{"userid": "auto@pve", "state": "absent"}]}, f"user auto@pve: {ACCESS}"),
        "that its user is enabled": ({"users": [{"userid": "auto@pve", "enable": False}]}, f"user auto@pve: {ACCESS}"),
        "its token": (
            {"tokens": [{"userid": "auto@pve", "tokenid": "run", "state": "absent"}]},
            f"token auto@pve!run: {ACCESS}",
        ),
        "what its role gives": (
            {
                "roles": [
                    {"roleid": "Automation", "privs": ["Sys.Audit", "Sys.Modify", "Group.Allocate", "User.Modify"]}
                ]
            },
            "role Automation: auto@pve!run would lose Permissions.Modify on / (through group automation); set allow_lockout=true",
        ),
        "a part of what its role gives": (
            {"roles": [{"roleid": "Automation", "privs": ["User.Modify", "Sys.Audit"], "remove": ["privs"]}]},
            "role Automation: auto@pve!run would lose Sys.Audit, User.Modify on /",
        ),
        "what its user has": (
            {"tokens": [{"userid": "auto@pve", "tokenid": "run", "privsep": True}]},
            "token auto@pve!run: with privsep=true auto@pve!run would lose privileges of its user (",
        ),
        "the time of its token": (
            {"tokens": [{"userid": "auto@pve", "tokenid": "run", "expire": 1}]},
            f"token auto@pve!run: {ACCESS}",
        ),
    }

    @pytest.fixture
    def caller(self, homelab, ansible):
        (made,) = ansible.tasks([task(homelab, "pve_state", **self.STATE)]).results()
        homelab.fleet.forget()
        return {"api_token_id": "auto@pve!run", "api_token_secret": made["secrets"]["auto@pve!run"]}

    def test_removing_the_callers_own_rights_is_refused(self, homelab, ansible, caller):
        told = ansible.tasks(
            [task(homelab, "pve_state", **caller, **state) for state, _why in self.REFUSED.values()]
        ).results()
        for (case, (_state, why)), result in zip(self.REFUSED.items(), told):
            assert result["failed"] and why in result["msg"], case
        assert homelab.fleet.writes() == []

    def test_overriding_inherited_rights_of_the_caller_on_pbs_is_refused(self, homelab, ansible):
        rows = [{"path": path, "roles": ["Audit"], "tokens": ["root@pam!fleet"]} for path in ("/access", "/datastore")]
        refused, done = ansible.tasks([task(homelab, "pbs_acl", **row) for row in rows]).results()
        assert refused["failed"] and "root@pam!fleet would lose Permissions.Modify on this path" in refused["msg"]
        assert done["changed"]

    def test_allow_lockout_permits_removing_own_rights(self, homelab, ansible, caller):
        entry = {**self.STATE["acl"][0], "state": "absent", "allow_lockout": True}
        goodbye = task(
            homelab, "pve_state", **caller, acl=[entry], groups=[{"groupid": "automation", "state": "absent"}]
        )
        (result,) = ansible.tasks([{**goodbye, "check_mode": True}]).results()
        assert not result["failed"] and len(result["plan"]) == 2

    def test_own_entry_can_be_removed_when_another_grants_the_same(self, homelab, ansible, caller):
        entries = [
            {"path": "/", "roles": ["Administrator"], "users": ["auto@pve"]},
            {"path": "/", "roles": ["Administrator"], "tokens": ["auto@pve!run"]},
        ]
        token = task(homelab, "pve_token", **caller, userid="auto@pve", tokenid="run", privsep=True)
        together = task(
            homelab,
            "pve_state",
            **caller,
            acl=entries,
            tokens=[{"userid": "auto@pve", "tokenid": "run", "privsep": True}],
        )
        # the token would be changed before its entries are written
        refused, _granted, separated = ansible.tasks(
            [together, task(homelab, "pve_state", acl=entries), token]
        ).results()
        assert refused["failed"] and not refused["changed"], refused
        assert not separated["failed"] and separated["changed"], separated
        narrowed = {"roleid": "Automation", "privs": ["Sys.Audit"]}
        others = [
            task(homelab, "pve_role", roleid="Other", privs=["Sys.Audit"]),
            task(homelab, "pve_role", **caller, **narrowed, allow_lockout=True),
        ]
        assert [one["failed"] for one in ansible.tasks(others).results()] == [False, False]

    def test_removing_the_callers_own_realm_is_refused(self, homelab, ansible, system):
        name = {"pve": "tokenid", "pbs": "token_name"}[system]
        role = {"pve": "Administrator", "pbs": "Admin"}[system]
        state = {
            "realms": [{"realm": "sso", **REALM}],
            "users": [{"userid": "auto@sso"}],
            "tokens": [{"userid": "auto@sso", name: "run", "return_secret": True}],
            "acl": [{"path": "/", "roles": [role], "users": ["auto@sso"], "tokens": ["auto@sso!run"]}],
        }
        (made,) = ansible.tasks([task(homelab, f"{system}_state", **state)]).results()
        caller = {"api_token_id": "auto@sso!run", "api_token_secret": made["secrets"]["auto@sso!run"]}
        (result,) = ansible.tasks([task(homelab, f"{system}_realm", **caller, realm="sso", state="absent")]).results()
        assert result["failed"] and "realm sso: auto@sso!run belongs to this realm" in result["msg"], result
