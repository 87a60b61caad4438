"""A simulated Proxmox Backup Server, its traps included: access control and what a monitoring identity reads."""

from __future__ import annotations

from .app import PbsSimulator

__all__ = ["PbsSimulator"]
