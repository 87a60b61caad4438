"""The privileges that the guides grant to the automation are sufficient, and each of them is necessary."""

from __future__ import annotations

from tests.modules.systems import task

# creating a person with rights on PVE requires two of the privileges
ALICE = {
    "username": "alice",
    "email": "alice@example.org",
    "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}]},
}
BOB = {"username": "bob", "email": "bob@example.org"}

PRIVILEGES = (
    "Group.Allocate",
    "Permissions.Modify",
    "Realm.Allocate",
    "Realm.AllocateUser",
    "Sys.Audit",
    "User.Modify",
)


def automation(wired, ansible, privileges):
    """Create the identity of the guides on the first cluster and backup server; return the host variables that use it."""
    owner = {"userid": "fleetgate@pve"}, {"userid": "fleetgate@pbs"}
    run = ansible.tasks(
        [
            task(wired, "pve_role", roleid="FleetAccess", privs=list(privileges)),
            task(wired, "pve_user", **owner[0]),
            task(wired, "pve_token", **owner[0], tokenid="automation", privsep=False, return_secret=True),
            task(wired, "pve_acl", path="/", roles=["FleetAccess"], users=["fleetgate@pve"]),
            task(wired, "pbs_user", **owner[1]),
            task(wired, "pbs_token", **owner[1], token_name="automation", return_secret=True),
            task(
                wired,
                "pbs_acl",
                path="/access",
                roles=["Admin"],
                users=["fleetgate@pbs"],
                tokens=["fleetgate@pbs!automation"],
            ),
        ]
    ).succeeded()
    assert run.failed == []
    secrets = [result["secret"] for result in run.results() if "secret" in result]
    hosts = wired.fleet.inventory()["all"]["children"]
    given = {}
    for (system, name), secret in zip((("pve", "pve1"), ("pbs", "pbs1")), secrets):
        credentials = {"api_token_id": f"fleetgate@{system}!automation", "api_token_secret": secret}
        given[name] = {**hosts[system]["hosts"][name]["fleetgate_api"], **credentials}
    return {"fleetgate_api": "{{ given[inventory_hostname] }}", "given": given, "fleetgate_users": [ALICE, BOB]}


def test_documented_privileges_are_sufficient_for_wire(fleet_of, ansible):
    wired = fleet_of("homelab")
    variables = automation(wired, ansible, PRIVILEGES)
    wired.play("wire", "--check", **variables).succeeded()
    wired.play("wire", **variables).succeeded()
    assert wired.play("wire", **variables).succeeded().changed == []
    assert wired.fleet.writes() == []


def test_each_missing_privilege_is_reported_and_nothing_is_written(fleet_of, ansible):
    wired = fleet_of("homelab")
    variables = automation(wired, ansible, PRIVILEGES)
    for privilege in PRIVILEGES:
        left = [one for one in PRIVILEGES if one != privilege]
        assert ansible.tasks([task(wired, "pve_role", roleid="FleetAccess", privs=left)]).succeeded().changed
        run = wired.play("wire", "--limit", "pve1", **variables)
        assert privilege in " ".join(run.failed), run.failed
        assert wired.fleet.writes() == []


def test_list_of_undeclared_objects_that_may_be_incomplete_comes_with_a_warning(fleet_of, ansible):
    """On PBS, realms can be managed without seeing users, and the ACL then has the caller's entries only."""
    wired = fleet_of("homelab")
    declared = {"fleetgate_users": [], "fleetgate_groups": [], "fleetgate_emergency": False}
    variables = {**automation(wired, ansible, PRIVILEGES), **declared}
    principals = {"users": ["fleetgate@pbs"], "tokens": ["fleetgate@pbs!automation"], "roles": ["Admin"]}
    ansible.tasks(
        [
            task(wired, "pbs_acl", path="/access/domains", **principals),
            task(wired, "pbs_acl", path="/access", state="absent", **principals),
        ]
    ).succeeded()
    run = wired.play("wire", "--limit", "pbs1", **variables).succeeded()
    warnings = " ".join(" ".join(result.get("warnings", ())) for result in run.results())
    assert "lacks Sys.Audit on /access/users (without it users of the realm may be left out)" in warnings
    assert "lacks Sys.Audit on /access/acl (without it acl of the realm may be left out)" in warnings
