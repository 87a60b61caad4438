"""A callback plugin that writes every result of a run to the file named by FLEETGATE_RECORD, a line of JSON each."""

from __future__ import annotations

import json
import os
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: record
type: notification
short_description: Records results for tests
description: [Writes every result to a file.]
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"

    def _record(self, outcome: str, result: Any) -> None:
        # 2.19 and later have public names for what older versions keep private
        told = getattr(result, "result", None) or result._result
        host = getattr(result, "host", None) or result._host
        task = getattr(result, "task", None) or result._task
        # ansible takes the mark of a failure out of the result
        told = {**told, "failed": outcome.endswith("failed")}
        row = {"outcome": outcome, "host": host.get_name(), "task": task.get_name(), "result": told}
        with open(os.environ["FLEETGATE_RECORD"], "a", encoding="utf-8") as record:
            record.write(json.dumps(row, default=str) + "\n")

    def v2_runner_on_ok(self, result: Any) -> None:
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._record("unreachable", result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        self._record("item ok", result)

    def v2_runner_item_on_failed(self, result: Any) -> None:
        self._record("item failed", result)
