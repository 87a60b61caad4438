"""Runs a module's own function as a task would, without a playbook around it: for tests that run many thousand tasks."""

from __future__ import annotations

import importlib
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator


def run(module: str, check: bool = False, **options: Any) -> dict[str, Any]:
    """The result of a module that must not fail."""
    definition = importlib.import_module(f"ansible_collections.fleetgate.proxmox.plugins.modules.{module}").MODULE
    checked = ArgumentSpecValidator(definition.argument_spec).validate(options)
    assert checked.error_messages == [], checked.error_messages
    result: dict[str, Any] = definition.execute(checked.validated_parameters, check)
    assert not result.get("failed"), result
    return result
