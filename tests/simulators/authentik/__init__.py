"""A simulated authentik, including its pitfalls: the administration API, the flow executor and the OpenID provider."""

from __future__ import annotations

from .app import AuthentikSimulator

__all__ = ["AuthentikSimulator"]
