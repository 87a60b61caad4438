# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks: work that PVE and PBS continue after the request that started it. Only their log has the result."""

from __future__ import annotations

import re
from typing import Any

from ..core.errors import FleetgateError
from ..core.waiting import wait_until

# how many lines of the log of a failed task are reported
LAST_LINES = 5

# PBS begins each line with the time
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\S+: ")


def log_of(client: Any, upid: str, seconds: float) -> list[str]:
    """The log lines of a task that has ended. It is an error if it failed, or is still running after some seconds."""
    task = ("nodes", upid.split(":")[1], "tasks", upid)
    status = wait_until(_is_over, lambda: client.read(*task, "status"), seconds)
    if not _is_over(status):
        raise FleetgateError(f"{client.title}: after {seconds} seconds the task {upid} is still running; see its log")
    lines = [_STAMP.sub("", row["t"]) for row in client.read(*task, "log", limit=0)]
    outcome = status["exitstatus"]
    if outcome != "OK" and not outcome.startswith("WARNINGS: "):
        last = "; ".join(lines[-LAST_LINES:])
        raise FleetgateError(f"{client.title}: the task {upid} failed: {outcome} (end of its log: {last})")
    return lines


def _is_over(status: dict[str, Any]) -> bool:
    return bool(status["status"] == "stopped")
