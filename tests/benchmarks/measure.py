"""The cost of a command: wall time, CPU time, and the peak memory of the command and its children."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.ansible import checkout

INTERVAL = 0.2


@dataclass(frozen=True)
class Cost:
    """Seconds of wall and CPU time, and bytes: the largest sum of the proportional set sizes of all processes."""

    wall: float
    cpu: float
    memory: int

    @classmethod
    def median(cls, costs: Sequence[Cost]) -> Cost:
        return cls(
            statistics.median(cost.wall for cost in costs),
            statistics.median(cost.cpu for cost in costs),
            int(statistics.median(cost.memory for cost in costs)),
        )

    def without(self, other: Cost) -> Cost:
        """The cost without that of starting."""
        return Cost(self.wall - other.wall, self.cpu - other.cpu, self.memory)


class Play:
    """Runs ansible-playbook of the environment that `python` belongs to, with this checkout as the collection."""

    def __init__(self, folder: Path, python: str = sys.executable) -> None:
        self._folder = folder
        self._program = str(Path(python).with_name("ansible-playbook"))
        self._settings = {
            "ANSIBLE_COLLECTIONS_PATH": str(checkout(folder)),
            "ANSIBLE_PYTHON_INTERPRETER": "{{ ansible_playbook_python }}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            "ANSIBLE_HOME": str(folder / "home"),
        }

    def __call__(self, *arguments: str, changes: bool = True, **environment: str) -> Cost:
        """Run a playbook; without `changes` it must change nothing."""
        output = self._folder / "output.txt"
        cost = measure([self._program, *arguments], output, {**self._settings, **environment})
        if not changes and re.search(r"\bchanged=[1-9]", text := output.read_text()):
            raise CommandFailed(f"{' '.join(arguments)} changed something again:\n{text[-4000:]}")
        return cost


class CommandFailed(Exception):
    """A measured command ended with an error; the text has the end of its output."""


def measure(command: Sequence[str], output: Path, environment: Mapping[str, str]) -> Cost:
    """Run a command to its end, in the folder of the file for its output."""
    started = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            command, cwd=output.parent, env={**os.environ, **environment}, stdout=file, stderr=subprocess.STDOUT
        )
        sampler = Sampler(process.pid)
        sampler.start()
        _pid, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        sampler.stop()
    if process.returncode:
        raise CommandFailed(f"{' '.join(command)} ended with {process.returncode}:\n{output.read_text()[-4000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, sampler.peak)


class Sampler(threading.Thread):
    """Samples the memory of a tree of processes."""

    def __init__(self, root: int) -> None:
        super().__init__(daemon=True)
        self._root = root
        self._done = threading.Event()
        self.peak = 0

    def run(self) -> None:
        while not self._done.wait(INTERVAL):
            self.peak = max(self.peak, sum(proportional_size(pid) for pid in processes(self._root)))

    def stop(self) -> None:
        self._done.set()
        self.join()


def processes(root: int) -> Iterator[int]:
    """A process and everything that descends from it."""
    yield root
    try:
        threads = os.listdir(f"/proc/{root}/task")
    except OSError:  # it has ended in the meantime
        return
    for thread in threads:
        for child in _text(Path(f"/proc/{root}/task/{thread}/children")).split():
            yield from processes(int(child))


def proportional_size(pid: int) -> int:
    """The memory of a process in bytes, with its share of what it has in common with others."""
    for line in _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(path: Path) -> str:
    """Empty where the process has ended in the meantime."""
    try:
        return path.read_text()
    except OSError:
        return ""
