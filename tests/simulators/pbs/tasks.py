"""/nodes/{node}/tasks: background tasks and their logs (proxmox-rest-server, WorkerTask)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from ..tasks import Task, Work
from .call import Call, route
from .errors import ApiError
from .identity import is_token, owner

TASK = "/nodes/{node}/tasks/{upid}"


def stamp(now: int) -> str:
    """The timestamp of a log line."""
    return f"{datetime.fromtimestamp(now).astimezone().isoformat()}: "


def start(call: Call, kind: str, subject: str, work: Work) -> Task:
    """Start a task."""

    def upid(number: int, now: int) -> str:
        numbers = [f"{number:08X}"] * 3
        return ":".join(["UPID", call.server.node, *numbers, f"{now:08X}", kind, _escaped(subject), call.caller, ""])

    return call.server.tasks.start(upid, kind, subject, call.caller, work)


def _escaped(subject: str) -> str:
    """A subject in an UPID, escaped like the name of a systemd unit."""
    return re.sub(r"^\.|[^A-Za-z0-9_.]", lambda match: f"\\x{ord(match[0]):02x}", subject)


def _readable(call: Call) -> Task | None:
    """The requested task. Callers may read their own tasks, and users those of their tokens."""
    upid = call.params["upid"]
    starter = upid.split(":")[8]
    is_own = call.caller == starter or (is_token(starter) and call.caller == owner(starter))
    if not (is_own or call.may("Sys.Audit", "/system/tasks")):
        raise ApiError(400, "task access not allowed")
    return call.server.tasks.known.get(upid)


@route("GET", f"{TASK}/status")
def task_status(call: Call) -> dict[str, Any]:
    """The status of a task; an unknown task is reported as stopped."""
    task = _readable(call)
    _upid, node, pid, pstart, _number, started, kind, _subject, starter, _end = call.params["upid"].split(":")
    fields = {
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
        fields["tokenid"] = starter.rpartition("!")[2]
    if task and task.state is None:
        return {**fields, "status": "running"}
    ended = {"endtime": task.ended} if task else {}
    return {**fields, "status": "stopped", "exitstatus": task.state if task else "unknown", **ended}


@route("GET", f"{TASK}/log")
def task_log(call: Call) -> list[dict[str, Any]]:
    """Numbered lines, fifty by default and all with a limit of 0; `start` is one-based, like the numbers."""
    task = _readable(call)
    if task is None:
        raise ApiError(400, "No such file or directory (os error 2)")
    first, limit = max(call.params.get("start", 0), 1), call.params.get("limit", 50)
    rows = [{"n": number, "t": line} for number, line in enumerate(task.lines, 1) if number >= first]
    call.extra.update(total=len(task.lines), success=1)
    if call.params.get("test-status"):
        call.extra["active"] = task.state is None
    call.headers["Content-Type"] = "application/json"
    return rows[:limit] if limit else rows
