"""check_connection has the server start a login, which requires that it reaches and trusts the issuer."""

from __future__ import annotations

import pytest

from tests.modules.systems import pbs, pve
from tests.modules.systems.shared import Server
from tests.simulators.pbs import PbsSimulator
from tests.simulators.pve import PveSimulator


class Trusting(Server):
    """A server that trusts the authorities of `trust` only."""

    def __init__(self, wired, ansible, system, trust):
        super().__init__(wired, ansible)
        module, simulator, *node = {"pve": (pve, PveSimulator, "pve1"), "pbs": (pbs, PbsSimulator)}[system]
        secret = module.connection(wired)["api_token_secret"]
        self.module = f"{system}_realm"
        module.server(wired).observed.app = simulator(tokens={"root@pam!fleet": secret}, trust=trust).app(*node)
        wired.fleet.forget()


@pytest.fixture(scope="module")
def homelab(fleet_of):
    return fleet_of("homelab")


@pytest.fixture
def realm(homelab):
    return {
        "realm": "sso",
        "issuer_url": homelab.fleet.pocketid.url,
        "client_id": "proxmox",
        "client_key": "a-secret",
        "check_connection": True,
    }


@pytest.mark.parametrize("system", ["pve", "pbs"])
class TestIssuer:
    def test_trusted_issuer_passes_the_connection_check_in_check_mode_too(self, homelab, ansible, realm, system):
        server = Trusting(homelab, ansible, system, homelab.fleet.authority.bundle)
        assert server.done(server.module, **realm)["changed"]
        assert [write.split()[0] for write in server.writes()] == ["POST"]
        for check in (False, True):
            homelab.fleet.forget()
            assert not server.one(server.module, check=check, **realm)["changed"]
            asked = [f"{one.verb} {one.path}" for _name, one in homelab.fleet.exchanges()]
            assert "GET /.well-known/openid-configuration" in asked and server.writes() == []

    def test_untrusted_issuer_is_reported(self, homelab, ansible, realm, system):
        server = Trusting(homelab, ansible, system, None)
        for check in (False, True):
            told = server.one(server.module, check=check, **realm)
            assert told["failed"] and "check_connection: nobody can sign in through the realm sso (" in told["msg"]
            assert told["msg"].endswith("check that the server can reach the issuer and trusts its certificate")
        # the realm is as declared, so the next task builds on it
        assert not server.done(server.module, **{**realm, "check_connection": False})["changed"]
