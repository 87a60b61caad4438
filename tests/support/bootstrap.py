"""A fleet without an identity of the automation, and the results of bootstrap."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import requests
import yaml

from tests.simulators.fleet import Server
from tests.support.ansible import ROOT

if TYPE_CHECKING:
    from tests.conftest import Wired

PRIVILEGES = yaml.safe_load((ROOT / "roles/bootstrap/defaults/main.yml").read_text())["fleetgate_privileges"]
STORED = "{{ lookup('ansible.builtin.file', fleetgate_token_file, errors='ignore') }}"


def new(wired: Wired, folder: Path) -> Wired:
    """A fleet whose inventory has no credentials except those that bootstrap stores."""
    inventory = wired.fleet.inventory()
    for system in ("pve", "pbs"):
        for host in inventory["all"]["children"][system]["hosts"].values():
            host["fleetgate_api"].update(api_token_id=f"fleetgate@{system}!automation", api_token_secret=STORED)
            host["ansible_user"] = "root"
            host["fleetgate_token_file"] = f"{folder}/secrets/{{{{ inventory_hostname }}}}.token.txt"
    wired.inventory, wired.secrets = inventory, folder / "secrets"
    wired.list_hosts(inventory)
    return wired


def stored(wired: Wired) -> dict[str, str]:
    return {path.name.partition(".")[0]: path.read_text().strip() for path in wired.secrets.iterdir()}


def rights(server: Server, system: str, secret: str, trust: str) -> dict[str, set[str]]:
    """The effective privileges of the stored token by path."""
    separator = {"pve": "=", "pbs": ":"}[system]
    header = {"Authorization": f"{system.upper()}APIToken=fleetgate@{system}!automation{separator}{secret}"}
    told = requests.get(f"{server.url}/api2/json/access/permissions", headers=header, verify=trust, timeout=10).json()[
        "data"
    ]
    return {path: set(privileges) for path, privileges in told.items() if privileges}
