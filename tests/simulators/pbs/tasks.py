"""/nodes/{node}/tasks: work that goes on after the request that began it, and its log (proxmox-rest-server, WorkerTask)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .call import Call, route
from .errors import ApiError
from .identity import is_token, owner

Log = Callable[..., None]
Work = Callable[[Log], None]

TASK = "/nodes/{node}/tasks/{upid}"


@dataclass
class Task:
    """One task. It writes to its log with `log`, and has a `state` when it is over."""

    upid: str
    kind: str
    subject: str
    caller: str
    started: int
    ends: float
    work: Work
    clock: Callable[[], float]
    state: str | None = None
    ended: int = 0
    warnings: int = 0
    lines: list[str] = field(default_factory=list)

    def log(self, text: str, warns: bool = False) -> None:
        stamp = datetime.fromtimestamp(int(self.clock())).astimezone().isoformat()
        self.warnings += warns
        self.lines.append(f"{stamp}: {text}")

    def finish(self) -> None:
        try:
            self.work(self.log)
        except ApiError as error:
            self.state = error.reason
            self.log(f"TASK ERROR: {error.reason}")
        else:
            self.state = f"WARNINGS: {self.warnings}" if self.warnings else "OK"
            self.log(f"TASK {self.state}")
        self.ended = int(self.clock())


class Tasks:
    """The tasks of a host. Each takes some `seconds`, and shows its effect at the end of them."""

    def __init__(self, node: str, seconds: float, clock: Callable[[], float]) -> None:
        self._node, self._seconds, self._clock = node, seconds, clock
        self._numbers = itertools.count(1)
        self.known: dict[str, Task] = {}

    def start(self, kind: str, subject: str, caller: str, work: Work) -> Task:
        """Begin a task; there is one at a time for each subject."""
        now = self._clock()
        if any((each.kind, each.subject, each.state) == (kind, subject, None) for each in self.known.values()):
            raise ApiError(400, "realm sync already running")
        number = f"{next(self._numbers):08X}"
        parts = ["UPID", self._node, number, number, number, f"{int(now):08X}", kind, _escaped(subject), caller, ""]
        task = Task(":".join(parts), kind, subject, caller, int(now), now + self._seconds, work, self._clock)
        self.known[task.upid] = task
        return task

    def advance(self) -> None:
        """Let the tasks end whose time has come."""
        for task in list(self.known.values()):
            if task.state is None and task.ends <= self._clock():
                task.finish()


def _escaped(subject: str) -> str:
    """A subject as it stands in an UPID: by the rules for names of systemd units."""
    return re.sub(r"^\.|[^A-Za-z0-9_.]", lambda found: f"\\x{ord(found[0]):02x}", subject)


def _readable(call: Call) -> Task | None:
    """The task that is asked for. Everybody may look at one's own, and a user at those of one's tokens."""
    upid = call.params["upid"]
    starter = upid.split(":")[8]
    mine = call.caller == starter or (is_token(starter) and call.caller == owner(starter))
    if not (mine or call.may("Sys.Audit", "/system/tasks")):
        raise ApiError(400, "task access not allowed")
    return call.server.tasks.known.get(upid)


@route("GET", f"{TASK}/status")
def task_status(call: Call) -> dict[str, Any]:
    """One that nobody knows has stopped, too."""
    task = _readable(call)
    _upid, node, pid, pstart, _number, started, kind, _subject, starter, _end = call.params["upid"].split(":")
    told = {
        "upid": call.params["upid"],
        "node": node,
        "pid": int(pid, 16),
        "pstart": int(pstart, 16),
        "starttime": int(started, 16),
        "type": kind,
        "id": task.subject if task else "",
        "user": owner(starter),
    }
    if is_token(starter):
        told["tokenid"] = starter.rpartition("!")[2]
    if task and task.state is None:
        return {**told, "status": "running"}
    ended = {"endtime": task.ended} if task else {}
    return {**told, "status": "stopped", "exitstatus": task.state if task else "unknown", **ended}


@route("GET", f"{TASK}/log")
def task_log(call: Call) -> list[dict[str, Any]]:
    """Numbered lines, fifty where nothing else is said and all with a limit of 0; `start` counts from one, like them."""
    task = _readable(call)
    if task is None:
        raise ApiError(400, "No such file or directory (os error 2)")
    first, limit = max(call.params.get("start", 0), 1), call.params.get("limit", 50)
    rows = [{"n": number, "t": line} for number, line in enumerate(task.lines, 1) if number >= first]
    call.beside.update(total=len(task.lines), success=1)
    if call.params.get("test-status"):
        call.beside["active"] = task.state is None
    call.headers["Content-Type"] = "application/json"
    return rows[:limit] if limit else rows
