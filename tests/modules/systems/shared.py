"""Helpers shared by the tables of several systems."""

from __future__ import annotations

from pathlib import Path

LOGOS = Path(__file__).resolve().parents[1] / "logos"
LOGO = str(Path(__file__).resolve().parents[3] / "examples/logos/proxmox.svg")

REALM = {"issuer_url": "https://id.example.org", "client_id": "proxmox", "client_key": "a-client-secret-of-a-realm"}


def proxmox_connection(server, secret, wired):
    """The connection options of PVE and PBS, with the token that every simulated server has."""
    return {
        "api_host": server.host,
        "api_port": server.port,
        "api_token_id": "root@pam!fleet",
        "api_token_secret": secret,
        "ca_path": str(wired.fleet.authority.bundle),
    }


class Server:
    """The first server of a system, and tasks that run on it."""

    def __init__(self, wired, ansible):
        self.wired, self._ansible = wired, ansible

    def tasks(self, *tasks, check=False):
        """The results of tasks, given as (module, options)."""
        # the tables of the systems import this module
        from tests.modules.systems import task

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
