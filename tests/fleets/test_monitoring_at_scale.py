"""The number of requests for monitoring an unchanged fleet."""

from __future__ import annotations

import pytest
import yaml

# requests of Pulse itself when it connects to a server
BY_PULSE = ("/api2/json/nodes", "/api2/json/admin/datastore")


@pytest.mark.parametrize("count", [2, 8])
def test_requests_of_an_unchanged_fleet_grow_linearly(fleet_of, ansible, tmp_path, count):
    clusters = {f"cluster{number}": (f"cluster{number}",) for number in range(count)}
    wired = fleet_of("homelab", clusters=clusters, backups=("backup0", "backup1"))
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump(wired.fleet.inventory()))
    ansible.playbook("fleetgate.proxmox.monitor", "-i", str(inventory)).succeeded()
    wired.fleet.forget()
    assert ansible.playbook("fleetgate.proxmox.monitor", "-i", str(inventory)).succeeded().changed == []

    def requests(server):
        return [f"{one.verb} {one.path}" for one in server.observed.journal if one.path not in BY_PULSE]

    for most, servers in ((10, [node for (node,) in wired.fleet.pve.values()]), (9, wired.fleet.pbs.values())):
        for server in servers:
            assert 0 < len(requests(server)) <= most, requests(server)
    of_pulse = requests(wired.fleet.pulse)
    assert len([one for one in of_pulse if one.startswith("GET")]) <= 3, of_pulse
    # Pulse signs in once for each host
    assert len(of_pulse) <= 3 + count + 2, of_pulse
