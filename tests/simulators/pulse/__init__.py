"""A simulated Pulse, including the pitfalls of its node list (6.3.0 and 5.1.36)."""

from __future__ import annotations

from .app import PulseSimulator

__all__ = ["PulseSimulator"]
