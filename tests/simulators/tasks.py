"""Work that goes on after the request that began it: PVE and PBS call it a task, name it by an UPID and keep its log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

Log = Callable[..., None]
Work = Callable[[Log], None]


class TaskError(Exception):
    """Why a task failed, as its log and its status say."""


@dataclass
class Task:
    """One task. It writes to its log with `log`, and has a `state` when it is over. `stamp` gives the begin of each line."""

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
    """The tasks that are known, by UPID. Each takes some `seconds`, and shows its effect at the end of them."""

    def __init__(
        self, seconds: float, clock: Callable[[], float], stamp: Callable[[int], str] = lambda _now: ""
    ) -> None:
        self._seconds, self._clock, self._stamp = seconds, clock, stamp
        self.known: dict[str, Task] = {}

    def start(self, name: Callable[[int, int], str], kind: str, subject: str, caller: str, work: Work) -> Task:
        """Begin a task; `name` makes its UPID of its number and the time."""
        now = self._clock()
        upid = name(len(self.known) + 1, int(now))
        ends = now + self._seconds
        self.known[upid] = Task(upid, kind, subject, caller, int(now), ends, work, self._clock, self._stamp)
        return self.known[upid]

    def advance(self) -> None:
        """Let the tasks end whose time has come."""
        for task in list(self.known.values()):
            if task.state is None and task.ends <= self._clock():
                task.finish()
