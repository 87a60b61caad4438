# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Waiting for what a server does in its own time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0

Answer = TypeVar("Answer")


def wait_until(accepted: Callable[[Answer], bool], read: Callable[[], Answer], seconds: float) -> Answer:
    """Read until the answer is accepted, at ever longer intervals; after some seconds the last answer is returned as it is."""
    end, pause = time.monotonic() + seconds, FIRST_PAUSE
    while not accepted(answer := read()) and time.monotonic() < end:
        time.sleep(min(pause, max(0.0, end - time.monotonic())))
        pause = min(2 * pause, LONGEST_PAUSE)
    return answer
