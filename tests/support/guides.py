"""The code blocks of guides and of the README, and a folder in which they are carried out as a reader would."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.simulators.fleet import Fleet
from tests.support.ansible import ROOT, Ansible, Run

GUIDES = ROOT / "docs/docsite/rst"
# what prepares the control node, which the environment of the tests already is
PREPARES = ("python3 -m venv ", ". venv/", "pip install ", "ansible-galaxy collection install ", "export ")
PASSWORD = "correct horse battery staple"
# its content comes from the fleet, and is written by the editor of ansible-vault
VAULT = "group_vars/all/vault.yml"
INVENTORY = "inventory.yml"
# for variables that no file is named for
VARIABLES = "group_vars/all/of_a_guide.yml"


@dataclass(frozen=True)
class Block:
    """A code block: its language, its text, and the heading that it is below."""

    language: str
    text: str
    section: str

    @property
    def file(self) -> str | None:
        """The file that the comment in the first line names."""
        named = re.match(r"# ([\w/.]+\.yml)\b(?! of )", self.text)
        return named and named[1]

    @property
    def is_tasks(self) -> bool:
        return self.file is None and isinstance(self.data, list)

    @property
    def data(self) -> Any:
        return yaml.safe_load(self.text)

    @property
    def commands(self) -> list[str]:
        """The commands of a console or of a shell, without comments."""
        lines = [
            line.removeprefix("$ ") for line in self.text.splitlines() if self.language == "sh" or line[:2] == "$ "
        ]
        return [command for line in lines if (command := re.sub(r"\s+# .*", "", line)) and command[:1] != "#"]


def guide(name: str) -> list[Block]:
    """The blocks of a guide in their order."""
    lines = (GUIDES / f"guide_{name}.rst").read_text().splitlines()
    blocks, section = [], ""
    for number, line in enumerate(lines):
        if re.fullmatch(r"([-=~])\1{3,}", line):
            section = lines[number - 1]
        elif begins := re.match(r"( *)\.\. code-block:: (\w+)", line):
            inside = len(begins[1]) + 1
            end = next(
                (
                    at
                    for at in range(number + 1, len(lines))
                    if lines[at].strip() and not lines[at].startswith(" " * inside)
                ),
                len(lines),
            )
            text = textwrap.dedent("\n".join(lines[number + 1 : end])).strip("\n")
            blocks.append(Block(begins[2], text, section))
    return blocks


def readme() -> list[Block]:
    """The blocks of the README in their order."""
    text = (ROOT / "README.md").read_text()
    return [Block(language, body.rstrip(), "") for language, body in re.findall(r"```(\w+)\n(.*?)```", text, re.S)]


class Project:
    """The folder of a reader: files are written as the blocks say, and commands run against a simulated fleet.

    Only what belongs to the fleet of the reader is replaced: addresses, ports and secrets. A block for a file that exists
    replaces the variables that it has.
    """

    def __init__(self, folder: Path, fleet: Fleet, ansible: Ansible, secrets: dict[str, Any]) -> None:
        self.folder = folder
        self._fleet = fleet
        self._ansible = ansible.within(folder)
        self._secrets = secrets
        bundle = str(fleet.authority.bundle)
        self._environment = {
            "PROXMOX_PORT": str(next(iter(fleet.pve.values()))[0].port),
            "PROXMOX_BACKUP_PORT": str(next(iter(fleet.pbs.values())).port),
            "REQUESTS_CA_BUNDLE": bundle,
        }
        self._replaced = {
            "ansible_host: pve1.lab.example.org": f"ansible_host: {next(iter(fleet.pve.values()))[0].host}",
            "api_host: pve1.lab.example.org": f"api_host: {next(iter(fleet.pve.values()))[0].host}",
            "ansible_host: pbs.lab.example.org": f"ansible_host: {next(iter(fleet.pbs.values())).host}",
            "ansible_host: pulse.lab.example.org": f"ansible_host: {fleet.pulse.host}",
            "/var/log/fleetgate": str(folder / "record"),
            "https://pulse.lab.example.org:7655": fleet.pulse.url,
            "https://id.example.org": fleet.pocketid.url,
            "https://authentik.example.org": fleet.authentik.url,
        }
        self._password = folder / "password"
        self._password.write_text(PASSWORD)
        self._connection = folder / "connection.json"
        self._connection.write_text(f'{{"ansible_ssh_executable": "{fleet.ssh}"}}')

    def replace(self, text: str, other: str) -> None:
        """What another text of the blocks is in this fleet."""
        self._replaced[text] = other

    def write(self, block: Block) -> None:
        """Write or change the file that a block is for. Variables without one are for all hosts."""
        file, text = block.file or VARIABLES, self._here(block.text)
        path = self.folder / file
        if path.exists():
            known, changed = yaml.safe_load(path.read_text()), yaml.safe_load(text)
            if file == INVENTORY:
                known["all"]["children"].update(changed["all"]["children"])
            elif isinstance(known, dict):
                known.update(changed)
            text = yaml.safe_dump(known if isinstance(known, dict) else changed, sort_keys=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def follow(self, blocks: list[Block]) -> list[Run]:
        """Carry out blocks in their order, which must succeed; check mode must not write anything."""
        runs = []
        for block in blocks:
            if block.language == "yaml" and block.file == VAULT:
                assert set(block.data) <= set(self._secrets), block.text
            elif block.language == "yaml" and block.is_tasks:
                runs.append(self._run_tasks(block).succeeded())
            elif block.language == "yaml":
                self.write(block)
            for command in block.commands:
                if not command.startswith(PREPARES) and (run := self.run(command)):
                    runs.append(run.succeeded())
                    assert "--check" not in command or self._fleet.writes() == [], command
        return runs

    def run(self, command: str) -> Run | None:
        """Run a command of a block; None where it is not a playbook."""
        self._fleet.forget()
        words = shlex.split(command)
        if words[0] != "ansible-playbook":
            self._prepare(words)
            return None
        arguments = [word for word in words[1:] if word != "--ask-vault-pass"]
        given = (f"--vault-password-file={self._password}", "-e", f"@{self._connection}")
        return self._ansible.playbook(*arguments, *given, **self._environment)

    def _run_tasks(self, block: Block) -> Run:
        """Run tasks that are printed without a play, on the cluster."""
        defaults = {"group/fleetgate.proxmox.pve": "{{ fleetgate_api }}"}
        play = {"hosts": "pve", "gather_facts": False, "module_defaults": defaults}
        path = self.folder / "tasks.yml"
        path.write_text(yaml.safe_dump([{**play, "tasks": yaml.safe_load(self._here(block.text))}], sort_keys=False))
        run = self.run(f"ansible-playbook {path.name} -i inventory.yml")
        assert run
        return run

    def _here(self, text: str) -> str:
        """A text with the addresses of this fleet."""
        for original, other in self._replaced.items():
            text = text.replace(original, other)
        return text

    def _prepare(self, words: list[str]) -> None:
        """Make a folder, copy a certificate, or create a vault, whose editor writes the secrets."""
        if words[0] == "scp":
            (self.folder / words[-1]).write_bytes(self._fleet.authority.bundle.read_bytes())
        elif words[0] == "ansible-vault":
            content, editor = self.folder / "content.yml", self.folder / "editor"
            content.write_text(yaml.safe_dump(self._secrets))
            editor.write_text(f'#!/bin/sh\ncat {shlex.quote(str(content))} >"$1"\n')
            editor.chmod(0o700)
            given = ("--skip-tty-check", f"--vault-password-file={self._password}")
            done = self._ansible.program(*words, *given, EDITOR=str(editor))
            assert done.returncode == 0, done.stdout
            content.unlink()
        else:
            subprocess.run(words, cwd=self.folder, check=True, env={"PATH": os.environ["PATH"]})
