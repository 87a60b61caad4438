"""Nodes of Pulse: when tokens are sent, addresses of clusters, changing ids, settings lost by 5.1."""

from __future__ import annotations

import json

import pytest

from tests.modules.systems import task
from tests.simulators.server import Fault


@pytest.fixture(scope="module", params=["6.3", "5.1"])
def monitored(request, fleet_of):
    return fleet_of("fleet", pulse=request.param)


@pytest.fixture(autouse=True)
def empty_pulse(request, ansible):
    """Each test begins with an empty Pulse and an empty journal."""
    if "monitored" in request.fixturenames:
        wired = request.getfixturevalue("monitored")
        empty = {"nodes": [{"type": "pve"}, {"type": "pbs"}]}
        ansible.tasks([task(wired, "pulse_state", exclusive=empty)]).succeeded()
        wired.fleet.pulse.observed.faults.clear()
        wired.fleet.forget()


def vault(wired, **options):
    """A task for a backup server of the fleet."""
    server, token = wired.fleet.pbs["backup-berlin"], wired.fleet.tokens["backup-berlin"]
    given = {
        "type": "pbs",
        "host": server.url,
        "name": "vault",
        "token_name": "root@pam!fleet",
        "token_value": token,
        **options,
    }
    return task(wired, "pulse_node", **given)


def berlin(wired, node=0, **options):
    """A task for a node of a cluster of the fleet."""
    given = {
        "type": "pve",
        "host": wired.fleet.pve["berlin"][node].url,
        "token_name": "root@pam!fleet",
        "token_value": wired.fleet.tokens["berlin"],
        **options,
    }
    return task(wired, "pulse_node", **given)


def sent(wired):
    """The bodies of the requests that changed something."""
    return [json.loads(one.body) for _name, one in wired.fleet.writes() if one.body]


class TestTokens:
    def test_wrong_token_is_refused_before_it_is_saved(self, monitored, ansible):
        (wrong,) = ansible.tasks([vault(monitored, token_value="a-wrong-secret")]).results()
        assert wrong["failed"] and "token_value: Pulse cannot connect to" in wrong["msg"]
        assert monitored.fleet.writes() == []
        run = ansible.tasks(
            [
                vault(monitored, token_value="a-wrong-secret", test_connection=False),
                vault(monitored, wait_until_connected=2),
            ]
        )
        untried, waiting = run.results()
        assert untried["changed"] and waiting["failed"]
        assert (
            "wait_until_connected: https://" in waiting["msg"]
            and "Pulse is not connected after 2 seconds" in waiting["msg"]
        )

    def test_token_is_sent_again_only_as_update_token_says(self, monitored, ansible):
        tasks = [
            vault(monitored, wait_until_connected=10),
            vault(monitored, token_value="not-even-looked-at"),
            vault(monitored, update_token="if_invalid", token_value="not-even-looked-at"),
            vault(monitored, update_token="always"),
            vault(monitored, token_name="root@pam!other", token_value="a-wrong-secret", test_connection=False),
            vault(monitored, token_name="root@pam!other", token_value=None, update_token="if_invalid"),
            vault(monitored, wait_until_connected=10),
        ]
        results = ansible.tasks(tasks).results()
        assert [one["changed"] for one in results] == [True, False, False, True, True, False, True]
        assert [one["failed"] for one in results] == [False] * 5 + [True, False]
        # Pulse 5.1 ignores a secret without a name
        assert all(("tokenName" in one) == ("tokenValue" in one) for one in sent(monitored))

    def test_entry_with_a_password_is_converted_to_a_token(self, monitored, ansible):
        """It was created by hand; its flags can be changed without a token."""
        body = {
            "type": "pve",
            "name": "old",
            "host": "127.0.99.1",
            "user": "root@pam",
            "password": "a-password-of-root",
        }
        api = {
            "url": f"{monitored.fleet.pulse.url}/api/config/nodes",
            "headers": {"X-API-Token": monitored.fleet.tokens["pulse1"]},
        }
        made = {
            "ansible.builtin.uri": {
                **api,
                "method": "POST",
                "body_format": "json",
                "body": body,
                "status_code": 201,
                "ca_path": str(monitored.fleet.authority.bundle),
            }
        }
        node = {"type": "pve", "host": "127.0.99.1"}
        token = {
            "token_name": "pulse-monitor@pve!pulse",
            "token_value": "a-secret-of-a-token",
            "test_connection": False,
        }
        run = ansible.tasks(
            [made, *(task(monitored, "pulse_node", **node, **more) for more in ({"monitor_vms": False}, token, token))]
        )
        _made, flag, switched, again = run.succeeded().results()
        assert (flag["changed"], switched["changed"], again["changed"], run.failed) == (True, True, False, [])
        assert again["node"]["token_name"] == "pulse-monitor@pve!pulse" and again["node"]["monitor_vms"] is False


