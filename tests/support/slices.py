"""Inventories of job slices as AWX makes them, and playbooks that run on several of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.simulators.fleet import Fleet
from tests.support.ansible import ROOT, LoadedAnsible, Run

# one right is for one host only, and all hosts have one client
DECLARED: dict[str, Any] = {
    "fleetgate_client": {"id": "proxmox", "name": "Proxmox"},
    "fleetgate_users": [
        {"username": "alice", "email": "alice@example.org", "first_name": "Alice", "last_name": "Ahrens"},
        {"username": "bob", "email": "bob@example.org", "first_name": "Bob", "last_name": "Berger"},
    ],
    "fleetgate_groups": [
        {
            "name": "admins",
            "members": ["alice"],
            "rights": {"pve": [{"path": "/", "roles": ["Administrator"]}], "pbs": [{"path": "/", "roles": ["Admin"]}]},
        },
        {
            "name": "users",
            "members": ["bob"],
            "rights": {"pve": [{"path": "/vms", "roles": ["PVEVMUser"], "hosts": ["berlin"]}]},
        },
    ],
}
# of three slices, the first has backup and vienna, the second berlin, and the third only pulse1
CLUSTERS = {"berlin": ("berlin1",), "vienna": ("vienna1",)}
FLEET: dict[str, Any] = {"clusters": CLUSTERS, "backups": ("backup",)}


class Slices:
    """The inventory of a fleet in AWX, and what a job or one of its slices gets of it: a script that prints JSON."""

    def __init__(
        self, fleet: Fleet, ansible: LoadedAnsible, folder: Path, example: str = "homelab", **declared: Any
    ) -> None:
        self._ansible, self._folder, self.fleet = ansible, folder, fleet
        variables = ROOT / "examples" / example / "group_vars"
        self.groups: dict[str, dict[str, Any]] = {
            path.stem: {"vars": yaml.safe_load(path.read_text())} for path in variables.glob("*.yml")
        }
        for group in self.groups.values():
            group["vars"] = {name: value for name, value in group["vars"].items() if name not in declared}
        self.groups["all"]["vars"].update(declared)
        self.hosts: dict[str, dict[str, Any]] = {}
        for name, group in fleet.inventory()["all"]["children"].items():
            self.groups.setdefault(name, {})["hosts"] = list(group["hosts"])
            self.hosts.update(group["hosts"])

    def names(self, number: int = 1, count: int = 1) -> list[str]:
        """The hosts of slice `number`: AWX sorts them by name (awx/main/models/inventory.py)."""
        return sorted(self.hosts)[number - 1 :: count]

    def inventory(self, number: int = 1, count: int = 1) -> Path:
        """A script that is the inventory; groups without hosts and variables are left out."""
        names = self.names(number, count)
        data: dict[str, Any] = {"_meta": {"hostvars": {name: self.hosts[name] for name in names}}}
        for name, group in self.groups.items():
            members = [host for host in group.get("hosts", ()) if host in names]
            found = {**({"hosts": members} if members else {}), **({"vars": group["vars"]} if "vars" in group else {})}
            data.update({name: found} if found else {})
        path = self._folder / f"inventory-{number}-of-{count}.py"
        path.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(data)!r})\n")
        path.chmod(0o755)
        return path

    def play(self, playbook: str, *arguments: str, **variables: Any) -> Run:
        """Run a playbook on all hosts, with empty journals."""
        self.fleet.forget()
        return self._ansible.playbook(*self._command(playbook, 1, 1, arguments, variables))

    def at_once(self, commands: Iterable[tuple[str, ...]]) -> list[Run]:
        """Run several playbooks on all hosts at the same time; each command has the name of one and its arguments."""
        self.fleet.forget()
        return self._ansible.at_once([self._command(name, 1, 1, arguments, {}) for name, *arguments in commands])

    def play_slices(self, playbook: str, *arguments: str, count: int, at_once: bool, **variables: Any) -> list[Run]:
        """Run a playbook on each slice, one after another or all at once, with empty journals."""
        self.fleet.forget()
        commands = [self._command(playbook, number, count, arguments, variables) for number in range(1, count + 1)]
        if at_once:
            return self._ansible.at_once(commands)
        return [self._ansible.playbook(*command) for command in commands]

    def _command(
        self, playbook: str, number: int, count: int, arguments: Iterable[str], variables: dict[str, Any]
    ) -> tuple[str, ...]:
        inventory = str(self.inventory(number, count))
        return (f"fleetgate.proxmox.{playbook}", "-i", inventory, "-e", json.dumps(variables), *arguments)
