# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tasks: work that PVE and PBS go on with after the request that began it. What came of it is told by their log only."""

from __future__ import annotations

import re
import time

from ..core.errors import FleetgateError

LONGEST_PAUSE = 2
# how much of the log of a failed task is told
LAST_LINES = 5

# PBS begins each line with the time
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\S+: ")


def log_of(client, upid, seconds):
    """The lines that a task wrote, once it is over. It is an error when it failed, or is not over after some seconds."""
    task = ("nodes", upid.split(":")[1], "tasks", upid)
    ends, pause = time.monotonic() + seconds, 0.1
    while (status := client.read(*task, "status"))["status"] != "stopped":
        if time.monotonic() > ends:
            raise FleetgateError(
                f"{client.title}: after {seconds} seconds the task {upid} is not over; look at its log"
            )
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    lines = [_STAMP.sub("", row["t"]) for row in client.read(*task, "log", limit=0)]
    said = status["exitstatus"]
    if said != "OK" and not said.startswith("WARNINGS: "):
        last = "; ".join(lines[-LAST_LINES:])
        raise FleetgateError(f"{client.title}: the task {upid} failed: {said} (the end of its log: {last})")
    return lines
