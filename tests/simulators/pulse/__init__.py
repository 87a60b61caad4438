"""A Pulse that monitors what it is told to, with the traps that its node list has (6.3.0 and 5.1.36)."""

from __future__ import annotations

from .app import PulseSimulator

__all__ = ["PulseSimulator"]
