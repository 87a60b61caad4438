"""A simulated Proxmox Backup Server, including its pitfalls: access control and the reads of monitoring."""

from __future__ import annotations

from .app import PbsSimulator

__all__ = ["PbsSimulator"]
