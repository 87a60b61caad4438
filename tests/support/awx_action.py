"""An action plugin that runs a module of awx.awx in the process of the control node, which takes a tenth of the time.

It is put into the collection under the name of each module.
"""

from __future__ import annotations

import json
from contextlib import redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from typing import Any

from ansible.module_utils import basic
from ansible.plugins.action import ActionBase

# what all modules import is imported once, before ansible forks its workers
import_module("ansible_collections.awx.awx.plugins.module_utils.controller_api")


class ActionModule(ActionBase):
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: Any = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        name = self._task.action.rpartition(".")[2]
        module = import_module(f"ansible_collections.awx.awx.plugins.modules.{name}")
        arguments = {**self._task.args, "_ansible_check_mode": self._task.check_mode}
        basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()
        # needed since ansible-core 2.19
        basic._ANSIBLE_PROFILE = "legacy"
        output = StringIO()
        with redirect_stdout(output), suppress(SystemExit):
            module.main()
        result.update(json.loads(output.getvalue()))
        return result
