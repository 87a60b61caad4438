"""Faults of servers and reverse proxies: invalid or lost responses, redirects, partial failures."""

from __future__ import annotations

import pytest

from tests.modules.systems import SYSTEMS, WRITING, system_of, task
from tests.modules.systems.shared import REALM
from tests.simulators.server import Fault


@pytest.fixture
def homelab(fleet_of):
    return fleet_of("homelab")


def observed(wired, module):
    return system_of(module).server(wired).observed


ONE_OF_EACH = [one.ONE for one in WRITING]


@pytest.mark.parametrize(("module", "options"), ONE_OF_EACH)
class TestEverywhere:
    def test_read_is_retried(self, homelab, ansible, module, options):
        observed(homelab, module).faults.append(Fault(verb="GET", status=503, times=2))
        (result,) = ansible.tasks([task(homelab, module, **options)]).results()
        assert not result["failed"], result

    def test_write_with_a_lost_response_is_not_sent_twice(self, homelab, ansible, module, options):
        observed(homelab, module).faults.append(Fault(verb="POST", status=0, carried_out=True))
        tasks = [task(homelab, module, **options), task(homelab, module, **options)]
        first, second = ansible.tasks(tasks).results()
        assert first["failed"] and not second["failed"] and not second["changed"]
        assert len(homelab.fleet.writes()) == 1

    def test_write_refused_by_a_rate_limit_is_sent_again(self, homelab, ansible, module, options):
        observed(homelab, module).faults.append(Fault(verb="POST", status=429, headers={"Retry-After": "0"}))
        (result,) = ansible.tasks([task(homelab, module, **options)]).results()
        assert not result["failed"] and result["changed"]

    def test_html_response_is_reported(self, homelab, ansible, module, options):
        page = Fault(verb="GET", status=200, body="<html>sign in</html>", headers={"Content-Type": "text/html"})
        observed(homelab, module).faults.append(page)
        (result,) = ansible.tasks([task(homelab, module, **options)]).results()
        assert result["failed"] and "(text/html) is not one of this API" in result["msg"], result

    def test_empty_response_is_reported(self, homelab, ansible, module, options):
        observed(homelab, module).faults.append(Fault(verb="GET", status=204))
        (result,) = ansible.tasks([task(homelab, module, **options)]).results()
        assert result["failed"] and "is not one of this API" in result["msg"], result

    @pytest.mark.parametrize("body", ["null", "[]", '"busy"', '{"errors": ["busy"], "message": 5}'])
    def test_malformed_error_is_reported_with_its_status(self, homelab, ansible, module, options, body):
        observed(homelab, module).faults.append(
            Fault(verb="GET", status=500, body=body, headers={"Content-Type": "application/json"})
        )
        (result,) = ansible.tasks([task(homelab, module, **options)]).results()
        assert result["failed"] and "was refused with 500" in result["msg"], result

    def test_redirect_is_not_followed(self, homelab, ansible, module, options):
        observed(homelab, module).faults.append(
            Fault(status=307, headers={"Location": "https://127.0.0.1:1/elsewhere"})
        )
        (result,) = ansible.tasks([task(homelab, module, **options)]).results()
        assert result["failed"] and "redirects to https://127.0.0.1:1/elsewhere" in result["msg"], result

    def test_failure_reports_completed_steps(self, homelab, ansible, module, options):
        """The object is created, but cannot be read back."""
        watched = observed(homelab, module)
        tasks = [task(homelab, module, **options)]
        plain = watched.app

        def broken_after_the_write(environ, start_response):
            if any(one.writes and 0 < one.status < 300 for one in watched.journal):
                start_response("500 broken", [("Content-Length", "0")])
                return [b""]
            return plain(environ, start_response)

        watched.app = broken_after_the_write
        (result,) = ansible.tasks(tasks).results()
        assert result["failed"] and result["changed"] and len(result["done"]) == 1, result


