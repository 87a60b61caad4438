"""/nodes/{node}/tasks: the status and the log of a task (pve-manager 9.2.11, API2/Tasks.pm; pve-common 9.2.1, UPID.pm)."""

from __future__ import annotations

import re
from typing import Any

from ...tasks import Task, Work
from ..call import Call, route
from ..errors import parameter_error

NAME = re.compile(
    "UPID:([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8})"
    r":([^:\s/]+):([^:\s/]*):([^:\s/]+):"
)


def start(call: Call, kind: str, subject: str, work: Work) -> str:
    """Start a task on the node that answers, and return its UPID."""

    def upid(number: int, now: int) -> str:
        return f"UPID:{call.node.name}:{number:08X}:{number:08X}:{now:08X}:{kind}:{subject}:{call.caller}:"

    return call.cluster.tasks.start(upid, kind, subject, call.caller, work).upid


def _parsed(upid: str) -> dict[str, Any]:
    """The fields of an UPID, with user and token of the caller separated."""
    match = NAME.fullmatch(upid)
    if not match:
        raise parameter_error({"upid": "unable to parse worker upid"})
    node, _end, *numbers, kind, subject, starter = match.groups()
    pid, pstart, starttime = (int(number, 16) for number in numbers)
    user, mark, token = starter.partition("!")
    fields = {"node": node, "pid": pid, "pstart": pstart, "starttime": starttime, "type": kind, "id": subject}
    return {**fields, "user": user, **({"tokenid": token} if mark else {})}


def _readable(call: Call, param: dict[str, Any]) -> Task | None:
    """The requested task. A user may read the tasks of its tokens, a token only its own."""
    starter = param["upid"].split(":")[7]
    if call.caller not in (starter, starter.partition("!")[0]):
        call.permissions.check(call.caller, f"/nodes/{param['node']}", ["Sys.Audit"])
    return call.cluster.tasks.known.get(param["upid"])


@route("GET", "/nodes/{node}/tasks/{upid}/status")
def status(call: Call, param: dict[str, Any]) -> dict[str, Any]:
    fields = _parsed(param["upid"])
    if param["upid"] not in call.cluster.tasks.known:
        raise parameter_error({"upid": "no such task"})
    task = _readable(call, param)
    assert task is not None
    state = {"status": "running"} if task.state is None else {"status": "stopped", "exitstatus": task.state}
    return {**fields, "upid": param["upid"], **state}


@route("GET", "/nodes/{node}/tasks/{upid}/log")
def log(call: Call, param: dict[str, Any]) -> list[dict[str, Any]]:
    """Numbered lines, fifty by default and all with a limit of 0; `start` is zero-based."""
    _parsed(param["upid"])
    task = _readable(call, param)
    lines = task.lines if task else ["unable to open file - No such file or directory"]
    first, limit = int(param.get("start") or 0), int(param.get("limit", 50))
    rows = [{"n": number, "t": line} for number, line in enumerate(lines or ["no content"], 1)]
    call.extra["total"] = len(rows)
    return rows[first:][: limit or None]
