"""A simulated AWX: the objects with which jobs are described, the rules for them, and what a job gives to ansible-playbook."""

from __future__ import annotations

from .app import AwxSimulator
from .jobs import Job

__all__ = ["AwxSimulator", "Job"]