@pytest.mark.parametrize("system", ["pve", "pbs"])
class TestSigningIn:
    """Login with a password, which is sent to the declared server only."""

    def options(self, wired, system):
        name = {"pve": "pve1", "pbs": "pbs1"}[system]
        return {
            "api_user": "root@pam",
            "api_password": wired.fleet.tokens[f"{name} root"],
            "api_token_id": "",
            "api_token_secret": "",
        }

    def sign_in(self, wired, ansible, system):
        module, options = SYSTEMS[system].ONE
        (result,) = ansible.tasks([task(wired, module, **options, **self.options(wired, system))]).results()
        return result

    def test_password_login_works(self, homelab, ansible, system):
        assert self.sign_in(homelab, ansible, system)["changed"]

    def test_password_does_not_follow_a_redirect(self, homelab, ansible, system):
        other = homelab.fleet.pbs["pbs1"] if system == "pve" else homelab.fleet.pve["pve1"][0]
        away = Fault(path=".*/access/ticket", status=307, headers={"Location": f"{other.url}/api2/json/access/ticket"})
        observed(homelab, system).faults.append(away)
        assert "redirects to" in self.sign_in(homelab, ansible, system)["msg"]
        assert other.observed.journal == []

    def test_unavailable_server_is_not_reported_as_a_wrong_password(self, homelab, ansible, system):
        observed(homelab, system).faults.append(Fault(path=".*/access/ticket", status=503))
        assert "was refused with 503" in self.sign_in(homelab, ansible, system)["msg"]


def test_login_with_a_second_factor_on_pve(fleet_of, ansible, tmp_path):
    """A time-based one-time password."""
    import pyotp

    from tests.simulators.pve import PveSimulator
    from tests.simulators.server import Authority, serve

    secret = pyotp.random_base32()
    simulator = PveSimulator(
        passwords={"admin@pve": "password-of-admin"}, tokens={"root@pam!fleet": "a-secret"}, totp={"admin@pve": secret}
    )
    authority = Authority(tmp_path)
    with serve(simulator.app("pve1"), authority.tls("127.0.0.1"), "127.0.0.1") as port:
        where = {
            "api_host": "127.0.0.1",
            "api_port": port,
            "ca_path": str(authority.bundle),
            "api_user": "admin@pve",
            "api_password": "password-of-admin",
        }
        tasks = [
            {"fleetgate.proxmox.pve_info": {**where, "gather": ["version"], "api_totp": code}}
            for code in ("000000", pyotp.TOTP(secret).now())
        ]
        wrong, right = ansible.tasks(tasks).results()
    assert "could not sign in" in wrong["msg"] and "second factor" in wrong["msg"]
    assert right["version"].startswith("9.2")


def test_token_without_read_permission_fails_instead_of_reporting_absence(homelab, ansible):
    """An entry on a deeper path can revoke inherited privileges; lists then omit objects silently."""
    prepared = ansible.tasks(
        [
            task(homelab, "pve_user", userid="blind@pve"),
            task(homelab, "pve_token", userid="blind@pve", tokenid="ci", privsep=False, return_secret=True),
            task(homelab, "pve_group", groupid="victim"),
            task(homelab, "pve_acl", path="/", roles=["Administrator"], users=["blind@pve"]),
            task(homelab, "pve_acl", path="/access", roles=["NoAccess"], users=["blind@pve"]),
        ]
    ).succeeded()
    blind = {"api_token_id": "blind@pve!ci", "api_token_secret": prepared.results()[1]["secret"]}
    removal, reading = ansible.tasks(
        [
            task(homelab, "pve_group", groupid="victim", state="absent", **blind),
            task(homelab, "pve_info", gather=["groups"], **blind),
        ]
    ).results()
    assert removal["failed"] and "lacks Group.Allocate or Sys.Audit or User.Modify on /access/groups" in removal["msg"]
    assert reading["groups"] == [] and "groups may be left out" in repr(reading["warnings"])


