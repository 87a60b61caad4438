"""The playbooks on servers of older versions."""

from __future__ import annotations

import pytest

from tests.support.pulse import nodes, privileges

REALMS = {"homelab": "pocketid", "authentik": "authentik"}


@pytest.mark.parametrize(
    ("example", "versions"),
    [
        ("homelab", {"pve": "8.4", "pbs": "3.2", "pocketid": "2.13"}),
        ("authentik", {"authentik": "2024.12"}),
        ("authentik", {"authentik": "2025.12"}),
    ],
)
def test_older_versions_are_wired_proven_and_reviewed(fleet_of, example, versions):
    wired = fleet_of(example, **versions)
    # PBS 3.2 has no default realm
    realm = {"fleetgate_realm": {"name": REALMS[example]}}
    wired.play("wire", **realm).succeeded()
    (cluster,), (backup,) = wired.fleet.pve.values(), wired.fleet.pbs.values()
    for server, address in ((cluster[0], cluster[0].named_url), (backup, backup.url)):
        signed_in = wired.person("alice").sign_in(server.url, REALMS[example], address)
        assert "Permissions.Modify" in signed_in.rights["/"]
    assert wired.play("wire", **realm).succeeded().changed == []
    assert wired.fleet.writes() == []
    wired.fleet.set_password("alice", "a-password-of-alice")
    person = {"person": "alice", "password": "a-password-of-alice"}
    assert wired.play("prove", fleetgate_prove=person, **realm).succeeded().changed == []
    assert "HIGH    API token of root@pam" in wired.play("report", **realm).succeeded().output
    assert wired.fleet.writes() == []


def test_older_versions_are_monitored(fleet_of, ansible):
    wired = fleet_of("homelab", pve="8.4", pbs="3.2", pulse="5.1")
    wired.play("monitor", fleetgate_monitoring={"guest_agent": True}).succeeded()
    assert wired.play("monitor", fleetgate_monitoring={"guest_agent": True}).succeeded().changed == []
    assert all(one["connected"] for one in nodes(wired, ansible).values())
    assert "VM.Monitor" in privileges(wired, ansible, "pve")["/"]
