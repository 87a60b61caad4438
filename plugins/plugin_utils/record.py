# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The line of a task in the record of runs: who, when, and what was planned and sent, for which host and why."""

from __future__ import annotations

import getpass
import socket
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

# created before ansible forks its workers, so that all tasks of a run have the same
RUN = uuid.uuid4().hex
# of AWX and its predecessors, which pass them as extra variables
_OPERATORS = ("awx_user_name", "tower_user_name")
_JOBS = ("awx_job_id", "tower_job_id")


def line_of(task: Any, result: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
    """The line of a task with its result, in which secrets are masked."""
    requests = [step for step in result.get("plan") or result.get("done") or () if isinstance(step, Mapping)]
    planned = task.check_mode or task.args.get("stage") == "preflight"
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "run": RUN,
        "operator": _first(task_vars, _OPERATORS) or f"{getpass.getuser()}@{socket.gethostname()}",
        "job": _first(task_vars, _JOBS),
        "check": bool(task.check_mode),
        "host": str(task_vars["inventory_hostname"]),
        "play": str(task_vars.get("ansible_play_name", "")),
        "task": task.get_name(),
        "module": task.resolved_action or task.action,
        "changed": bool(result.get("changed")),
        "failed": bool(result.get("failed")),
        "message": str(result.get("msg", "")),
        "planned": requests if planned else [],
        "sent": [] if planned else requests,
    }


def _first(task_vars: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((str(task_vars[name]) for name in names if task_vars.get(name)), None)
