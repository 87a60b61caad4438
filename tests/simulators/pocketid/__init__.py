"""A Pocket ID that keeps its promises and its traps: the administration API and the OpenID provider behind it."""

from __future__ import annotations

from .app import PocketIdSimulator

__all__ = ["PocketIdSimulator"]
