"""An authentik that keeps its promises and its traps: the administration API, the flow executor and the OpenID provider."""

from __future__ import annotations

from .app import AuthentikSimulator

__all__ = ["AuthentikSimulator"]
