"""Connections of tasks: precedence and notation of addresses, and messages when a connection fails."""

from __future__ import annotations

import importlib
import re

import pytest
import yaml

from tests.modules.systems import SYSTEMS, task
from tests.support.proxy import Proxy

URLS = {"pocketid": "POCKETID", "authentik": "AUTHENTIK", "pulse": "PULSE"}
HOSTS = {"pve": "PROXMOX", "pbs": "PROXMOX_BACKUP"}


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def for_a_host(homelab, ansible, tmp_path):
    """The result of a module that reads, run for an inventory host."""

    def run(system, address, how, **options):
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"hosts": {"somewhere": {"ansible_host": address}}}}))
        reading = {**task(homelab, f"{system}_info", gather=["version"], **options), **how}
        (result,) = ansible.tasks([reading], "-i", str(inventory), hosts="somewhere").results()
        return result

    return run


class TestAddressOfAnInventoryHost:
    @pytest.mark.parametrize("system", URLS)
    def test_environment_takes_precedence_over_the_inventory_host(self, homelab, for_a_host, system):
        """The inventory host is a managed host, not the server, and must not receive the credential."""
        named = {"environment": {f"{URLS[system]}_URL": SYSTEMS[system].server(homelab).url}}
        assert not (result := for_a_host(system, "127.0.0.99", named, url=None))["failed"], result

    @pytest.mark.parametrize("system", URLS)
    def test_inventory_host_is_the_default_address(self, for_a_host, system):
        assert "https://127.0.0.99" in for_a_host(system, "127.0.0.99", {}, url=None)["msg"]

    @pytest.mark.parametrize("system", HOSTS)
    def test_inventory_host_takes_precedence_over_a_shared_host_variable(self, homelab, for_a_host, system):
        there, named = SYSTEMS[system].server(homelab).host, {"environment": {f"{HOSTS[system]}_HOST": "127.0.0.99"}}
        assert not (result := for_a_host(system, there, named, api_host=None))["failed"], result

    def test_delegated_async_task_needs_no_connection_to_the_host(self, homelab, for_a_host):
        """Without delegation it runs on the host."""
        there, how = SYSTEMS["pve"].server(homelab).host, {"async": 60, "poll": 1}
        assert "ssh" in for_a_host("pve", there, how, api_host=None)["msg"]
        assert not (result := for_a_host("pve", there, {**how, "delegate_to": "localhost"}, api_host=None))["failed"], (
            result
        )


@pytest.mark.parametrize("system", HOSTS)
class TestFormsOfAddresses:
    def messages(self, homelab, ansible, system, *addresses):
        tasks = [task(homelab, f"{system}_info", api_host=address, api_timeout=1) for address in addresses]
        return dict(zip(addresses, [result["msg"] for result in ansible.tasks(tasks).results()]))

    def test_ipv6_address_may_have_brackets(self, homelab, ansible, system):
        """Nothing listens there; the address itself is valid."""
        for address, message in self.messages(
            homelab, ansible, system, "::1", "[::1]", "fe80::1%lo", "[::ffff:127.0.0.99]"
        ).items():
            assert re.search(
                rf"https://\[{address.strip('[]')}\]:\d+/api2/json (does not answer|did not answer)", message
            )

    def test_invalid_address_is_refused(self, homelab, ansible, system):
        wrong = ("127.0.0.1:8006", "pve1:8006", "[::1]:8006", "https://pve1", "[pve1]", "::1]", "pve 1")
        for address, message in self.messages(homelab, ansible, system, *wrong).items():
            assert (
                f"api_host: '{address}' must be a host name or an address, without https://, path and port" in message
            )


@pytest.mark.parametrize("system", ["pve", "pulse"])
def test_inventory_host_may_have_its_ipv6_address_in_brackets(for_a_host, system):
    assert "https://[::1]:" in for_a_host(system, "[::1]", {}, api_host=None, url=None)["msg"]


class TestProxy:
    ENVIRONMENT = {"HTTPS_PROXY": "http://somebody:a-password-of-the-proxy@127.0.0.99:9/"}

    def results(self, homelab, ansible, environment, **options):
        tasks = [
            {**task(homelab, f"{system}_info", **options.get(system, {})), "environment": environment}
            for system in SYSTEMS
        ]
        return ansible.tasks(tasks).results()

    def test_proxy_is_named_when_a_connection_fails(self, homelab, ansible):
        for result in self.results(homelab, ansible, self.ENVIRONMENT):
            assert "goes through the proxy 127.0.0.99:9 because of HTTPS_PROXY" in result["msg"]
            assert "a-password-of-the-proxy" not in repr(result)

    def test_everything_goes_through_the_proxy_also_the_fingerprint(self, homelab, ansible):
        gather = {system: {"gather": ["version", "fingerprint"]} for system in HOSTS}
        direct = self.results(homelab, ansible, {}, **gather)
        with Proxy() as proxy:
            through = self.results(homelab, ansible, {"HTTPS_PROXY": proxy.url, "NO_PROXY": ""}, **gather)
        assert [result.get("msg") for result in through if result["failed"]] == []
        assert len(set(proxy.targets)) >= len(HOSTS)
        fingerprints = [
            [result["fingerprint"] for result in run if "fingerprint" in result] for run in (direct, through)
        ]
        assert fingerprints[0] == fingerprints[1] and len(fingerprints[0]) == len(HOSTS)

    def test_unused_proxy_is_not_named(self, homelab, ansible):
        url = "https://127.0.0.99"
        elsewhere = {
            **dict.fromkeys(HOSTS, {"api_host": "127.0.0.99"}),
            **dict.fromkeys(URLS, {"url": url}),
            "oidc": {"issuer": url},
        }
        for result in self.results(homelab, ansible, {**self.ENVIRONMENT, "NO_PROXY": "127.0.0.99"}, **elsewhere):
            assert url in result["msg"] and "proxy" not in result["msg"]


def test_common_options_can_be_set_by_module_defaults_of_the_action_group(homelab, ansible):
    """The action group documents them, and there are no others."""
    specs = [
        importlib.import_module(
            f"ansible_collections.fleetgate.proxmox.plugins.modules.{system}_info"
        ).MODULE.argument_spec
        for system in SYSTEMS
    ]
    assert set.intersection(*map(set, specs)) == {"validate_certs", "ca_path"}
    defaults = {"group/fleetgate.proxmox.all": {"validate_certs": True, "ca_path": str(homelab.fleet.authority.bundle)}}
    run = ansible.tasks(
        [task(homelab, f"{system}_info", ca_path=None) for system in SYSTEMS], module_defaults=defaults
    ).succeeded()
    assert run.failed == [] and len(run.results()) == len(SYSTEMS)
