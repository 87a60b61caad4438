"""/nodes/{node}/tasks: the status and the log of a task (pve-manager 9.2.11, API2/Tasks.pm; pve-common 9.2.1, UPID.pm)."""

from __future__ import annotations

import re

from ...tasks import Task, Work
from ..call import Call, route
from ..errors import parameter_error

NAME = re.compile(
    "UPID:([a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?):([0-9A-Fa-f]{8}):([0-9A-Fa-f]{8,9}):([0-9A-Fa-f]{8})"
    r":([^:\s/]+):([^:\s/]*):([^:\s/]+):"
)


def start(call: Call, kind: str, subject: str, work: Work) -> str:
    """Begin a task on the node that answers; its UPID is returned."""

    def upid(number: int, now: int) -> str:
        return f"UPID:{call.node.name}:{number:08X}:{number:08X}:{now:08X}:{kind}:{subject}:{call.authid}:"

    return call.cluster.tasks.start(upid, kind, subject, call.authid, work).upid


def _told(upid: str) -> dict:
    """What an UPID says; the token that began the task stands beside its user."""
    found = NAME.fullmatch(upid)
    if not found:
        raise parameter_error({"upid": "unable to parse worker upid"})
    node, _end, *numbers, kind, subject, starter = found.groups()
    pid, pstart, starttime = (int(number, 16) for number in numbers)
    user, mark, token = starter.partition("!")
    told = {"node": node, "pid": pid, "pstart": pstart, "starttime": starttime, "type": kind, "id": subject}
    return {**told, "user": user, **({"tokenid": token} if mark else {})}


def _readable(call: Call, param: dict) -> Task | None:
    """The task that is asked for. A user may look at the tasks of one's tokens, a token at its own only."""
    starter = param["upid"].split(":")[7]
    if call.authid not in (starter, starter.partition("!")[0]):
        call.permissions.check(call.authid, f"/nodes/{param['node']}", ["Sys.Audit"])
    return call.cluster.tasks.known.get(param["upid"])


@route("GET", "/nodes/{node}/tasks/{upid}/status")
def status(call: Call, param: dict) -> dict:
    told = _told(param["upid"])
    if param["upid"] not in call.cluster.tasks.known:
        raise parameter_error({"upid": "no such task"})
    task = _readable(call, param)
    state = {"status": "running"} if task.state is None else {"status": "stopped", "exitstatus": task.state}
    return {**told, "upid": param["upid"], **state}


@route("GET", "/nodes/{node}/tasks/{upid}/log")
def log(call: Call, param: dict) -> list[dict]:
    """Numbered lines, fifty where nothing else is said and all with a limit of 0; `start` counts from nought."""
    _told(param["upid"])
    task = _readable(call, param)
    lines = task.lines if task else ["unable to open file - No such file or directory"]
    first, limit = int(param.get("start") or 0), int(param.get("limit", 50))
    rows = [{"n": number, "t": line} for number, line in enumerate(lines or ["no content"], 1)]
    call.beside["total"] = len(rows)
    return rows[first:][: limit or None]
