"""/nodes/{node}/tasks: work that goes on after the request that began it, and its log (proxmox-rest-server, WorkerTask)."""

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
    """What begins a line of a log."""
    return f"{datetime.fromtimestamp(now).astimezone().isoformat()}: "


def start(call: Call, kind: str, subject: str, work: Work) -> Task:
    """Begin a task."""

    def upid(number: int, now: int) -> str:
        numbers = [f"{number:08X}"] * 3
        return ":".join(["UPID", call.server.node, *numbers, f"{now:08X}", kind, _escaped(subject), call.caller, ""])

    return call.server.tasks.start(upid, kind, subject, call.caller, work)


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
