"""Runs a module's own function as a task would, without a playbook around it: for tests that run many thousand tasks."""

from __future__ import annotations

import importlib

def result_of(module, check=False, **options):
    """The result of a module, as the task that has these options would show it."""
    definition = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{module}").MODULE
    return definition.run_task(options, check)


def run(module, check=False, **options):
    """The result of a module that must not fail."""
    result = result_of(module, check, **options)
    assert not result.get("failed"), result
    return result
