"""Runs ansible as users do, in its own process, and returns the result of every task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Run:
    """The outcome of one ansible-playbook: exit code, everything printed, and each task's result in order."""

    arguments: tuple[str, ...]
    code: int
    output: str
    rows: list[dict[str, Any]]

    def results(self, task: str | None = None) -> list[dict[str, Any]]:
        """Results of all tasks, or of those called `task`."""
        return [row["result"] for row in self.rows if task in (None, row["task"])]

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something, with their hosts; sorted, because hosts finish in any order."""
        return sorted(
            f"{row['host']}: {row['task']}"
            for row in self.rows
            if row["result"].get("changed") and not row["outcome"].startswith("item")
        )

    def told(self, *parts: str) -> list[str]:
        """The given parts of every result with a plan, with host and task; sorted, because hosts finish in any order."""
        planned = [row for row in self.rows if row["result"].get("plan")]
        return sorted(repr((row["host"], row["task"], [row["result"][part] for part in parts])) for row in planned)

    @property
    def failed(self) -> list[str]:
        return [
            f"{row['host']}: {row['task']}: {row['result'].get('msg')}"
            for row in self.rows
            if row["outcome"] == "failed"
        ]

    def succeeded(self) -> Run:
        assert self.code == 0, self.output
        return self


def checkout(folder: Path) -> Path:
    """A folder of collections that has this checkout as the collection."""
    namespace = folder / "collections/ansible_collections/fleetgate"
    namespace.mkdir(parents=True)
    (namespace / "proxmox").symlink_to(ROOT)
    return folder / "collections"


class Ansible:
    """The programs of ansible of the environment that the tests run in, with a folder of collections."""

    def __init__(self, folder: Path, collections: Path) -> None:
        self._folder = folder
        self._collections = collections
        self._count = 0

    def within(self, folder: Path) -> Ansible:
        """The same programs, which run in another folder."""
        other = copy(self)
        other._folder = folder
        return other

    def tasks(self, tasks: list[dict[str, Any]], *arguments: str, secrets: tuple[str, ...] = (), **play: Any) -> Run:
        """Run tasks on the control node. A failed task does not stop the others.

        `secrets` come from a file of variables, as from a vault, because ansible quotes a playbook where a task fails.
        """
        plays = [{"hosts": "localhost", "gather_facts": False, "ignore_errors": True, **play, "tasks": tasks}]
        text = yaml.safe_dump(plays, sort_keys=False, width=1000)
        vault = {f"vault_{number}": secret for number, secret in enumerate(secrets)}
        for name, secret in vault.items():
            text = text.replace(secret, f"'{{{{ {name} }}}}'")
        path, variables = self._folder / f"play{self._count}.yml", self._folder / f"vault{self._count}.yml"
        path.write_text(text)
        variables.write_text(yaml.safe_dump(vault))
        return self.playbook(str(path), "-e", f"@{variables}", *arguments)

    def playbook(self, name: str, *arguments: str, **environment: str) -> Run:
        """Run a playbook, by its path or by its name in the collection."""
        record = self._next_record()
        code, output = self._play(name, *arguments, FLEETGATE_RECORD=str(record), **environment)
        return self._finished(arguments, code, output, record)

    def _next_record(self) -> Path:
        self._count += 1
        return self._folder / f"record{self._count}"

    @staticmethod
    def _finished(arguments: tuple[str, ...], code: int, output: str, record: Path) -> Run:
        rows = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []
        return Run(arguments, code, output, rows)

    def _play(self, *arguments: str, **environment: str) -> tuple[int, str]:
        done = self.program("ansible-playbook", *arguments, **environment)
        return done.returncode, done.stdout

    def program(self, name: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run one of ansible's programs."""
        command = [str(Path(sys.executable).with_name(name)), *arguments]
        return subprocess.run(
            command,
            env={**os.environ, **self._settings(), **environment},
            cwd=self._folder,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _settings(self) -> dict[str, str]:
        return {
            "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/support/callbacks"),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_PYTHON_INTERPRETER": "{{ ansible_playbook_python }}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            # tests search the results for secrets; ansible-core 2.21 includes the invocation on request only
            "ANSIBLE_INJECT_INVOCATION": "true",
            "ANSIBLE_HOME": str(self._folder / "home"),
        }


class LoadedAnsible(Ansible):
    """Runs ansible-playbook in forks of a process that has loaded ansible; runs with other settings get a new process."""

    def __enter__(self) -> LoadedAnsible:
        program = [sys.executable, "-m", "tests.support.loaded"]
        environment = {**os.environ, **self._settings()}
        self._process = subprocess.Popen(
            program, env=environment, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.communicate()

    def _play(self, *arguments: str, **environment: str) -> tuple[int, str]:
        if any(name.startswith("ANSIBLE_") for name in environment):
            return super()._play(*arguments, **environment)
        output = self._folder / f"output{self._count}"
        (code,) = self._loaded([self._asked(arguments, environment, output)])
        return code, output.read_text()

    def at_once(self, commands: Sequence[tuple[str, ...]]) -> list[Run]:
        """Run several playbooks at the same time; each command has the name of one and its arguments."""
        records = [self._next_record() for _command in commands]
        outputs = [record.with_name(f"output-of-{record.name}") for record in records]
        codes = self._loaded(
            self._asked(command, {"FLEETGATE_RECORD": str(record)}, output)
            for command, record, output in zip(commands, records, outputs)
        )
        return [
            self._finished(command[1:], code, output.read_text(), record)
            for command, code, output, record in zip(commands, codes, outputs, records)
        ]

    def _asked(self, arguments: tuple[str, ...], environment: dict[str, str], output: Path) -> dict[str, Any]:
        return {"arguments": arguments, "environment": environment, "folder": str(self._folder), "output": str(output)}

    def _loaded(self, asked: Iterable[dict[str, Any]]) -> list[int]:
        """The exit codes of runs in the process, which run at the same time."""
        print(json.dumps(list(asked)), file=self._process.stdin, flush=True)
        assert self._process.stdout
        codes: list[int] = json.loads(self._process.stdout.readline())
        return codes
