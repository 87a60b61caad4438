# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for asynchronous work of a server."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0

Answer = TypeVar("Answer")


def wait_until(accepted: Callable[[Answer], bool], read: Callable[[], Answer], seconds: float) -> Answer:
    """Read with exponential backoff until the answer is accepted; return the last answer after `seconds` at the latest."""
    end, pause = time.monotonic() + seconds, FIRST_PAUSE
    while not accepted(answer := read()) and time.monotonic() < end:
        time.sleep(min(pause, max(0.0, end - time.monotonic())))
        pause = min(2 * pause, LONGEST_PAUSE)
    return answer