class TestClusters:
    def test_cluster_is_matched_by_any_of_its_addresses(self, monitored, ansible):
        one, two, three = monitored.fleet.pve["berlin"]
        run = ansible.tasks(
            [
                berlin(monitored, name="berlin"),
                berlin(monitored, 1),
                berlin(monitored, host="pve.example.org", aliases=["pve2.example.org", three.url]),
                berlin(monitored, 2, monitor_vms=False),
            ]
        )
        results = run.succeeded().results()
        assert [result["changed"] for result in results] == [True, False, False, True]
        assert {result["node"]["host"] for result in results} == {one.url}
        assert [request.path for _name, request in monitored.fleet.writes()][0] == "/api/config/nodes"
        assert two.url not in repr(sent(monitored))

    def test_absent_node_does_not_remove_the_entry_of_its_cluster(self, monitored, ansible):
        run = ansible.tasks(
            [berlin(monitored), berlin(monitored, 1, state="absent"), berlin(monitored, state="absent")]
        )
        assert [result["changed"] for result in run.succeeded().results()] == [True, False, True]

    def test_node_merged_into_a_cluster_by_pulse_is_reported(self, monitored, ansible):
        """The address is not known to belong to the cluster, so Pulse merges the node; the task reports it."""
        node = monitored.fleet.pve["berlin"][1]
        unknown = node.url.replace(node.host, f"[::ffff:{node.host}]")
        run = ansible.tasks(
            [
                berlin(monitored, name="berlin"),
                berlin(monitored, 1, host=unknown),
                berlin(monitored, 1, host=unknown, aliases=[node.url]),
            ]
        )
        _first, merged, known = run.results()
        assert merged["failed"] and len(merged["done"]) == 1
        assert (
            "into the cluster berlin, whose existing entry is 'berlin', and created no separate entry; declare the cluster once"
            in merged["msg"]
        )
        assert not known["failed"] and not known["changed"]


class TestIds:
    def test_several_nodes_are_removed_in_one_task(self, monitored, ansible):
        """Each removal changes the ids of all following entries."""
        nodes = [
            {
                "type": "pbs",
                "host": f"127.0.99.{number}",
                "token_name": "a@pbs!b",
                "token_value": "a-secret-of-a-token",
                "test_connection": False,
            }
            for number in (1, 2, 3, 4)
        ]
        gone = [{**node, "state": "absent"} for node in nodes[:3]]
        run = ansible.tasks(
            [
                task(monitored, "pulse_state", nodes=nodes),
                task(monitored, "pulse_state", nodes=gone),
                task(monitored, "pulse_info", gather=["nodes"]),
            ]
        )
        made, removed, left = run.succeeded().results()
        assert (len(made["plan"]), len(removed["plan"])) == (4, 3)
        assert [node["host"] for node in left["nodes"]] == ["https://127.0.99.4:8007"]

    def test_info_result_can_be_declared_without_changes(self, monitored, ansible):
        run = ansible.tasks(
            [
                berlin(monitored, monitor_storage=False, physical_disk_polling_minutes=9),
                vault(monitored, exclude_datastores=["scratch"], monitor_prune_jobs=False),
                {**task(monitored, "pulse_info", gather=["nodes"]), "register": "told"},
                task(monitored, "pulse_state", nodes="{{ told.nodes }}"),
            ]
        )
        results = run.succeeded().results()
        assert run.failed == [] and len(results[2]["nodes"]) == 2 and results[3]["changed"] is False


class TestQuirksOfPulse:
    def test_undeclared_settings_are_kept(self, monitored, ansible):
        """5.1 unsets guest URL and fingerprint in every update that omits them."""
        kept = {"guest_url": "https://people.example.org", "fingerprint": "ab" * 32, "test_connection": False}
        run = ansible.tasks([vault(monitored, **kept), vault(monitored, name="strongroom")])
        first, second = (result["node"] for result in run.succeeded().results())
        assert second == {**first, "name": "strongroom"}

    def test_new_backup_server_is_monitored_completely(self, monitored, ansible):
        """5.1 disables everything that is not set explicitly."""
        (result,) = ansible.tasks([vault(monitored)]).succeeded().results()
        assert [value for option, value in result["node"].items() if option.startswith("monitor_")] == [True] * 4
        assert sent(monitored)[0]["monitorDatastores"] is True

    def test_change_saved_but_not_applied_succeeds(self, monitored, ansible):
        text = "Configuration saved but failed to apply changes\n"
        monitored.fleet.pulse.observed.faults.append(
            Fault("POST", "/api/config/nodes", status=500, body=text, carried_out=True)
        )
        first, second = ansible.tasks([vault(monitored), vault(monitored)]).succeeded().results()
        assert (first["changed"], first["failed"], second["changed"]) == (True, False, False)

    def test_token_without_the_write_scope_is_reported(self, monitored, ansible):
        fault = Fault(
            "POST",
            "/api/config/nodes/test-config",
            status=403,
            body='{"error":"missing_scope","requiredScope":"settings:write"}',
        )
        monitored.fleet.pulse.observed.faults.append(fault)
        (result,) = ansible.tasks([vault(monitored)]).results()
        assert result["failed"] and "the API token lacks the scope settings:write" in result["msg"]


def test_unsupported_pulse_version_is_refused(fleet_of, ansible):
    wired = fleet_of("homelab")
    version = Fault(
        "GET",
        "/api/version",
        status=200,
        body='{"version":"4.36.2"}',
        headers={"Content-Type": "application/json"},
        times=10,
    )
    wired.fleet.pulse.observed.faults.append(version)
    (result,) = ansible.tasks([task(wired, "pulse_info")]).results()
    assert result["failed"] and "has version 4.36.2, but 5.1 or later is required" in result["msg"]


def test_rate_limit_is_waited_for(fleet_of, ansible):
    wired = fleet_of("homelab")
    limit = Fault(
        "POST",
        "/api/config/nodes.*",
        status=429,
        body="Rate limit exceeded. Please try again later.",
        headers={"Retry-After": "1"},
        times=2,
    )
    wired.fleet.pulse.observed.faults.append(limit)
    server = wired.fleet.pbs["pbs1"]
    node = {
        "type": "pbs",
        "host": server.url,
        "token_name": "root@pam!fleet",
        "token_value": wired.fleet.tokens["pbs1"],
    }
    (result,) = ansible.tasks([task(wired, "pulse_node", **node)]).succeeded().results()
    assert result["changed"] and not result["failed"]
