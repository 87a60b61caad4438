"""Background tasks of PVE and PBS, with their UPID and log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Log = Callable[..., None]
Work = Callable[[Log], None]


class TaskError(Exception):
    """The failure of a task, with the message of its log and status."""


@dataclass
class Task:
    """A task. It writes its log with `log`, and has a `state` when it ends. `stamp` returns the prefix of log lines."""

    upid: str
    kind: str
    subject: str
    caller: str
    started: int
    ends: float
    work: Work
    clock: Callable[[], float]
    stamp: Callable[[int], str] = lambda _now: ""
    state: str | None = None
    ended: int = 0
    warnings: int = 0
    lines: list[str] = field(default_factory=list)

    def log(self, text: str, warns: bool = False) -> None:
        self.warnings += warns
        self.lines += [f"{self.stamp(int(self.clock()))}{line}" for line in text.split("\n")]

    def finish(self) -> None:
        try:
            self.work(self.log)
        except TaskError as error:
            self.state = str(error)
            self.log(f"TASK ERROR: {self.state}")
        else:
            self.state = f"WARNINGS: {self.warnings}" if self.warnings else "OK"
            self.log(f"TASK {self.state}")
        self.ended = int(self.clock())


class Tasks:
    """The tasks by UPID. Each takes some `seconds`, and takes effect at their end."""

    def __init__(
        self, seconds: float, clock: Callable[[], float], stamp: Callable[[int], str] = lambda _now: ""
    ) -> None:
        self._seconds, self._clock, self._stamp = seconds, clock, stamp
        self.known: dict[str, Task] = {}

    def start(self, name: Callable[[int, int], str], kind: str, subject: str, caller: str, work: Work) -> Task:
        """Start a task; `name` creates its UPID from its number and the time."""
        now = self._clock()
        upid = name(len(self.known) + 1, int(now))
        ends = now + self._seconds
        self.known[upid] = Task(upid, kind, subject, caller, int(now), ends, work, self._clock, self._stamp)
        return self.known[upid]

    def advance(self) -> None:
        """Finish the tasks that are due."""
        for task in list(self.known.values()):
            if task.state is None and task.ends <= self._clock():
                task.finish()
