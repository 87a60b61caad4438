"""Time-based second factors of PVE and PBS (proxmox-tfa)."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import pyotp

FAILURES = 8


@dataclass
class SecondFactor:
    """A TOTP entry of a user. A code is valid once; too many invalid ones lock the user out until unlock-tfa."""

    secret: str
    description: str = "simulated"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: int = field(default_factory=lambda: int(time.time()))
    last_count: int = -1
    failures: int = 0
    locked: bool = False

    def accepts(self, code: str, now: float) -> bool:
        if self.locked:
            return False
        totp = pyotp.TOTP(self.secret)
        current = int(now) // totp.interval
        counts = (current - 1, current, current + 1)
        count = next((count for count in counts if totp.generate_otp(count) == code), None)
        if count is None or count <= self.last_count:
            self.failures += 1
            self.locked = self.failures >= FAILURES
            return False
        self.last_count, self.failures = count, 0
        return True

    def shown(self) -> dict[str, Any]:
        """As lists of second factors have it."""
        return {"type": "totp", "id": self.id, "description": self.description, "created": self.created}

    def unlock(self) -> bool:
        """Unlock, and return whether it was locked."""
        locked = self.locked
        self.locked, self.failures = False, 0
        return locked
