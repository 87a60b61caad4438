"""Jobs as AWX runs them: by ansible-runner, with a script as inventory, a survey as extra variables, and stored facts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.ansible import checkout


@dataclass
class Job:
    """A finished job: exit code, what the operator reads, its events, and the folder with everything that is stored of it."""

    code: int
    output: str
    events: list[dict[str, Any]]
    stored: Path

    def failures(self) -> dict[str, str]:
        """The message of each host that failed."""
        return {
            event["event_data"]["host"]: event["event_data"]["res"].get("msg", "")
            for event in self.events
            if event["event"] in ("runner_on_failed", "runner_on_unreachable")
        }

    @property
    def changed(self) -> list[str]:
        """The tasks that changed something, with their hosts."""
        return sorted(
            f"{event['event_data']['host']}: {event['event_data']['task']}"
            for event in self.events
            if event["event"] == "runner_on_ok" and event["event_data"]["res"].get("changed")
        )

    def files_with(self, texts: Iterable[str]) -> list[tuple[str, str]]:
        """The stored files that have one of these texts."""
        wanted = list(texts)
        return [
            (path.name, text)
            for path in sorted(self.stored.rglob("*"))
            if path.is_file()
            for content in [path.read_text(errors="replace")]
            for text in wanted
            if text in content
        ]

    @property
    def size(self) -> int:
        """The bytes of all stored files."""
        return sum(path.stat().st_size for path in self.stored.rglob("*") if path.is_file())


class Runner:
    """A folder of ansible-runner, with a project of one playbook."""

    def __init__(self, folder: Path, playbooks: Iterable[str], files: dict[str, Path]) -> None:
        self._folder = folder
        self._collections = checkout(folder)
        self._count = 0
        project = folder / "project"
        (project / "files").mkdir(parents=True)
        for name, path in files.items():
            shutil.copy(path, project / "files" / name)
        plays = [{"name": name, "import_playbook": f"fleetgate.proxmox.{name}"} for name in playbooks]
        (project / "site.yml").write_text(yaml.safe_dump(plays, sort_keys=False))
        (folder / "inventory").mkdir()
        (folder / "env").mkdir()

    def job(self, inventory: Path, survey: dict[str, Any], *arguments: str) -> Job:
        """Run the playbook with one inventory; facts of earlier jobs are read, as AWX stores them."""
        self._count += 1
        shutil.copy(inventory, self._folder / "inventory/hosts.py")
        (self._folder / "env/extravars").write_text(json.dumps(survey))
        command = [sys.executable, "-m", "ansible_runner", "run", str(self._folder), "-p", "site.yml"]
        command += ["--ident", str(self._count)]
        if arguments:
            command.append(f"--cmdline={' '.join(arguments)}")
        done = subprocess.run(
            command,
            env={
                **os.environ,
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
                "ANSIBLE_PYTHON_INTERPRETER": "{{ ansible_playbook_python }}",
                "ANSIBLE_HOME": str(self._folder / "home"),
            },
            cwd=self._folder.parent,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        stored = self._folder / "artifacts" / str(self._count)
        events = [json.loads(path.read_text()) for path in (stored / "job_events").glob("*.json")]
        events.sort(key=lambda event: event["counter"])
        return Job(done.returncode, done.stdout, events, stored)
