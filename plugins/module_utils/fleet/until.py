# Copyright (c) 2026 the fleetgate.proxmox authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When rights end by themselves: the option `until`, a date, a duration from a date on, or a date-time.

A date is the last day, which ends at midnight UTC wherever the playbook runs. A duration has its first day, as an interval of ISO 8601: by itself
it would begin again in every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

# what ends within this time is named by every run
SOON = timedelta(days=14)
RULE = (
    "must be a date such as 2027-01-31, which is the last day, a duration from a first day on such as 2027-01-31/P14D or"
    " 2027-01-31/P2W, or a date-time with a time zone such as 2027-01-31T18:00:00+01:00"
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INTERVAL = re.compile(r"(\d{4}-\d{2}-\d{2})/P(\d{1,4})([DW])")
_UNITS = {"D": timedelta(days=1), "W": timedelta(weeks=1)}
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})")


@dataclass(frozen=True)
class End:
    """The end of something that is declared: what it is, the value as it is declared, and the moment it means."""

    what: str
    until: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.what} (until {self.until})"


def moment(text: str) -> datetime:
    """The moment from which on something is not valid any more; ValueError for what breaks the rule."""
    if _DATE.fullmatch(text):
        return _start_of(text) + timedelta(days=1)
    if interval := _INTERVAL.fullmatch(text):
        return _start_of(interval[1]) + int(interval[2]) * _UNITS[interval[3]]
    if not _DATE_TIME.fullmatch(text):
        raise ValueError(text)
    return datetime.fromisoformat(text).astimezone(UTC)


def _start_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(), UTC)


def ending(ends: Iterable[End], now: datetime) -> list[str]:
    """What ends soon, the next first."""
    soon = sorted((end for end in ends if now < end.at <= now + SOON), key=lambda end: (end.at, end.what))
    return list(dict.fromkeys(map(str, soon)))