def test_default_realm_of_pbs_can_be_moved_in_one_task(homelab, ansible):
    """An update of the default realm repeats `default`, and the same task can make another realm the default."""
    one, two = ({"realm": name, **REALM} for name in ("one", "two"))
    state = [{**one, "default": True}, {**two, "comment": "new"}]
    run = ansible.tasks(
        [
            task(homelab, "pbs_state", realms=[one, {**two, "default": True}]),
            task(homelab, "pbs_state", realms=state),
            task(homelab, "pbs_state", realms=state),
            task(homelab, "pbs_realm", **one, comment="still the default"),
            task(homelab, "pbs_info", gather=["realms"]),
        ]
    ).succeeded()
    assert run.failed == []
    assert [result["changed"] for result in run.results()] == [True, True, False, True, False]
    defaults = {realm["realm"]: realm["default"] for realm in run.results()[-1]["realms"]}
    assert defaults == {"one": True, "two": False, "pam": False, "pbs": False}


def test_environment_of_a_task_applies_in_process_too(homelab, ansible):
    options = task(homelab, "pve_group", groupid="new")["fleetgate.proxmox.pve_group"]
    environment = {
        "PROXMOX_HOST": options["api_host"],
        "PROXMOX_PORT": str(options["api_port"]),
        "PROXMOX_TOKEN_ID": options["api_token_id"],
        "PROXMOX_TOKEN_SECRET": options["api_token_secret"],
        "PROXMOX_CA_PATH": options["ca_path"],
    }
    run = ansible.tasks(
        [
            {
                "fleetgate.proxmox.pve_group": {"groupid": "new"},
                "environment": environment,
                "vars": {"fleetgate_execute_on": way},
            }
            for way in ("controller", "target")
        ]
    ).succeeded()
    assert run.failed == [] and [result["changed"] for result in run.results()] == [True, False]


def test_names_in_decomposed_unicode_are_idempotent(homelab, ansible):
    """Pocket ID normalises names to composed Unicode."""
    decomposed = "Zu\u0308rich"
    client = {"name": decomposed, "secret": "a-chosen-client-secret"}
    run = ansible.tasks(
        [task(homelab, "pocketid_group", name=decomposed)] * 2 + [task(homelab, "pocketid_client", **client)] * 2
    ).succeeded()
    assert run.failed == [] and [result["changed"] for result in run.results()] == [True, False, True, False]


def test_undeclared_acl_rows_are_removed_inside_an_exclusive_scope_only(homelab, ansible):
    rows = [
        ("/", "Audit", "ann@pbs"),
        ("/", "Admin", "ann@pbs"),
        ("/datastore", "Audit", "ann@pbs"),
        ("/", "Audit", "bob@pbs"),
    ]
    prepared = [task(homelab, "pbs_user", userid=userid) for userid in ("ann@pbs", "bob@pbs")]
    prepared += [task(homelab, "pbs_acl", path=path, roles=[role], users=[userid]) for path, role, userid in rows]
    assert ansible.tasks(prepared).succeeded().failed == []

    def left(**scope):
        run = ansible.tasks(
            [
                task(
                    homelab,
                    "pbs_state",
                    exclusive={"acl": [scope]},
                    acl=[{"path": "/datastore", "roles": ["Audit"], "users": ["ann@pbs"]}],
                ),
                task(homelab, "pbs_info", gather=["acl"]),
            ]
        ).succeeded()
        assert run.failed == []
        return {
            (entry["path"], entry["roles"][0], entry["users"][0])
            for entry in run.results()[-1]["acl"]
            if "users" in entry
        }

    assert left(path="/", role="Admin", realm="pbs") == set(rows) - {rows[1]}
    assert left(subject="ann@pbs") == {rows[2], rows[3]}
    assert left(subtree="/datastore") == {rows[2], rows[3]}
    # the entry of the calling token is below / as well and is kept
    with pytest.raises(AssertionError, match="is used by the caller root@pam!fleet itself; declare it as well"):
        left(subtree="/")
    assert left(subtree="/", realm="pbs") == {rows[2]}
