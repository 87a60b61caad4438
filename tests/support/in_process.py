"""Runs the function of a module as a task does, without a playbook: for tests that run many thousand tasks."""

from __future__ import annotations

import importlib
from typing import Any


def result_of(module: str, check: bool = False, **options: Any) -> dict[str, Any]:
    """The result of a module, as a task with these options returns it."""
    definition = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{module}").MODULE
    result: dict[str, Any] = definition.run_task(options, check)
    return result


def run(module: str, check: bool = False, **options: Any) -> dict[str, Any]:
    """The result of a module that must not fail."""
    result = result_of(module, check, **options)
    assert not result.get("failed"), result
    return result
