"""A simulated Pocket ID, including its pitfalls: the administration API and the OpenID provider."""

from __future__ import annotations

from .app import PocketIdSimulator

__all__ = ["PocketIdSimulator"]
